"""Early stopping by learning curves that are carried on to their end."""

from collections.abc import Sequence
from typing import Any

from nni.algorithms.hpo.curvefitting_assessor import CurvefittingAssessor
from nni.assessor import AssessResult

from aerial_nni.tuners.tuner import reward_of


class CurveFittingAssessor(CurvefittingAssessor):
    """NNI's assessor, with the best score taken from the trial that ended.

    NNI's takes it from whichever trial was assessed last, and fails where none was: a trial that
    goes on after a resume is not assessed, for its first epochs are not told again. It also fails
    where a curve cannot be fitted.

    Args:
        arguments: those of NNI's.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._last: dict[str, Any] = {}
        """The last result of each trial that runs."""

    def assess_trial(self, trial_job_id: str, trial_history: Sequence[Any]) -> AssessResult:
        """Whether the trial may become as good as the best one that ended."""
        self._last[trial_job_id] = trial_history[-1]
        result = super().assess_trial(trial_job_id, trial_history)
        return AssessResult.Good if result is None else result

    def trial_end(self, trial_job_id: str, success: bool) -> None:
        """Learns the score of a trial that reached its end."""
        score = reward_of(self._last.pop(trial_job_id, None))
        if score is not None:
            self.trial_history = [score]
            super().trial_end(trial_job_id, success)
