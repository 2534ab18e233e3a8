"""Checkpoints written before families had options of their own are read as before."""

import json
from pathlib import Path

import pytest
import torch

from aerial_nni.inference.model_card import read_card
from aerial_nni.models import ModelSpec, parameter_count
from aerial_nni.training.checkpoint import load_checkpoint, save_checkpoint

STORED = Path(__file__).parent / "checkpoints"

ANSWERS = {
    "unet": 328.1319580078125,
    "derived": 0.8800140619277954,
    "zoomout": 330.2530517578125,
    "zoomout-head": 3.0171570777893066,
}
"""Name -> sum of the absolute logits that the version before gave for a ramp."""


@pytest.mark.parametrize("name", ANSWERS)
def test_a_checkpoint_of_before_answers_as_it_did(name: str, tmp_path: Path):
    model, header = load_checkpoint(STORED / f"{name}.safetensors")
    bands, side = (5, 8) if name == "zoomout-head" else (3, 16)
    ramp = torch.linspace(-1, 1, bands * side * side).view(1, bands, side, side)
    with torch.no_grad():
        assert float(model(ramp).abs().sum()) == pytest.approx(ANSWERS[name], rel=1e-5)
    spec = ModelSpec.read(header["model"], "it")
    save_checkpoint(tmp_path / "again", model, spec, header={})
    again, header = load_checkpoint(tmp_path / "again")
    assert ModelSpec.read(header["model"], "it") == spec
    with torch.no_grad():
        assert torch.equal(again(ramp), model(ramp))


def test_a_header_of_a_deeplab_of_before_describes_the_same_network():
    spec = ModelSpec.read(json.loads((STORED / "deeplab.json").read_text()), "it")
    with torch.device("meta"):
        model = spec.build()
    assert spec.options == {"backbone": "mobilenet_v3_large", "head": 8, "trained": "layer2",
                            "recompute": True, "auxiliary": True}  # fmt: skip
    assert model.frozen == ("stem", "layer1")
    assert parameter_count(model) == 3_180_204


@pytest.mark.parametrize(("name", "fold", "whole", "step"), [
    ("unet", 2, 32, 32), ("derived", 1, 0, 32), ("zoomout", 1, 0, 32),
])  # fmt: skip
def test_a_card_of_before_says_the_same(name: str, fold: int, whole: int, step: int):
    _, header = load_checkpoint(STORED / f"{name}.safetensors")
    card = read_card(header, name)
    assert (card.fold, card.whole, card.step) == (fold, whole, step)
