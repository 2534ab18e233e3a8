"""What is known of the trials: which one a result belongs to, what a model is told, what is new."""

import numpy as np
import pytest

from aerial_nni.tuners import trial as words
from aerial_nni.tuners.trial import LARGEST, Trial, Trials, key, visible


def one(x: float = 0.5, **rest) -> Trial:
    return Trial(config={"x": x}, unit=np.array([x]), places=(x,), **rest)


def test_words_that_records_of_experiments_hold_stay():
    assert (words.BUDGET, words.PHASE, words.ORIGIN) == ("TRIAL_BUDGET", "_phase", "_origin")
    assert (words.SEARCH, words.CONTROL) == ("search", "control")
    assert (words.BEST, words.DEFAULT) == ("retrain best", "retrain default")
    origins = (words.STARTUP, words.GUIDED, words.RANDOM, words.PROMOTED)
    assert origins == ("start-up", "guided", "random", "promoted")


def test_a_trial_waits_until_it_has_a_result_or_failed():
    assert one().pending and not one(loss=0.0).pending and not one(failed=True).pending
    plain = one()
    assert (plain.id, plain.budget, plain.added, plain.failed) == (None, None, False, False)


def test_a_result_belongs_to_its_id_and_else_to_what_waits_there():
    mine, imported = one(0.1, id=7), one(0.2)
    ended, failed, zero = one(0.3, loss=1.0), one(0.4, failed=True), one(0.1, id=0)
    trials = Trials([mine, imported, ended, failed, zero])
    assert len(trials) == 5 and list(trials)[1] is imported
    assert trials.find(7) is mine and trials.find(0) is zero
    assert trials.find(7, (0.2,)) is mine
    assert trials.find(9, (0.2,)) is imported and trials.find(None, (0.2,)) is imported
    for id, places in ((9, (0.1,)), (9, (0.3,)), (9, (0.4,)), (9, None), (None, None)):
        assert trials.find(id, places) is None  # another's id, ended, failed, nothing said


def test_a_failed_trial_is_as_bad_as_the_worst_and_none_is_beyond_what_models_reckon_with():
    trials = Trials([one(0.1, loss=-2.0), one(0.2, failed=True), one(0.3), one(0.4, loss=3.0)])
    units, losses = trials.observed(1)
    assert units.tolist() == [[0.1], [0.2], [0.4]] and losses.tolist() == [-2.0, 3.0, 3.0]
    assert trials.pending(1).tolist() == [[0.3]]
    assert trials.tried() == {(0.1,), (0.2,), (0.3,), (0.4,)}
    huge = Trials([one(loss=1e308), one(loss=-1e308)])
    assert huge.observed(1)[1].tolist() == [LARGEST, -LARGEST] and LARGEST == 1e100


def test_without_results_there_is_nothing_to_learn():
    units, losses = Trials().observed(3)
    assert units.shape == (0, 3) and losses.shape == (0,) and Trials().pending(3).shape == (0, 3)
    assert Trials([one(failed=True)]).observed(1)[1].tolist() == [0.0]


@pytest.mark.parametrize("added", ["_phase", "_origin", "TRIAL_BUDGET"])
def test_what_a_tuner_adds_is_no_part_of_the_configuration(added: str):
    assert visible({"x": 1, added: 2, "trial": 3}) == {"x": 1, "trial": 3}


def test_equal_parameters_have_equal_keys():
    assert key({"a": 16, "b": 1.5}) == key({"b": 1.5, "a": 16.0})
    assert key({"a": 1}) != key({"a": True}) and key({"a": {1}}) != key({"a": {2}})
