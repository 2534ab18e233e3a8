import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from aerial_nni.data.dataset import Facts
from aerial_nni.data.pipeline.augment import Augmentation
from aerial_nni.data.pipeline.batches import Batches, Normalisation, ahead, measure_normalisation
from aerial_nni.data.pipeline.patches import Patch
from aerial_nni.data.pipeline.prepared import Prepared
from aerial_nni.training.seeds import generator

ALL = Augmentation(flip=True, turn=True, scale=0.4, colour=0.3)


def prepared(count=6, size=16, dtype=np.uint8, bands=3):
    rng = np.random.default_rng(0)
    top = 255 if dtype == np.uint8 else 4000
    masks = rng.integers(0, 2, (count, size, size)).astype(np.uint8)
    images = rng.integers(0, top, (count, size, size, bands)).astype(dtype)
    images[..., 0] = masks.astype(dtype) * top  # the first band shows the mask
    return Prepared(
        facts=Facts(name="made", classes=("a", "b"), palette=((1, 2, 3), (4, 5, 6)), patch=size),
        images=images,
        masks=masks,
        patches=tuple(
            Patch(image=f"i{i}", area="x", y=0, x=0, height=size, width=size, digest=str(i))
            for i in range(count)
        ),
        counts=np.zeros((count, 3), np.int64),
        patch=size,
        stride=size,
        edge="cut",
        fingerprint="",
        skipped={},
        folder=Path(),
    )


def batches(data, *, augmentation=ALL, batch=4):
    indices = tuple(range(len(data.patches)))
    return Batches(
        prepared=data,
        indices=indices,
        batch=batch,
        device=torch.device("cpu"),
        normalisation=measure_normalisation(data, indices),
        augmentation=augmentation,
    )


def epoch(source, seed=0):
    return list(source.shuffled(generator(seed, "order"), generator(seed, "augmentation")))


def test_normalised_pictures_have_mean_zero_and_deviation_one():
    images = torch.cat([images for images, _ in batches(prepared()).in_order()])
    assert images.mean((0, 2, 3)).abs().max() < 1e-4
    assert images.std((0, 2, 3)).sub(1).abs().max() < 1e-2


def test_padding_does_not_enter_the_normalisation():
    data = prepared(count=1)
    patch = Patch(image="i", area="x", y=0, x=0, height=8, width=16, digest="0")
    ragged = Prepared(**{**vars(data), "patches": (patch,)})
    normal = measure_normalisation(ragged, [0])
    assert normal.mean == pytest.approx(data.images[0, :8].mean((0, 1)).tolist(), rel=1e-5)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("bands", [3, 5])
def test_an_epoch_has_equal_batches_channels_last(dtype, bands):
    seen = epoch(batches(prepared(dtype=dtype, bands=bands)))
    assert len(seen) == 1  # 6 patches in fours: two sit out
    images, masks = seen[0]
    assert images.shape == (4, bands, 16, 16)
    assert images.dtype == torch.float32
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert masks.dtype == torch.uint8


def test_validation_is_complete_and_in_order():
    data = prepared()
    masks = torch.cat([masks for _, masks in batches(data).in_order()])
    assert torch.equal(masks, torch.from_numpy(data.masks))


def test_the_same_generators_give_the_same_epoch_and_others_another():
    data = prepared()
    first, again, other = epoch(batches(data)), epoch(batches(data)), epoch(batches(data), seed=1)
    assert torch.equal(first[0][0], again[0][0])
    assert torch.equal(first[0][1], again[0][1])
    assert not torch.equal(first[0][0], other[0][0])


@pytest.mark.parametrize(
    "augmentation", [Augmentation(flip=True), Augmentation(turn=True), Augmentation(scale=0.5)]
)
def test_image_and_mask_move_together(augmentation):
    data = prepared(count=4, size=32)
    # Large fields, so that reading between pixels agrees with reading the nearest one.
    data.masks[:] = np.kron(np.arange(16).reshape(4, 4) % 3 == 0, np.ones((8, 8)))
    data.images[..., 0] = data.masks * 255
    images, masks = epoch(batches(data, augmentation=augmentation))[0]
    shown = images[:, 0] > 0
    inside = torch.nn.functional.max_pool2d(masks[:, None].float(), 3, 1, 1) == (
        -torch.nn.functional.max_pool2d(-masks[:, None].float(), 3, 1, 1)
    )
    agree = (shown == masks.bool())[inside[:, 0]]
    assert agree.float().mean() > 0.999


def test_flips_and_turns_only_rearrange():
    data = prepared(count=4)
    images, masks = epoch(batches(data, augmentation=Augmentation(flip=True, turn=True)))[0]
    assert sorted(masks.sum((1, 2)).tolist()) == sorted(data.masks.sum((1, 2)).tolist())


def test_nothing_asked_is_nothing_done():
    data = prepared(count=4)
    images, masks = epoch(batches(data, augmentation=Augmentation()))[0]
    assert {mask.numpy().tobytes() for mask in masks} == {m.tobytes() for m in data.masks}


def test_colours_change_in_the_image_alone():
    data = prepared(count=4)
    plain = epoch(batches(data, augmentation=Augmentation()))[0]
    recoloured = epoch(batches(data, augmentation=Augmentation(colour=0.3)))[0]
    assert torch.equal(plain[1], recoloured[1])
    assert not torch.allclose(plain[0], recoloured[0], atol=0.05)


def test_void_stays_void_when_zoomed():
    data = prepared(count=4)
    data.masks[:] = 255
    _, masks = epoch(batches(data))[0]
    assert (masks == 255).all()


def test_an_error_in_the_thread_reaches_the_caller():
    def broken():
        yield torch.zeros(1), torch.zeros(1)
        raise OSError("the disk went away")

    with pytest.raises(OSError, match="went away"):
        list(ahead(broken()))


def test_stopping_early_ends_the_thread():
    before = threading.active_count()
    endless = ((torch.zeros(1), torch.zeros(1)) for _ in iter(int, 1))
    source = ahead(endless)
    next(source)
    source.close()
    assert threading.active_count() == before


def test_a_small_spread_far_from_zero_is_measured_exactly():
    data = prepared(count=2, dtype=np.uint16)
    data.images[:] = np.random.default_rng(0).normal(10_000, 10, data.images.shape).round()
    measured = measure_normalisation(data, [0, 1])
    exact = data.images.astype(np.float64).std((0, 1, 2))
    assert measured.std == pytest.approx(exact.tolist(), rel=1e-6)


def test_normalisation_is_of_raw_numbers():
    normal = Normalisation(mean=(10.0,), std=(2.0,))
    assert normal(torch.tensor([[[[14]]]], dtype=torch.uint8)).item() == pytest.approx(2.0)
