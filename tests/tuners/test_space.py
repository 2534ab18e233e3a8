"""The unit cube against NNI's own definitions of a search space."""

import itertools
import json
import math

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


def test_a_number_between_those_of_a_range_has_its_share():
    own = parameter("randint", 3, 6)
    found = [own.share_below(number) for number in (-9, 2.5, 3, 4, 4.75, 5.5, 99)]
    assert found == pytest.approx([0, 0, 1 / 6, 1 / 2, 3 / 4, 1, 1])


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


@pytest.mark.parametrize(
    ("own", "levels"),
    [
        (parameter("choice", True, 1, "1"), [True, 1, "1"]),
        (parameter("randint", 3, 6), [3, 4, 5]),
        (parameter("randint", -1, 0), [-1]),
        (parameter("quniform", 0, 0.5, 0.1), [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]),
        (parameter("quniform", 0.25, 0.6, 0.1), [0.25, 0.35, 0.45, 0.55]),
        (parameter("quniform", 0, 0.8 - 1e-16, 0.2), [0.0, 0.2, 0.4, 0.6, 0.8 - 1e-16]),
        (parameter("quniform", 0.1 + 0.2, 0.6, 0.1), [0.1 + 0.2, 0.4, 0.5, 0.6]),
        (parameter("quniform", 2, 3, 7), [2.0]),
        (parameter("quniform", -1e308, 1e308, 1e308), [-1e308, 0.0, 1e308]),
        (parameter("qloguniform", 0.001, 0.1, 0.03), [0.001, 0.031, 0.061, 0.091]),
        (parameter("qloguniform", 0.001, 0.004, 0.001), [0.001, 0.002, 0.003, 0.004]),
        (parameter("qloguniform", 5, 6, 10), [5.0]),
        (parameter("qnormal", 1, 1, 2), [-4.0, -2.0, 0.0, 2.0, 4.0, 6.0]),
        (parameter("qnormal", 0, 1, 100), [0.0]),
        (parameter("qlognormal", 0, 0.3, 1.5), [0.0, 1.5, 3.0, 4.5]),
    ],
)
def test_the_levels_of_a_parameter(own: Parameter, levels: list):
    assert own.levels == len(levels)
    values = [own.value(place) for place in range(own.levels)]
    assert [(type(v), v) for v in values] == [(type(v), v) for v in levels]
    units = [own.unit(place) for place in range(own.levels)]
    assert units == sorted(set(units)) and 0 <= units[0] and units[-1] <= 1
    assert [own.at(unit) for unit in units] == list(range(own.levels))
    assert [own.place(json.loads(json.dumps(value))) for value in values] == list(range(own.levels))
    assert {own.at(unit) for unit in np.linspace(0, 1, 999)} == set(range(own.levels))


@pytest.mark.parametrize("low", [-1e308, 0.0, 1e-320, 0.1 + 0.2, 1.0, 1e300])
@pytest.mark.parametrize("log", ["", "log"])
def test_every_value_lies_within_the_bounds(low: float, log: str):
    widths = [math.ulp(low), 5e-324, 1e-300, 1e-12, 0.7, 1e12, 1e308]
    steps = [0.0, 5e-324, 1e-200, 1e-13, 0.1, 1 / 3, 1e15, 1.7e308]
    for width, step in itertools.product(widths, steps):
        if low + width > low and not (log and low <= 0):
            look_at_the_range(low, low + width, step, log)


def look_at_the_range(low: float, high: float, step: float, log: str) -> None:
    kind, q = ("q", [step]) if step else ("", [])
    own = parameter(f"{kind}{log}uniform", low, high, *q)
    for unit in [0, 1e-9, 0.3, 0.5, 1 - 1e-9, 1]:
        value = own.from_unit(unit)
        assert low <= value <= high and 0 <= own.snap(unit) <= 1
        assert own.value(own.place(value)) == value
    if own.levels is not None:
        assert own.value(0) == low and high - own.value(own.levels - 1) <= step
        assert own.value(own.levels - 1) > own.value(max(own.levels - 2, 0)) or own.levels == 1


@pytest.mark.parametrize(
    ("own", "unit", "value"),
    [
        (parameter("uniform", 0, 1), 1 / 3, 0.333333333333),
        (parameter("uniform", 1, 2), 1 / 3, 1.33333333333),
        (parameter("uniform", -1e308, 1e308), 1 / 3, -3.33333333333e307),
        (parameter("loguniform", 1e-4, 1), 1 / 3, 0.00215443469003),
        (parameter("normal", 0, 1), 0.975, 1.95996398454),
        (parameter("lognormal", 0, 1), 0.975, 7.09907138423),
        (parameter("uniform", 1, 1 + 1e-11), 1 / 4, 1 + 1e-11 / 4),  # of twelve digits, 1
    ],
)
def test_a_number_has_twelve_digits_unless_the_range_is_too_narrow(own, unit, value):
    assert own.from_unit(unit) == value


def test_a_value_is_known_however_it_is_written():
    grid = parameter("quniform", 0, 1, 0.1)
    assert grid.place(0.30000000000000004) == grid.place(0.3) == 3
    assert grid.place(1) == grid.place(1.0) == 10
    assert parameter("lognormal", 0, 1).place(0.5) == 0.5
    assert parameter("choice", 8, 16.0).place(16) == 1
    assert parameter("choice", 1, True).place(True) == 1
    assert parameter("choice", {"a": [1.0, None]}, 2).place({"a": [1, None]}) == 0


@pytest.mark.parametrize(
    ("own", "value"),
    [
        (parameter("choice", 1, 2), True),
        (parameter("choice", "1", 2), 1),
        (parameter("randint", 0, 5), 5),
        (parameter("randint", 0, 5), 2.5),
        (parameter("randint", 0, 5), True),
        (parameter("uniform", 0, 1), 1.5),
        (parameter("uniform", 0, 1), -1e-9),
        (parameter("uniform", 0, 1), "0.5"),
        (parameter("uniform", 0, 1), math.nan),
        (parameter("uniform", 0, 1), 10**400),
        (parameter("loguniform", 1e-4, 1), 0),
        (parameter("quniform", 0, 1, 0.1), 0.25),
        (parameter("quniform", 0, 0.95, 0.1), 0.95),
        (parameter("qloguniform", 0.001, 0.1, 0.01), 0.01),
        (parameter("lognormal", 0, 1), 0),
        (parameter("qlognormal", 0, 1, 0.5), -0.5),
        (parameter("qnormal", 0, 1, 0.5), 0.3),
        (parameter("normal", 0, 1), math.inf),
    ],
)
def test_what_lies_outside_is_refused_and_not_clipped(own: Parameter, value: object):
    with pytest.raises(BadSpace, match=f"x={value}|x='{value}'"):
        own.place(value)
    if isinstance(value, int | float):
        with pytest.raises(BadSpace):
            own.to_unit(value)


def test_multiples_of_a_normal_step_beyond_the_suggested_ones_are_values_too():
    for kind, low in (("qnormal", -30), ("qlognormal", 0)):
        own = parameter(kind, 0, 0.3, 1.5)
        assert own.levels is not None
        for value in range(low, 3000, 30):
            place = own.place(value)
            assert place * 1.5 == value - own.value(0) and own.value(place) == value


@pytest.mark.parametrize(
    ("high", "levels"),
    [(0, "0"), (0.5, "0, 0.5"), (1, "0, 0.5, 1"), (1.5, "0, 0.5, …, 1.5"), (9, "0, 0.5, …, 9")],
)
def test_the_levels_are_said_in_short(high: float, levels: str):
    own = parameter("quniform", 0, high or 0.1, 0.5)
    with pytest.raises(BadSpace) as caught:
        own.place(0.3)
    assert str(caught.value) == f"x=0.3 is not one of {levels}"


def test_every_type_has_its_kind_and_its_scale():
    parameters = {p.name: p for p in Space.parse(SPACE).parameters}
    kinds = {name: parameter.kind for name, parameter in parameters.items()}
    numbers = {"lr", "decay", "dropout", "scale", "noise", "spread", "gain", "gains"}
    others = {"width": "integer", "loss": "categorical", "batch": "ordinal", "flags": "categorical"}
    assert kinds == {**dict.fromkeys(numbers, "float"), **others}
    assert {name for name in parameters if parameters[name].log} == {"lr", "decay", "gain", "gains"}


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
        ({"x": {"_type": "randint", "_value": [0.5, 2]}}, "whole numbers"),
        ({"x": {"_type": "randint", "_value": [-(2**53) - 2, 2]}}, "at most"),
        ({"x": {"_type": "loguniform", "_value": [0, 1]}}, "needs bounds above 0, not 0"),
        ({"x": {"_type": "qloguniform", "_value": [-1, 1, 0.5]}}, "above 0, not -1"),
        ({"x": {"_type": "uniform", "_value": [0, 1, 2]}}, "takes 2 numbers"),
        ({"x": {"_type": "quniform", "_value": [0, 1]}}, "takes 3 numbers"),
        ({"x": {"_type": "qnormal", "_value": [0, 1, -1]}}, "the step of qnormal is -1"),
        ({"x": {"_type": "normal", "_value": [0, -1]}}, "standard deviation is -1"),
        ({"x": {"_type": "uniform", "_value": [0, float("nan")]}}, "takes 2 numbers"),
        ({"x": {"_type": "uniform", "_value": "0 1"}}, "must be a list"),
        ({"x": {"_type": "uniform", "_value": [False, 1]}}, r"2 numbers, not \[False, 1\]"),
        ({"x": {"_type": "uniform", "_value": [0, 10**400]}}, "takes 2 numbers"),
        ({"x": {"_type": "uniform", "_value": ["0", 1]}}, "takes 2 numbers"),
        ({"x": {"_type": "uniform", "_value": [1, 1]}}, "1 is not below 1"),
        ({"x": {"_type": "randint", "_value": [0, 2**60]}}, r"2\*\*53 = 9007199254740992 at most"),
        ({"x": {"_type": "normal", "_value": [1e308, 1e308]}}, "no number can hold"),
        ({"x": {"_type": "lognormal", "_value": [800, 1]}}, "no number can hold"),
        ({"x": {"_type": "lognormal", "_value": [-800, 1]}}, "no number can hold"),
        ({"x": {"_type": "choice", "_value": [1, 1.0]}}, "a value stands twice"),
        ({"x": {"_type": "choice", "_value": [[1], [1.0]]}}, "a value stands twice"),
        ({"x": {"_type": "choice", "_value": [2**60]}}, "no number that JSON keeps"),
        ({"x": {"_type": "choice", "_value": [float("inf")]}}, "no number that JSON keeps"),
        ({"x": {"_type": "choice", "_value": [{1: 2}]}}, "the key 1 in a value is no text"),
        ({"x": {"_type": "choice", "_value": [{1, 2}]}}, "is a set, which JSON has not"),
        ({1: {"_type": "uniform", "_value": [0, 1]}}, "1 is no name"),
    ],
)
def test_what_is_no_space_is_told(space: dict, said: str):
    with pytest.raises(BadSpace, match=said):
        Space.parse(space)


def test_a_whole_number_goes_as_far_as_json_keeps_it():
    own = parameter("randint", -(2**53), 2**53)
    assert (own.value(0), own.levels) == (-(2**53), 2**54)


def test_what_is_not_in_the_space_is_told():
    space = Space.parse(SPACE)
    config = space.sample(np.random.default_rng(0))
    with pytest.raises(BadSpace, match="lacks lr"):
        space.encode({name: value for name, value in config.items() if name != "lr"})
    with pytest.raises(BadSpace, match="loss='hinge' is not one of"):
        space.encode({**config, "loss": "hinge"})
    with pytest.raises(BadSpace, match="lr='fast' is not a number"):
        space.encode({**config, "lr": "fast"})
