"""SMAC: its forest and criterion against SMAC3's own, and that it is ahead of random search."""

import logging
import math
import os
import random
import sys
from pathlib import Path

import numpy as np
import pytest
from ahead import share_won
from branin import BRANIN, branin
from ConfigSpace import ConfigurationSpace
from contract import SMALL, TunerContract
from smac.acquisition.function.expected_improvement import EI
from smac.model.random_forest.random_forest import RandomForest

from aerial_nni.tuners import smac
from aerial_nni.tuners.encoding import Coordinates
from aerial_nni.tuners.smac import (
    SMACTuner,
    TunerUnavailable,
    expected_improvement,
    grow,
    log_scaled,
)
from aerial_nni.tuners.tuner import BadTuner


class TestSMAC(TunerContract):
    tuner_class = SMACTuner

    def test_keeps_away_from_failures(self):
        """Trials fail in the left half, and the score says nothing else."""
        tuner = self.make({"x": SMALL["x"]}, trials=30, random_share=0.0)
        xs = []
        for number in range(30):
            xs.append(tuner.generate_parameters(number)["x"])
            if xs[-1] < 0.5:
                tuner.trial_end(number, False)
            else:
                tuner.receive_trial_result(number, {"x": xs[-1]}, xs[-1])
        assert np.mean(np.array(xs[10:]) >= 0.5) > 0.85

    def test_concurrent_trials_are_not_in_one_place(self):
        tuner = self.make(BRANIN, optimize_mode="minimize", random_share=0.0)
        for number in range(12):
            config = tuner.generate_parameters(number)
            tuner.receive_trial_result(number, config, branin(config))
        waiting = [tuner.space.encode(tuner.generate_parameters(n)) for n in range(12, 18)]
        apart = [math.dist(a, b) for i, a in enumerate(waiting) for b in waiting[:i]]
        assert min(apart) > 1e-3

    def test_a_share_is_drawn_at_random(self):
        tuner = self.make(SMALL, random_share=1.0)
        self.run(tuner, 8)
        expected = np.random.default_rng(3)
        expected.random()
        assert np.array_equal(tuner.propose(np.random.default_rng(3)), expected.random(2))

    def test_leaves_no_trace(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        capfd: pytest.CaptureFixture[str],
    ):
        """No file, no line of output, no global seed."""
        monkeypatch.chdir(tmp_path)
        before = random.getstate(), np.random.get_state()[1].tolist()
        with caplog.at_level(logging.DEBUG):
            self.run(self.make(SMALL), 8)
        assert (random.getstate(), np.random.get_state()[1].tolist()) == before
        assert not os.listdir(tmp_path)
        assert not caplog.records
        assert capfd.readouterr() == ("", "")


def test_every_trial_has_a_forest_of_its_own(monkeypatch: pytest.MonkeyPatch):
    seeds: list[int] = []

    class Enough(Exception):
        pass

    def noted(units: np.ndarray, targets: np.ndarray, *, seed: int) -> None:
        seeds.append(seed)
        raise Enough

    monkeypatch.setattr(smac, "grow", noted)
    tuner = SMACTuner(random_share=0.0)
    tuner.update_search_space(SMALL)
    tuner.import_data([{"parameter": {"x": 0.5, "k": 1}, "value": 1.0}])
    for seed in range(50):
        with pytest.raises(Enough):
            tuner.propose(np.random.default_rng(seed))
    assert len(set(seeds)) == 50 and 2**30 < max(seeds) < 2**31


@pytest.fixture
def trials() -> tuple[np.ndarray, np.ndarray]:
    """Points (40, 3) and log losses."""
    units = np.random.default_rng(0).random((40, 3))
    return units, log_scaled((units[:, 0] - 0.4) ** 2 + 0.1 * units[:, 1])


def test_the_forest_is_smac3s(trials: tuple[np.ndarray, np.ndarray]):
    """As its facade for hyper-parameters builds it, but for the limit of leaves."""
    units, targets = trials
    space = ConfigurationSpace({name: (0.0, 1.0) for name in "abc"})
    theirs = RandomForest(
        space, n_trees=10, ratio_features=1.0, min_samples_split=2, min_samples_leaf=1,
        max_depth=2**20, max_leaf_nodes=2**12, bootstrapping=True, log_y=True, seed=5,
    ).train(units, targets[:, None])  # fmt: skip
    points = np.random.default_rng(1).random((100, 3))
    for own, other in zip(
        grow(units, targets, seed=5).predict_marginalized(points),
        theirs.predict_marginalized(points),
        strict=True,
    ):
        assert np.array_equal(own, other)


def test_the_criterion_is_smac3s(trials: tuple[np.ndarray, np.ndarray]):
    units, targets = trials
    forest = grow(units, targets, seed=0)
    best = float(forest.predict_marginalized(units)[0].min())
    theirs = EI(log=True)
    theirs.update(model=forest, eta=best)
    points = np.random.default_rng(1).random((200, 3))
    own = expected_improvement(forest, points, best)
    assert own == pytest.approx(theirs._compute(points)[:, 0], abs=1e-12)
    assert own.max() > 0


def test_losses_on_the_logarithm():
    losses = np.array([3.0, 1.0, 2.0, 11.0])
    scaled = log_scaled(losses)
    assert np.array_equal(np.argsort(scaled), np.argsort(losses))
    assert scaled.max() == 0
    assert scaled[2] - scaled[1] > 2 * (scaled[0] - scaled[2])  # differences among good ones
    assert log_scaled(10 * losses - 7) == pytest.approx(scaled)
    assert log_scaled(np.full(3, 4.0)).tolist() == [0, 0, 0]
    assert np.isfinite(log_scaled(np.array([0.0] * 30 + [1.0]))).all()


def test_walks_come_nearer_to_the_top_than_random_points(monkeypatch: pytest.MonkeyPatch):
    class Bowl:
        def predict_marginalized(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            mean = ((points - 0.3) ** 2).sum(axis=1)[:, None]
            return mean, np.full_like(mean, 1e-4)

    monkeypatch.setattr(smac, "SPREAD", 50)
    coordinates = Coordinates(np.zeros(4, dtype=bool), (None,) * 4)
    units, draw = np.random.default_rng(0).random((5, 4)), np.random.default_rng(1)
    point = smac._most_promising(Bowl(), coordinates, units, draw)
    assert np.abs(point - 0.3).max() < 0.02


def test_neighbours_differ_in_one_coordinate():
    coordinates = Coordinates(np.array([False, True]), (None, np.array([0.25, 0.75])))
    places = np.array([[0.5, 0.25], [0.99, 0.75]])
    points = smac._neighbours(places, coordinates, np.random.default_rng(0))
    moved = points != np.repeat(places, smac.NEIGHBOURS, axis=0)
    assert points.shape == (64, 2) and (moved.sum(axis=1) <= 1).all() and moved.any(axis=0).all()
    assert points.min() >= 0 and points.max() <= 1
    steps = np.abs(points[:32, 0] - 0.5)[moved[:32, 0]]
    assert 0.001 < np.median(steps) < 0.15


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_that_makes_no_sense_is_refused(share: float):
    with pytest.raises(BadTuner, match="random_share"):
        SMACTuner(random_share=share)


def test_without_smac3_it_says_what_to_type(monkeypatch: pytest.MonkeyPatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "smac"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(smac.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(TunerUnavailable, match=r"pip install 'smac>=2\.4,<3'"):
        SMACTuner()


@pytest.mark.long
@pytest.mark.parametrize("problem", ["branin", "mixed"])
def test_it_is_ahead_of_random_search(problem: str):
    assert share_won(SMACTuner, problem, seeds=6, trials=40) > 0.6
