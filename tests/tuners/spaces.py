"""Legal search spaces and the lives of searches in them, drawn by hypothesis."""

import json
import math
from typing import Any

from hypothesis import strategies as st

from aerial_nni.tuners.space import Space

FINITE = {"allow_nan": False, "allow_infinity": False}
EXTREMES = [-1.7e308, -1e308, -1.0, -1e-320, 0.0, 5e-324, 1e-320, 0.1 + 0.2, 1.0, 1e15, 1e308]
RESULTS = st.one_of(
    st.floats(-10, 10),
    st.sampled_from([*EXTREMES, 1.7e308, math.nan, math.inf, -math.inf, 10**400, "oops", None]),
)
"""What a trial reports; much of it is no result."""


def numbers(low: float = -1e308) -> st.SearchStrategy[float]:
    return st.one_of(
        st.integers(-20, 20),
        st.floats(-1e3, 1e3),
        st.sampled_from(EXTREMES),
        st.floats(-1e308, 1e308, **FINITE),
    ).filter(lambda number: number >= low)


@st.composite
def bounds(draw: st.DrawFn, *, low: float = -1e308) -> list[float]:
    """Two that are not too near each other for numbers between them."""
    start, end = sorted([draw(numbers(low)), draw(numbers(low))])
    near = end / 2 - start / 2 <= 1e-9 * max(abs(start), abs(end))
    return [start, start + max(abs(start) / 2, 1.0) if near else end]


@st.composite
def parameters(draw: st.DrawFn) -> dict[str, Any]:
    """One legal parameter of any kind."""
    kind = draw(
        st.sampled_from(["choice", "randint", "uniform", "loguniform", "normal", "lognormal"])
    )
    if kind == "choice":
        values = st.sampled_from(
            [True, False, 1, 1.5, 0, "1", "a", None, [1, 2], [1, "2"], {"a": 1.0}, 16.0, 1e-4, 1e22]
        )
        listed = st.lists(values, min_size=1, max_size=6, unique_by=lambda v: json.dumps(v))
        return {"_type": kind, "_value": draw(listed)}
    if kind == "randint":
        low = draw(st.integers(-(2**40), 2**40) | st.integers(-3, 3))
        return {"_type": kind, "_value": [low, low + draw(st.integers(1, 6) | st.just(2**40))]}
    if kind == "uniform":
        value = draw(bounds())
    elif kind == "loguniform":
        value = draw(bounds(low=5e-324))
    elif kind == "normal":
        value = [draw(st.floats(-1e6, 1e6)), draw(st.floats(1e-2, 1e300))]
    else:
        value = [draw(st.floats(-50, 50)), draw(st.floats(1e-3, 100))]
    if draw(st.booleans()):
        span = max(value[1] / 2 - value[0] / 2, 5e-324)
        steps = st.sampled_from(
            [span * 2, span * 3 if span < 1e307 else span, max(span / 3, 5e-324), 0.1, 1e-320]
        )
        step = draw(st.one_of(steps, st.floats(5e-324, 1e308)))
        return {"_type": f"q{kind}", "_value": [*value, step]}
    return {"_type": kind, "_value": value}


SPACES = st.dictionaries(st.sampled_from("abc"), parameters(), min_size=1, max_size=3)


def through_node(value: Any) -> Any:
    """Parameters as they come back from NNI's server, whose numbers are JavaScript's."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return int(value)
    if isinstance(value, dict):
        return {name: through_node(one) for name, one in value.items()}
    return [through_node(one) for one in value] if isinstance(value, list) else value


def outside(space: Space, config: dict[str, Any], how: int) -> dict[str, Any]:
    """A configuration that does not lie in the space, made from one that does."""
    name = space.names[how % len(space.names)]
    parameter = space.parameters[how % len(space.names)]
    kinds: list[dict[str, Any]] = [
        {key: value for key, value in config.items() if key != name},
        {**config, "unknown": 1},
        {**config, name: "oops"},
        {**config, name: [config[name], "other"]},
        {**config, name: math.nan},
    ]
    if not parameter.values and parameter.type.endswith("uniform"):
        kinds += [{**config, name: parameter.low - 1 - abs(parameter.low)}] * 2
    return kinds[how % len(kinds)]
