"""What is drawn of a network is what it does: shapes, parameters and work, found by running it."""

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from aerial_nni.models import ModelSpec
from aerial_nni.reporting.blocks import plot_stage_costs
from aerial_nni.reporting.graph_trace import trace
from aerial_nni.reporting.stages import find_stages


def _model(**changes: object) -> nn.Module:
    spec = {"model": "unet", "bands": 3, "classes": 6, "width": 8, "depth": 3, "norm": "batch",
            "dropout": 0.0, "upsampling": "transposed", **changes}  # fmt: skip
    return ModelSpec.of(**spec).build().eval()  # type: ignore[arg-type]


VARIANTS = [
    {},
    {"norm": "none", "dropout": 0.2},
    {"norm": "group", "upsampling": "bilinear"},
    {"depth": 1},
    {"bands": 5, "classes": 2},
    {"space_to_depth": 2},
]


@pytest.mark.parametrize("changes", VARIANTS, ids=str)
def test_every_parameter_and_multiplication_is_found(changes: dict) -> None:
    model = _model(**changes)
    bands = changes.get("bands", 3)
    steps = trace(model, bands=bands, height=64, width=64)
    assert sum(step.parameters for step in steps) == sum(p.numel() for p in model.parameters())
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, bands, 64, 64))
    assert sum(step.multiply_adds for step in steps) == counter.get_total_flops() // 2


@pytest.mark.parametrize("changes", VARIANTS, ids=str)
def test_stages_are_a_u_with_its_skips(changes: dict) -> None:
    bands, depth = changes.get("bands", 3), changes.get("depth", 3)
    model = _model(**changes)
    stages = find_stages(trace(model, bands=bands, height=64, width=64), bands=bands)
    sides = [stage.side for stage in stages]
    assert sides == ["encoder"] * depth + ["bottom"] + ["decoder"] * depth + ["head"]
    assert [stage.level for stage in stages] == [
        *range(depth + 1), *reversed(range(depth)), 0
    ]  # fmt: skip
    for number in range(depth):
        assert stages[2 * depth - number].skip == number
        assert stages[number].skip is None
    assert stages[-1].shape == (changes.get("classes", 6), 64, 64)
    assert sum(stage.parameters for stage in stages) == sum(p.numel() for p in model.parameters())


def test_receptive_fields_are_those_of_the_textbook() -> None:
    stages = find_stages(trace(_model(depth=4), bands=3, height=64, width=64), bands=3)
    encoder = [stage.body[-1].field for stage in stages[:5]]
    assert encoder == [5, 14, 32, 68, 140]  # two 3x3 convolutions a stage, halved between


def test_the_receptive_field_is_where_the_gradient_is() -> None:
    model = _model(depth=1, width=2)
    for parameter in model.parameters():
        parameter.data.abs_()  # no rectifier closes
    stages = find_stages(trace(model, bands=3, height=32, width=32), bands=3)
    # Max-pooling hands the gradient to one pixel of four: many pictures show all of them.
    pictures = torch.rand(64, 3, 32, 32, requires_grad=True)
    widths = []
    for place in (15, 16):  # on both sides of a pooling border
        out = model(pictures)[:, :, place, place].sum()
        (gradient,) = torch.autograd.grad(out, pictures)
        touched = gradient.abs().sum(dim=(0, 1, 2)).nonzero()
        widths.append(int(touched.max() - touched.min()) + 1)
    assert max(widths) == stages[-1].body[-1].field


def test_the_model_is_left_as_it_was() -> None:
    model = _model().train()
    trace(model, bands=3, height=32, width=32)
    assert model.training
    assert all(p.device.type == "cpu" for p in model.parameters())


def test_a_ragged_input_is_traced() -> None:
    steps = trace(_model(), bands=3, height=60, width=50)
    assert steps[0].shape == (8, 64, 56)


def test_a_network_without_a_u_is_refused() -> None:
    plain = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 2, 1))
    with pytest.raises(ValueError, match="no U shape"):
        find_stages(trace(plain, bands=3, height=32, width=32), bands=3)


def test_every_stage_before_the_decoder_has_the_number_of_pixels_that_it_sees() -> None:
    stages = find_stages(trace(_model(depth=4), bands=3, height=128, width=128), bands=3)
    left, _, fields = plot_stage_costs(stages).axes
    said = " ".join(text.get_text() for text in fields.texts)
    for stage in stages:
        assert (f"{stage.name}: {stage.body[-1].field}" in said) == (stage.side != "decoder")
    titles = [axes.title.get_window_extent().y0 for axes in (left, fields)]
    assert titles[0] == pytest.approx(titles[1], abs=1)
