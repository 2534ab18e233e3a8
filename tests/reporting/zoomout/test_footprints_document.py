"""The document of zoom-out: three ways beside each other, and what the network was trained on."""

import dataclasses
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from comparisons import SCORES, SUPERPIXELS, UNET, ZOOMOUT, make_zoomout

from aerial_nni.recipes.documents import ResultUnusable
from aerial_nni.recipes.zoomout.report.comparison import ways_of
from aerial_nni.recipes.zoomout.report.document import TEMPLATE, facts_of
from aerial_nni.recipes.zoomout.report.reading import Comparison, read_comparison
from aerial_nni.recipes.zoomout.scores import OF_ALL, OF_BUILDINGS
from aerial_nni.reporting.folder import read_experiment
from aerial_nni.reporting.render import render
from aerial_nni.reporting.search.search import Search

LINKS = {name: f"d/{name}.png" for name in (
    "zoom-out", "beside", "learning-rate", "pixels", "loss", "scores", "classes", "class-scores",
    "precision-recall", "confusion", "examples-1")}  # fmt: skip

Make = Callable[..., Comparison]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, fabricate_trial: Callable[..., float]) -> Make:
    """`made(weights, scores)`: an experiment without a search, two seeds of each way."""

    def make(weights: dict[str, Any] | None = None, scores: Any = SCORES) -> Comparison:
        runs = tmp_path_factory.mktemp("runs")
        folder = make_zoomout(runs, fabricate_trial, weights=weights, scores=scores)
        return read_comparison(read_experiment(folder))

    return make


@pytest.fixture(scope="session")
def found(made: Make) -> Comparison:
    return made()


def text_of(found: Comparison) -> str:
    return render(TEMPLATE, **facts_of(found), links=LINKS)


def test_the_document_has_every_part(found: Comparison):
    text = text_of(found)
    for part in ("# Building footprints: zoom-out features on Buildings", "## 1. The method",
                 "### Where features are read", "### Two stages", "### Superpixels", "### The loss",
                 "### Data and split", "## 2. The search", "There was none",
                 "### Zoom-out, superpixels and U-Net", "### Scores of each class",
                 "## 4. Where the numbers come from", "took 30.0 s for zoom-out"):  # fmt: skip
        assert part in text
    assert "/a/private/place" not in text


def test_the_eight_scores_stand_beside_each_other(found: Comparison):
    table = [row[0].strip("*") for row in ways_of(found).rows]
    assert all(name in table for name in (*OF_ALL, *OF_BUILDINGS))
    assert [group.name for group in found.groups] == [ZOOMOUT, SUPERPIXELS, UNET]
    ious = [np.mean(found.scores(group)["building IoU"]) for group in found.groups]
    assert ious == pytest.approx([0.51, 0.56, 0.61], abs=0.01)
    assert found.trial.options["seed"] == 2  # the run with the highest score is shown


def test_what_had_a_search_is_said_where_there_was_one(found: Comparison):
    ways = ways_of(dataclasses.replace(found, search=cast(Search, object())))
    assert ways.searched == ["zoom-out", "superpixels"] and ways.with_unet
    assert "had a search there" not in text_of(found)


def test_superpixels_alone_are_described_as_such(made: Make):
    found = made(scores={SUPERPIXELS: SCORES[SUPERPIXELS]})
    text = text_of(found)
    assert "all pixels of one get its scores" in text and "whatever its size" in text
    assert "th pixel in both directions" not in text and "So few pixels" not in text


def test_other_bands_than_the_network_saw_are_said(made: Make):
    found = made({"kind": "imagenet"})
    assert "here it is given" not in text_of(found)
    metrics = found.trial.metrics
    data = replace(metrics.data, bands=("infrared", "red", "green"))
    vars(found.trial)["metrics"] = replace(metrics, data=data)
    assert "here it is given infrared, red and green" in text_of(found)


def test_patches_that_gave_no_samples_are_said(found: Comparison):
    metrics = found.trial.metrics
    assert metrics.zoomout is not None
    samples = replace(metrics.zoomout.samples, patches=1200, left_out=300)
    zoomout = replace(metrics.zoomout, samples=samples)
    vars(found.trial)["metrics"] = replace(metrics, zoomout=zoomout)
    text = text_of(found)
    assert "in each of 1,200 training patches" in text and "The other 300 patches" in text
    zoomout = replace(zoomout, samples=replace(samples, left_out=0))
    vars(found.trial)["metrics"] = replace(metrics, zoomout=zoomout)
    assert "in each training patch (" in text_of(found)


def test_differences_are_taken_seed_by_seed(found: Comparison, made: Make):
    first, second = ways_of(found).differences
    assert first.startswith("superpixels − zoom-out: +0.0")
    assert second.startswith("U-Net − zoom-out: +0.1")
    alone = made(scores={ZOOMOUT: SCORES[ZOOMOUT]})
    assert not ways_of(alone).differences and "No such run" in text_of(alone)


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
    assert text_of(found).count(said) == 2


def test_without_a_run_of_zoom_out_there_is_nothing_to_say(made: Make):
    with pytest.raises(ResultUnusable, match="no zoom-out run"):
        made(scores={UNET: SCORES[UNET]})
