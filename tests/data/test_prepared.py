"""The prepared cache: patches are the pictures' own, faults are gathered, options kept apart."""

import dataclasses

import numpy as np
import pytest

from aerial_nni.config.options import EDGES, BadOption
from aerial_nni.data import open_dataset
from aerial_nni.data.dataset import VOID, BadSamples, Dataset, Sample
from aerial_nni.data.pipeline.patches import cut, starts
from aerial_nni.data.pipeline.prepared import prepare, verify


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def opened(town):
    return open_dataset("dubai", str(town.root))


def forged(arrays, dataset):
    """`dataset` with these images and masks instead of what its files hold."""
    samples = tuple(Sample(name=name, area="a") for name in arrays)
    return Dataset(
        facts=dataset.facts,
        samples=samples,
        read=lambda sample: arrays[sample.name],
        fingerprint=lambda: str(id(arrays)),
    )


@pytest.mark.parametrize(
    "length, patch, stride, edge, wanted",
    [
        (10, 4, 4, "cut", [0, 4]),
        (10, 4, 4, "pad", [0, 4, 8]),
        (10, 4, 4, "shift", [0, 4, 6]),
        (8, 4, 4, "cut", [0, 4]),
        (8, 4, 4, "pad", [0, 4]),
        (8, 4, 4, "shift", [0, 4]),
        (10, 4, 2, "cut", [0, 2, 4, 6]),
        (11, 4, 3, "cut", [0, 3, 6]),
        (11, 4, 3, "pad", [0, 3, 6, 9]),
        (11, 4, 3, "shift", [0, 3, 6, 7]),
        (3, 4, 4, "cut", []),
        (3, 4, 4, "pad", [0]),
        (3, 4, 4, "shift", [0]),
        (4, 4, 4, "pad", [0]),
        (6, 4, 9, "pad", [0]),
        (6, 4, 9, "shift", [0, 2]),
        (2061, 256, 256, "cut", [256 * k for k in range(8)]),
    ],
)
def test_where_patches_start(length, patch, stride, edge, wanted):
    assert starts(length, patch=patch, stride=stride, edge=edge) == wanted


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("size", [(1, 1), (5, 40), (16, 16), (17, 16), (40, 33), (64, 64)])
def test_every_pixel_is_covered_once_or_as_the_edge_says(edge, size):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (*size, 3), dtype=np.uint8)
    mask = rng.integers(0, 6, size, dtype=np.uint8)
    covered = np.zeros(size, dtype=int)
    for y, x, part, labels in cut(image, mask, patch=16, stride=16, edge=edge):
        assert part.shape == (16, 16, 3) and labels.shape == (16, 16)
        height, width = min(16, size[0] - y), min(16, size[1] - x)
        inside = (slice(y, y + height), slice(x, x + width))
        assert (part[:height, :width] == image[inside]).all()
        assert (labels[:height, :width] == mask[inside]).all()
        outside = np.ones((16, 16), dtype=bool)
        outside[:height, :width] = False
        assert (labels[outside] == VOID).all()
        covered[inside] += 1
    if edge == "cut":
        assert (covered[: size[0] // 16 * 16, : size[1] // 16 * 16] == 1).all()
        assert covered.sum() == (size[0] // 16) * (size[1] // 16) * 256
    else:
        assert (covered == 1).all() if edge == "pad" else (covered >= 1).all()


def test_patches_are_the_pictures_own(town, cache):
    dataset = opened(town.dubai(size=(70, 90)))
    prepared = prepare(dataset, patch=32, cache=cache)
    assert prepared.images.shape == (6 * 2 * 2, 32, 32, 3)
    assert prepared.images.dtype == np.uint8 and prepared.masks.dtype == np.uint8
    arrays = {sample.name: dataset.read(sample) for sample in dataset.samples}
    for index, patch in enumerate(prepared.patches):
        window = (slice(patch.y, patch.y + 32), slice(patch.x, patch.x + 32))
        image, mask = arrays[patch.image]
        assert (prepared.images[index] == image[window]).all()
        assert (prepared.masks[index] == mask[window]).all()
        assert patch.area == patch.image.split("/")[0]
        assert (patch.height, patch.width) == (32, 32)
        counts = np.bincount(mask[window].ravel(), minlength=6)
        assert prepared.counts[index].tolist() == [*counts, 0]
    assert len({patch.digest for patch in prepared.patches}) == 6
    assert (prepared.patch, prepared.stride, prepared.edge) == (32, 32, "cut")
    assert prepared.fingerprint == dataset.fingerprint() and prepared.skipped == {}
    assert verify(prepared) == ()
    with pytest.raises(ValueError, match="read-only"):
        prepared.images[0, 0, 0, 0] = 1


def test_padding_is_void_and_the_valid_part_is_told(town, cache):
    prepared = prepare(opened(town.dubai(size=(40, 50))), patch=32, edge="pad", cache=cache)
    assert len(prepared.patches) == 6 * 4
    assert {(p.height, p.width) for p in prepared.patches} == {(32, 32), (32, 18), (8, 32), (8, 18)}
    for index, patch in enumerate(prepared.patches):
        assert prepared.counts[index, -1] == 32 * 32 - patch.height * patch.width
        assert prepared.counts[index].sum() == 32 * 32
    valid = sum(patch.height * patch.width for patch in prepared.patches)
    assert valid == 6 * 40 * 50 == prepared.counts[:, :-1].sum()


def test_each_set_of_options_has_a_cache_of_its_own(town, cache):
    dataset = opened(town.dubai())
    variants = [
        {},
        {"patch": 32},
        {"patch": 32, "stride": 16},
        {"patch": 48, "edge": "pad"},
        {"patch": 48, "edge": "shift"},
        {"patch": 32, "void_classes": ["Unlabeled"]},
        {"patch": 32, "void_classes": ["Land"]},
    ]
    small = dataclasses.replace(dataset, facts=dataclasses.replace(dataset.facts, patch=64))
    folders = {prepare(small, **options, cache=cache).folder for options in variants}
    assert len(folders) == len(variants)
    assert prepare(small, patch=64, stride=64, cache=cache).folder in folders  # the defaults
    assert prepare(small, patch=32, skip_bad=True, cache=cache).folder in folders


def test_building_happens_once_and_is_reported(town, cache):
    dataset = opened(town.dubai())
    seen = []
    for _ in range(2):
        prepare(dataset, patch=32, cache=cache, progress=lambda done, all: seen.append((done, all)))
    assert seen == [(k, 6) for k in range(1, 7)]


def test_a_changed_file_is_seen(town, cache):
    first = prepare(opened(town.dubai()), patch=32, cache=cache)
    pixels = np.zeros((64, 64, 3), dtype=np.uint8)
    town.save("Tile 1/masks/image_part_001.png", pixels)
    second = prepare(opened(town), patch=32, cache=cache)
    assert second.folder != first.folder
    assert second.counts[:, -1].sum() == 64 * 64


def test_classes_become_void_and_leave_the_list(town, cache):
    dataset = opened(town.dubai())
    whole = prepare(dataset, patch=32, cache=cache)
    part = prepare(dataset, patch=32, void_classes=("Road", "Unlabeled"), cache=cache)
    assert part.facts.classes == ("Building", "Land", "Vegetation", "Water")
    assert part.facts.palette == tuple(dataset.facts.palette[k] for k in (0, 1, 3, 4))
    assert (part.counts[:, :4] == whole.counts[:, [0, 1, 3, 4]]).all()
    assert (part.counts[:, 4] == whole.counts[:, [2, 5]].sum(axis=1)).all()
    new = np.array([0, 1, VOID, 2, 3, VOID] + [VOID] * 250)
    assert (np.asarray(part.masks) == new[whole.masks]).all()


def test_classes_that_cannot_become_void(town, cache):
    dataset = opened(town.dubai())
    with pytest.raises(BadOption, match="'road', which is no class of dubai; its classes are Buil"):
        prepare(dataset, void_classes=("road",), cache=cache)
    with pytest.raises(BadOption, match="leaves 1 class; keep two or more"):
        prepare(dataset, void_classes=dataset.facts.classes[1:], cache=cache)


def test_options_that_cannot_be_used(town, cache):
    dataset = opened(town.dubai())
    with pytest.raises(BadOption, match="edge='mirror' cannot be cut.*cut, pad, shift"):
        prepare(dataset, edge="mirror", cache=cache)
    with pytest.raises(BadOption, match="patch=-1"):
        prepare(dataset, patch=-1, cache=cache)


def test_all_faults_are_told_at_once_and_can_be_skipped(town, cache):
    town.dubai(tiles=3)
    (town.root / "Tile 1/masks/image_part_001.png").unlink()
    (town.root / "Tile 1/images/image_part_002.jpg").write_bytes(b"")
    jpeg = town.root / "Tile 2/images/image_part_001.jpg"
    jpeg.write_bytes(jpeg.read_bytes()[:-200])
    town.save("Tile 2/masks/image_part_002.png", np.zeros((60, 64, 3), dtype=np.uint8))
    town.save("Tile 3/masks/image_part_003.png", np.full((64, 64, 3), 9, dtype=np.uint8))
    dataset = opened(town)
    with pytest.raises(BadSamples) as caught:
        prepare(dataset, patch=32, cache=cache)
    problems = caught.value.problems
    assert sorted(problems) == [
        "Tile 1/image_part_001", "Tile 1/image_part_002", "Tile 2/image_part_001",
        "Tile 2/image_part_002", "Tile 3/image_part_003",
    ]  # fmt: skip
    assert "no mask" in problems["Tile 1/image_part_001"]
    assert "image_part_002.jpg cannot be used: it is empty" in problems["Tile 1/image_part_002"]
    assert "truncated" in problems["Tile 2/image_part_001"]
    size = problems["Tile 2/image_part_002"]
    assert size.startswith("the mask is 64×60 pixels, the image 64×64: ") and "_002.png" in size
    assert "4096 pixels of 1 colour that is no class" in problems["Tile 3/image_part_003"]
    assert "add --skip-bad" in str(caught.value)
    assert not list((cache / "prepared").glob("*/images.npy"))

    prepared = prepare(dataset, patch=32, skip_bad=True, cache=cache)
    assert prepared.skipped == problems
    assert len({patch.image for patch in prepared.patches}) == 4
    with pytest.raises(BadSamples) as again:  # now with a cache that was built without them
        prepare(dataset, patch=32, cache=cache)
    assert again.value.problems == problems


def test_nothing_left_is_an_error(town, cache):
    town.tile(1, 1)
    with pytest.raises(
        BadOption, match="no image is as large as a patch of 256 pixels.*--edge pad"
    ):
        prepare(opened(town), cache=cache)
    town.save("Tile 1/masks/image_part_001.png", np.full((64, 64, 3), 9, dtype=np.uint8))
    with pytest.raises(BadOption, match="no sample of 1 can be used; the first, Tile 1/image_part"):
        prepare(opened(town), patch=32, skip_bad=True, cache=cache)


def test_images_that_are_void_everywhere_are_refused(town, cache):
    image, void = np.zeros((64, 64, 3), np.uint8), np.full((64, 64), VOID, np.uint8)
    dataset = opened(town.dubai())
    with pytest.raises(BadOption, match="every pixel of .* is void, so there is nothing to learn"):
        prepare(forged({"a": (image, void), "b": (image, void)}, dataset), patch=32, cache=cache)
    some = {"a": (image, void), "b": (image, np.zeros_like(void))}
    assert len(prepare(forged(some, dataset), patch=32, cache=cache).patches) == 8


def test_an_image_smaller_than_a_patch_is_recorded(town, cache):
    town.tile(1, 1)
    town.tile(2, 1, (30, 64))
    prepared = prepare(opened(town), patch=32, cache=cache)
    assert prepared.skipped == {"Tile 2/image_part_001": "64×30 pixels, smaller than a patch of 32"}
    assert {patch.area for patch in prepared.patches} == {"Tile 1"}
    assert prepare(opened(town), patch=32, edge="shift", cache=cache).skipped == {}


def test_what_a_reader_must_not_return(town, cache):
    image, mask = np.zeros((64, 64, 3), np.uint8), np.zeros((64, 64), np.uint8)
    arrays = {
        "bands": (image[..., :2], mask),
        "class": (image, mask + 6),
        "good": (image, mask),
        "depth": (image.astype(np.uint16), mask),
    }
    with pytest.raises(BadSamples) as caught:
        prepare(forged(arrays, opened(town.dubai())), patch=32, cache=cache)
    problems = caught.value.problems
    assert "has 2 bands, but the dataset has 3: red, green, blue" in problems["bands"]
    assert "has the value 6, which is no class" in problems["class"]
    assert "is uint16, but" in problems["depth"]
    assert "good" not in problems


def test_the_content_digest_knows_a_picture_under_another_name(town, cache):
    town.dubai(tiles=1)
    first = town.root / "Tile 1/images/image_part_001.jpg"
    (town.root / "Tile 1/images/image_part_002.jpg").write_bytes(first.read_bytes())
    prepared = prepare(opened(town), patch=64, cache=cache)
    one, two, three = (patch.digest for patch in prepared.patches)
    assert one == two != three
