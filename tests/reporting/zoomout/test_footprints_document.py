"""The document of zoom-out: three ways beside each other, and what the network was trained on."""

import dataclasses
import shlex
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest

from aerial_nni.config import run_folder
from aerial_nni.config.options import as_dict, changed
from aerial_nni.recipes.documents import ResultUnusable
from aerial_nni.recipes.zoomout.options import ZoomOutOptions
from aerial_nni.recipes.zoomout.phases import SUPERPIXELS, UNET, ZOOMOUT
from aerial_nni.recipes.zoomout.report.comparison_part import (
    caution,
    difference,
    score_table,
    summary,
)
from aerial_nni.recipes.zoomout.report.document import compose
from aerial_nni.recipes.zoomout.report.method_text import explain_method
from aerial_nni.recipes.zoomout.report.provenance import command
from aerial_nni.recipes.zoomout.report.reading import Comparison, read_comparison
from aerial_nni.recipes.zoomout.scores import OF_ALL, OF_BUILDINGS
from aerial_nni.recipes.zoomout.study import Plan, zoomout
from aerial_nni.reporting.folder import read_experiment
from aerial_nni.reporting.search.search import Search
from aerial_nni.run import build_parser
from aerial_nni.tuners.methods import METHODS

SCORES = {ZOOMOUT: (0.50, 0.52), SUPERPIXELS: (0.55, 0.57), UNET: (0.60, 0.62)}
LINKS = {name: f"d/{name}.png" for name in (
    "zoom-out", "beside", "learning-rate", "pixels", "loss", "scores", "classes", "class-scores",
    "precision-recall", "confusion", "examples-1")}  # fmt: skip

Make = Callable[..., Comparison]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, fabricate_trial: Callable[..., float]) -> Make:
    """`made(weights, scores)`: an experiment without a search, two seeds of each way."""

    def make(
        weights: dict[str, Any] | None = None, scores: dict[str, tuple] = SCORES
    ) -> Comparison:
        folder = tmp_path_factory.mktemp("runs") / "zoomout0"
        base = changed(ZoomOutOptions(), {
            "epochs": 3, "data": "buildings",
            "data_dir": "/a/private/place", "backbone_weights": "/a/private/place/vgg16.pth",
        })  # fmt: skip
        plan = Plan(trials=0, seeds=(1, 2), epochs=3, unet_epochs=4)
        definition = zoomout(base, METHODS["gp"], plan)
        rows = []
        for point in definition.tuner["class_args"]["points"]:
            phase, seed = point["_phase"], point["seed"]
            if phase not in scores:
                continue
            own = folder / f"t{len(rows)}"
            given = {key: value for key, value in point.items() if not key.startswith("_")}
            options = changed(base, given)
            # The fabricated checkpoint is a small U-Net whatever the trial is.
            plain = dataclasses.replace(options, model="unet", width=4, depth=2)
            wanted = scores[phase][seed - 1]
            score = fabricate_trial(own, plain, ["Background", "Building"], absent=None, void=False,
                                    examples=3, rule="tile", wanted=wanted)  # fmt: skip
            if phase != UNET:
                facts = {"backbone": "vgg16", "convolutions": "all", "dimension": 4227,
                         "frozen_parameters": 14_714_688, "spacing": 4,
                         "superpixel": options.superpixel, "weights": weights or {"kind": "random"},
                         "samples": {"training": {"Background": 300, "Building": 240}, "epochs": 40,
                                     "epoch": 7, "mean_iou": 0.61}}  # fmt: skip
                metrics = run_folder.read_json(own / run_folder.METRICS)
                run_folder.write_json(own / run_folder.METRICS, {**metrics, "zoomout": facts})
                stage = {"samples": facts["samples"], "seconds": 30.0}
                run_folder.write_json(own / "samples" / run_folder.METRICS, stage)
            rows.append({"id": own.name, "sequence": len(rows), "state": "SUCCEEDED",
                         "parameters": point, "score": score, "folder": own.name, "start": None,
                         "end": None})  # fmt: skip
        run_folder.write_json(
            folder / run_folder.EXPERIMENT,
            {"id": "zoomout0", "kind": "zoomout", "options": as_dict(base), "space": {},
             "trials": rows, "limits": {"trials": 6, "concurrency": 1, "max_minutes": 60},
             "method": dict(definition.method), "state": "DONE", "reason": "",
             "best": {key: rows[0][key] for key in ("id", "score", "folder")}},
        )  # fmt: skip
        return read_comparison(read_experiment(folder))

    return make


@pytest.fixture(scope="session")
def found(made: Make) -> Comparison:
    return made()


def test_the_document_has_every_part(found: Comparison):
    text = compose(found, LINKS)
    for part in ("# Building footprints: zoom-out features on Buildings", "## 1. The method",
                 "### Where features are read", "### Two stages", "### Superpixels", "### The loss",
                 "### Data and split", "## 2. The search", "There was none",
                 "### Zoom-out, superpixels and U-Net", "### Scores of each class",
                 "## 4. Where the numbers come from", "took 30.0 s for zoom-out"):  # fmt: skip
        assert part in text
    assert "/a/private/place" not in text


def test_the_eight_scores_stand_beside_each_other(found: Comparison):
    table = score_table(found)
    assert all(name in table for name in (*OF_ALL, *OF_BUILDINGS))
    assert [group.name for group in found.groups] == [ZOOMOUT, SUPERPIXELS, UNET]
    ious = [np.mean(found.scores(group)["building IoU"]) for group in found.groups]
    assert ious == pytest.approx([0.51, 0.56, 0.61], abs=0.01)
    assert found.trial.options["seed"] == 2  # the run with the highest score is shown


def test_what_had_a_search_is_said_where_there_was_one(found: Comparison):
    assert "search" not in summary(found)
    text = caution(dataclasses.replace(found, search=cast(Search, object())))
    assert "zoom-out and superpixels had a search there, the U-Net had none" in text


def test_superpixels_alone_are_described_as_such(made: Make):
    found = made(scores={SUPERPIXELS: SCORES[SUPERPIXELS]})
    text = explain_method(found, LINKS)
    assert "all pixels of one get its scores" in text and "whatever its size" in text
    assert "th pixel in both directions" not in text and "So few pixels" not in text


def test_other_bands_than_the_network_saw_are_said(made: Make):
    found = made({"kind": "imagenet"})
    assert "here it is given" not in explain_method(found, LINKS)
    found.trial.metrics["data"]["bands"] = ["infrared", "red", "green"]
    assert "here it is given infrared, red and green" in explain_method(found, LINKS)


def test_patches_that_gave_no_samples_are_said(found: Comparison):
    facts = {**found.facts["samples"], "patches": 1200, "left_out": 300}
    found.facts["samples"].update(facts)
    text = explain_method(found, LINKS)
    assert "in each of 1,200 training patches" in text and "The other 300 patches" in text
    found.facts["samples"].update({"left_out": 0})
    assert "in each training patch (" in explain_method(found, LINKS)


def test_differences_are_taken_seed_by_seed(found: Comparison, made: Make):
    said = difference(found)
    assert "superpixels − zoom-out: +0.0" in said and "U-Net − zoom-out: +0.1" in said
    alone = made(scores={ZOOMOUT: SCORES[ZOOMOUT]})
    assert difference(alone) == "" and "No such run" in compose(alone, LINKS)


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ({"kind": "random"}, "never trained"),
        ({"kind": "imagenet", "file": "vgg16-397923af.pth", "sha256": "3" * 64}, "ImageNet"),
        ({"kind": "file", "file": "own.pth", "sha256": "4" * 64}, "`own.pth`"),
        ({"kind": "checkpoint", "file": "c", "data": "dubai", "split": "tile", "sha256": "5" * 64},
         "dataset `dubai`"),
    ],
)  # fmt: skip
def test_it_says_what_the_network_was_trained_on(made: Make, weights: dict, said: str):
    found = made(weights)
    assert said in summary(found) and said in compose(found, LINKS)


def test_its_command_is_understood(found: Comparison):
    words = shlex.split(command(found))
    given = build_parser().parse_args(words[3:])
    assert (given.trials, given.seeds, given.final_epochs, given.unet_epochs) == (0, [1, 2], 3, 4)
    assert (given.data_dir, given.backbone_weights) == ("DIR", "WEIGHTS")


def test_without_a_run_of_zoom_out_there_is_nothing_to_say(made: Make):
    with pytest.raises(ResultUnusable, match="no zoom-out run"):
        made(scores={UNET: SCORES[UNET]})
