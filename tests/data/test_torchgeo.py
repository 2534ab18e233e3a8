"""Datasets of torchgeo by their names: small generated ones in their layouts, trained on."""

from pathlib import Path

import numpy as np
import pytest
from torchgeo_layouts import LAYOUTS, building_damage, datasets, dfc2020, love_da

from aerial_nni.config.options import BadOption
from aerial_nni.data import open_dataset
from aerial_nni.data.dataset import VOID, DatasetMissing
from aerial_nni.data.datasets import from_torchgeo
from aerial_nni.data.pipeline.prepared import prepare
from aerial_nni.data.pipeline.split_making import make_split
from aerial_nni.recipes.baseline import training_setup as baseline

pytestmark = pytest.mark.filterwarnings("ignore")
UNHELD = ("DFC2022",)
"""Those whose validation has no masks that anyone may see."""


@pytest.mark.parametrize("name", LAYOUTS)
def test_it_trains_on_the_split_it_brings(tmp_path: Path, name: str):
    layout = LAYOUTS[name]
    layout.write(tmp_path / "data")
    text, place = f"torchgeo:{name}{layout.settings}", str(tmp_path / "data")
    dataset = open_dataset(text, place)
    assert len(set(dataset.facts.palette)) == len(dataset.facts.classes)
    prepared = prepare(dataset, patch=16)
    sides = [VOID if one is None else dataset.facts.classes.index(one) for one in layout[1:3]]
    assert (prepared.masks[0] == sides[0]).all()
    assert np.unique(prepared.masks).tolist() == sorted(sides)
    rule = "image" if name in UNHELD else "given"
    split = make_split(prepared, rule)
    if rule == "given":
        assert {prepared.patches[i].area for i in split.train} == {"train"}
        assert {prepared.patches[i].area for i in split.val} <= {"val", "test"}
    words = ["--data", text, "--data-dir", place, "--split", rule]
    small = ["--patch", "16", "--width", "2", "--depth", "1", "--epochs", "1", "--batch", "4"]
    assert baseline.main([*words, *small, "--out", str(tmp_path / "run")]) == 0


def test_values_that_mean_no_data_are_void_and_no_class(tmp_path: Path):
    love_da(tmp_path)
    facts = open_dataset("torchgeo:LoveDA", str(tmp_path)).facts
    assert facts.classes == tuple(one for one in datasets.LoveDA.classes if one != "no-data")


def test_bands_are_chosen_behind_the_name(tmp_path: Path):
    dfc2020(tmp_path)
    whole = open_dataset("torchgeo:CopernicusBenchDFC2020S2", str(tmp_path))
    three = open_dataset("torchgeo:CopernicusBenchDFC2020S2,bands=B04+B03+B02", str(tmp_path))
    assert (len(whole.facts.bands), three.facts.bands) == (13, ("B04", "B03", "B02"))
    assert whole.fingerprint() != three.fingerprint()
    image, _ = whole.read(whole.samples[0])
    assert (three.read(three.samples[0])[0] == image[:, :, [3, 2, 1]]).all()


def test_what_is_no_dataset_says_what_to_type(tmp_path: Path):
    with pytest.raises(BadOption, match="did you mean torchgeo:LoveDA"):
        open_dataset("torchgeo:LovDA", str(tmp_path))
    with pytest.raises(BadOption, match="does not say its classes"):
        open_dataset("torchgeo:MMFlood", str(tmp_path))
    with pytest.raises(BadOption, match="such as torchgeo:LoveDA"):
        open_dataset("torchgeo", str(tmp_path))
    with pytest.raises(DatasetMissing, match="no training split"):
        open_dataset("torchgeo:LoveDA", str(tmp_path))


def test_settings_that_a_class_has_not_are_refused(tmp_path: Path):
    love_da(tmp_path)
    with pytest.raises(BadOption, match="known: torchgeo:LoveDA,scene=VALUE"):
        open_dataset("torchgeo:LoveDA,scenes=urban", str(tmp_path))
    with pytest.raises(BadOption, match="does not know 'root=/'; known: nothing"):
        open_dataset("torchgeo:GID15,root=/", str(tmp_path))
    with pytest.raises(BadOption, match="does not know 'product=cdl'"):
        open_dataset("torchgeo:SSL4EOLBenchmark,product=cdl", str(tmp_path))
    with pytest.raises(DatasetMissing, match="no training split.*AssertionError"):
        open_dataset("torchgeo:LoveDA,scene=moon", str(tmp_path))


def test_pairs_of_images_and_pixels_with_fractions_are_refused(tmp_path: Path):
    building_damage(tmp_path / "pairs")
    with pytest.raises(BadOption, match=r"\(2, 3, 32, 32\).*pairs and series"):
        open_dataset("torchgeo:XView2", str(tmp_path / "pairs"))
    dfc2020(tmp_path / "radar")
    with pytest.raises(BadOption, match="no whole numbers"):
        open_dataset("torchgeo:CopernicusBenchDFC2020S1", str(tmp_path / "radar"))


@pytest.mark.parametrize("fault", [ValueError("no such split"), AttributeError("a fault in it")])
def test_a_fault_of_a_class_is_not_taken_for_a_missing_split(fault: Exception, tmp_path: Path):
    """What classes raise for what is absent is told in a line; any other error stays itself."""

    def make(split: str) -> None:
        raise fault

    absent = isinstance(fault, ValueError)
    with pytest.raises(DatasetMissing if absent else AttributeError, match=str(fault)):
        from_torchgeo._part(make, "LoveDA", "train", tmp_path)
