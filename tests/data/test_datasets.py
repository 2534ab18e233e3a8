"""Datasets by name."""

import pytest

from aerial_nni.config.options import BUILT_IN, BadOption
from aerial_nni.data import DATASETS, open_dataset
from aerial_nni.data.dataset import BadSamples, DatasetMissing


@pytest.mark.parametrize(("name", "meant"), [("dubay", "did you mean dubai\\? "), ("zzz", "")])
def test_an_unknown_name_lists_the_known_ones(name: str, meant: str):
    said = f"'{name}' is not known; {meant}choose one of scenes, dubai, folder"
    with pytest.raises(BadOption, match=said):
        open_dataset(name, "")


def test_every_dataset_that_is_not_built_in_needs_a_place(monkeypatch):
    monkeypatch.delenv("AERIAL_DATA", raising=False)
    for name in set(DATASETS) - set(BUILT_IN):
        with pytest.raises(DatasetMissing, match="--data-dir"):
            open_dataset("torchgeo:LoveDA" if name == "torchgeo" else name, "")
    with pytest.raises(BadOption, match="needs a name, such as torchgeo:LoveDA"):
        open_dataset("torchgeo", "")


@pytest.mark.parametrize("name", ["scenes:seed=1", "xbd:border", "xbd:edge=2", "xbd:border="])
def test_a_setting_that_is_not_there_is_refused(name):
    with pytest.raises(BadOption, match="is not understood; known"):
        open_dataset(name, "nowhere")


def test_bad_samples_name_fifty_and_keep_all():
    error = BadSamples({f"s{k}": f"reason {k}" for k in range(60)})
    assert "60 sample(s) cannot be used:\n  s0: reason 0\n" in str(error)
    assert "  s49: reason 49\n  and 10 more\nMend" in str(error) and len(error.problems) == 60
    assert "more" not in str(BadSamples({"s": "reason"}))
