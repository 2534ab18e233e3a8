"""The Dubai reader: every quirk of the published files, and every fault it must not forgive."""

import shutil

import numpy as np
import pytest
from PIL import Image

from aerial_nni.data import open_dataset
from aerial_nni.data.dataset import VOID, DatasetMissing
from aerial_nni.data.datasets.dubai import FACTS
from aerial_nni.data.pipeline.prepared import prepare


def read(dataset, name):
    return dataset.read(next(sample for sample in dataset.samples if sample.name == name))


def fault(dataset, name):
    with pytest.raises(ValueError) as caught:
        read(dataset, name)
    return str(caught.value)


def test_pairs_are_matched_by_name_in_natural_order(town):
    for tile, part in ((10, 1), (2, 10), (2, 9)):
        town.tile(tile, part)
    (town.root / "Tile 2/images/.hidden.jpg").write_bytes(b"")
    (town.root / "Tile 2/images/Thumbs.db").write_bytes(b"")
    dataset = open_dataset("dubai", str(town.root))
    assert [sample.name for sample in dataset.samples] == [
        "Tile 2/image_part_009",
        "Tile 2/image_part_010",
        "Tile 10/image_part_001",
    ]
    assert [sample.area for sample in dataset.samples] == ["Tile 2", "Tile 2", "Tile 10"]
    assert dataset.problems == {}
    for sample in dataset.samples:
        image, mask = dataset.read(sample)
        assert image.shape == (64, 64, 3) and image.dtype == np.uint8
        assert (mask == town.truth[sample.name]).all()


def test_the_folder_above_will_do(town):
    town.dubai()
    (town.root.parent / "__MACOSX").mkdir()
    assert len(open_dataset("dubai", str(town.root.parent)).samples) == 6


def test_two_datasets_below_are_not_guessed_between(town):
    town.dubai()
    shutil.copytree(town.root, town.root.parent / "copy")
    with pytest.raises(DatasetMissing, match="more than one dataset; give one of .*copy.*town"):
        open_dataset("dubai", str(town.root.parent))


def test_a_missing_dataset_says_where_it_was_looked_for(tmp_path, monkeypatch):
    with pytest.raises(DatasetMissing, match="nowhere does not exist"):
        open_dataset("dubai", str(tmp_path / "nowhere"))
    with pytest.raises(DatasetMissing, match="is not the folder with `Tile 1/images` in it$"):
        open_dataset("dubai", str(tmp_path))
    (tmp_path / "archive.zip").write_bytes(b"")
    with pytest.raises(DatasetMissing, match="--data-dir '.*archive.zip'"):
        open_dataset("dubai", str(tmp_path))
    monkeypatch.delenv("AERIAL_DATA", raising=False)
    with pytest.raises(DatasetMissing, match="kaggle.com.*--data-dir"):
        open_dataset("dubai")


def test_the_environment_says_where_the_data_is(town, monkeypatch):
    town.dubai()
    town.root.rename(town.root.parent / "dubai")
    monkeypatch.setenv("AERIAL_DATA", str(town.root.parent))
    assert len(open_dataset("dubai").samples) == 6


def test_palette_masks_are_read_by_colour_whatever_their_order(town):
    name = town.tile(2, 1)
    truth = town.truth[name]
    for order in ([0, 1, 2, 3, 4, 5], [4, 2, 5, 0, 1, 3]):
        mask = Image.fromarray(np.argsort(order).astype(np.uint8)[truth])
        mask.putpalette([value for index in order for value in FACTS.palette[index]])
        mask.save(town.root / "Tile 2/masks/image_part_001.png")
        assert mask.mode == "P"
        assert (read(open_dataset("dubai", str(town.root)), name)[1] == truth).all()


def test_black_is_void_and_nearly_black_is_an_error(town):
    name = town.tile(1, 1)
    path = town.root / "Tile 1/masks/image_part_001.png"
    pixels = np.array(Image.open(path))
    pixels[:3, :5] = 0
    town.save("Tile 1/masks/image_part_001.png", pixels)
    mask = read(open_dataset("dubai", str(town.root)), name)[1]
    assert (mask[:3, :5] == VOID).all() and (mask == VOID).sum() == 15

    pixels[0, 0] = (0, 0, 1)
    pixels[1, :2] = (61, 16, 150)
    town.save("Tile 1/masks/image_part_001.png", pixels)
    assert fault(open_dataset("dubai", str(town.root)), name) == (
        f"{path} has 3 pixels of 2 colours that are no class: (61, 16, 150) 2×, nearest Building "
        "(60, 16, 152); (0, 0, 1) 1×, nearest void (0, 0, 0)"
    )

    pixels[1, :2] = 0
    town.save("Tile 1/masks/image_part_001.png", pixels)
    told = fault(open_dataset("dubai", str(town.root)), name)
    assert told.startswith(f"{path} has 1 pixel of 1 colour that is no class: (0, 0, 1) 1×")


def test_many_unknown_colours_hint_at_a_cause(town):
    name = town.tile(1, 1)
    town.image("Tile 1/masks/image_part_001.png")
    text = fault(open_dataset("dubai", str(town.root)), name)
    assert "has 4096 pixels of" in text and text.endswith("was it resized or saved with loss?")


def test_missing_halves_are_found_while_listing(town):
    town.dubai()
    (town.root / "Tile 1/masks/image_part_002.png").unlink()
    (town.root / "Tile 2/images/image_part_003.jpg").unlink()
    town.image("Tile 2/images/image_part_001.png")
    dataset = open_dataset("dubai", str(town.root))
    assert len(dataset.samples) == 3
    problems = dataset.problems
    assert list(problems) == [
        "Tile 1/image_part_002", "Tile 2/image_part_001", "Tile 2/image_part_003",
    ]  # fmt: skip
    assert problems["Tile 1/image_part_002"].startswith("no mask: ")
    assert "Tile 1/images/image_part_002.jpg" in problems["Tile 1/image_part_002"]
    assert problems["Tile 2/image_part_001"].startswith("2 images have this name: ")
    assert problems["Tile 2/image_part_003"].startswith("no image: ")


def test_a_grey_or_transparent_image_is_not_the_published_one(town):
    name = town.tile(1, 1)
    (town.root / "Tile 1/images/image_part_001.jpg").unlink()
    town.image("Tile 1/images/image_part_001.png", (64, 64, 4))
    assert "is not the 8-bit RGB picture" in fault(open_dataset("dubai", str(town.root)), name)


def test_the_fingerprint_is_of_content_and_names(town):
    town.dubai()
    first = open_dataset("dubai", str(town.root)).fingerprint()
    assert open_dataset("dubai", str(town.root)).fingerprint() == first
    (town.root / "classes.json").write_text("not read")
    moved = town.root.rename(town.root.with_name("moved"))
    assert open_dataset("dubai", str(moved)).fingerprint() == first
    path = moved / "Tile 1/images/image_part_001.jpg"
    content = path.read_bytes()
    path.write_bytes(content[:-30] + bytes([content[-30] ^ 1]) + content[-29:])
    assert open_dataset("dubai", str(moved)).fingerprint() != first


def test_dubai_itself(dubai_dir):
    dataset = open_dataset("dubai", str(dubai_dir))
    assert len(dataset.samples) == 72 and dataset.problems == {}
    assert len({sample.area for sample in dataset.samples}) == 8
    black = {}
    labelled = np.zeros(6, dtype=np.int64)
    for sample in dataset.samples:
        _, mask = dataset.read(sample)
        counts = np.bincount(mask.ravel(), minlength=256)
        labelled += counts[:6]
        if counts[VOID]:
            black[sample.name] = int(counts[VOID])
    assert len(black) == 9 and sum(black.values()) == 552_156
    assert black["Tile 8/image_part_003"] == 545_723
    shares = 100 * labelled / labelled.sum()  # in the order of FACTS.classes
    assert shares == pytest.approx([13.38, 52.65, 9.41, 10.36, 13.69, 0.51], abs=0.01)


def test_dubai_gives_1305_patches(dubai_dir):
    prepared = prepare(open_dataset("dubai", str(dubai_dir)), patch=256, stride=256, edge="cut")
    assert prepared.images.shape == (1305, 256, 256, 3)
    per_tile = [6, 2, 4, 12, 16, 9, 56, 40]
    areas = [patch.area for patch in prepared.patches]
    assert [areas.count(f"Tile {k}") for k in range(1, 9)] == [9 * count for count in per_tile]
    assert prepared.counts.sum() == 1305 * 256 * 256
