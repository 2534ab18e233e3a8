"""Where a search begins, and what comes in place of what was tried, against counting by hand."""

import itertools

import numpy as np
import pytest

from aerial_nni.tuners import initial_design
from aerial_nni.tuners.initial_design import in_order, latin_hypercube, startup_count, untried_near
from aerial_nni.tuners.space import Space

SMALL = Space.parse(
    {
        "k": {"_type": "randint", "_value": [0, 7]},
        "c": {"_type": "choice", "_value": ["p", "q", "r"]},
        "q": {"_type": "quniform", "_value": [1, 3, 0.5]},
    }
)
WIDE = Space.parse({name: {"_type": "uniform", "_value": [0, 1]} for name in "abcdef"})


@pytest.mark.parametrize(
    ("dimensions", "budget", "count"),
    [(1, None, 5), (4, None, 8), (4, 100, 8), (4, 38, 7), (4, 25, 5), (4, 20, 5), (4, 10, 5),
     (4, 9, 4), (4, 2, 1), (4, 1, 1), (30, 100, 20), (1, 100, 5)],
)  # fmt: skip
def test_the_startup_is_twice_the_dimensions_within_the_budget(dimensions, budget, count):
    assert startup_count(dimensions, budget) == count


def test_a_design_has_one_point_in_each_part_of_every_coordinate():
    points = latin_hypercube(50, 4, seed=1)
    cells = np.floor(points * 50).astype(int)
    assert points.shape == (50, 4) and (np.sort(cells, axis=0) == np.arange(50)[:, None]).all()
    within = points * 50 - cells
    assert 0.4 < within.mean() < 0.6 and within.std() == pytest.approx(12**-0.5, abs=0.05)
    assert len(np.unique(within.round(9))) == 200  # each by its own draw
    assert all((cells[:, i] != cells[:, j]).any() for i, j in itertools.combinations(range(4), 2))
    np.testing.assert_array_equal(points, latin_hypercube(50, 4, seed=1))
    assert not np.isclose(points, latin_hypercube(50, 4, seed=2)).any()
    assert not np.isclose(points[:, :3], latin_hypercube(50, 3, seed=1)).any()


def test_the_order_is_that_of_the_levels_from_any_beginning():
    every = list(in_order(SMALL))
    assert every == list(itertools.product(range(7), range(3), range(5)))
    assert list(in_order(SMALL, first=100)) == every[100:]
    assert list(in_order(WIDE)) == []  # a continuum has no levels


@pytest.mark.parametrize(
    ("kind", "bounds", "cuts", "wanted"),
    [
        ("uniform", [2, 4], 5, [2, 2.5, 3, 3.5, 4]),
        ("uniform", [2, 4], 2, [2, 4]),
        ("uniform", [2, 4], 1, [3]),
        ("loguniform", [0.01, 1], 3, [0.01, 0.1, 1]),
        ("normal", [1, 2], 1, [1]),
        ("normal", [0, 1], 2, [-0.674489750196, 0.674489750196]),
    ],
)
def test_a_continuum_is_cut_from_end_to_end_or_into_equal_shares(kind, bounds, cuts, wanted):
    space = Space.parse({"x": {"_type": kind, "_value": bounds}})
    assert [place for (place,) in in_order(space, cuts=cuts)] == pytest.approx(wanted)


def test_of_a_small_space_the_nearest_untried_comes_next():
    draw = np.random.default_rng(0)
    units = {places: SMALL.units(places) for places in in_order(SMALL)}
    tried: set = set()
    for _ in range(len(units)):
        unit = draw.random(3)
        found = untried_near(SMALL, unit, tried, draw)
        left = {places: ((at - unit) ** 2).sum() for places, at in units.items()}
        if SMALL.at(unit) not in tried:
            assert found == SMALL.at(unit)
        else:
            nearest = min(left[places] for places in left if places not in tried)
            assert found not in tried and left[found] == pytest.approx(nearest)
        tried.add(found)
    assert untried_near(SMALL, unit, tried, draw) is None


class Noted(set):
    """Says that everything was tried, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple] = []

    def __contains__(self, places: object) -> bool:
        assert isinstance(places, tuple)
        self.asked.append(places)
        return True


@pytest.mark.parametrize("unit", [0.0, 0.5, 1.0])
def test_in_a_larger_space_draws_go_from_near_to_everywhere(unit: float):
    tried = Noted()
    assert untried_near(WIDE, np.full(6, unit), tried, np.random.default_rng(0)) is None
    first, draws = tried.asked[0], np.array(tried.asked[1:])
    assert first == (unit,) * 6 and len(draws) == initial_design.TRIES == 256
    assert (draws >= 0).all() and (draws <= 1).all()
    away = np.abs(draws - unit)
    assert 0.01 < np.median(away[:20]) < 0.02 and away[:20].max() < 0.1
    assert np.median(away[108:148]) == pytest.approx(0.67 * 0.02 * 50**0.5, rel=0.5)
    assert away[-20:].max() > 0.45 and away[-20:].std() > 0.1
    clipped, mirrored = draws[0::2], draws[1::2]
    assert ((clipped == 0) | (clipped == 1)).any() and not ((mirrored == 0) | (mirrored == 1)).any()
    assert all(len(set(point)) == 6 for point in mirrored)  # each coordinate by its own draw


def test_what_lies_beyond_a_border_is_mirrored():
    tried = Noted()
    untried_near(WIDE, np.zeros(6), tried, np.random.default_rng(0))
    again = np.random.default_rng(0)
    for attempt, places in enumerate(tried.asked[1:21]):
        point = 0.02 * 50 ** (attempt / 256) * again.normal(size=6)
        wanted = np.abs(point) if attempt % 2 else np.maximum(point, 0)
        assert places == pytest.approx(wanted, abs=1e-11)


def test_an_untried_place_near_by_is_taken():
    unit = np.full(6, 0.5)
    found = untried_near(WIDE, unit, {WIDE.at(unit)}, np.random.default_rng(0))
    assert found is not None and 0 < np.abs(np.array(found) - 0.5).max() < 0.1


def test_where_all_draws_were_tried_the_first_in_order_is_taken(monkeypatch):
    monkeypatch.setattr(initial_design, "ENUMERATED", 0)
    monkeypatch.setattr(initial_design, "TRIES", 0)
    every, draw = list(in_order(SMALL)), np.random.default_rng(0)
    unit = SMALL.units(every[0])
    assert untried_near(SMALL, unit, set(every[:40]), draw) == every[40]
    assert untried_near(SMALL, unit, set(every), draw) is None
