"""The trial of an architecture search, by hand."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from aerial_nni.config.options import TrialOptions
from aerial_nni.config.run_folder import (
    CHECKPOINT,
    EVENTS,
    GENOTYPE,
    HALVES,
    HISTORY,
    LAST,
    LATENCY,
    METRICS,
    SPLIT,
    read_history,
    read_json,
    write_json,
)
from aerial_nni.models import build_model, parameter_count
from aerial_nni.models.genotype import places, random_genotype, read_genotype
from aerial_nni.recipes.darts import training_setup as darts
from aerial_nni.recipes.darts.searcher import Searcher
from aerial_nni.recipes.distill import training_setup as distill
from aerial_nni.recipes.distill.features import look
from aerial_nni.run import main
from aerial_nni.training.checkpoint import load_checkpoint, read_header
from aerial_nni.trials.reporting import ByHand

SMALL = ["--width", "2", "--depth", "1", "--epochs", "4", "--batch", "2", "--patch", "16",
         "--precision", "fp32", "--data", "folder"]  # fmt: skip
SGD = ["--optimizer", "sgd", "--lr", "0.05", "--schedule", "cosine"]


def run(folder: Path, imagery: Path, *extra: str) -> int:
    return darts.main([*SMALL, "--data-dir", str(imagery), *extra, "--out", str(folder)])


def search(folder: Path, imagery: Path, *extra: str) -> int:
    return run(folder, imagery, "--search", "--nodes", "1", "--warmup", "1", *extra)


def timeless(folder: Path) -> list[dict[str, float]]:
    timed = ("seconds", "patches_per_second")
    rows = read_history(folder / HISTORY)
    return [{key: value for key, value in row.items() if key not in timed} for row in rows]


@pytest.fixture(scope="module")
def found(imagery: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("found")
    assert search(folder, imagery, "--arch-lr", "0.05") == 0
    return folder


def test_a_search_leaves_a_genotype_and_a_network_that_scores_what_it_says(found: Path):
    genotype = read_genotype((found / GENOTYPE).read_text())
    model, header = load_checkpoint(found / CHECKPOINT)
    assert header["model"]["model"] == "derived"
    metrics = read_json(found / METRICS)
    assert metrics["final"]["mean_iou"] == pytest.approx(metrics["score"], abs=1e-9)
    assert metrics["model"]["parameters"] == parameter_count(model)
    assert (genotype.depth, genotype.nodes) == (1, 1)
    assert metrics["search"]["space"]["size"] == str(9**3 * 18)


def test_the_architecture_rests_while_the_weights_warm_up_and_moves_then(found: Path):
    rows = [
        [value for key, value in row.items() if key.startswith("alpha/")]
        for row in read_history(found / HISTORY)
    ]
    assert max(rows[0]) < 0.51 and rows[0] != rows[1] != rows[2]
    entropy = [row["entropy"] for row in read_history(found / HISTORY)]
    assert entropy[0] == pytest.approx(1, abs=1e-5) and entropy[-1] < entropy[1]
    for place in ("encoder0_1_0", "up0"):
        shares = [v for k, v in read_history(found / HISTORY)[-1].items() if f"/{place}/" in k]
        assert sum(shares) == pytest.approx(1)


def test_tensorboard_shows_alpha_as_it_moves(found: Path):
    events = EventAccumulator(str(found / EVENTS)).Reload()
    rows = read_history(found / HISTORY)
    tags = events.Tags()["scalars"]
    for column in (name for name in rows[0] if name.startswith("alpha/")):
        assert [event.value for event in events.Scalars(column)] == pytest.approx(
            [row[column] for row in rows], rel=1e-6
        )
    assert {"search/entropy of alpha", "search/share of skips"} <= set(tags)
    assert "custom_scalars__config__" in events.Tags()["tensors"]


def test_a_search_with_a_target_for_latency_expects_what_was_timed(imagery: Path, tmp_path: Path):
    sizes = {"depth": 1, "nodes": 1}
    made_up = {label: dict.fromkeys(table, 2.0) for label, table in places(**sizes)}
    write_json(tmp_path / LATENCY, {"fixed": 1.0, "operations": made_up})
    target = ["--target-milliseconds", "4", "--arch-lr", "0.05"]
    assert search(tmp_path, imagery, *target) == 0
    rows = timeless(tmp_path)
    assert [row["expected_milliseconds"] for row in rows] == pytest.approx([2 * 6 + 1] * 4)
    assert all(row["expected_parameters"] > 0 for row in rows)
    events = EventAccumulator(str(tmp_path / EVENTS)).Reload()
    assert "search/expected milliseconds of a patch" in events.Tags()["scalars"]


def test_a_search_on_a_small_machine_finds_something_too(imagery: Path, tmp_path: Path):
    flags = ["--accumulate", "2", "--recompute", "--precision", "bf16"]
    assert search(tmp_path, imagery, *flags) == 0
    metrics = read_json(tmp_path / METRICS)
    assert metrics["cost"]["precision"] == "bf16" and 0 < metrics["score"] <= 1
    assert timeless(tmp_path)[-1]["entropy"] < timeless(tmp_path)[0]["entropy"]
    assert (tmp_path / GENOTYPE).is_file()


def test_neither_half_holds_a_patch_that_validates(found: Path):
    halves, split = read_json(found / HALVES), read_json(found / SPLIT)
    weights, architecture = set(halves["train"]), set(halves["val"])
    assert weights and architecture and not weights & architecture
    assert weights | architecture == set(split["train"])
    assert not (weights | architecture) & set(split["val"])


@pytest.mark.parametrize(
    "extra", [["--variant", "gumbel", "--parts", "2"], ["--order", "second", *SGD]]
)
def test_a_killed_search_resumes_to_the_same_curve(
    imagery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extra: list[str]
):
    assert search(tmp_path / "whole", imagery, *extra) == 0
    usual = Searcher.before_update

    def killed(self, epoch, batch, rate, optimizer):
        if epoch == 2:
            raise KeyboardInterrupt
        usual(self, epoch, batch, rate, optimizer)

    monkeypatch.setattr(Searcher, "before_update", killed)
    assert search(tmp_path / "killed", imagery, *extra) == 130
    monkeypatch.setattr(Searcher, "before_update", usual)
    assert len(timeless(tmp_path / "killed")) == 2
    assert search(tmp_path / "killed", imagery, *extra) == 0
    assert timeless(tmp_path / "killed") == timeless(tmp_path / "whole")
    whole, again = (load_file(tmp_path / name / LAST) for name in ("whole", "killed"))
    assert all(torch.equal(whole[name], again[name]) for name in whole)


def test_score_checkpoint_and_genotype_are_of_the_epoch_at_which_a_search_ends(
    imagery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    usual = Searcher.before_update

    def spoiled(self, epoch, batch, rate, optimizer):
        usual(self, epoch, batch, rate, optimizer)
        if epoch == 3:
            with torch.no_grad():
                for owner in (self.supernet, self.architecture):
                    for parameter in owner.parameters():
                        parameter.neg_()

    monkeypatch.setattr(Searcher, "before_update", spoiled)
    assert search(tmp_path, imagery, "--arch-lr", "0.05") == 0
    scores = [row["mean_iou"] for row in read_history(tmp_path / HISTORY)]
    assert scores[-1] < max(scores)
    metrics, header = read_json(tmp_path / METRICS), read_header(tmp_path / CHECKPOINT)
    assert (metrics["epoch"], header["epoch"]) == (4, 4)
    assert metrics["score"] == header["score"] == pytest.approx(scores[-1])
    found = read_genotype((tmp_path / GENOTYPE).read_text())
    assert read_genotype(header["model"]["genotype"]) == found


def test_a_search_that_was_cut_off_after_its_last_epoch_still_says_what_it_is_for(
    found: Path, imagery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shutil.copytree(found, tmp_path, dirs_exist_ok=True)
    (tmp_path / METRICS).unlink()
    told: list[Mapping[str, str]] = []
    monkeypatch.setattr(ByHand, "final", lambda self, row, beside: told.append(beside))
    assert search(tmp_path, imagery, "--arch-lr", "0.05") == 0
    assert len(read_history(tmp_path / HISTORY)) == 4
    (beside,) = told
    assert (beside["bands"], beside["classes"]) == ("3", "2")
    assert read_genotype(beside["genotype"]) == read_genotype((found / GENOTYPE).read_text())


def test_what_was_found_is_trained_from_its_genotype(found: Path, imagery: Path, tmp_path: Path):
    flags = ["--model", "derived", "--genotype", str(found / GENOTYPE)]
    assert run(tmp_path / "again", imagery, *flags) == 0
    model, header = load_checkpoint(tmp_path / "again" / CHECKPOINT)
    assert model(torch.zeros(1, 3, 9, 17)).shape == (1, 2, 9, 17)
    before = read_header(found / CHECKPOINT)["model"]
    assert header["model"] == {
        **{name: value for name, value in before.items() if name != "parts"},
        "genotype": header["model"]["genotype"],
    }
    assert not (tmp_path / "again" / GENOTYPE).exists()


def test_a_derived_checkpoint_predicts_is_exported_and_teaches(
    found: Path, imagery: Path, tmp_path: Path
):
    image, checkpoint = imagery / "images" / "a0.png", found / CHECKPOINT
    exported = tmp_path / "x.onnx"
    assert main(["export", str(checkpoint), "--to", str(exported)]) == 0
    masks = []
    for model, *more in ((checkpoint, "--precision", "fp32"), (exported, "--overwrite")):
        assert main(["predict", str(model), str(image), "--to", str(tmp_path), *more]) == 0
        with Image.open(tmp_path / "a0-mask.png") as mask:
            masks.append(np.asarray(mask))
    assert masks[0].shape == (16, 16) and (masks[0] != masks[1]).mean() < 0.02
    learn = [*SMALL, "--data-dir", str(imagery), "--teacher", str(checkpoint), "--epochs", "1"]
    for layer in ("encoder", "decoder"):
        flags = ["--kind", "soft+pair", "--layers", layer, "--out", str(tmp_path / layer)]
        assert distill.main([*learn, *flags]) == 0


@pytest.mark.parametrize(("layer", "channels"), [("encoder", 8), ("decoder", 4)])
def test_the_layer_that_pair_compares_is_the_one_that_runs_last(layer: str, channels: int):
    genotype = random_genotype(np.random.default_rng(0), depth=1, nodes=2).text()
    options = TrialOptions.of(model="derived", genotype=genotype, width=4, depth=1)
    network = build_model(options, bands=3, classes=2)
    view = look(network, torch.zeros(2, 3, 16, 16), torch.zeros(2, 16, 16).long(), layer=layer)
    assert view.nodes is not None and view.nodes.shape[1] == channels


@pytest.mark.parametrize("epochs", ["3", "4"])  # in the last one, and before it
def test_a_search_ends_when_skips_take_over(
    epochs: str, imagery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    usual = Searcher.before_update

    def drawn_to_skips(self, epoch, batch, rate, optimizer):
        usual(self, epoch, batch, rate, optimizer)
        with torch.no_grad():
            for label, names in self.architecture.tables.items():
                if "none" in names:
                    wanted = "skip" if epoch == 2 else "conv3"
                    self.architecture.alphas[label][names.index(wanted)] = 5 * (epoch + 1)

    monkeypatch.setattr(Searcher, "before_update", drawn_to_skips)
    words = ["--max-skips", "0.9", "--arch-lr", "1e-9", "--epochs", epochs]
    assert search(tmp_path, imagery, *words) == 0
    assert [row["skip_share"] for row in timeless(tmp_path)] == [0, 0, 1]
    assert "100% of the edges are skips" in read_json(tmp_path / METRICS)["stopped"]
    found = read_genotype((tmp_path / GENOTYPE).read_text())
    assert "skip" not in found.choices().values()
    header = read_header(tmp_path / CHECKPOINT)
    assert header["epoch"] == 2 and read_genotype(header["model"]["genotype"]) == found


def test_skips_that_lead_at_once_are_explained_and_those_of_the_warm_up_are_not_judged(
    imagery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    usual = Searcher.before_update

    def led_by_skips(self, epoch, batch, rate, optimizer):
        usual(self, epoch, batch, rate, optimizer)
        with torch.no_grad():
            for label, names in self.architecture.tables.items():
                if "none" in names:
                    self.architecture.alphas[label][names.index("skip")] = 9

    monkeypatch.setattr(Searcher, "before_update", led_by_skips)
    assert search(tmp_path, imagery) == 1
    assert [row["skip_share"] for row in timeless(tmp_path)] == [1]  # of the warm-up
    said = capsys.readouterr().err
    assert "100% of the edges are skips" in said and "--warmup of more than 1" in said
    assert "Errno" not in said and not (tmp_path / GENOTYPE).exists()


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--order", "second"], "--optimizer sgd"),
        (["--order", "second", *SGD, "--precision", "bf16"], "give one of fp32"),
        (["--parts", "3"], "does not divide"),
        (["--norm", "group"], "norm='batch'"),
        (["--ema", "0.9"], "leave --ema out"),
        (["--patience", "1"], "leave --patience out"),
        (["--order", "second", "--variant", "gumbel", *SGD], "--variant softmax"),
        (["--parts", "2", "--target-milliseconds", "3"], "--parts 1"),
        (["--warmup", "4"], "--warmup 1"),
    ],
)
def test_options_that_cannot_be_searched_with(
    imagery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: list[str], says: str
):
    assert search(tmp_path, imagery, *flags) == 1
    assert says in capsys.readouterr().err


def test_a_derived_model_needs_its_genotype(
    imagery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert run(tmp_path, imagery, "--model", "derived") == 1
    assert "--genotype" in capsys.readouterr().err
    assert run(tmp_path, imagery, "--model", "derived", "--genotype", "gone.json") == 1
    assert "gone.json cannot be read" in capsys.readouterr().err


def test_a_derived_model_refuses_what_its_genotype_does_not_say(
    found: Path, imagery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    flags = ["--model", "derived", "--genotype", str(found / GENOTYPE)]
    for extra, says in (
        (["--depth", "2"], "--depth 1"),
        (["--dropout", "0.1"], "dropout=0.1 is of"),
    ):
        assert run(tmp_path, imagery, *flags, *extra) == 1
        assert says in capsys.readouterr().err
