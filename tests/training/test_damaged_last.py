"""A last epoch that is damaged is set aside, and the run goes on at what is whole."""

import dataclasses
import json
import logging
from pathlib import Path

import pytest
from safetensors import safe_open
from safetensors.torch import save

from aerial_nni.config import run_folder
from aerial_nni.config.options import TrialOptions, as_dict
from aerial_nni.config.safe_reading import SMALL
from aerial_nni.trials.reporting import ByHand
from aerial_nni.trials.run_trial import run

GIVEN = TrialOptions.of(data="folder", patch=16, width=2, depth=1, epochs=4, batch=4, device="cpu")


@pytest.fixture
def options(imagery: Path) -> TrialOptions:
    return dataclasses.replace(GIVEN, data_dir=str(imagery))


@pytest.mark.parametrize("damage", ["empty", "half", "random", "json", "shapes"])
@pytest.mark.parametrize("checkpoint", ["whole", "damaged"])
def test_a_damaged_last_epoch_is_set_aside(
    options: TrialOptions, tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str,
    checkpoint: str,
):  # fmt: skip
    from aerial_nni.trials.fidelity import Grant

    caplog.set_level(logging.WARNING)
    run(options, tmp_path, ByHand(), grant=Grant(epochs=3))
    last = tmp_path / run_folder.LAST
    whole = last.read_bytes()
    with safe_open(last, framework="pt") as file:
        header = file.metadata()
        shapes = {name: file.get_tensor(name) for name in file.keys()}
    shapes |= {
        name: one[:1] for name, one in shapes.items() if name.startswith("model") and one.ndim
    }
    damaged = {"empty": b"", "half": whole[: len(whole) // 2], "random": bytes(range(256)) * 9,
               "json": b"{}", "shapes": save(shapes, metadata=header)}[damage]  # fmt: skip
    last.write_bytes(damaged)
    if checkpoint == "damaged":
        (tmp_path / run_folder.CHECKPOINT).write_bytes(b"")
    outcome = run(options, tmp_path, ByHand())
    assert str(last) in caplog.text and f"set aside as {last}.damaged" in caplog.text
    assert Path(f"{last}.damaged").read_bytes() == damaged
    assert [row["epoch"] for row in outcome.history] == [1, 2, 3, 4]
    if checkpoint == "damaged":
        assert "starting at the first epoch" in caplog.text
        assert "damaged" not in outcome.stopped
    else:
        assert "a new optimiser after epoch" in outcome.stopped
        assert run_folder.read_json(tmp_path / run_folder.METRICS)["stopped"] == outcome.stopped


@pytest.mark.parametrize("missing", ["epoch", "score"])
def test_a_checkpoint_that_does_not_say_its_epoch_is_no_beginning(
    options: TrialOptions, tmp_path: Path, missing: str
):
    options = dataclasses.replace(options, epochs=1)
    run(options, tmp_path, ByHand())
    path = tmp_path / run_folder.CHECKPOINT
    with safe_open(path, framework="pt") as file:
        header = json.loads(file.metadata()["aerial_nni"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    del header[missing]
    path.write_bytes(save(tensors, metadata={"aerial_nni": json.dumps(header)}))
    (tmp_path / run_folder.LAST).write_bytes(b"")
    outcome = run(options, tmp_path, ByHand())
    assert len(outcome.history) == 1 and outcome.stopped == "reached 1 epoch"


def test_a_damaged_last_epoch_of_other_options_is_not_taken_for_this_run(
    options: TrialOptions, tmp_path: Path
):
    from aerial_nni.training.one_run import OtherRun

    run(options, tmp_path, ByHand())
    (tmp_path / run_folder.LAST).write_bytes(b"")
    with pytest.raises(OtherRun, match="lr"):
        run(dataclasses.replace(options, lr=0.5), tmp_path, ByHand())
    (tmp_path / run_folder.OPTIONS).write_text("{}" + " " * SMALL)
    (tmp_path / run_folder.LAST).write_bytes(b"")
    with pytest.raises(OtherRun, match="does not say whose epochs these are"):
        run(options, tmp_path, ByHand())


def test_a_damaged_last_epoch_is_set_aside_before_anything_else(options, tmp_path: Path):
    from aerial_nni.training.one_run import refuse_other_run

    (tmp_path / run_folder.OPTIONS).write_text(json.dumps(as_dict(options)))
    last = tmp_path / run_folder.LAST
    last.write_bytes(b"half")
    refuse_other_run(tmp_path, options)
    assert not last.exists() and Path(f"{last}.damaged").read_bytes() == b"half"
