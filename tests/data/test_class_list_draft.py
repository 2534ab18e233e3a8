"""A draft of the class list: what the masks hold, decided from the files, nothing guessed."""

import shutil

import numpy as np
import pytest
import rasterio
import tifffile
from PIL import Image

from aerial_nni.data import open_dataset
from aerial_nni.data.dataset import VOID, DatasetMissing
from aerial_nni.data.pipeline.class_list import read_class_list
from aerial_nni.data.pipeline.class_list_draft import NoDraft, write_draft
from aerial_nni.data.pipeline.prepared import prepare
from aerial_nni.run import main


@pytest.fixture
def bare(town):
    """A folder of one's own without a class list."""
    town.own()
    (town.root / "classes.yaml").unlink()
    return town


def values(path):
    found = read_class_list(path)
    return {label.name: label.values for label in found.labels}


def test_a_draft_of_indices_can_be_trained_on_at_once(bare):
    draft = write_draft(bare.root)
    assert (draft.path, draft.index, draft.classes) == (bare.root / "classes.yaml", True, 3)
    assert values(draft.path) == {"class_1": (0,), "class_2": (1,), "class_3": (2,)}
    text = draft.path.read_text()
    count = sum(int((mask == 1).sum()) for mask in bare.truth.values())
    assert f"{count:,} pixels, {100 * count / (3 * 64 * 64):.2f} %, in 3 masks" in text
    prepared = prepare(open_dataset("folder", str(bare.root)))
    assert prepared.patch == 64 and prepared.counts.sum(axis=0)[1] == count


def test_values_of_any_size_and_the_files_own_word_for_nothing(bare):
    codes = np.array([-9999, 40000, -3], np.int32)
    for name, truth in bare.truth.items():
        (bare.root / f"masks/{name}.png").unlink()
        profile = {"height": 64, "width": 64, "count": 1, "dtype": "int32", "nodata": -9999}
        place = rasterio.Affine(1, 0, 9, 0, -1, 9)
        with rasterio.open(bare.root / f"masks/{name}.tif", "w", driver="GTiff", transform=place,
                           **profile) as file:  # fmt: skip
            file.write(codes[truth], 1)
    draft = write_draft(bare.root)
    found = read_class_list(draft.path)
    assert values(draft.path) == {"class_1": (-3,), "class_2": (40000,)} and found.void == (-9999,)
    assert "nothing by the files' own word" in draft.path.read_text()
    dataset = open_dataset("folder", str(bare.root))
    for sample in dataset.samples:
        truth = bare.truth[sample.name]
        assert (dataset.read(sample)[1] == np.array([VOID, 1, 0])[truth]).all()


def test_a_draft_of_colours(bare):
    table = np.array([(60, 16, 152), (0, 0, 0), (110, 193, 228)], np.uint8)
    for name, truth in bare.truth.items():
        bare.save(f"masks/{name}.png", table[truth])
    draft = write_draft(bare.root)
    found = read_class_list(draft.path)
    assert not draft.index and not found.void
    assert {label.values[0] for label in found.labels} == {tuple(row) for row in table.tolist()}
    assert not open_dataset("folder", str(bare.root)).problems


def palette_mask(town, name, table, order=(0, 1, 2)):
    """Saves a mask as a palette picture whose indices stand in another order."""
    back = np.argsort(order).astype(np.uint8)
    picture = Image.fromarray(back[town.truth[name]], mode=None).convert("L")
    picture = Image.frombytes("P", picture.size, picture.tobytes())
    picture.putpalette([part for index in order for part in table[index]])
    picture.save(town.root / f"masks/{name}.png")


def test_palettes_that_agree_are_indices_with_their_colours(bare):
    table = [(0, 0, 0), (128, 0, 0), (0, 128, 0)]
    for name in bare.truth:
        palette_mask(bare, name, table)
    found = read_class_list(write_draft(bare.root).path)
    assert found.index_masks and list(found.facts.palette) == table
    assert [label.values for label in found.labels] == [(0,), (1,), (2,)]


def test_palettes_that_do_not_agree_are_colours(bare):
    table = [(0, 0, 0), (128, 0, 0), (0, 128, 0)]
    for name, order in zip(bare.truth, ((0, 1, 2), (2, 0, 1), (0, 1, 2)), strict=True):
        palette_mask(bare, name, table, order)
    draft = write_draft(bare.root)
    assert not draft.index and "has another colour in a_2.png" in draft.path.read_text()
    dataset = open_dataset("folder", str(bare.root))
    names = dict(zip(dataset.facts.palette, range(3), strict=True))
    right = np.array([names[colour] for colour in table])
    for sample in dataset.samples:
        assert (dataset.read(sample)[1] == right[bare.truth[sample.name]]).all()


def test_grey_saved_as_colours_is_indices(bare):
    for name, truth in bare.truth.items():
        bare.save(f"masks/{name}.png", np.dstack([truth] * 3))
    draft = write_draft(bare.root)
    assert draft.index and values(draft.path)["class_3"] == (2,)


def test_bands_that_are_more_than_three_are_listed(bare):
    for name in bare.truth:
        (bare.root / f"images/{name}.png").unlink()
        tifffile.imwrite(bare.root / f"images/{name}.tif", np.ones((64, 64, 5), np.uint8),
                         photometric="minisblack", planarconfig="contig")  # fmt: skip
    write_draft(bare.root)
    dataset = open_dataset("folder", str(bare.root))
    assert dataset.facts.bands == ("red", "green", "blue", "band4", "band5")
    assert dataset.read(dataset.samples[0])[0].shape == (64, 64, 5)


def test_a_mask_saved_with_loss_is_left_out_and_said(bare):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    bare.save("masks/a_2.png", noise)
    draft = write_draft(bare.root)
    assert draft.classes == 3 and "saved with loss" in draft.unread["a_2"]
    for name in ("a_1", "b_1"):
        bare.save(f"masks/{name}.png", noise)
    draft.path.unlink()
    with pytest.raises(NoDraft, match="no mask in .* can be read; the first, a_1: .*colours"):
        write_draft(bare.root)


def test_nothing_is_replaced_and_nothing_is_written_in_vain(bare, tmp_path):
    bare.list("mine")
    with pytest.raises(NoDraft, match="is there already and stays as it is"):
        write_draft(bare.root)
    assert (bare.root / "classes.yaml").read_text() == "mine"
    (bare.root / "classes.yaml").unlink()
    for name in bare.truth:
        bare.save(f"masks/{name}.png", np.zeros((64, 64), np.uint8))
    with pytest.raises(NoDraft, match="hold 1 of the values that could be classes"):
        write_draft(bare.root)
    shutil.rmtree(bare.root / "masks")
    with pytest.raises(DatasetMissing):
        write_draft(bare.root)
    (bare.root / "masks").mkdir()
    with pytest.raises(NoDraft, match="no image with a mask: no mask"):
        write_draft(bare.root)
    assert not (bare.root / "classes.yaml").exists()
    (tmp_path / "a.zip").write_bytes(b"")
    with pytest.raises(NoDraft, match="unpack it"):
        write_draft(tmp_path / "a.zip")


def test_more_values_than_classes_can_be(bare):
    for number, name in enumerate(bare.truth):
        picture = (np.arange(64 * 64).reshape(64, 64) % 200 + 200 * number).astype(np.uint16)
        bare.save(f"masks/{name}.png", picture)
    with pytest.raises(NoDraft, match=r"hold 600 values, .* 254 at most; the most frequent: "):
        write_draft(bare.root)


def test_the_command_says_what_to_do_next(bare, capsys):
    assert main(["doctor", "--data", "folder", "--data-dir", str(bare.root), "--draft"]) == 0
    said = capsys.readouterr().out
    assert f"{bare.root}/classes.yaml: 3 classes; the masks hold indices" in said
    assert "give each class its name" in said
    assert f"python -m aerial_nni.run doctor --data folder --data-dir {bare.root}" in said
    assert main(["doctor", "--data-dir", str(bare.root), "--draft"]) == 1
    assert "stays as it is" in capsys.readouterr().err
    assert main(["doctor", "--data", "xbd", "--data-dir", str(bare.root), "--draft"]) != 0
    assert "--draft is for a folder of your own" in capsys.readouterr().err
