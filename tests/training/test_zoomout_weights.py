"""Weights of the frozen network: where they come from, and what they see."""

from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torchvision import models
from torchvision.models import vgg

from aerial_nni.config.families.zoomout import ZoomOutNetOptions
from aerial_nni.data.dataset import Facts
from aerial_nni.data.pipeline.batches import Normalisation
from aerial_nni.data.pipeline.patches import Patch
from aerial_nni.data.pipeline.prepared import Prepared
from aerial_nni.data.pipeline.splits import Split, split_digest
from aerial_nni.models import ModelSpec
from aerial_nni.models.zoomout import ZoomOut
from aerial_nni.training import zoomout_weights as module
from aerial_nni.training.checkpoint import BadCheckpoint, save_checkpoint
from aerial_nni.training.zoomout_weights import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    URLS,
    BackboneMissing,
    BackboneUnfit,
    Weights,
    check_answers,
    check_shapes,
    copy_weights,
    fitting_weights,
    open_weights,
)

OURS = Normalisation(mean=(90.0, 100.0, 110.0), std=(40.0, 50.0, 60.0))


def unet(**more) -> ModelSpec:
    sizes = {"width": 4, "depth": 2, "norm": "batch", "dropout": 0.1, "space_to_depth": 1, **more}
    return ModelSpec.of(model="unet", bands=3, classes=2, upsampling="transposed", **sizes)


def header(**more) -> dict:
    return {"classes": ["a", "b"], "bands": ["red", "green", "blue"], "mean": [80.0, 90.0, 99.0],
            "std": [30.0, 31.0, 32.0], "data": "town", "split": "image", "score": 0.5,
            "epoch": 3, **more}  # fmt: skip


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "unet.safetensors"
    spec = unet()
    save_checkpoint(path, spec.build(), spec, header=header())
    return path


def vgg11_file(path: Path) -> dict[str, torch.Tensor]:
    """Weights as torchvision saves them, the classifier with them."""
    features = vgg.make_layers(vgg.cfgs["A"]).state_dict()
    state = {f"features.{name}": value for name, value in features.items()}
    state["classifier.0.weight"] = torch.zeros(2, 2)
    torch.save(state, path) if path.suffix == ".pth" else save_file(state, path)
    return state


@pytest.mark.parametrize("name", ["vgg11", "vgg16"])
def test_the_addresses_are_those_of_torchvision(name: str):
    assert models.get_model_weights(name).IMAGENET1K_V1.url == URLS[name]
    transforms = models.get_model_weights(name).IMAGENET1K_V1.transforms()
    assert np.allclose(255 * np.array(transforms.mean), IMAGENET_MEAN)
    assert np.allclose(255 * np.array(transforms.std), IMAGENET_STD)


@pytest.mark.parametrize("ending", [".pth", ".safetensors"])
def test_a_file_of_torchvision_is_read(tmp_path: Path, ending: str):
    path = tmp_path / f"vgg{ending}"
    state = vgg11_file(path)
    options = ZoomOutNetOptions(backbone="vgg11", backbone_weights=str(path))
    found = open_weights(options)
    model = ZoomOut(3, 2, backbone="vgg11", hidden=2)
    copy_weights(model, found, OURS, pixels="uint8")
    ours = list(model.encoder.state_dict().values())
    assert torch.equal(ours[0], state["features.0.weight"])
    assert torch.equal(ours[-1], state["features.18.bias"])
    check_shapes(found, options, bands=3)
    with pytest.raises(BackboneUnfit, match="no weights of vgg16; give --backbone vgg11"):
        check_shapes(found, ZoomOutNetOptions(backbone_weights=str(path)), bands=3)


def test_what_is_no_file_of_weights_is_refused(tmp_path: Path):
    path = tmp_path / "odd.pth"
    path.write_bytes(b"nothing")
    options = ZoomOutNetOptions(backbone_weights=str(path))
    with pytest.raises(BackboneUnfit, match="cannot be read"):
        open_weights(options)
    torch.save({"other.weight": torch.zeros(1)}, path)
    with pytest.raises(BackboneUnfit, match=r"features\.0\.bias"):
        open_weights(options)


def test_the_checkpoint_of_a_unet_is_told_which_backbone_it_is(checkpoint: Path):
    with pytest.raises(BackboneUnfit, match="--backbone encoder"):
        open_weights(ZoomOutNetOptions(backbone_weights=str(checkpoint)))


def test_without_a_network_the_error_says_which_file_to_put_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: object, **__: object) -> None:
        raise URLError("no network")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", fail)
    with pytest.raises(BackboneMissing) as error:
        open_weights(ZoomOutNetOptions())
    told = str(error.value)
    place = tmp_path / "hub" / "checkpoints" / "vgg16-397923af.pth"
    for part in (URLS["vgg16"], str(place), "--backbone-weights FILE", "random", "CHECKPOINT"):
        assert part in told
    monkeypatch.setitem(module.URLS, "vgg11", "https://nowhere/vgg11-12345678.pth")
    (place.parent / "vgg11-12345678.pth").touch()
    vgg11_file(place.parent / "vgg11-12345678.pth")
    assert open_weights(ZoomOutNetOptions(backbone="vgg11")).facts["kind"] == "imagenet"


def test_the_network_sees_pictures_as_it_was_trained_on_them(checkpoint: Path):
    options = ZoomOutNetOptions(backbone="encoder", backbone_weights=str(checkpoint))
    found = open_weights(options)
    assert found.encoder is not None
    model = ZoomOut(3, 2, backbone="encoder", encoder=vars(found.encoder), hidden=2)
    raw = torch.rand(1, 3, 8, 8) * 255
    for weights, pixels in (
        (found, "uint8"),
        (Weights(mean=IMAGENET_MEAN, std=IMAGENET_STD), "uint8"),
    ):
        copy_weights(model, weights, OURS, pixels=pixels)
        wanted = Normalisation(mean=tuple(weights.mean), std=tuple(weights.std))(raw)
        torch.testing.assert_close(OURS(raw) * model.gain + model.shift, wanted)


def test_sixteen_bits_stay_as_they_come_before_a_network_of_eight():
    model = ZoomOut(3, 2, backbone="vgg11", hidden=2)
    copy_weights(model, Weights(mean=IMAGENET_MEAN, std=IMAGENET_STD), OURS, pixels="uint16")
    assert (model.gain == 1).all() and (model.shift == 0).all()


@pytest.mark.parametrize(("seen", "pixels", "matched"), [
    ("uint8", "uint16", False), ("uint16", "uint8", False), ("uint16", "uint16", True),
])  # fmt: skip
def test_an_encoder_is_matched_to_pixels_of_its_own_type(seen: str, pixels: str, matched: bool):
    model = ZoomOut(3, 2, backbone="vgg11", hidden=2)
    own = Weights(mean=[80.0] * 3, std=[30.0] * 3, header=header(pixels=seen))
    copy_weights(model, own, OURS, pixels=pixels)
    assert bool((model.gain != 1).all()) == matched


def test_the_encoder_of_a_checkpoint_computes_what_it_did(checkpoint: Path):
    from aerial_nni.training.checkpoint import load_checkpoint

    network, _ = load_checkpoint(checkpoint)
    found = open_weights(ZoomOutNetOptions(backbone="encoder", backbone_weights=str(checkpoint)))
    assert found.encoder is not None
    model = ZoomOut(3, 2, backbone="encoder", encoder=vars(found.encoder), hidden=2)
    copy_weights(model, found, OURS, pixels="uint8")
    x = torch.randn(1, 3, 16, 16)
    with torch.no_grad():
        theirs = network.encoder(x)
        maps = model.encoder(x)
    for ours, wanted in zip(maps, theirs, strict=True):
        last = ours[:, -wanted.shape[1] :].relu()  # the last that was taken, before its ReLU
        torch.testing.assert_close(last, wanted)


def test_only_the_encoder_of_a_unet_is_taken(tmp_path: Path):
    path = tmp_path / "zoomout.safetensors"
    spec = ModelSpec.of(model="zoomout-head", bands=3, classes=2, width=2, depth=1, norm="none",
                     dropout=0.0, upsampling="bilinear",
                     more={"channels": [3], "hidden": 2, "dropout": 0.0})  # fmt: skip
    save_checkpoint(path, spec.build(), spec, header=header())
    with pytest.raises(BackboneUnfit, match="of a U-Net"):
        open_weights(ZoomOutNetOptions(backbone="encoder", backbone_weights=str(path)))
    with pytest.raises(BadCheckpoint):
        open_weights(ZoomOutNetOptions(backbone="encoder", backbone_weights=str(tmp_path / "none")))


def prepared(bands: tuple[str, ...] = ("red", "green", "blue")) -> tuple[Prepared, Split]:
    facts = Facts(name="town", classes=("a", "b"), palette=((0, 0, 0), (9, 9, 9)), bands=bands)
    patches = tuple(
        Patch(image=str(i), area=str(i), y=0, x=0, height=8, width=8, digest=str(i))
        for i in range(4)
    )
    made = Prepared(
        facts=facts, images=np.zeros((4, 8, 8, 3), np.uint8), masks=np.zeros((4, 8, 8), np.uint8),
        patches=patches, counts=np.ones((4, 3), np.int64), patch=8, stride=8, edge="cut",
        fingerprint="", skipped={},
    )  # fmt: skip
    return made, Split(rule="image", seed=0, val_fraction=0.5, train=(0, 1), val=(2, 3))


def test_an_encoder_that_may_know_the_answers_is_refused(tmp_path: Path):
    made, split = prepared()
    other = Split(rule="image", seed=1, val_fraction=0.5, train=(2, 3), val=(0, 1))
    same = Weights(header=header(split_digest=split_digest(made, split)))
    check_answers(same, made, split)
    with pytest.raises(BackboneUnfit, match="or another split.*as it lies in its result folder"):
        check_answers(same, made, other)
    with pytest.raises(BackboneUnfit, match="bands are infrared"):
        check_answers(Weights(header=header(bands=["infrared"])), made, split)
    check_answers(Weights(), made, split)


def test_other_bands_than_those_of_vgg_are_refused_and_another_order_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    path = tmp_path / "vgg.pth"
    vgg11_file(path)
    options = ZoomOutNetOptions(backbone="vgg11", backbone_weights=str(path))
    with pytest.raises(BackboneUnfit, match="town has 4.*--backbone encoder"):
        fitting_weights(options, *prepared(("red", "green", "blue", "infrared")))
    assert fitting_weights(options, *prepared()).tensors and not caplog.text
    fitting_weights(options, *prepared(("infrared", "red", "green")))
    assert "the bands of town are infrared, red, green" in caplog.text
