"""The unit cube against NNI's own definitions of a search space."""

import json

import numpy as np
import pytest
from contract import SPACE
from nni.common.hpo_utils import format_search_space
from scipy import stats

from aerial_nni.tuners.space import BadSpace, Parameter, Space


def parameter(kind: str, *value: object) -> Parameter:
    return Space.parse({"x": {"_type": kind, "_value": list(value)}}).parameters[0]


@pytest.mark.parametrize("name", SPACE)
def test_a_value_comes_back_from_its_unit(name: str):
    own = Space.parse({name: SPACE[name]}).parameters[0]
    for unit in np.linspace(0, 1, 57):
        value = own.from_unit(unit)
        again = own.from_unit(own.to_unit(value))
        assert again == (pytest.approx(value) if isinstance(value, float) else value)
        assert own.to_unit(own.from_unit(own.snap(unit))) == pytest.approx(own.snap(unit))


def test_nni_knows_the_same_kinds():
    assert set(format_search_space(SPACE)) == {(name,) for name in SPACE}


@pytest.mark.parametrize(
    ("own", "distribution"),
    [
        (parameter("uniform", 2, 5), stats.uniform(2, 3)),
        (parameter("loguniform", 1e-4, 1e-1), stats.loguniform(1e-4, 1e-1)),
        (parameter("normal", 1, 2), stats.norm(1, 2)),
        (parameter("lognormal", 0, 0.5), stats.lognorm(0.5)),
    ],
)
def test_a_uniform_unit_is_a_draw_of_the_distribution(own: Parameter, distribution):
    units = (np.arange(400) + 0.5) / 400
    values = [own.from_unit(unit) for unit in units]
    assert distribution.cdf(values) == pytest.approx(units, abs=1e-9)


def test_quantised_kinds_round_as_nni_does_and_stay_inside():
    values = {parameter("quniform", 0.25, 1.0, 0.1).from_unit(u) for u in np.linspace(0, 1, 999)}
    assert sorted(values) == [0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    assert {parameter("randint", 3, 6).from_unit(u) for u in np.linspace(0, 1, 99)} == {3, 4, 5}


@pytest.mark.parametrize("step", [0.1, 0.25, 0.3, 1.0])
@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.24, 1.0), (0.05, 2.07)])
def test_the_number_of_levels_is_the_number_of_values(low: float, high: float, step: float):
    own = parameter("quniform", low, high, step)
    assert own.levels == len({own.from_unit(u) for u in np.linspace(0, 1, 9999)})


def test_numbers_in_order_are_ordinal():
    assert parameter("choice", 4, 8, 16).kind == "ordinal"
    assert parameter("choice", 0.3, 0.2, 0.1).kind == "ordinal"
    for values in ([4, 16, 8], [1, 2], ["a", "b", "c"], [True, False, None], [1, 2, "3"]):
        assert parameter("choice", *values).kind == "categorical"


def test_a_finite_space_knows_its_size():
    finite = {
        "a": {"_type": "choice", "_value": [1, 2]},
        "b": {"_type": "randint", "_value": [0, 5]},
    }
    assert Space.parse(finite).size == 10
    assert Space.parse(SPACE).size is None


def test_configurations_are_plain_values():
    config = Space.parse(SPACE).sample(np.random.default_rng(0))
    assert json.loads(json.dumps(config)) == config


@pytest.mark.parametrize(
    ("space", "said"),
    [
        ({}, "is empty"),
        ({"x": {"_type": "choice", "_value": []}}, "at least one value"),
        ({"x": {"_type": "choice", "_value": [{"_name": "a"}, 1]}}, r"\['a', 1\]} and each"),
        ({"x": {"_type": "quniform", "_value": [0, 1, 0]}}, "the step of quniform is 0"),
        ({"x": {"_type": "normal", "_value": [0, 0]}}, "standard deviation is 0"),
        ({"x": {"_type": "randint", "_value": [0, 1.5]}}, "whole numbers"),
        ({"x": {"_type": "uniform", "_value": [0, float("nan")]}}, "takes 2 numbers"),
        ({"x": {"_type": "uniform", "_value": "0 1"}}, "must be a list"),
    ],
)
def test_what_is_no_space_is_told(space: dict, said: str):
    with pytest.raises(BadSpace, match=said):
        Space.parse(space)


def test_what_is_not_in_the_space_is_told():
    space = Space.parse(SPACE)
    config = space.sample(np.random.default_rng(0))
    with pytest.raises(BadSpace, match="lacks lr"):
        space.encode({name: value for name, value in config.items() if name != "lr"})
    with pytest.raises(BadSpace, match="loss='hinge' is not one of"):
        space.encode({**config, "loss": "hinge"})
    with pytest.raises(BadSpace, match="lr='fast' is not a number"):
        space.encode({**config, "lr": "fast"})
