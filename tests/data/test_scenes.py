import hashlib
from pathlib import Path

import numpy as np
import pytest

from aerial_nni.config.options import TrialOptions
from aerial_nni.config.run_folder import METRICS, read_json
from aerial_nni.data.dataset import Dataset
from aerial_nni.data.datasets.scenes import main, open_scenes
from aerial_nni.data.pipeline.prepared import Prepared, prepare
from aerial_nni.data.pipeline.split_making import make_split
from aerial_nni.data.pipeline.splits import Split
from aerial_nni.data.synthetic.canvas import LAND, Canvas
from aerial_nni.data.synthetic.light import cast
from aerial_nni.data.synthetic.plan import Box, cut
from aerial_nni.trials.reporting import ByHand
from aerial_nni.trials.run_trial import run

CLASSES = ("Building", "Land", "Road", "Vegetation", "Water", "Unlabeled")

MASKS = "02682b92ed712b7cb41cea79971ce93a0b70221246f6a43d951c26f18b716196"
"""SHA-256 of all masks of the default scenes: what other machines and versions must draw too."""


def masks_digest(dataset: Dataset) -> str:
    digest = hashlib.sha256()
    for sample in dataset.samples:
        digest.update(dataset.read(sample)[1].tobytes())
    return digest.hexdigest()


@pytest.fixture(scope="module")
def prepared(session_cache: Path) -> Prepared:
    dataset = open_scenes()
    patch = dataset.facts.patch
    return prepare(dataset, patch=patch, stride=patch, edge="cut", cache=session_cache)


@pytest.fixture(scope="module")
def split(prepared: Prepared) -> Split:
    return make_split(prepared, "image", val_fraction=0.2, seed=0)


def test_facts() -> None:
    facts = open_scenes().facts
    assert facts.classes == CLASSES
    assert facts.palette[0] == (60, 16, 152)
    assert (facts.name, facts.patch, facts.bands) == ("scenes", 128, ("red", "green", "blue"))


@pytest.mark.long
def test_masks_are_the_same_on_every_machine() -> None:
    assert masks_digest(open_scenes()) == MASKS


def test_shapes_types_and_names() -> None:
    dataset = open_scenes(areas=9, images_per_area=5, size=96)
    assert len({sample.name for sample in dataset.samples}) == 45
    assert len({sample.area for sample in dataset.samples}) == 9
    for sample in dataset.samples[:5] + dataset.samples[-5:]:
        image, mask = dataset.read(sample)
        assert image.shape == (96, 96, 3) and image.dtype == np.uint8
        assert mask.shape == (96, 96) and mask.dtype == np.uint8
        assert mask.max() < len(CLASSES)


def test_reading_in_any_order_gives_the_same_pictures() -> None:
    one, other = (open_scenes(areas=3, images_per_area=2, size=96) for _ in range(2))
    forward = [one.read(sample) for sample in one.samples]
    backward = [other.read(sample) for sample in reversed(other.samples)][::-1]
    for (image, mask), (image_again, mask_again) in zip(forward, backward, strict=True):
        assert np.array_equal(image, image_again)
        assert np.array_equal(mask, mask_again)


def test_what_is_returned_is_the_readers_own() -> None:
    dataset = open_scenes(areas=1, images_per_area=1, size=96)
    mask = dataset.read(dataset.samples[0])[1]
    before = mask.copy()
    mask[:] = 0
    assert np.array_equal(dataset.read(dataset.samples[0])[1], before)


def test_the_fingerprint_names_the_parameters() -> None:
    prints = {
        open_scenes().fingerprint(),
        open_scenes(seed=1).fingerprint(),
        open_scenes(areas=4).fingerprint(),
        open_scenes(images_per_area=4).fingerprint(),
        open_scenes(size=128).fingerprint(),
    }
    assert len(prints) == 5
    assert open_scenes().fingerprint() == open_scenes(seed=0).fingerprint()


def test_another_seed_draws_another_town() -> None:
    one, other = (open_scenes(seed=seed, areas=1, images_per_area=1, size=96) for seed in (0, 1))
    assert not np.array_equal(one.read(one.samples[0])[1], other.read(other.samples[0])[1])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"areas": 0}, "areas=0"),
        ({"images_per_area": 0}, "images_per_area=0"),
        ({"size": 32}, "64"),
    ],
)
def test_numbers_that_cannot_be_used(wrong: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        open_scenes(**wrong)


def test_classes_are_as_common_as_in_dubai(prepared: Prepared) -> None:
    pixels = prepared.counts.sum(axis=0)
    assert pixels[-1] == 0  # nothing is void
    shares = dict(zip(CLASSES, pixels[:-1] / pixels.sum(), strict=True))
    bounds = {
        "Building": (0.09, 0.16),
        "Land": (0.45, 0.57),
        "Road": (0.07, 0.12),
        "Vegetation": (0.08, 0.13),
        "Water": (0.12, 0.17),
        "Unlabeled": (0.005, 0.012),
    }
    for name, (low, high) in bounds.items():
        assert low <= shares[name] <= high, f"{name}: {shares[name]:.3f}"


def test_areas_differ_in_character(prepared: Prepared) -> None:
    areas = sorted({patch.area for patch in prepared.patches})
    shares = []
    for area in areas:
        mine = [i for i, patch in enumerate(prepared.patches) if patch.area == area]
        counts = prepared.counts[mine].sum(axis=0)
        shares.append(counts / counts.sum())
    for i, one in enumerate(shares):
        for other in shares[:i]:
            assert np.abs(one - other).sum() > 0.1


def test_every_class_trains_and_validates(prepared: Prepared, split: Split) -> None:
    for part in (split.train, split.val):
        assert (prepared.counts[list(part)].sum(axis=0)[:-1] > 500).all()


def colour_score(prepared: Prepared, split: Split) -> float:
    """Mean IoU of the best table from colour to class, counted on the training pixels."""
    images, masks = np.asarray(prepared.images), np.asarray(prepared.masks).astype(int)
    train, val, classes = list(split.train), list(split.val), len(CLASSES)
    scores = []
    for shift in (5, 4, 3):  # 8, 16 and 32 steps a band
        steps = 256 >> shift
        red, green, blue = np.moveaxis(images.astype(int) >> shift, -1, 0)
        colour = (red * steps + green) * steps + blue
        pairs = colour[train] * classes + masks[train]
        table = np.bincount(pairs.ravel(), minlength=steps**3 * classes).reshape(-1, classes)
        for weights in (np.ones(classes), 1 / table.sum(axis=0)):  # as common, or all alike
            guess = (table * weights).argmax(axis=1)[colour[val]]
            confusion = np.bincount((masks[val] * classes + guess).ravel(), minlength=classes**2)
            confusion = confusion.reshape(classes, classes)
            hits = np.diag(confusion)
            scores.append((hits / (confusion.sum(0) + confusion.sum(1) - hits)).mean())
    return float(max(scores))


def test_colour_alone_does_not_decide(prepared: Prepared, split: Split) -> None:
    assert 0.2 < colour_score(prepared, split) < 0.45  # 0.364 measured


def trained_score(folder: Path, epochs: int) -> float:
    """Mean IoU of the baseline's U-Net."""
    run(TrialOptions.of(epochs=epochs, device="cpu"), folder, ByHand())
    return read_json(folder / METRICS)["score"]


@pytest.mark.slow  # minutes where the processor has no bf16
def test_a_network_sees_more_than_colour(tmp_path: Path, prepared: Prepared, split: Split) -> None:
    assert trained_score(tmp_path, 10) > colour_score(prepared, split) + 0.15


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_baseline_learns_and_leaves_room(
    tmp_path: Path, prepared: Prepared, split: Split
) -> None:
    score = trained_score(tmp_path, 30)
    assert score > colour_score(prepared, split) + 0.2
    assert 0.6 < score < 0.85


@pytest.mark.long
def test_the_sheet(tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    assert main(["--sheet", str(tmp_path / "scenes.png")]) == 0
    assert 20_000 < (tmp_path / "scenes.png").stat().st_size < 400_000


@pytest.mark.parametrize("angle", [0.0, 0.7])
def test_pixels_undo_the_plan(angle: float) -> None:
    canvas = Canvas.blank(np.random.default_rng(0), (200, 300), angle=angle, bend=0.3)
    for row, col in [(20, 30), (100, 150), (180, 270)]:
        y, x = canvas.pixel(float(canvas.u[row, col]), float(canvas.v[row, col]))
        assert abs(y - row) < 1 and abs(x - col) < 1


def test_a_box_lies_where_it_was_painted() -> None:
    canvas = Canvas.blank(np.random.default_rng(0), (64, 64), angle=0.0, bend=0.0)
    box = Box(-10, -6, 10, 6)
    canvas.fill(box, (255, 0, 0), kind=3)
    inside = (np.abs(canvas.u) < 10) & (np.abs(canvas.v) < 6)
    assert np.array_equal(canvas.classes == 3, inside)
    assert not canvas.free(box, LAND)


def test_streets_and_blocks_fill_the_plan_without_overlap() -> None:
    whole = Box(0, 0, 700, 500)
    blocks, streets = cut(np.random.default_rng(3), whole, block=(60, 110), widths=(18, 8))
    area = sum(box.length * box.breadth for box in blocks + [street.box for street in streets])
    assert area == pytest.approx(700 * 500)
    assert all(min(box.length, box.breadth) > 20 for box in blocks)


def test_shadows_fall_away_from_the_sun() -> None:
    height = np.zeros((20, 30), np.float32)
    height[8:12, 10:14] = 4
    shadow = cast(height, azimuth=0.0, slope=1.0)  # the sun stands towards greater x
    expected = np.zeros((20, 30), bool)
    expected[8:12, 7:10] = True
    assert np.array_equal(shadow, expected)
