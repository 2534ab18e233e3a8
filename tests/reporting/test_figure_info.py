"""What figures show, before it is drawn: the numbers are those of the result folder."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from comparisons import make_drone

from aerial_nni.recipes.baseline.report import network_stages
from aerial_nni.recipes.drone.report.pictures import presence_info, sweeps_info
from aerial_nni.recipes.drone.report.reading import read_flight
from aerial_nni.reporting.bars import class_scores_info, pixels_info
from aerial_nni.reporting.blocks import stage_costs_info
from aerial_nni.reporting.curves import history_info, learning_rate_info, precision_recall_info
from aerial_nni.reporting.folder import Experiment, read_experiment
from aerial_nni.reporting.group_comparison import Group, groups_info
from aerial_nni.reporting.matrix import confusion_info

Fabricate = Callable[..., Path]


@pytest.fixture(scope="session")
def experiment(fabricate_once: Fabricate) -> Experiment:
    return read_experiment(fabricate_once("figures0", seeds=(0, 1, 2), absent=1, examples=1))


def test_pixels_are_those_of_the_split(experiment: Experiment):
    trial = experiment.best
    parts = pixels_info(trial)
    counts = trial.metrics["split"]["pixels"]["train"]
    assert parts["train"].counts == tuple(counts[name] for name in trial.classes)
    assert sum(parts["train"].shares) == pytest.approx(1) == sum(parts["val"].shares)


def test_scores_of_classes_have_a_row_for_each_run(experiment: Experiment):
    found = class_scores_info(experiment.best_first)
    assert all(scores.shape == (3, 3) for scores in found.values())
    assert np.isnan(found["iou"][:, 1]).all() and np.isfinite(found["iou"][:, 0]).all()


def test_histories_begin_with_the_reported_run(experiment: Experiment):
    trials = experiment.best_first
    info = history_info(trials, ["train_loss", "val_loss"])
    assert info.kept == trials[0].metrics["epoch"] and len(info.longest) == 4
    for name, runs in info.columns.items():
        for values, trial in zip(runs, trials, strict=True):
            assert np.array_equal(values, trial.history[name])


def test_a_class_without_pixels_has_no_curve(experiment: Experiment):
    trial = experiment.best
    info = precision_recall_info(trial)
    assert [one.absent for one in info] == [False, True, False]
    assert sum(one.chance for one in info) == pytest.approx(1)
    assert info[0].argmax == (trial.per_class("recall")[0], trial.per_class("precision")[0])


def test_rates_that_are_not_the_schedules_have_no_updates(experiment: Experiment):
    info = learning_rate_info(experiment.best)
    assert info.updates is None and np.array_equal(info.rates, experiment.best.history["lr"])


def test_shares_of_the_confusion_matrix_are_of_the_true_class(experiment: Experiment):
    info = confusion_info(experiment.best)
    assert np.nansum(info.shares, axis=1) == pytest.approx([1, 0, 1])
    assert np.isnan(info.shares[1]).all()


def test_shares_of_stages_add_up(experiment: Experiment):
    info = stage_costs_info(network_stages(experiment.best))
    assert sum(one.parameters for one in info) == experiment.best.metrics["model"]["parameters"]
    assert sum(one.parameter_share for one in info) == pytest.approx(1)
    assert sum(one.work_share for one in info) == pytest.approx(1)
    assert info[-1].field == max(one.field for one in info)


def test_runs_of_one_seed_are_joined(experiment: Experiment):
    first, second = Group("a", experiment.trials[:2]), Group("b", experiment.trials[1:])
    info = groups_info([first, second])
    assert [group.name for group in info.groups] == ["a", "b"]
    shared = experiment.trials[1].metrics["score"]
    assert [(start[1], end[1]) for start, end in info.joined] == [(shared, shared)]
    assert info.groups[0].deviation == pytest.approx(np.std(first.scores, ddof=1))
    assert groups_info([Group("a", experiment.trials[:1])]).groups[0].deviation is None


def test_the_finder_and_the_images_of_each_class(
    tmp_path: Path, fabricate_trial: Callable[..., float]
):
    found = read_flight(read_experiment(make_drone(tmp_path, fabricate_trial)))
    sweeps = sweeps_info(found)
    assert [one.name for one in sweeps] == [group.name for group in found.losses]
    assert all(one.shares[0] == 1 for one in sweeps)
    rate, share = sweeps[0].steepest or (0.0, 0.0)
    assert rate in sweeps[0].rates and share in sweeps[0].shares
    assert presence_info(found.trial)["train"] == [(56, 1.0), (40, pytest.approx(40 / 56))]
