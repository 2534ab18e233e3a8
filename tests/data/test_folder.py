"""A folder of one's own: each kind of image and mask, and what `classes.yaml` may say."""

import textwrap

import numpy as np
import pytest
import tifffile
from made_pictures import png16
from PIL import Image

import aerial_nni.data.datasets.folder
from aerial_nni.data import open_dataset
from aerial_nni.data.dataset import VOID, BadSamples, DatasetMissing
from aerial_nni.data.pipeline.class_list import EXAMPLE, ClassListInvalid, read_class_list
from aerial_nni.data.pipeline.prepared import prepare


def open_town(town):
    return open_dataset("folder", str(town.root))


def test_index_masks(town):
    dataset = open_town(town.own())
    assert dataset.facts.classes == ("Land", "House", "Water")
    assert len(set(dataset.facts.palette)) == 3
    for sample in dataset.samples:
        assert (dataset.read(sample)[1] == town.truth[sample.name]).all()
    prepared = prepare(dataset)
    assert prepared.images.shape == (12, 32, 32, 3)


def test_index_masks_with_other_numbers_and_void(town):
    town.own(names=("a",))
    values = np.array([7, 200, 0], dtype=np.uint8)[town.truth["a"]]
    town.save("masks/a.png", values)
    town.list("masks: index\nclasses: {Land: 7, House: 200}\nvoid: [0]")
    dataset = open_town(town)
    assert (dataset.read(dataset.samples[0])[1] == np.array([0, 1, VOID])[town.truth["a"]]).all()

    values[0, :2] = 9
    path = town.save("masks/a.png", values)
    with pytest.raises(ValueError) as caught:
        dataset.read(dataset.samples[0])
    assert str(caught.value) == (
        f"{path} has 2 pixels of 1 value that is no class: 9 (2×); known: Land 7, House 200, void 0"
    )


def test_colour_masks_with_palette_pictures_and_any_ending(town):
    truth = town.classes(count=3)
    table = np.array([(60, 16, 152), (110, 193, 228), (0, 0, 0)], dtype=np.uint8)
    town.image("images/a.jpg")
    Image.fromarray(table[truth]).quantize(8).save(town.root / "a.png")
    town.save("masks/a.tif", table[truth])
    town.image("images/b.png")
    (town.root / "a.png").rename(town.root / "masks/b.png")
    town.list('classes:\n  House: "#3C1098"\n  Road: [110, 193, 228]\nvoid: ["#000000"]\n')
    dataset = open_town(town)
    assert dataset.facts.palette == ((60, 16, 152), (110, 193, 228))
    for sample in dataset.samples:
        assert (dataset.read(sample)[1] == np.array([0, 1, VOID])[truth]).all()


def test_sixteen_bits_and_more_bands(town):
    rng = np.random.default_rng(0)
    town.own(text="bands: [red, green, blue, nir, swir]\n")
    for name in town.truth:
        (town.root / f"images/{name}.png").unlink()
        pixels = rng.integers(0, 65536, (64, 64, 5), dtype=np.uint16)
        tifffile.imwrite(town.root / f"images/{name}.tif", pixels, photometric="minisblack",
                         planarconfig="contig")  # fmt: skip
    prepared = prepare(open_town(town))
    assert prepared.images.shape == (12, 32, 32, 5) and prepared.images.dtype == np.uint16
    assert (prepared.images[-1] == pixels[32:, 32:]).all()


def test_images_of_another_kind_are_named(town):
    town.own(names=("a", "b", "c"))
    pixels = np.zeros((64, 64, 3), dtype=np.uint16)
    (town.root / "images/b.png").write_bytes(png16(pixels))
    (town.root / "images/c.png").unlink()
    tifffile.imwrite(town.root / "images/c.tif", np.zeros((64, 64, 5), np.uint8),
                     photometric="minisblack", planarconfig="contig")  # fmt: skip
    with pytest.raises(BadSamples) as caught:
        prepare(open_town(town))
    problems = caught.value.problems
    assert "b.png is uint16, but " in problems["b"] and "a.png is uint8" in problems["b"]
    assert problems["c"].endswith(
        "c.tif has 5 bands, not red, green, blue; if all images have, write their names in "
        "classes.yaml: `bands: [red, green, blue, band4, band5]`"
    )
    prepared = prepare(open_town(town), skip_bad=True)
    assert {patch.image for patch in prepared.patches} == {"a"}
    assert prepared.skipped == problems


def test_transparent_pixels_are_void(town):
    town.own()
    pixels = town.rng.integers(1, 256, (64, 64, 4), dtype=np.uint8)
    pixels[:10, :, 3] = 0
    town.save("images/a_1.png", pixels)  # beside RGB ones
    dataset = open_town(town)
    image, mask = dataset.read(dataset.samples[0])
    assert image.shape == (64, 64, 3)
    assert (mask[:10] == VOID).all() and (mask[10:] == town.truth["a_1"][10:]).all()


def test_transparency_is_a_band_where_the_list_says_so(town):
    town.own(names=("a",), text="bands: [red, green, blue, height]\n")
    pixels = town.image("images/a.png", (64, 64, 4))
    dataset = open_town(town)
    image, mask = dataset.read(dataset.samples[0])
    assert (image == pixels).all() and (mask == town.truth["a"]).all()


def test_areas_come_from_the_rule_or_are_the_images(town):
    town.own()
    assert [s.area for s in open_town(town).samples] == ["a_1", "a_2", "b_1"]
    town.own(text="area: '^(.+)_[0-9]+$'\n")
    assert [s.area for s in open_town(town).samples] == ["a", "a", "b"]
    town.own(names=("odd",), text="area: '^(.+)_[0-9]+$'\n")
    with pytest.raises(ClassListInvalid, match="does not match the name 'odd'; change the rule"):
        open_town(town)


def test_subfolders_are_part_of_the_name(town):
    town.own(names=("north/1", "south/1"), text="area: '^(.+)/'\n")
    dataset = open_town(town)
    assert [(s.name, s.area) for s in dataset.samples] == [
        ("north/1", "north"), ("south/1", "south"),
    ]  # fmt: skip


def test_what_the_facts_say(town):
    town.own(text="name: my-town\nlicence: CC BY 4.0\nresolution: 0.5 m\nsource: drone\n")
    facts = open_town(town).facts
    assert (facts.name, facts.licence, facts.resolution) == ("my-town", "CC BY 4.0", "0.5 m")
    assert (facts.source, facts.patch, facts.bands) == ("drone", 32, ("red", "green", "blue"))


def test_a_missing_class_list_shows_one_to_paste(town):
    town.own()
    (town.root / "classes.yaml").unlink()
    with pytest.raises(DatasetMissing) as caught:
        open_town(town)
    assert "has no classes.yaml" in str(caught.value) and EXAMPLE in str(caught.value)


def test_a_missing_folder_says_what_belongs_there(tmp_path):
    with pytest.raises(DatasetMissing, match="is not a folder with `images` and `masks` in it"):
        open_dataset("folder", str(tmp_path))
    (tmp_path / "images").mkdir()
    (tmp_path / "masks").mkdir()
    (tmp_path / "classes.yaml").write_text(EXAMPLE)
    with pytest.raises(DatasetMissing, match="there are no pictures in"):
        open_dataset("folder", str(tmp_path))


def test_the_examples_can_be_pasted(tmp_path):
    path = tmp_path / "classes.yaml"
    path.write_text(EXAMPLE)
    assert read_class_list(path).facts.palette[0] == (60, 16, 152)
    hidden = EXAMPLE[EXAMPLE.index("# masks: index") :]
    lines = [line.removeprefix("# ") for line in hidden.splitlines()]
    path.write_text("\n".join(line for line in lines if not line.startswith("All of")))
    own = read_class_list(path)
    values = {label.name: label.values for label in own.labels}
    assert values == {"Building": (1,), "Road": (111, 112), "Water": (7,)} and own.void == (0, -1)
    assert own.facts.palette[2] == (226, 169, 41)
    assert own.facts.bands == ("red", "green", "blue", "infrared")
    assert own.area_of("north_12") == "north"
    doc = aerial_nni.data.datasets.folder.__doc__
    pasted = doc[doc.index("    classes:") : doc.index("`pipeline.class_list.EXAMPLE`")]
    path.write_text(textwrap.dedent(pasted))
    assert read_class_list(path).facts.classes == ("Building", "Road", "Water")


@pytest.mark.parametrize(
    "text, message",
    [
        ("- a\n- b", "it is no list of `key: value` lines"),
        ("classes: {A: [0, 0, 1]}", "classes: needs two or more lines"),
        ("clases: {A: [0, 0, 1], B: [0, 0, 2]}", "no key 'clases'; known: name, masks, classes"),
        ("classes:\n  A: #000001\n  B: [0, 0, 2]", "in quotes: YAML takes # for a comment"),
        ("classes: {A: [0, 0, 256], B: [0, 0, 2]}", "the class A has the colour [0, 0, 256]"),
        ("classes: {A: 1, B: 2}", "add the line `masks: index` if"),
        (
            "masks: index\nclasses: {A: 2147483648, B: 2}",
            "a whole number from -2147483648 to 2147483647",
        ),
        ("masks: index\nclasses: {A: [], B: 2}", "the class A has the index []"),
        ("masks: index\nclasses: {A: [1, 1], B: 2}", "A has the value 1 twice"),
        ("masks: index\nclasses: {A: [1, 3], B: [2, 3]}", "A and B have the same value 3"),
        ("masks: index\nclasses: {A: {valeu: 1}, B: 2}", "the class A has the key 'valeu'"),
        (
            "masks: index\nclasses: {A: {colour: [1, 2, 3]}, B: 2}",
            "has neither; write one of value",
        ),
        ("masks: index\nclasses: {A: {value: 1, colour: red}, B: 2}", "has the colour 'red'"),
        ("classes: {A: {colour: [1, 2, 3], value: 1}, B: [0, 0, 2]}", "has the key 'value'"),
        ("classes: {A: [[1, 2, 3], [4, 5]], B: [0, 0, 2]}", "has the colour [4, 5]"),
        ("classes: {A: [[1, 2, 3], [0, 0, 2]], B: [0, 0, 2]}", "have the same value (0, 0, 2)"),
        ("masks: index\nclasses: {A: true, B: 2}", "the class A has the index True"),
        ("masks: indices\nclasses: {A: 1, B: 2}", "masks: 'indices' is not known"),
        ("masks: index\nclasses: {A: 2, B: 2}", "A and B have the same value 2"),
        ("masks: index\nclasses: {A: 1, B: 2}\nvoid: [2]", "B and void have the same value 2"),
        ("masks: index\nclasses: {A: 1, B: 2}\nvoid: none", "void has the index 'none'"),
        ("masks: index\nclasses: {A: 1, no: 2}", "class name False as no text; put it in quotes"),
        ("masks: index\nclasses: {A: 1, B: 2}\nbands: [r, g]", "three or more different names"),
        ("masks: index\nclasses: {A: 1, B: 2}\nbands: [r, r, g]", "three or more different"),
        ("masks: index\nclasses: {A: 1, B: 2}\npatch: big", "patch: 'big' must be a number"),
        ("masks: index\nclasses: {A: 1, B: 2}\narea: '(a'", "no regular expression"),
        ("masks: index\nclasses: {A: 1, B: 2}\narea: a", "has 0 groups in brackets; give it one"),
        ("classes: [", "while parsing"),
    ],
)
def test_a_class_list_that_cannot_be_used(tmp_path, text, message):
    (tmp_path / "classes.yaml").write_text(text)
    with pytest.raises(ClassListInvalid) as caught:
        read_class_list(tmp_path / "classes.yaml")
    assert message in str(caught.value)
    assert str(tmp_path / "classes.yaml") in str(caught.value) and EXAMPLE in str(caught.value)


def test_many_index_classes_have_colours_of_their_own(tmp_path):
    lines = "\n".join(f"  c{k}: {k}" for k in range(40))
    (tmp_path / "classes.yaml").write_text(f"masks: index\nclasses:\n{lines}\n")
    assert len(set(read_class_list(tmp_path / "classes.yaml").facts.palette)) == 40


def test_the_fingerprint_follows_what_the_list_means(town):
    first = open_town(town.own()).fingerprint()
    town.list("masks: index\nclasses: {Land: 0, House: 1, Water: 2}\nlicence: mine\n")
    assert open_town(town).fingerprint() == first
    town.list("masks: index\nclasses: {Land: 0, House: 2, Water: 1}\n")
    assert open_town(town).fingerprint() != first


def test_buildings_of_kampala(aerial_data, tmp_path):
    if not (aerial_data / "buildings").is_dir():
        pytest.skip(f"there is no buildings in AERIAL_DATA={aerial_data}")
    for part in ("images", "masks"):
        (tmp_path / part).symlink_to(aerial_data / "buildings" / part)
    (tmp_path / "classes.yaml").write_text("masks: index\nclasses: {Other: 0, Building: 1}\n")
    prepared = prepare(open_dataset("folder", str(tmp_path)))
    assert prepared.images.shape == (147, 256, 256, 3)
    other, building, void = prepared.counts.sum(axis=0).tolist()
    assert building / (other + building + void) == pytest.approx(0.296, abs=5e-4)
    assert 0 < void < 0.01 * other  # the transparent pixels of 19 images


@pytest.mark.parametrize("below", ["", "semantic segmentation dataset"])
def test_the_layout_of_dubai_is_recognised(tmp_path, below):
    for tile in ("Tile 1", "Tile 2"):
        for kind in ("images", "masks"):
            (tmp_path / below / tile / kind).mkdir(parents=True)
    with pytest.raises(DatasetMissing, match="looks like the Dubai imagery; give --data dubai"):
        open_dataset("folder", str(tmp_path))
