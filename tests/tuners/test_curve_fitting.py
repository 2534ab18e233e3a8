"""The assessor by learning curves, and what is wrong with NNI's alone."""

from typing import Any

import pytest
from nni.algorithms.hpo.curvefitting_assessor import CurvefittingAssessor
from nni.algorithms.hpo.curvefitting_assessor.model_factory import CurveModel
from nni.assessor import AssessResult

from aerial_nni.tuners.curve_fitting import CurveFittingAssessor

ARGUMENTS: dict[str, Any] = {"epoch_num": 4, "start_step": 4, "threshold": 0.95, "gap": 1}


def test_a_trial_that_was_never_assessed_may_end():
    assessor = CurveFittingAssessor(**ARGUMENTS)
    assessor.trial_end("resumed", True)
    assert not assessor.set_best_performance
    with pytest.raises(IndexError):  # else ours is needed no more
        CurvefittingAssessor(**ARGUMENTS).trial_end("resumed", True)


def test_the_best_score_is_of_a_trial_that_ended():
    assessor = CurveFittingAssessor(**ARGUMENTS)
    for trial, history in (("a", [0.1]), ("b", [0.1]), ("a", [0.1, 0.3]), ("b", [0.1, 0.8])):
        assessor.assess_trial(trial, [{"default": one} for one in history])
    assessor.trial_end("a", True)
    assert assessor.completed_best_performance == 0.3
    assessor.trial_end("b", False)
    assert assessor.completed_best_performance == 0.3
    assessor.assess_trial("c", [0.2, float("nan")])
    assessor.trial_end("c", True)
    assessor.assess_trial("d", [0.5])
    assessor.assess_trial("e", [0.9])
    assessor.trial_end("d", True)
    assert assessor.completed_best_performance == 0.5


def test_a_curve_that_cannot_be_fitted_stops_no_trial(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(CurveModel, "predict", lambda *_: 1 / 0)
    assessor = CurveFittingAssessor(**ARGUMENTS)
    assessor.assess_trial("a", [0.5])
    assessor.trial_end("a", True)
    assert assessor.assess_trial("b", [0.1, 0.2, 0.3, 0.4]) is AssessResult.Good
