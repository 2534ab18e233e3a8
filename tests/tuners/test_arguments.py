"""The least and the largest arguments that a tuner takes, and what lies just beyond them."""

import pytest

from aerial_nni.tuners.anneal import AnnealTuner
from aerial_nni.tuners.bohb import BOHBTuner
from aerial_nni.tuners.evolution import EvolutionTuner
from aerial_nni.tuners.hyperband import HyperbandTuner
from aerial_nni.tuners.random_grid import GridTuner, RandomTuner
from aerial_nni.tuners.smac import SMACTuner
from aerial_nni.tuners.tuner import BadTuner, SpaceTuner

LIMITS = [
    (AnnealTuner, "average_rank", [1], [0.999]),
    (AnnealTuner, "shrink", [0], [-1e-9]),
    (BOHBTuner, "random_fraction", [0, 1], [-1e-9, 1 + 1e-9]),
    (BOHBTuner, "bandwidth_factor", [1], [0.999]),
    (BOHBTuner, "min_points", [None, 2], [1]),
    (EvolutionTuner, "population", [None, 1], [0]),
    (EvolutionTuner, "sample", [None, 1], [0]),
    (GridTuner, "cuts", [1], [0]),
    (HyperbandTuner, "eta", [2, 3.0], [1, 2.5]),
    (HyperbandTuner, "min_budget", [1, 27], [0, 28]),
    (HyperbandTuner, "max_budget", [1], [0]),
    (RandomTuner, "startup", [None, 0], [-1]),
    (RandomTuner, "optimize_mode", ["minimize", "maximize"], ["maximise", ""]),
    (SMACTuner, "random_share", [0, 1], [-1e-9, 1 + 1e-9]),
]


@pytest.mark.parametrize(("tuner", "name", "taken", "refused"), LIMITS)
def test_limits_are_taken_and_what_is_beyond_is_refused(
    tuner: type[SpaceTuner], name: str, taken: list, refused: list
):
    for value in taken:
        assert tuner(**{name: value})
    for value in refused:
        with pytest.raises(BadTuner, match=f"{name}=") as caught:
            tuner(**{name: value})
        assert repr(value) in str(caught.value)
