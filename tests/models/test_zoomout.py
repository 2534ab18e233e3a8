"""The laws of zoom-out: what is computed cheaply equals the stack of all features."""

import pytest
import torch
from torch import Tensor
from torchvision.models import vgg

from aerial_nni.bench.zoomout_worker import stack
from aerial_nni.config.options import BadOption
from aerial_nni.models import ModelSpec, parameter_count
from aerial_nni.models import zoomout as module
from aerial_nni.models.backbone import VGGS, build_backbone
from aerial_nni.models.bilinear_sampling import at_pixels, over_regions
from aerial_nni.models.superpixels import NotOutsidePython, superpixels
from aerial_nni.models.zoomout import Head, ZoomOut

UNET = {"width": 4, "depth": 3, "norm": "batch", "space_to_depth": 1}
FOLDED = {**UNET, "norm": "none", "space_to_depth": 2}


def zoomout(**more) -> ZoomOut:
    """A small one that has measured its features."""
    torch.manual_seed(0)
    chosen = {"backbone": "encoder", "encoder": UNET, "hidden": 8, "dropout": 0.5, **more}
    model = ZoomOut(3, 2, **chosen)
    model.head.standardise(torch.randn(50, model.dimension) * 3 + 1)
    return model.eval()


def picture(*size: int) -> Tensor:
    return torch.randn(*size, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("convolutions", "wanted"), [("all", 4227), ("before-pool", 1475)])
def test_vgg16_has_as_many_features_as_the_reference(convolutions: str, wanted: int):
    backbone = build_backbone("vgg16", bands=3, convolutions=convolutions)
    assert sum(backbone.channels) == wanted
    maps = backbone(torch.zeros(1, 3, 32, 48))
    assert [tuple(m.shape) for m in maps] == [
        (1, channels, 32 // stride, 48 // stride)
        for channels, stride in zip(backbone.channels, backbone.strides, strict=True)
    ]
    assert backbone.strides == [1, 2, 4, 8, 16]
    head = Head(backbone.channels, 2, hidden=1024, dropout=0.5)
    assert parameter_count(head) == (wanted + 1) * 1024 + 1025 * 1024 + 1025 * 2
    if convolutions == "all":
        assert parameter_count(head) == 5_381_122


@pytest.mark.parametrize("name", VGGS)
def test_features_are_those_of_torchvision_before_the_relu(name: str):
    whole = vgg.make_layers(vgg.cfgs["A" if name == "vgg11" else "D"]).eval()
    for layer in whole:
        if isinstance(layer, torch.nn.ReLU):
            layer.inplace = False  # else it would change what is compared
    backbone = build_backbone(name, bands=3, convolutions="all")
    convolutions = [m for m in backbone.modules() if isinstance(m, torch.nn.Conv2d)]
    theirs = [m for m in whole if isinstance(m, torch.nn.Conv2d)]
    for ours, given in zip(convolutions, theirs, strict=True):
        ours.load_state_dict(given.state_dict())
    outputs: list[Tensor] = []
    for layer in theirs:
        layer.register_forward_hook(lambda *seen: outputs.append(seen[2]))
    x = picture(2, 3, 32, 32)
    with torch.no_grad():
        whole(x)
        maps = backbone(x)
    assert torch.equal(maps[0][:, :3], x)  # the picture comes first
    ours, wanted = (
        torch.cat([m.flatten(1) for m in found], dim=1) for found in (maps, [x, *outputs])
    )
    assert torch.equal(ours, wanted)
    assert min(float(m.min()) for m in maps[1:]) < 0


@pytest.mark.parametrize("encoder", [UNET, FOLDED], ids=["plain", "folded"])
@pytest.mark.parametrize("spacing", [1, 3, 4])
@pytest.mark.parametrize("size", [(32, 32), (37, 50)])
def test_the_first_layer_commutes_with_upsampling(encoder: dict, spacing: int, size: tuple):
    model = zoomout(encoder=encoder, spacing=spacing)
    x = picture(2, 3, *size)
    with torch.no_grad():
        everywhere = model.head(stack(model, x))
        ours = model(x)
    assert ours.shape == everywhere.shape
    points = (..., slice(spacing // 2, None, spacing), slice(spacing // 2, None, spacing))
    torch.testing.assert_close(ours[points], everywhere[points], atol=1e-4, rtol=1e-4)


def test_scores_between_the_points_are_interpolated():
    model = zoomout(spacing=4)
    with torch.no_grad():
        logits = model(picture(1, 3, 32, 32))
    inner = logits[..., 2:31:4, 2:31:4]
    middle = (inner[..., :-1] + inner[..., 1:]) / 2
    torch.testing.assert_close(logits[..., 2:31:4, 4:30:4], middle)
    assert torch.equal(logits[..., :2, :], logits[..., 2:3, :].expand(-1, -1, 2, -1))


@pytest.mark.parametrize("encoder", [UNET, FOLDED], ids=["plain", "folded"])
def test_features_at_points_are_those_of_the_stack(encoder: dict):
    model = zoomout(encoder=encoder)
    x = picture(1, 3, 37, 50)
    rows, columns = torch.tensor([0, 36, 17, 5, 5]), torch.tensor([0, 49, 23, 6, 6])
    found = at_pixels([m[0] for m in model.maps(x)], model.encoder.strides, rows, columns)
    wanted = stack(model, x)[0][:, rows, columns].T
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)


def test_features_over_regions_are_means_of_the_stack():
    model = zoomout()
    x = picture(1, 3, 37, 50)
    labels = torch.arange(37).unsqueeze(1) // 10 * 2 + torch.arange(50) // 30
    found = over_regions([m[0] for m in model.maps(x)], model.encoder.strides, labels)
    whole = stack(model, x)[0]
    wanted = torch.stack([whole[:, labels == region].mean(dim=1) for region in range(8)])
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)


def test_superpixels_share_their_scores():
    model = zoomout(superpixel=8)
    blocks = picture(2, 3, 4, 6).repeat_interleave(8, dim=2).repeat_interleave(8, dim=3)
    x = blocks[..., :45] + 0.05 * picture(2, 3, 32, 45)
    labels = superpixels(x[1], side=8)
    assert labels.shape == (32, 45) and labels.min() == 0
    assert len(labels.unique()) == labels.max() + 1 > 4
    with torch.no_grad():
        logits = model(x)
        means = over_regions([m[1] for m in model.maps(x)], model.encoder.strides, labels)
        wanted = model.head(means[..., None, None]).flatten(1)
    for region in labels.unique():
        inside = logits[1][:, labels == region].T
        torch.testing.assert_close(inside, wanted[region].expand_as(inside))


def test_an_edge_of_colour_is_an_edge_of_superpixels():
    x = torch.zeros(3, 40, 40)
    x[:, :, 17:] = 1.0
    labels = superpixels(x, side=10)
    assert not set(labels[:, :17].unique().tolist()) & set(labels[:, 17:].unique().tolist())


def test_only_the_classifier_learns():
    model = zoomout(superpixel=0, spacing=2).train()
    before = {name: value.clone() for name, value in model.encoder.state_dict().items()}
    model(picture(2, 3, 32, 32)).square().sum().backward()
    assert all(p.grad is None for p in model.encoder.parameters())
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.head.parameters())
    assert not any(module.training for module in model.encoder.modules())
    assert all(torch.equal(before[k], v) for k, v in model.encoder.state_dict().items())


def test_samples_are_measured_once_and_come_out_standard():
    model = zoomout()
    samples = torch.randn(400, model.dimension) * 5 - 2
    samples[:, 3] = 7.0
    model.head.standardise(samples)
    parts = samples[..., None, None].split(model.head.channels, dim=1)
    whole = torch.cat([s(p) for s, p in zip(model.head.standards, parts, strict=True)], dim=1)
    torch.testing.assert_close(whole.mean(0), torch.zeros_like(whole[0]), atol=1e-5, rtol=0)
    deviation = whole.std(0, correction=0).flatten()
    assert deviation[3] == 0
    torch.testing.assert_close(deviation[4:], torch.ones(len(deviation) - 4))


def test_it_is_built_again_from_its_spec():
    more = {"backbone": "vgg11", "convolutions": "before-pool", "hidden": 4, "dropout": 0.0,
            "spacing": 4, "superpixel": 0, "encoder": None}  # fmt: skip
    spec = ModelSpec.of(model="zoomout", bands=3, classes=2, width=16, depth=4, norm="batch",
                     dropout=0.0, upsampling="transposed", more=more)  # fmt: skip
    model, again = spec.build(), ModelSpec.of(**spec.header()).build()
    again.load_state_dict(model.state_dict())
    x = picture(1, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(model.eval()(x), again.eval()(x))


def test_exported_equals_eager():
    model = zoomout()
    x = picture(1, 3, 24, 40)
    exported = torch.export.export(model, (x,)).module()
    assert torch.allclose(exported(x), model(x), atol=1e-5)


def test_superpixels_are_not_exported():
    with pytest.raises(NotOutsidePython, match="distill"):
        torch.export.export(zoomout(superpixel=8), (picture(1, 3, 24, 40),))


@pytest.mark.parametrize(("name", "bands"), [("vgg16", 4), ("encoder", 3)])
def test_a_backbone_that_cannot_be_is_refused(name: str, bands: int):
    with pytest.raises(BadOption):
        build_backbone(name, bands=bands, convolutions="all")


@pytest.mark.parametrize("value", [0.3, 0.123, -1.7, 0.0])
def test_a_constant_feature_stays_near_nothing(value: float):
    head = Head([2], 2, hidden=2, dropout=0.0)
    features = torch.full((3001, 2), value).half()
    features[:, 1] = torch.randn(3001, generator=torch.Generator().manual_seed(0)).half()
    head.standardise(features)
    found = head.standards[0](torch.tensor([value, 2.0]).view(1, 2, 1, 1))
    assert abs(found[0, 0].item()) < 1e-3  # as it is in single precision later
    assert found[0, 1].item() == pytest.approx(2.0, abs=0.1)


def test_samples_are_standardised_a_part_at_a_time(monkeypatch: pytest.MonkeyPatch):
    features = torch.randn(50, 3, generator=torch.Generator().manual_seed(0)) * 4 + 7
    whole, parts = Head([3], 2, hidden=2, dropout=0.0), Head([3], 2, hidden=2, dropout=0.0)
    whole.standardise(features)
    monkeypatch.setattr(module, "ROWS", 16)
    parts.standardise(features)
    wanted = (1 / features.std(dim=0, correction=0)).view(1, -1, 1, 1)
    for head in (whole, parts):
        torch.testing.assert_close(head.standards[0].get_buffer("scale"), wanted)


@pytest.mark.parametrize(("size", "spacing"), [(8, 64), (4, 33), (12, 9)])
def test_a_picture_smaller_than_the_spacing_has_scores(size: int, spacing: int):
    model = zoomout(spacing=spacing)
    assert model(picture(1, 3, size, size + 1)).shape == (1, 2, size, size + 1)
