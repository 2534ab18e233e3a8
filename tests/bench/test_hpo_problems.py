"""What the benchmark of tuners minimises: least values, spaces and learning curves are right."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from aerial_nni.bench import hpo_task
from aerial_nni.bench.hpo_problems import EPOCHS, FUNCTIONS
from aerial_nni.config.options import BadOption
from aerial_nni.data.datasets.scenes import open_scenes
from aerial_nni.tuners.space import Space

BEST = {
    "branin": {"x1": np.pi, "x2": 2.275},
    "hartmann6": dict(
        zip(
            ("x1", "x2", "x3", "x4", "x5", "x6"),
            (0.20168951, 0.15001069, 0.47687398, 0.27533243, 0.31165162, 0.65730053),
            strict=True,
        )
    ),
    "branin-mixed": {"rate": 10 ** ((5 - 3.079165148) / 15 * 4 - 4), "steps": 12, "view": "plain"},
    "hartmann6-mixed": {
        "a": 0.1981981301,
        "b": 0.15,
        "c": 0.4820954337,
        "d": 5,
        "e": 10 ** (3 * (0.3129494406 - 1)),
        "f": "fir",
    },
    "func-2c": {"first": "camel", "second": "camel", "x": 0.04492101, "y": -0.3563282},
    "training": {
        "lr": 1e-3,
        "weight_decay": 1e-3,
        "width": 64,
        "depth": 4,
        "dropout": 0.2,
        "optimizer": "adamw",
    },
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_nothing_is_below_the_least_value(name: str):
    problem = FUNCTIONS[name]
    assert problem.loss(BEST[name]) == pytest.approx(problem.optimum, abs=1e-9)
    space = Space.parse(problem.space)
    generator = np.random.default_rng(0)
    around = space.encode(BEST[name]) + 0.05 * generator.normal(size=(300, len(space.names)))
    near = [space.decode(unit) for unit in around]
    assert min(map(problem.loss, [*problem.some(300), *near])) >= problem.optimum - 1e-9


@pytest.mark.parametrize("name", FUNCTIONS)
def test_early_losses_rank_configurations_roughly(name: str):
    problem = FUNCTIONS[name]
    curves = [problem.start(config) for config in problem.some(200)]
    final = [after(EPOCHS) for after in curves]
    ranks = [spearmanr([after(epochs) for after in curves], final)[0] for epochs in (1, 9)]
    assert 0.3 < ranks[0] < ranks[1] < 1


def test_a_problem_is_known_by_its_values():
    prints = {problem.fingerprint() for problem in FUNCTIONS.values()}
    assert len(prints) == len(FUNCTIONS)
    assert FUNCTIONS["branin"].fingerprint() in prints


@pytest.fixture
def small_scenes(monkeypatch):
    scenes = open_scenes(areas=4, images_per_area=1, size=160)
    monkeypatch.setattr(hpo_task, "open_dataset", lambda data, data_dir: scenes)
    hpo_task.pixels.cache_clear()
    yield
    hpo_task.pixels.cache_clear()


def test_the_real_training_learns_goes_on_and_may_diverge(small_scenes):
    problem = hpo_task.pixel_problem("scenes", "")
    config = {**problem.some(1)[0], "lr": 3e-3, "batch": 128, "solver": "adam"}
    after = problem.start(config)
    first = after(1)
    assert after(4) == problem.start(config)(4)
    assert after(4) < first < hpo_task.WORST
    assert problem.start({**config, "lr": 1e30, "solver": "sgd"})(2) == hpo_task.WORST


def test_the_real_training_needs_areas_to_hold_out(monkeypatch):
    one = open_scenes(areas=1, images_per_area=1, size=64)
    monkeypatch.setattr(hpo_task, "open_dataset", lambda data, data_dir: one)
    with pytest.raises(BadOption, match="three are needed"):
        hpo_task.pixels.__wrapped__("scenes", "")
