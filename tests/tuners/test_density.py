"""The densities of good and bad trials."""

from collections import Counter

import numpy as np
import pytest
from scipy.integrate import trapezoid

from aerial_nni.tuners.density import NARROWEST, cell_edges, fit, parzen
from aerial_nni.tuners.space import Space

SPACE = Space.parse(
    {
        "x": {"_type": "uniform", "_value": [0.0, 1.0]},
        "k": {"_type": "randint", "_value": [0, 5]},
        "q": {"_type": "quniform", "_value": [0.0, 1.0, 0.25]},
        "c": {"_type": "choice", "_value": ["a", "b", "c"]},
        "n": {"_type": "normal", "_value": [0.0, 1.0]},
    }
)
GENERATOR = np.random.default_rng(0)
POINTS = np.array([SPACE.snap(point) for point in GENERATOR.random((12, 5))])
LEVELS = {1: 5, 2: 5, 3: 3}


@pytest.mark.parametrize("index", range(5))
def test_every_marginal_adds_up_to_one(index: int):
    density = parzen(SPACE, POINTS)
    if index in LEVELS:
        parameter = SPACE.parameters[index]
        units = np.unique([parameter.snap(unit) for unit in np.linspace(0, 1, 100)])
        assert len(units) == LEVELS[index]
        assert density.marginal(index, units).sum() == pytest.approx(1)
    else:
        grid = np.linspace(0, 1, 2001)
        assert trapezoid(density.marginal(index, grid), grid) == pytest.approx(1, abs=1e-3)


def test_the_joint_density_of_one_coordinate_is_its_marginal():
    space = Space(SPACE.parameters[:1])
    density = parzen(space, POINTS[:, :1])
    grid = np.linspace(0, 1, 50)
    assert np.exp(density.log(grid[:, None])) == pytest.approx(density.marginal(0, grid))


@pytest.mark.parametrize("index", range(5))
def test_draws_follow_the_density(index: int):
    density = parzen(SPACE, POINTS[:5])
    draws = density.sample(4000, np.random.default_rng(1))[:, index]
    assert draws.min() >= 0 and draws.max() <= 1
    edges = np.linspace(0, 1, 6)
    if index in LEVELS:
        parameter = SPACE.parameters[index]
        counted = Counter(parameter.snap(unit) for unit in draws)
        units = np.array(sorted(counted))
        shares = np.array([counted[unit] / len(draws) for unit in units])
        assert shares == pytest.approx(density.marginal(index, units), abs=0.03)
    else:
        shares = np.histogram(draws, edges)[0] / len(draws)
        grid = np.linspace(0, 1, 2001)
        values = density.marginal(index, grid)
        wanted = [trapezoid(values[a : a + 401], grid[a : a + 401]) for a in range(0, 2000, 400)]
        assert shares == pytest.approx(wanted, abs=0.03)


def test_the_cells_of_a_number_with_few_values():
    assert cell_edges(SPACE.parameters[1]) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert cell_edges(SPACE.parameters[2]) == pytest.approx([0, 0.125, 0.375, 0.625, 0.875, 1.0])


def test_without_points_the_density_is_uniform():
    density = parzen(SPACE, np.empty((0, 5)))
    assert density.log(POINTS) == pytest.approx(np.log(1 / 5 / 4 / 3 * np.ones(12)), abs=1.0)
    assert density.sample(7, GENERATOR).shape == (7, 5)


def test_the_ratio_tells_good_points_from_bad_ones():
    losses = np.abs(POINTS[:, 0] - 0.2)
    ratio = fit(SPACE, POINTS, losses, share=0.25, pending=np.empty((0, 5)))
    order = np.argsort(losses)
    assert ratio.log(POINTS[order[:3]]).min() > ratio.log(POINTS[order[3:]]).max()
    assert len(ratio.good.centres) == 3 and len(ratio.bad.centres) == 9


def test_pending_points_count_as_bad_ones():
    losses = np.arange(12.0)
    pending = POINTS[:1] + 1e-9
    without = fit(SPACE, POINTS, losses, share=0.25, pending=pending[:0])
    beside = fit(SPACE, POINTS, losses, share=0.25, pending=pending)
    assert beside.log(pending) < without.log(pending)


def test_the_worst_of_several_losses_is_never_good():
    ratio = fit(SPACE, POINTS, np.array([1.0, *[9.0] * 11]), share=0.4, pending=POINTS[:0])
    assert len(ratio.good.centres) == 1


def test_the_best_draw_is_a_value_of_the_space():
    ratio = fit(SPACE, POINTS, np.arange(12.0), share=0.25, pending=POINTS[:0])
    point = ratio.best_of(24, np.random.default_rng(2))
    assert point == pytest.approx(SPACE.snap(point))


@pytest.mark.parametrize(
    ("centres", "widths"),
    [
        ([0.7], [0.7]),
        ([0.2], [0.8]),
        ([0.5, 0.2], [0.3, 0.3]),
        ([0.6, 0.1, 0.2], [0.4, 0.1, 0.4]),
        ([0.4, 0.9, 0.5, 0.45], [0.05, 0.4, 0.4, 0.05]),
    ],
)
def test_a_kernel_reaches_as_far_as_the_farther_neighbour(centres: list, widths: list):
    density = parzen(Space(SPACE.parameters[:1]), np.array(centres)[:, None])
    assert density.widths.ravel() == pytest.approx(np.maximum(widths, NARROWEST))
    assert density.mixing == pytest.approx(1 / (1 + len(centres)))
