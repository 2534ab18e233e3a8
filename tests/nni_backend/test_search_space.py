"""Search spaces from files, and what is left out of them."""

from pathlib import Path

import pytest
import yaml

from aerial_nni.config.options import TrialOptions
from aerial_nni.recipes.darts.options import SearchOptions
from aerial_nni.recipes.distill.options import DistillOptions
from aerial_nni.recipes.drone.options import DroneOptions
from aerial_nni.recipes.engine.search_space import FOLDER, load_space, missing_from
from aerial_nni.recipes.zoomout.options import ZoomOutOptions
from aerial_nni.tuners.space import BadSpace

FILES = sorted(FOLDER.glob("*.yaml"))
FULL = load_space(FOLDER / "hpo.yaml", TrialOptions())


def written(folder: Path, text: str) -> Path:
    path = folder / "space.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_those_that_come_with_the_project_fit_and_are_explained(path: Path):
    kinds = {
        "distill.yaml": DistillOptions,
        "darts.yaml": SearchOptions,
        "zoomout.yaml": ZoomOutOptions,
        "drone.yaml": DroneOptions,
    }
    options = kinds.get(path.name, TrialOptions)()
    space = load_space(path, options)
    lines = path.read_text().splitlines()
    assert len(space) >= 4
    assert lines[0].startswith("# ")


def test_the_full_space_holds_what_the_milestone_asks_for():
    wanted = {"lr", "weight_decay", "loss", "class_weights", "width", "dropout", "schedule"}
    assert wanted | {"scale", "colour"} <= set(FULL)
    assert missing_from(FULL, FULL) == []


def test_a_reduced_space_is_told_by_what_it_lacks():
    small = yaml.safe_load("""
        lr: {_type: loguniform, _value: [0.001, 0.02]}
        loss: {_type: choice, _value: [ce, ce+dice]}
        scale: {_type: choice, _value: [0.0, 0.25]}
    """)
    missing = missing_from(small, FULL)
    assert "lr is within [0.001, 0.02] only" in missing
    assert "loss is never ce+lovasz or focal+dice" in missing
    assert "scale is one of [0.0, 0.25] only" in missing
    assert "width is not searched" in missing


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no search space"),
        ("lr: 3", "lr: write {_type: uniform"),
        ("lr: {_type: loguni, _value: [1, 2]}", "_type 'loguni' is not known; choose one of"),
        ("lr: {_type: loguniform, _value: [0.1, 0.001]}", "0.1 is not below 0.001"),
        ("lr: {_type: loguniform, _value: [0, 0.1]}", "needs bounds above 0"),
        ("lr: {_type: loguniform, _value: [1]}", "loguniform takes 2 numbers"),
        ("lrr: {_type: uniform, _value: [0, 1]}", "did you mean lr?"),
        ("epochs: {_type: randint, _value: [1, 9]}", "epochs cannot be searched: a longer trial"),
        ("split: {_type: choice, _value: [tile]}", "different splits cannot be compared"),
        ("teacher: {_type: choice, _value: [a]}", "teacher is not an option of a trial"),
        ("loss: {_type: choice, _value: [ce, dise]}", "has a term 'dise'"),
        ("dropout: {_type: uniform, _value: [0, 2]}", "is above 0.95"),
        ("width: {_type: uniform, _value: [8.5, 9.6]}", "give a int"),
        ("lr: {_type: choice, _value: [0.1, 0.1]}", "a value stands twice"),
        ("lr: [1", "cannot be read"),
        ("lr: {_type: uniform, _value: [0, .inf]}", "takes 2 numbers, not [0, inf]"),
        ("lr: {_type: uniform, _value: [no, 1]}", "takes 2 numbers, not [False, 1]"),
        ('lr: {_type: uniform, _value: ["1e-4", 1]}', "takes 2 numbers, not ['1e-4', 1]"),
        ("lr: {_type: choice, _value: []}", "a choice needs at least one value"),
        (
            "lr: {_type: uniform, _value: [0, 1]}\nlr: {_type: choice, _value: [1]}",
            "stands there twice",
        ),
        ("2: {_type: uniform, _value: [0, 1]}", "2 is no name"),
        ("lr: {_type: choice, _value: [2026-01-01]}", "is a date, which JSON has not"),
        ("lr: {_type: choice, _value: &a [*a]}", "is no YAML"),
    ],
)
def test_what_cannot_be_used_is_told_with_the_file(tmp_path: Path, text: str, said: str):
    path = written(tmp_path, text)
    with pytest.raises(BadSpace) as caught:
        load_space(path, TrialOptions())
    assert str(path) in str(caught.value) and said in str(caught.value)


FLOW = """{
  "lr": {"_type": "loguniform", "_value": [1e-4, 1E-2]},
  "weight_decay": {"_type": "choice", "_value": [1e-4, 0.01]}
}"""


@pytest.mark.parametrize("name", ["space.yaml", "space.json", "space.JSON"])
def test_1e_minus_4_is_a_number_in_yaml_and_in_json(tmp_path: Path, name: str):
    path = tmp_path / name
    path.write_text(FLOW)
    space = load_space(path, TrialOptions())
    assert space["lr"]["_value"] == [0.0001, 0.01]
    assert space["weight_decay"]["_value"] == [0.0001, 0.01]


def test_what_stands_between_the_ends_of_a_range_is_looked_at_too(tmp_path: Path):
    path = written(tmp_path, "width: {_type: quniform, _value: [8, 9, 0.25]}")
    with pytest.raises(BadSpace, match="width=8.25 is a float; give a int"):
        load_space(path, TrialOptions())


def test_a_missing_file_names_those_there_are(tmp_path: Path):
    with pytest.raises(BadSpace, match=r"hpo\.yaml"):
        load_space(tmp_path / "none.yaml", TrialOptions())
