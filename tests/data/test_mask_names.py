"""Masks whose names have a prefix or a suffix: said, or the only thing that can be meant."""

import pytest

from aerial_nni.data import open_dataset
from aerial_nni.data.pipeline.class_list import ClassListInvalid, read_class_list
from aerial_nni.data.pipeline.class_list_draft import write_draft
from aerial_nni.data.pipeline.mask_names import SAME, NamesAmbiguous, Naming, guessed

CORES = ("t1", "t2", "north/t3")


def named(before="", behind=""):
    parts = [core.rpartition("/") for core in CORES]
    return [f"{folder}{slash}{before}{name}{behind}" for folder, slash, name in parts]


@pytest.mark.parametrize(
    "images, masks",
    [
        (("", ""), ("", "_mask")),
        (("", "_sat"), ("", "_mask")),
        (("", ""), ("mask_", "")),
        (("", ""), ("", "-Label")),
        (("image_", ""), ("label_", "")),
        (("", "_RGB"), ("", "_GT")),
        (("", "_leftImg8bit"), ("", ".labels")),
    ],
)
def test_usual_words_are_found(images, masks):
    found = guessed(named(*images), named(*masks))
    assert found == Naming(image_prefix=images[0], image_suffix=images[1],
                           mask_prefix=masks[0], mask_suffix=masks[1])  # fmt: skip
    assert found.pairs(named(*images), named(*masks)) == set(CORES)
    for core, image, mask in zip(CORES, named(*images), named(*masks), strict=True):
        assert (found.shared(image, "image"), found.shared(mask, "mask")) == (core, core)
        assert (found.whole(core, "image"), found.whole(core, "mask")) == (image, mask)


@pytest.mark.parametrize(
    "images, masks",
    [
        (["a", "b"], ["a", "b"]),
        (["a", "b"], ["a", "b_mask"]),
        (["a1", "a2"], ["b1", "b2"]),
        (["a", "b"], ["a_other", "b_other"]),
        (["a", "b"], ["mask_", "_mask"]),
        (["a"], ["amask"]),
        ([], ["a_mask"]),
    ],
)
def test_nothing_else_is_guessed(images, masks):
    assert guessed(images, masks) == SAME


def test_two_masks_of_an_image_are_not_chosen_between():
    masks = [*named(behind="_mask"), *named(behind="_labels")]
    with pytest.raises(NamesAmbiguous) as caught:
        guessed(named(), masks)
    assert "`mask_suffix: _labels` or `mask_suffix: _mask`" in str(caught.value)
    lone = guessed(named(), [*named(behind="_mask"), "t1_labels"])  # the other fits one image
    assert lone == Naming(mask_suffix="_mask")


def renamed(town, naming):
    for kind in ("image", "mask"):
        for path in (town.root / f"{kind}s").iterdir():
            path.rename(path.with_stem(naming.whole(path.stem, kind)))


def test_a_folder_whose_masks_are_called_otherwise(town):
    town.own(text="area: '^(.+)_[0-9]+_sat$'\n")
    renamed(town, Naming(image_suffix="_sat", mask_suffix="_mask"))
    dataset = open_dataset("folder", str(town.root))
    assert not dataset.problems
    assert [s.name for s in dataset.samples] == ["a_1_sat", "a_2_sat", "b_1_sat"]
    assert [s.area for s in dataset.samples] == ["a", "a", "b"]
    for sample in dataset.samples:
        assert (dataset.read(sample)[1] == town.truth[sample.name.removesuffix("_sat")]).all()
    (town.root / "masks/a_2_mask.png").unlink()
    (town.root / "images/b_1_sat.png").unlink()
    problems = open_dataset("folder", str(town.root)).problems
    assert "but no picture a_2_mask.* in" in problems["a_2_sat"]
    assert "but no picture b_1_sat.* in" in problems["b_1_mask"]


def test_what_the_list_says_counts(town):
    town.own(text="mask_suffix: _odd\n")
    renamed(town, Naming(mask_suffix="_odd"))
    town.image("masks/a_1_picture.png")  # of other names: left out
    dataset = open_dataset("folder", str(town.root))
    assert [s.name for s in dataset.samples] == ["a_1", "a_2", "b_1"] and not dataset.problems
    town.own(text="mask_suffix: ''\n")  # nothing is guessed then
    for name in town.truth:
        (town.root / f"masks/{name}.png").rename(town.root / f"masks/{name}_mask.png")
    assert len(open_dataset("folder", str(town.root)).problems) > 3


@pytest.mark.parametrize("text", ["../x", "a\\\\b", "1", "[a]", '"\\n"'])
def test_what_is_no_part_of_a_name(tmp_path, text):
    path = tmp_path / "classes.yaml"
    path.write_text(f"masks: index\nclasses: {{A: 0, B: 1}}\nmask_suffix: {text}\n")
    with pytest.raises(
        ClassListInvalid, match="mask_suffix: .* (no part of a file's name|no text)"
    ):
        read_class_list(path)


def test_a_draft_finds_them_too(town):
    town.own()
    (town.root / "classes.yaml").unlink()
    renamed(town, Naming(mask_suffix="_mask"))
    assert write_draft(town.root).classes == 3
    assert len(open_dataset("folder", str(town.root)).samples) == 3
