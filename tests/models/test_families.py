"""Every family keeps the contract, and another one is a module and a line in the registry."""

import sys
import types
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from family_contract import FamilyContract
from torch import nn

from aerial_nni.config.families import FAMILIES
from aerial_nni.config.families.family import ModelFamily, NetworkOptions, Shape
from aerial_nni.config.fields import option
from aerial_nni.config.options import BadOption, TrialOptions, changed
from aerial_nni.config.run_folder import CHECKPOINT
from aerial_nni.models.genotype import random_genotype
from aerial_nni.recipes.baseline.training_setup import main
from aerial_nni.training.checkpoint import load_checkpoint

GENOTYPE = random_genotype(np.random.default_rng(0), depth=1, nodes=1).text()


class TestUNet(FamilyContract):
    name = "unet"
    small = {"width": 2, "depth": 1, "space_to_depth": 2}


class TestDerived(FamilyContract):
    name = "derived"
    small = {"width": 2, "depth": 1, "genotype": GENOTYPE}


class TestDeepLab(FamilyContract):
    name = "deeplab"
    small = {"backbone": "mobilenet_v3_large", "head": 8, "backbone_weights": "random"}


class TestZoomOut(FamilyContract):
    name = "zoomout"
    small = {"backbone": "encoder", "backbone_weights": "x.safetensors", "hidden": 4, "spacing": 1}
    encoder = {"encoder": {"width": 2, "depth": 1, "norm": "batch", "space_to_depth": 1}}


def test_every_family_is_here():
    tested = {one.name for one in FamilyContract.__subclasses__()}
    assert tested == {name for name, family in FAMILIES.items() if family.trained_alone}


@pytest.mark.parametrize(("model", "given", "said"), [
    ("deeplab", {"width": 8}, "width=8 is of unet and derived; model=deeplab has backbone"),
    ("unet", {"backbone": "resnet50"}, "is of deeplab and zoomout; model=unet has width, depth"),
    ("unet", {"widht": 8}, "did you mean width"),
    ("deeplab", {"backbon": "x"}, "did you mean backbone"),
    ("vit", {}, "choose one of unet, derived, deeplab, zoomout"),
])  # fmt: skip
def test_an_option_of_another_family_is_refused(model: str, given: dict, said: str):
    with pytest.raises(BadOption, match=said):
        changed(TrialOptions(), {"model": model, **given})


def test_what_older_records_name_of_other_families_is_left_out():
    once = {"model": "deeplab", "width": 16, "depth": 4, "norm": "batch", "genotype": ""}
    assert changed(TrialOptions(), once) == TrialOptions.of(model="deeplab")
    found = changed(TrialOptions.of(width=8, depth=2, norm="group"),
                    {"model": "derived", "genotype": "{}"})  # fmt: skip
    assert (found.network.width, found.network.depth) == (8, 2)  # type: ignore[attr-defined]


class OneLayer(nn.Conv2d):
    """The smallest network there is."""

    def __init__(self, bands: int, classes: int, *, side: int = 1) -> None:
        super().__init__(bands, classes, side, padding=side // 2)


@dataclass(frozen=True, kw_only=True)
class OneLayerOptions(NetworkOptions):
    """Its only option."""

    side: int = option(1, "pixels of the side of its filter", low=1)


def test_another_family_is_trained_by_its_name(
    imagery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    module = types.ModuleType("one_layer")
    module.OneLayer = OneLayer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "one_layer", module)
    family = ModelFamily(name="one-layer", title="one layer", options=OneLayerOptions,
                         network="one_layer:OneLayer", shape=lambda _: Shape(stride=1))  # fmt: skip
    monkeypatch.setitem(FAMILIES, "one-layer", family)
    words = ["--data", "folder", "--data-dir", str(imagery), "--patch", "16", "--batch", "2",
             "--epochs", "1", "--out", str(tmp_path), "--model", "one-layer",
             "--side", "3"]  # fmt: skip
    assert main(words) == 0
    model, header = load_checkpoint(tmp_path / CHECKPOINT)
    assert header["model"] == {"model": "one-layer", "bands": 3, "classes": 2, "side": 3}
    with torch.no_grad():
        assert model(torch.zeros(1, 3, 9, 9)).shape == (1, 2, 9, 9)
