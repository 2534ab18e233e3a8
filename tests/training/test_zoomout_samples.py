"""Samples of the first stage: pixels of every class, superpixels, and no more than fit."""

import numpy as np
import pytest
import torch

from aerial_nni.data.dataset import VOID, Facts
from aerial_nni.data.pipeline.batches import Batches, Normalisation
from aerial_nni.data.pipeline.patches import Patch
from aerial_nni.data.pipeline.prepared import Prepared
from aerial_nni.models.bilinear_sampling import at_pixels
from aerial_nni.models.zoomout import ZoomOut
from aerial_nni.training import zoomout_samples as module
from aerial_nni.training.zoomout_samples import (
    Pick,
    Samples,
    every_superpixel,
    gather,
    majority,
    pixels_of_each_class,
)

UNET = {"width": 4, "depth": 2, "norm": "none", "space_to_depth": 1}


@pytest.fixture
def model() -> ZoomOut:
    torch.manual_seed(0)
    return ZoomOut(3, 3, backbone="encoder", encoder=UNET, hidden=4).eval()


@pytest.fixture
def batches() -> Batches:
    """Six patches of 16 pixels; class 2 is in the first alone, the last is all void."""
    draw = np.random.default_rng(0)
    masks = draw.integers(0, 2, (6, 16, 16)).astype(np.uint8)
    masks[0, :4] = 2
    masks[1, 8:] = VOID
    masks[5] = VOID
    patches = tuple(
        Patch(image=str(i), area=str(i), y=0, x=0, height=16, width=16, digest=str(i))
        for i in range(6)
    )
    facts = Facts(name="x", classes=("a", "b", "c"), palette=((0, 0, 0),) * 3)
    made = Prepared(
        facts=facts, images=draw.integers(0, 256, (6, 16, 16, 3)).astype(np.uint8), masks=masks,
        patches=patches, counts=np.ones((6, 4), np.int64), patch=16, stride=16, edge="cut",
        fingerprint="", skipped={},
    )  # fmt: skip
    normal = Normalisation(mean=(127.0,) * 3, std=(70.0,) * 3)
    return Batches(prepared=made, indices=tuple(range(6)), batch=4, device=torch.device("cpu"),
                   normalisation=normal)  # fmt: skip


def test_as_many_pixels_of_each_class_that_is_there(model: ZoomOut, batches: Batches):
    pick = pixels_of_each_class(5, model.encoder.strides, torch.Generator().manual_seed(0))
    found = gather(model, batches, pick, precision="fp32")
    assert found.counts(3) == [25, 25, 5]
    assert found.features.shape == (55, model.dimension)
    again = pixels_of_each_class(5, model.encoder.strides, torch.Generator().manual_seed(0))
    assert torch.equal(gather(model, batches, again, precision="fp32").features, found.features)


def test_the_features_are_those_of_the_pixel(model: ZoomOut):
    image = torch.randn(1, 3, 16, 16)
    mask = torch.zeros(16, 16, dtype=torch.uint8)
    mask[9, 4] = 1
    maps = [m[0] for m in model.maps(image)]
    pick = pixels_of_each_class(2, model.encoder.strides, torch.Generator().manual_seed(0))
    features, classes = pick(maps, image[0], mask)
    place = torch.tensor([9]), torch.tensor([4])
    wanted = at_pixels(maps, model.encoder.strides, *place)
    assert classes.tolist() == [0, 0, 1, 1]
    assert torch.equal(features[2:], wanted.expand(2, -1))
    assert torch.equal(features[2, :3], image[0, :, 9, 4])  # the picture comes first


def test_superpixels_have_the_class_of_most_of_their_pixels(model: ZoomOut, batches: Batches):
    labels = torch.tensor([[0, 0, 0, 1], [2, 2, 2, 1]])
    mask = torch.tensor([[1, 1, 0, VOID], [VOID, VOID, 2, VOID]], dtype=torch.uint8)
    assert majority(labels, mask).tolist() == [1, VOID, 2]
    assert majority(labels, torch.full_like(mask, VOID)).tolist() == [VOID] * 3
    pick = every_superpixel(4, model.encoder.strides)
    found = gather(model, batches, pick, precision="fp32")
    assert VOID not in found.classes.tolist() and len(found.classes) >= 5
    assert found.features.shape == (len(found.classes), model.dimension)


def test_no_more_is_kept_than_there_is_room(
    model: ZoomOut, batches: Batches, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):  # fmt: skip
    def again() -> Pick:
        return pixels_of_each_class(5, model.encoder.strides, torch.Generator().manual_seed(0))

    monkeypatch.setattr(module, "LARGEST", 2 * model.dimension * 10)
    found = gather(model, batches, again(), precision="fp32")
    # Five of each of the first patch's three classes would be more.
    assert len(found.classes) == 10 and (found.patches, found.left_out) == (1, 5)
    assert "from 1 patches, drawn at random: those of 5 more" in caplog.text
    caplog.clear()
    monkeypatch.setattr(module, "LARGEST", 2 * model.dimension * 100)
    whole = gather(model, batches, again(), precision="fp32")
    assert torch.equal(whole.features[:10], found.features)
    assert (len(whole.classes), whole.patches, whole.left_out) == (55, 6, 0) and not caplog.text


def test_an_epoch_has_every_sample_once_but_for_a_remainder():
    count = 3 * module.BATCH + 5
    features = torch.arange(count).float().unsqueeze(1)
    samples = Samples(features.half(), torch.zeros(count, dtype=torch.uint8))
    seen = [f for f, _ in samples.shuffled(torch.Generator().manual_seed(0))]
    assert len(seen) == samples.steps() == 3
    values = torch.cat(seen).flatten().tolist()
    assert len(set(values)) == len(values) == 3 * module.BATCH
    whole = torch.cat([f for f, _ in samples.in_order()]).flatten()
    assert torch.equal(whole, features.flatten())
