"""Labels in any code: values of 32 bits, several for a class, colours beside them."""

import shutil

import numpy as np
import pytest
import tifffile

from aerial_nni.data import open_dataset
from aerial_nni.data.dataset import VOID
from aerial_nni.data.pipeline import value_lookup
from aerial_nni.data.pipeline.class_list import read_class_list
from aerial_nni.data.pipeline.prepared import prepare
from aerial_nni.data.pipeline.value_lookup import UNKNOWN, Lookup


def listed(tmp_path, text):
    path = tmp_path / "classes.yaml"
    path.write_text(text, encoding="utf-8")
    return read_class_list(path)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("span", [2**9, 2**20, 2**32], ids=["near", "table", "search"])
def test_any_numbers_are_found_again_and_no_others(seed, span):
    rng = np.random.default_rng(seed)
    low = int(rng.integers(-(2**31), 2**31 - span + 1))
    numbers = rng.choice(span, int(rng.integers(2, 255)), replace=False).astype(np.int64) + low
    classes = rng.permutation(len(numbers)).astype(np.uint8)
    found = Lookup(numbers, classes)
    order = rng.integers(0, len(numbers), (5, 7))
    assert (found.classes_of(numbers[order]) == classes[order]).all()
    for other in (-(2**63), low - 1, low + span, 2**32, 2**63 - 1, int(numbers[0]) + 2**32):
        assert found.classes_of(np.array([[other]])).tolist() == [[UNKNOWN]]
    beside = np.setdiff1d(np.concatenate([numbers - 1, numbers + 1]), numbers)
    assert (found.classes_of(beside) == UNKNOWN).all()


@pytest.mark.parametrize("kind", ["uint8", "uint16", "int16", "int32", "uint32", "uint64"])
def test_no_type_of_a_mask_wraps_a_value_into_another(kind):
    found = Lookup(np.array([-1, 3]), np.array([VOID, 0]))
    limits = np.iinfo(kind)
    values = np.array([limits.max, 3, limits.min], kind)
    lowest = UNKNOWN if limits.min != -1 else VOID
    assert found.classes_of(values).tolist() == [UNKNOWN, 0, lowest]


def test_a_large_mask_is_looked_up_in_parts(monkeypatch):
    monkeypatch.setattr(value_lookup, "CHUNK", 10)
    values = np.arange(7 * 9).reshape(7, 9).T
    found = Lookup(np.arange(63), np.arange(63)[::-1])
    assert (found.classes_of(values) == 62 - values).all()


def test_values_of_32_bits_several_for_a_class_and_for_void(town):
    town.own(names=("a",))
    values = np.array([-(2**31), 112, 111, 2**31 - 1, -1, 255], np.int32)
    truth = town.classes(count=6)
    (town.root / "masks/a.png").unlink()
    tifffile.imwrite(town.root / "masks/a.tif", values[truth])
    town.list(
        "masks: index\nclasses:\n  Far: -2147483648\n  Wood: [111, 112]\n"
        "  Sea: {value: 2147483647, colour: '#0000FF'}\nvoid: [-1, 255]\n"
    )
    dataset = open_dataset("folder", str(town.root))
    mask = dataset.read(dataset.samples[0])[1]
    assert (mask == np.array([0, 1, 1, 2, VOID, VOID])[truth]).all()
    assert dataset.facts.palette[2] == (0, 0, 255)
    assert dataset.facts.written.values == (-(2**31), 111, 2**31 - 1)
    assert dataset.facts.written.void == -1
    town.list("masks: index\nclasses: {Far: -2147483648, Wood: [111, 112]}\nvoid: -1\n")
    dataset = open_dataset("folder", str(town.root))
    with pytest.raises(ValueError, match=r"2 values that are no class: .*; known: Far -2147483648, "
                       "Wood 111 or 112, void -1"):  # fmt: skip
        dataset.read(dataset.samples[0])


def test_several_colours_for_a_class(town):
    table = np.array([(1, 2, 3), (4, 5, 6), (7, 8, 9), (0, 0, 0), (255, 0, 0)], np.uint8)
    truth = town.classes(count=5)
    town.image("images/a.png")
    town.save("masks/a.png", table[truth])
    town.list(
        'classes:\n  A: ["#010203", [4, 5, 6]]\n  B: {colour: [7, 8, 9]}\n'
        'void: [[0, 0, 0], "#FF0000"]'
    )
    dataset = open_dataset("folder", str(town.root))
    mask = dataset.read(dataset.samples[0])[1]
    assert (mask == np.array([0, 0, 1, VOID, VOID])[truth]).all()
    assert dataset.facts.palette == ((1, 2, 3), (7, 8, 9))
    assert dataset.facts.written.void_colour == (0, 0, 0)


@pytest.mark.parametrize("void", ["[7, 8, 9]", '"#070809"', "[[7, 8, 9]]", '["#070809"]'])
def test_one_colour_of_void_needs_no_list(tmp_path, void):
    found = listed(tmp_path, f"classes: {{A: [0, 0, 1], B: [0, 0, 2]}}\nvoid: {void}\n")
    assert found.void == ((7, 8, 9),)


def test_colours_of_ones_own_are_no_other_class_s(tmp_path):
    found = listed(
        tmp_path,
        "masks: index\nclasses: {A: 0, B: {values: [1, 3], colour: '#3C1098'}, C: 2}\n",
    )
    assert found.facts.palette[1] == (60, 16, 152) and len(set(found.facts.palette)) == 3


@pytest.mark.parametrize(
    "classes, void, taken",
    [
        ("{A: 1, B: 2}", "", 255),
        ("{A: 1, B: 255}", "", 0),
        ("{A: 0, B: [2, 255]}", "", 254),
        ("{A: 1, B: 2}", "void: [9, 8]", 9),
        ("{A: 1, B: [0, 255]}", "void: -5", -5),
    ],
)
def test_void_is_written_as_a_value_of_no_class(tmp_path, classes, void, taken):
    found = listed(tmp_path, f"masks: index\nclasses: {classes}\n{void}\n")
    assert found.facts.written.void == taken


def test_grey_values_saved_as_colours(town):
    town.own(names=("a",))
    values = np.array([7, 200, 0], np.uint8)[town.truth["a"]]
    town.save("masks/a.png", np.dstack([values] * 3))
    town.list("masks: index\nclasses: {Land: 7, House: 200}\nvoid: 0")
    dataset = open_dataset("folder", str(town.root))
    assert (dataset.read(dataset.samples[0])[1] == np.array([0, 1, VOID])[town.truth["a"]]).all()
    coloured = np.dstack([values] * 3)
    coloured[0, 0, 2] ^= 1
    town.save("masks/a.png", coloured)
    with pytest.raises(ValueError, match="it holds colours, no indices"):
        dataset.read(dataset.samples[0])


def test_classes_made_void_keep_the_others_values(town):
    town.own(names=("a", "b"))
    values = np.array([7, -200, 9], np.int16)
    for name in ("a", "b"):
        (town.root / f"masks/{name}.png").unlink()
        tifffile.imwrite(town.root / f"masks/{name}.tif", values[town.truth[name]])
    town.list("masks: index\nclasses: {Land: 7, House: -200, Water: 9}\npatch: 32\n")
    prepared = prepare(open_dataset("folder", str(town.root)), void_classes=["Land"])
    assert prepared.facts.written.values == (-200, 9) and prepared.facts.written.void == 255


def test_the_dataset_has_its_folder_s_name(town, tmp_path, monkeypatch):
    assert open_dataset("folder", str(town.own().root)).facts.name == "town"
    assert open_dataset("folder", str(tmp_path)).facts.name == "town"
    monkeypatch.chdir(town.root)
    assert open_dataset("folder", ".").facts.name == "town"
    packed = shutil.make_archive(str(tmp_path / "my-place"), "zip", town.root)
    assert open_dataset("folder", packed).facts.name == "my-place"
    (town.root / "images").rename(tmp_path / "images")
    (town.root / "masks").rename(tmp_path / "masks")
    (town.root / "classes.yaml").rename(tmp_path / "classes.yaml")
    shutil.rmtree(town.root)
    odd = tmp_path.rename(tmp_path.with_name("a\x1bb"))
    assert open_dataset("folder", str(odd)).facts.name == "folder"


def test_label_codes_of_the_cases(aerial_data, tmp_path):
    case = aerial_data / "cases/label_codes/codes"
    if not case.is_dir():
        pytest.skip(f"there is no {case}")
    shutil.copytree(case, tmp_path / "codes")
    (tmp_path / "codes/classes.yaml").write_text(
        "masks: index\nclasses: {a: [111, 112], b: 7}\nvoid: [-1]\npatch: 64\n"
    )
    prepared = prepare(open_dataset("folder", str(tmp_path / "codes")))
    assert prepared.counts.sum(axis=0).tolist() == [64768, 0, 33536]
    assert prepared.facts.written.values == (111, 7)
