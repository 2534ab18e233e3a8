import nni
import pytest

from aerial_nni.tuners.fixed_list import ListedTuner

POINTS = [{"seed": 0}, {"seed": 1}, {"seed": 2}]


def suggested(tuner: ListedTuner) -> list[dict]:
    return tuner.generate_multiple_parameters(list(range(10)))


def test_each_point_comes_once_in_order():
    tuner = ListedTuner(POINTS)
    assert suggested(tuner) == POINTS
    with pytest.raises(nni.NoMoreTrialError):
        tuner.generate_parameters(11)


def test_a_point_that_is_listed_twice_comes_twice():
    tuner = ListedTuner([{"seed": 0}, {"seed": 0}])
    assert len(suggested(tuner)) == 2


def test_after_a_resume_finished_and_running_points_do_not_come_again():
    tuner = ListedTuner(POINTS)
    tuner.import_data([{"parameter": {"seed": 0}, "value": 0.5}])
    tuner.resumed({"seed": 2})
    assert suggested(tuner) == [{"seed": 1}]
