"""The table of methods, and how one of them is chosen."""

import importlib
import inspect

import pytest

from aerial_nni.tuners.methods import BY_INDEX, METHODS, BadMethod, choose_method
from aerial_nni.tuners.tuner import SpaceTuner


def test_the_nine_have_the_courses_indices():
    names = ["tpe", "anneal", "evolution", "smac", "hyperband", "metis", "bohb", "gp", "dngo"]
    assert [BY_INDEX[index].name for index in range(1, 10)] == names
    assert set(METHODS) == {*names, "random", "grid"}


@pytest.mark.parametrize("name", METHODS)
def test_each_is_a_tuner_with_its_facts(name: str):
    method = METHODS[name]
    module, attribute = method.class_name.rsplit(".", 1)
    tuner = getattr(importlib.import_module(module), attribute)
    assert issubclass(tuner, SpaceTuner)
    assert inspect.getdoc(tuner)
    assert method.what and method.paper and method.cannot
    assert ("max_budget" in inspect.signature(tuner).parameters) == method.multi_fidelity


@pytest.mark.parametrize("name", METHODS)
def test_few_trials_are_not_guided(name: str):
    method = METHODS[name]
    space = {
        "x": {"_type": "uniform", "_value": [0, 1]},
        "k": {"_type": "randint", "_value": [0, 9]},
    }
    arguments = {"trials": 12, "seed": 0} | ({"max_budget": 9} if method.multi_fidelity else {})
    unguided = {"random": 0, "grid": 0, "hyperband": 0, "bohb": 3}
    assert method.startup(space, arguments) == unguided.get(name, 5)


def test_a_method_is_chosen_by_index_id_or_name():
    assert choose_method(index=8).name == "gp"
    assert choose_method(student_id="12345678").name == "gp"
    assert choose_method(student_id=" s1234567 ").name == "bohb"
    assert choose_method(name="GP").name == "gp"
    assert choose_method(index=8, student_id="18", name="gp").name == "gp"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "give --method-index 1 to 9"),
        ({"index": 0}, "--method-index 0 has no method"),
        ({"index": 10}, "--method-index 10 has no method"),
        ({"student_id": "1230"}, "ends in 0, which has no method; choose one with --method NAME"),
        ({"student_id": "12a"}, "does not end in a digit"),
        ({"student_id": ""}, "does not end in a digit"),
        ({"name": "smak"}, "did you mean smac?"),
        ({"name": "gpp"}, "did you mean gp?"),
        ({"name": "zzz"}, "choose one of:"),
        ({"index": 8, "name": "tpe"}, "mean different methods: gp and tpe"),
    ],
)
def test_what_is_not_a_method_is_told(given: dict, said: str):
    with pytest.raises(BadMethod) as caught:
        choose_method(**given)
    assert said in str(caught.value)
    lines = str(caught.value).splitlines()
    assert len(lines) in (1, 1 + len(METHODS))
    for line, name in zip(lines[1:], METHODS, strict=False):
        assert name in line and len(line) < 110
