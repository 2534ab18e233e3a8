"""A search, then final trials."""

import nni
import pytest
from contract import SMALL, TINY, score

from aerial_nni.tuners.dispatcher_patches import NotYet
from aerial_nni.tuners.search_then_retrain import PhasedTuner

RANDOM = {"class_name": "aerial_nni.tuners.random_grid.RandomTuner", "class_args": {"seed": 1}}
FINALS = [
    *({"_phase": "retrain best", "_from": "best", "seed": seed} for seed in (0, 1)),
    {"_phase": "retrain default", "seed": 0},
]


def make(search: int = 4, space: dict = SMALL) -> PhasedTuner:
    tuner = PhasedTuner(RANDOM, search, FINALS)
    tuner.update_search_space(space)
    return tuner


def searched(tuner: PhasedTuner, count: int = 4) -> list[dict]:
    points = [tuner.generate_parameters(number) for number in range(count)]
    for number, point in enumerate(points):
        tuner.receive_trial_result(number, point, {"default": score(point)})
        tuner.trial_end(number, True)
    return points


def test_final_trials_wait_for_the_last_result_of_the_search():
    tuner = make()
    points = [tuner.generate_parameters(number) for number in range(4)]
    assert all(point["_phase"] == "search" for point in points)
    for number, point in enumerate(points):
        with pytest.raises(NotYet):
            tuner.generate_parameters(9)
        assert tuner.assesses
        tuner.receive_trial_result(number, point, score(point))
    best = max(points, key=score)
    finals = [tuner.generate_parameters(number) for number in range(4, 7)]
    config = {name: best[name] for name in ("x", "k")}
    assert finals == [
        {**config, "_phase": "retrain best", "seed": 0},
        {**config, "_phase": "retrain best", "seed": 1},
        {"_phase": "retrain default", "seed": 0},
    ]
    assert not tuner.assesses


def test_a_failed_trial_does_not_hold_the_finals_up():
    tuner = make()
    points = [tuner.generate_parameters(number) for number in range(4)]
    for number, point in enumerate(points[:3]):
        tuner.receive_trial_result(number, point, score(point))
    tuner.trial_end(3, False)
    assert tuner.generate_parameters(4)["_phase"] == "retrain best"


@pytest.mark.parametrize("value", [float("inf"), float("nan"), {"default": None}, {}])
def test_a_result_that_is_no_finite_number_is_never_the_best(value: object):
    tuner = make()
    points = [tuner.generate_parameters(number) for number in range(4)]
    for number, point in enumerate(points):
        tuner.receive_trial_result(number, point, score(point) if number == 1 else value)
    final = tuner.generate_parameters(4)
    assert {name: final[name] for name in ("x", "k", "_phase")} == {
        **{name: points[1][name] for name in ("x", "k")},
        "_phase": "retrain best",
    }


@pytest.mark.parametrize("resumed", [False, True])
def test_a_final_trial_that_a_person_copied_is_none_of_the_search_and_not_planned(resumed: bool):
    """It has another length than the trials of the search."""
    tuner = make()
    points = searched(tuner)
    final = tuner.generate_parameters(4)
    copied = {**final, "_phase": "retrain best, added", "x": 0.7, "k": 3}
    if resumed:
        tuner = make()
        entries = [(point, score(point)) for point in (*points, final)]
        tuner.import_data([{"parameter": point, "value": value} for point, value in entries])
    tuner.added(copied)
    if resumed:
        tuner.import_data([{"parameter": copied, "value": 9.0}])
    else:
        tuner.receive_trial_result(9, copied, 9.0, customized=True)
        tuner.trial_end(9, True, parameters=copied)
    assert sorted(tuner.inner.observed()[1]) == sorted(-score(point) for point in points)
    assert tuner.generate_parameters(5) == {**final, "seed": 1}


def test_a_trial_of_the_search_that_a_person_copied_and_edited_is_learnt():
    tuner = make()
    points = searched(tuner)
    final = tuner.generate_parameters(4)
    copied = {**points[0], "x": 0.7, "k": 3}
    tuner.added(copied)
    tuner.receive_trial_result(9, copied, score(copied), customized=True)
    tuner.trial_end(9, True, parameters=copied)
    assert min(tuner.inner.observed()[1]) == -score(copied)
    assert tuner.generate_parameters(5) == {**final, "seed": 1}  # what is retrained stays


def test_the_search_hears_of_each_of_its_trials_what_it_chose_alone():
    """With a part on top of what the search chose, as the subclasses have."""
    heard: list[tuple] = []

    class OnTop(PhasedTuner):
        def _chosen(self, parameters):
            return {name: value for name, value in parameters.items() if name != "loss"}

    class Inner:
        def receive_trial_result(self, id, parameters, value, **rest):
            heard.append(("result", parameters, value, rest))

        def trial_end(self, id, success, parameters=None, **rest):
            heard.append(("end", parameters, success, rest))

        def import_data(self, data):
            heard.append(("imported", *data))

        def resumed(self, parameters):
            heard.append(("resumed", parameters))

        failed = added = resumed

    tuner = OnTop(RANDOM, 4, FINALS)
    tuner.inner = Inner()
    point, chosen = {"x": 1, "loss": "a", "_phase": "search"}, {"x": 1, "_phase": "search"}
    for told in (point, {**point, "_phase": "retrain best"}, {**point, "_phase": "added"}):
        tuner.receive_trial_result(1, told, 0.5, customized=True)
        tuner.trial_end(1, True, parameters=told, event="SUCCEEDED")
        tuner.import_data([{"parameter": told, "value": 0.5}])
        for what in (tuner.resumed, tuner.failed, tuner.added):
            what(told)
    assert heard == [
        ("result", chosen, 0.5, {"customized": True}),
        ("end", chosen, True, {"event": "SUCCEEDED"}),
        ("imported", {"parameter": chosen, "value": 0.5}),
        *[("resumed", chosen)] * 3,
    ]


def test_without_any_result_there_is_nothing_to_retrain():
    tuner = make()
    for number in range(4):
        tuner.generate_parameters(number)
        tuner.trial_end(number, False)
    with pytest.raises(nni.NoMoreTrialError):
        tuner.generate_parameters(4)


def test_a_small_space_ends_the_search_early():
    tuner = make(search=50, space=TINY)
    for number in range(9):
        tuner.receive_trial_result(number, tuner.generate_parameters(number), float(number))
    assert tuner.generate_parameters(9)["_phase"] == "retrain best"


def test_of_several_budgets_the_best_is_among_the_largest():
    tuner = make(search=2)
    tuner._searched = 2
    tuner.receive_trial_result(0, {"x": 0.1, "k": 1, "TRIAL_BUDGET": 9}, 0.5)
    tuner.receive_trial_result(1, {"x": 0.9, "k": 1, "TRIAL_BUDGET": 3}, 0.7)
    assert tuner.final_points()[0] == {"x": 0.1, "k": 1, "_phase": "retrain best", "seed": 0}


def test_goes_on_in_the_middle_of_the_search_and_of_the_finals():
    before = make()
    points = searched(before)
    done = [{"parameter": point, "value": {"default": score(point)}} for point in points]
    after = make()
    after.import_data(done[:2])
    after.resumed(points[2])
    assert len(after.inner.pending()) == 1
    new = after.generate_parameters(10)
    assert new["_phase"] == "search"
    after.import_data([done[2]])  # the resumed one's result
    with pytest.raises(NotYet):
        after.generate_parameters(11)
    after.receive_trial_result(10, new, -9.0)
    first = after.generate_parameters(11)
    last = make()
    last.import_data([*done, {"parameter": first, "value": 0.1}])
    assert last.generate_parameters(20) == {**first, "seed": 1}


def test_after_a_resume_failed_and_added_trials_are_none_of_those_planned():
    before = make()
    points = searched(before)
    after = make()
    after.failed(points[0])
    assert [trial.failed for trial in after.inner.trials] == [True]
    after.added({"x": 0.5, "k": 1})
    assert after.inner.pending().tolist() == [after.inner.space.encode({"x": 0.5, "k": 1}).tolist()]
    after.import_data([{"parameter": {"x": 0.5, "k": 1}, "value": 0.1}])
    after.import_data([{"parameter": point, "value": score(point)} for point in points[1:]])
    makes_up = after.generate_parameters(10)
    assert makes_up["_phase"] == "search"
    assert makes_up["x"] not in [point["x"] for point in points]
    after.receive_trial_result(10, makes_up, score(makes_up))
    final = after.generate_parameters(11)
    assert final["_phase"] != "search"
    last = make()
    for point in (points[0], final):
        last.failed(point)
    done = [*points[1:], makes_up]
    last.import_data([{"parameter": point, "value": score(point)} for point in done])
    assert last.generate_parameters(20)["_phase"] == final["_phase"]  # it is tried again


def test_a_trial_says_where_its_configuration_comes_from():
    tuner = PhasedTuner({"class_name": "aerial_nni.tuners.gp.GPTuner"}, 7, FINALS)
    tuner.update_search_space(SMALL)
    origins = []
    for number in range(7):
        point = tuner.generate_parameters(number)
        origins.append(point["_origin"])
        tuner.receive_trial_result(number, point, score(point))
    assert origins == ["start-up"] * 5 + ["guided"] * 2
    assert "_origin" not in tuner.generate_parameters(7)


def test_the_search_goes_on_where_the_limit_is_raised_after_its_finals():
    tuner = make()
    searched(tuner)
    finals = [tuner.generate_parameters(number) for number in range(4, 7)]
    more = tuner.generate_parameters(7)
    assert more["_phase"] == "search" and more["x"] not in [point.get("x") for point in finals]
    tuner.receive_trial_result(7, more, 1.0)  # better than all before
    assert tuner.final_points() == finals


def test_the_finals_stay_what_they_are_after_a_resume():
    before = make()
    points = searched(before)
    first = before.generate_parameters(4)
    after = make()
    entries = [{"parameter": point, "value": score(point)} for point in points]
    entries.append({"parameter": {**first, "x": 0.123}, "value": 0.0})  # of another best, tied
    after.import_data(entries)
    assert after.generate_parameters(5) == {**first, "x": 0.123, "seed": 1}


def test_without_finals_the_search_goes_on_too():
    tuner = PhasedTuner(RANDOM, 4)
    tuner.update_search_space(SMALL)
    searched(tuner)
    assert tuner.generate_parameters(4)["_phase"] == "search"


CONTROLLED = [
    {"_phase": "student", "_from": "best", "seed": 0},
    {"_phase": "control", "_from": "best", "seed": 0, "k": 0},
]


def test_a_control_is_the_best_configuration_with_a_key_on_top():
    tuner = PhasedTuner(RANDOM, 4, CONTROLLED)
    tuner.update_search_space(SMALL)
    best = max(searched(tuner), key=score)
    student, control = (tuner.generate_parameters(number) for number in (4, 5))
    assert student == {"x": best["x"], "k": best["k"], "_phase": "student", "seed": 0}
    assert control == {"x": best["x"], "k": 0, "_phase": "control", "seed": 0}


def test_after_a_resume_the_student_is_found_by_its_control():
    before = PhasedTuner(RANDOM, 4, CONTROLLED)
    before.update_search_space(SMALL)
    points = searched(before)
    student, control = (before.generate_parameters(number) for number in (4, 5))
    after = PhasedTuner(RANDOM, 4, CONTROLLED)
    after.update_search_space(SMALL)
    after.import_data([{"parameter": point, "value": score(point)} for point in points])
    after.import_data([{"parameter": control, "value": 0.1}])
    assert after.generate_parameters(9) == student


def test_the_best_may_be_a_persons_trial_of_nothing_but_defaults():
    tuner = make(search=1)
    searched(tuner, 1)
    tuner.added({})
    tuner.receive_trial_result(9, {}, 9.0, customized=True)
    assert tuner.generate_parameters(10) == {"_phase": "retrain best", "seed": 0}
