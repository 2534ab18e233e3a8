"""The parts that documents share say what is so of a run, in each of their branches."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from comparisons import make_drone

from aerial_nni.recipes.drone.report.document import TEMPLATE, facts_of
from aerial_nni.recipes.drone.report.reading import LossComparison, read_flight
from aerial_nni.reporting.folder import read_experiment
from aerial_nni.reporting.render import render
from aerial_nni.reporting.shown_run import ShownRun

Fabricate = Callable[..., Path]
LINKS = {name: f"d/{name}.png" for name in (
    "learning-rate", "pixels", "loss", "scores", "classes", "class-scores", "precision-recall",
    "confusion", "presence", "beside")}  # fmt: skip


@pytest.fixture
def run(fabricate: Fabricate) -> ShownRun:
    return ShownRun.of(read_experiment(fabricate(examples=1)).best_first)


def part(name: str, run: ShownRun, **links: str) -> str:
    return render(f"reporting/templates/{name}.md.j2", run=run, links={**LINKS, **links})


@pytest.mark.parametrize(
    ("of", "change", "said"),
    [
        ("data", {"edge": "pad", "stride": 16}, "every 16 pixels; the ragged edge is padded with"),
        ("data", {"edge": "mirrored"}, "the ragged edge is mirrored."),
        ("data", {"patch_width": 64}, "into patches of 64×32 pixels"),
        ("data", {"skipped": {"b*": "x", "a": "y"}}, r"2 samples could not be used and was left out"
         r": a, b\*."),
        ("data", {"description": ""}, "The dataset dubai (licence: CC0 1.0, [source]"),
        ("data", {"source": "a shelf"}, "(licence: CC0 1.0). Images are cut"),
        ("data", {"bands": ["red", "<b>"]}, "The bands (red, &lt;b&gt;) are scaled"),
        ("split", {"rule": "blocks:64"}, "squares of ground are held out"),
        ("split", {"rule": "mine.json"}, "it was given as a file."),
        ("split", {"leaky": True}, "**This split is leaky: neighbouring ground on both sides. The "
         "scores below"),
    ],
    ids=str,
)  # fmt: skip
def test_data_and_split(run: ShownRun, of: str, change: dict[str, Any], said: str):
    vars(run.metrics[of]).update(change)
    assert said in part("data", run)


def test_frames_of_videos_that_are_not_known_are_said(run: ShownRun):
    vars(run.split).update(leaky=True)
    vars(run.data).update(untold=True)
    assert "both sides. The images are frames of videos, and their" in part("data", run)


def test_the_map_says_what_it_leaves_out(fabricate: Fabricate):
    run = ShownRun.of(read_experiment(fabricate(examples=1)).best_first)
    assert "on neither side" not in part("data", run, **{"split-map": "d/map.png"})
    assert "No ground is on both sides" in part("data", run, **{"split-map": "d/map.png"})
    assert "No ground is on both sides" not in part("data", run)


def test_what_a_run_was_stopped_by(run: ShownRun):
    assert "training ended because it reached 4 epochs." in part("training", run)
    vars(run.metrics).update(stopped="an hour had gone")
    assert "because it was stopped: an hour had gone." in part("training", run)
    vars(run.split).update(train_patches=3)
    assert "after every 3 patches, which are all there are for training." in part("training", run)


def test_a_loss_that_is_nowhere_finite_has_no_lowest_epoch(run: ShownRun):
    run.trial.history["val_loss"][:] = float("nan")
    assert "loss was lowest" not in part("run", run)


def test_nothing_confused_is_said(run: ShownRun):
    vars(run.metrics)["confusion"] = [[5, 0, 0], [0, 5, 0], [0, 0, 5]]
    assert "No pixel is confused." in part("run", run)


def test_memory_is_in_the_costs_where_it_was_measured(run: ShownRun):
    assert "most memory held" not in part("run", run)
    vars(run.cost).update(peak_memory_bytes=2_500_000_000)
    assert "| most memory held | 2.50 GB |" in part("run", run)


@pytest.fixture(scope="module")
def flight(
    tmp_path_factory: pytest.TempPathFactory, fabricate_trial: Callable[..., float]
) -> LossComparison:
    folder = make_drone(tmp_path_factory.mktemp("runs"), fabricate_trial)
    return read_flight(read_experiment(folder))


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, "The run that is shown is a U-Net."),
        ({"weights": {"kind": "random"}}, "**never trained before: its weights were drawn**. The"),
        ({"weights": {"kind": "coco", "heads": ["classifier", "aux_classifier"]}},
         "Of the classifier and the auxiliary head the weights are from there too"),
        ({"weights": {"kind": "imagenet"}}, "The weights of the heads were drawn."),
        ({"frozen": [], "thaw": 0}, "All stages of the backbone learn. Biases"),
    ],
    ids=str,
)  # fmt: skip
def test_what_deeplab_began_with(flight: LossComparison, facts: dict[str, Any], said: str):
    before = flight.trial.metrics["deeplab"]
    vars(flight.trial.metrics)["deeplab"] = {**before, **facts} if facts else {}
    try:
        assert said in render(TEMPLATE, **facts_of(flight, LINKS), links=LINKS)
    finally:
        vars(flight.trial.metrics)["deeplab"] = before
