"""Trials that are granted epochs, and that go on from a shorter trial."""

from pathlib import Path
from typing import Any

import pytest
import torch

from aerial_nni.config import run_folder
from aerial_nni.config.options import BadOption, TrialOptions, as_dict
from aerial_nni.config.run_folder import (
    CHECKPOINT,
    HISTORY,
    LAST,
    METRICS,
    OPTIONS,
    read_history,
    read_json,
)
from aerial_nni.recipes.baseline.training_setup import main
from aerial_nni.training.checkpoint import load_checkpoint, read_header, save_tensors
from aerial_nni.trials import reporting
from aerial_nni.trials.fidelity import BUDGET, Grant, granted, inherit
from aerial_nni.trials.lock import occupied

FLAGS = ["--width", "2", "--depth", "1", "--epochs", "9", "--batch", "4", "--patch", "16",
         "--dropout", "0.1", "--ema", "0.5", "--precision", "fp32", "--data", "folder"]  # fmt: skip


class Told:
    """What a trial tells NNI."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path, imagery: Path) -> None:
        self.patch, self.folder, self.imagery = monkeypatch, folder, imagery
        self.epochs: list[int] = []
        self.final: dict[str, float] = {}

    def run(self, name: str, **parameters: Any) -> Path:
        """Runs a trial as NNI would; its folder."""
        import nni
        from nni import trial as nni_trial

        self.epochs, number = [], []
        self.patch.setattr(nni, "get_next_parameter", lambda: parameters)
        self.patch.setattr(nni_trial, "overwrite_intermediate_seq", number.append)
        self.patch.setattr(
            nni, "report_intermediate_result", lambda _: self.epochs.append(number[-1] + 1)
        )
        self.patch.setattr(nni, "report_final_result", self.final.update)
        self.patch.setattr("aerial_nni.trials.main.Nni", reporting.Nni)
        self.patch.setattr("aerial_nni.trials.main.under_nni", lambda: True)
        self.patch.setenv("NNI_TRIAL_JOB_ID", name)
        where = ["--experiment", str(self.folder), "--data-dir", str(self.imagery)]
        assert main([*where, *FLAGS]) == 0
        return self.folder / name


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, imagery: Path) -> Told:
    return Told(monkeypatch, tmp_path, imagery)


def curve(folder: Path) -> list[dict[str, float]]:
    timings = ("seconds", "patches_per_second")
    rows = read_history(folder / HISTORY)
    return [{k: v for k, v in row.items() if k not in timings} for row in rows]


def tensors(path: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return load_file(path)


def test_a_promoted_trial_is_as_one_that_was_never_interrupted(told: Told):
    short = told.run("short", lr=0.02, TRIAL_BUDGET=3)
    assert told.epochs == [1, 2, 3]
    assert told.final["default"] == max(row["mean_iou"] for row in curve(short))
    before = {path.name: path.read_bytes() for path in short.iterdir() if path.is_file()}
    other = told.run("other", lr=0.01, TRIAL_BUDGET=3)
    told.run("shortest", lr=0.02, TRIAL_BUDGET=1)

    long = told.run("long", lr=0.02, TRIAL_BUDGET=9)
    assert told.epochs == [4, 5, 6, 7, 8, 9]
    whole = told.run("whole", lr=0.02)
    assert told.epochs == list(range(1, 10))
    assert len(curve(long)) == 9
    assert repr(curve(long)) == repr(curve(whole))
    for name in (LAST, CHECKPOINT):
        ours, theirs = tensors(long / name), tensors(whole / name)
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[key], theirs[key]) for key in ours)

    metrics, uncut = read_json(long / METRICS), read_json(whole / METRICS)
    assert (metrics["resumed_epochs"], metrics["budget"]) == (3, 9)
    assert metrics["epochs_run"] == 9
    assert metrics["stopped"] == "reached 9 epochs"
    assert "budget" not in uncut
    assert (metrics["score"], metrics["epoch"]) == (uncut["score"], uncut["epoch"])
    assert metrics["cost"]["resumed_seconds"] == pytest.approx(
        sum(row["seconds"] for row in read_history(short / HISTORY))
    )
    assert len(list((long / "tensorboard").glob("events*"))) == 2

    said = read_json(long / OPTIONS)
    assert {key: said[key] for key in (BUDGET, "resumed_epochs", "resumed_from")} == {
        BUDGET: 9,
        "resumed_epochs": 3,
        "resumed_from": "short",
    }
    assert said["epochs"] == 9
    assert before == {path.name: path.read_bytes() for path in short.iterdir() if path.is_file()}
    assert read_json(short / METRICS)["stopped"] == "reached 3 of 9 epochs"
    assert read_json(other / METRICS)["resumed_epochs"] == 0


def test_the_best_epoch_may_be_an_inherited_one(told: Told):
    """The checkpoint and the score are those of the best epoch of the whole history."""
    short = told.run("short", lr=0.02, TRIAL_BUDGET=3)
    header = read_header(short / LAST)
    rows = header["history"]
    rows[1]["mean_iou"] = 0.99  # as if the second epoch had been a lucky one
    header |= {"best_epoch": 2, "best_score": 0.99}
    header.pop("format")
    save_tensors(short / LAST, tensors(short / LAST), header)
    lucky = (short / CHECKPOINT).read_bytes()
    long = told.run("long", lr=0.02, TRIAL_BUDGET=5)
    assert told.final["default"] == 0.99
    assert read_json(long / METRICS)["epoch"] == 2
    assert (long / CHECKPOINT).read_bytes() == lucky
    load_checkpoint(long / CHECKPOINT)


def test_a_budget_may_be_given_by_hand(tmp_path: Path, imagery: Path):
    where = ["--data-dir", str(imagery), *FLAGS, "--out"]
    assert main([*where, str(tmp_path / "short"), "--budget", "1"]) == 0
    (tmp_path / "short" / METRICS).unlink()  # as if it had failed at its end
    for name, budget in {"short": 1, "long": 2}.items():
        assert main([*where, str(tmp_path / name), "--budget", str(budget)]) == 0
        assert len(curve(tmp_path / name)) == budget
        assert read_json(tmp_path / name / OPTIONS)[BUDGET] == budget
    assert read_json(tmp_path / "long" / METRICS)["resumed_epochs"] == 1
    assert main([*where, str(tmp_path / "none"), "--budget", "0"]) == 1


def finished(folder: Path, budget: int | None, *, epochs: int = 1, **options: Any) -> Path:
    grant = Grant(epochs=budget).as_dict()
    run_folder.write_json(folder / OPTIONS, {**as_dict(TrialOptions.of(**options)), **grant})
    run_folder.write_history(folder / HISTORY, [{"epoch": n + 1} for n in range(epochs)])
    (folder / LAST).touch()
    run_folder.write_json(folder / METRICS, {})
    return folder


def test_the_longest_of_the_shorter_trials_is_inherited(tmp_path: Path):
    for budget in (1, 3, 9, 27):
        finished(tmp_path / f"b{budget}", budget, epochs=budget)
    finished(tmp_path / "full", None)
    grant = inherit(tmp_path / "new", TrialOptions(), 9)
    assert grant == Grant(epochs=9, resumed_epochs=3, resumed_from="b3")
    assert inherit(tmp_path / "new", TrialOptions(), 9) == grant  # after it was itself cut off


def test_what_a_first_stage_left_is_inherited(tmp_path: Path):
    run_folder.write_json(
        finished(tmp_path / "old", 3) / run_folder.SAMPLES / METRICS, {"seconds": 1}
    )
    inherit(tmp_path / "new", TrialOptions(), 9)
    assert run_folder.read_json(tmp_path / "new" / run_folder.SAMPLES / METRICS) == {"seconds": 1}


@pytest.mark.parametrize("why", ["other options", "no checkpoint", "unfinished", "no budget"])
def test_what_is_not_inherited(tmp_path: Path, why: str):
    old = finished(tmp_path / "old", 3, seed=4 if why == "other options" else 0)
    if why == "no checkpoint":
        (old / LAST).unlink()
    elif why == "unfinished":
        (old / METRICS).unlink()
    budget = None if why == "no budget" else 9
    assert inherit(tmp_path / "new", TrialOptions(), budget) == Grant(epochs=budget)
    assert not (tmp_path / "new").exists()


def test_a_copy_that_was_cut_off_is_made_again(tmp_path: Path):
    finished(tmp_path / "old", 3)
    (tmp_path / ".new.part").mkdir()
    (tmp_path / ".new.part" / "half").touch()
    inherit(tmp_path / "new", TrialOptions(), 9)
    assert (tmp_path / "new" / LAST).exists()
    assert not (tmp_path / "new" / "half").exists()


def test_the_budget_is_no_option():
    assert granted({"lr": 0.1, BUDGET: 3}) == ({"lr": 0.1}, 3)
    assert granted({"lr": 0.1, BUDGET: 3.0}) == ({"lr": 0.1}, 3)
    assert granted({"lr": 0.1}) == ({"lr": 0.1}, None)
    for bad in (0, -1, 2.5, "three"):
        with pytest.raises(BadOption, match="give 1 or more"):
            granted({BUDGET: bad})


def cut_off(folder: Path, budget: int | None) -> Path:
    finished(folder, budget)
    (folder / METRICS).unlink()
    return folder


def test_who_was_cut_off_is_taken_over_by_a_trial_of_the_same_budget_only(tmp_path: Path):
    for budget in (3, None):
        cut_off(tmp_path / f"old {budget}", budget)
    with occupied(tmp_path / "other", TrialOptions(), go_on=True, budget=9):
        assert not (tmp_path / "other").exists()
    with occupied(tmp_path / "new", TrialOptions(), go_on=True, budget=3):
        assert (tmp_path / "new").exists() and not (tmp_path / "old 3").exists()
    with occupied(tmp_path / "full", TrialOptions(), go_on=True):
        assert (tmp_path / "full").exists() and not (tmp_path / "old None").exists()
