"""A grid, a search with the best of it, then final trials."""

import nni
import pytest

from aerial_nni.tuners.ablation_then_search import GridFirstTuner
from aerial_nni.tuners.dispatcher_patches import NotYet

RANDOM = {"class_name": "aerial_nni.tuners.random_grid.RandomTuner", "class_args": {"seed": 1}}
SPACE = {"x": {"_type": "uniform", "_value": [0, 1]}}
GRID = [
    {"_phase": f"loss: {name}", "loss": name, "seed": seed, "epochs": 9}
    for name in ("a", "b")
    for seed in (1, 2)
]
FINALS = [{"_phase": "retrain best", "_from": "best", "seed": seed} for seed in (1, 2)]
VALUE = {("a", 1): 0.9, ("a", 2): 0.1, ("b", 1): 0.6, ("b", 2): 0.6}


def make() -> GridFirstTuner:
    tuner = GridFirstTuner(RANDOM, 2, FINALS, grid=GRID, alike=["seed", "epochs"])
    tuner.update_search_space(SPACE)
    return tuner


def end(tuner: GridFirstTuner, number: int, point: dict, value: float | None) -> None:
    if value is not None:
        tuner.receive_trial_result(number, point, {"default": value})
    tuner.trial_end(number, value is not None, parameters=point)


def through_the_grid(tuner: GridFirstTuner) -> None:
    points = [tuner.generate_parameters(number) for number in range(4)]
    assert points == GRID
    for number, point in enumerate(points):
        with pytest.raises(NotYet):
            tuner.generate_parameters(9)
        end(tuner, number, point, VALUE[point["loss"], point["seed"]])


def test_the_search_has_the_way_with_the_highest_mean():
    tuner = make()
    through_the_grid(tuner)
    searched = [tuner.generate_parameters(number) for number in (4, 5)]
    assert [(point["_phase"], point["loss"]) for point in searched] == [("search", "b")] * 2
    assert all("seed" not in point and "epochs" not in point for point in searched)
    for number, point in enumerate(searched, start=4):
        end(tuner, number, point, point["x"])
    best = max(point["x"] for point in searched)
    finals = [tuner.generate_parameters(number) for number in (6, 7)]
    assert finals == [
        {"x": best, "loss": "b", "_phase": "retrain best", "seed": seed} for seed in (1, 2)
    ]


def test_a_failed_run_is_waited_for_no_longer_and_counts_nothing():
    tuner = make()
    for number in range(4):
        point = tuner.generate_parameters(number)
        end(tuner, number, point, None if point["loss"] == "b" else 0.1)
    assert tuner.generate_parameters(4)["loss"] == "a"


def test_a_way_with_a_failed_seed_is_passed_over_for_whole_ones(caplog: pytest.LogCaptureFixture):
    tuner = make()
    for number in range(4):
        point = tuner.generate_parameters(number)
        values = {("a", 1): 0.9, ("a", 2): None, ("b", 1): 0.2, ("b", 2): 0.2}
        end(tuner, number, point, values[point["loss"], point["seed"]])
    assert tuner.generate_parameters(4)["loss"] == "b"
    assert caplog.messages == ["passed over: loss: a, with a result of 1 of 2 trials"]


def test_where_no_way_is_whole_the_highest_mean_is_taken(caplog: pytest.LogCaptureFixture):
    tuner = make()
    for number in range(4):
        point = tuner.generate_parameters(number)
        value = {"a": 0.9, "b": 0.2}[point["loss"]]
        end(tuner, number, point, value if point["seed"] == 1 else float("nan"))
    assert tuner.generate_parameters(4)["loss"] == "a" and not caplog.messages


def test_results_of_unequal_number_are_compared_by_their_means():
    grid = [{"_phase": way, "loss": way, "seed": seed} for way in ("a", "b") for seed in (1, 2, 3)]
    tuner = GridFirstTuner(RANDOM, 1, grid=grid)
    tuner.update_search_space(SPACE)
    values = {("a", 1): 0.5, ("a", 2): 0.5, ("b", 1): 0.6}
    for number in range(6):
        point = tuner.generate_parameters(number)
        end(tuner, number, point, values.get((point["loss"], point["seed"])))
    assert tuner.generate_parameters(6)["loss"] == "b"


def test_without_any_result_it_ends():
    tuner = make()
    for number in range(4):
        end(tuner, number, tuner.generate_parameters(number), None)
    with pytest.raises(nni.NoMoreTrialError, match="no trial of the grid"):
        tuner.generate_parameters(4)


def test_after_a_resume_it_goes_on_where_it_was():
    before = make()
    points = [before.generate_parameters(number) for number in range(3)]
    tuner = make()
    tuner.import_data([{"parameter": points[0], "value": {"default": 0.9}},
                       {"parameter": points[1], "value": {"default": 0.8}}])  # fmt: skip
    tuner.resumed(points[2])
    assert tuner.generate_parameters(7) == GRID[3]
    with pytest.raises(NotYet):
        tuner.generate_parameters(8)
    end(tuner, 2, points[2], 0.1)
    end(tuner, 7, GRID[3], 0.1)
    searched = tuner.generate_parameters(8)
    assert searched["loss"] == "a"
    again = make()
    again.import_data(
        [*({"parameter": point, "value": VALUE[point["loss"], point["seed"]]} for point in GRID),
         {"parameter": {**searched, "loss": "b"}, "value": 0.5}]
    )  # fmt: skip
    second = again.generate_parameters(9)
    assert second["_phase"] == "search" and second["x"] != searched["x"]
    end(again, 9, second, 0.1)
    assert again.generate_parameters(10)["x"] == searched["x"]


def test_after_a_resume_of_the_search_the_grid_is_over_and_the_way_stays():
    before = make()
    done = []
    for number in range(4):
        point = before.generate_parameters(number)
        value = None if point == GRID[0] else VALUE[point["loss"], point["seed"]]
        end(before, number, point, value)
        done += [] if value is None else [{"parameter": point, "value": value}]
    searched = before.generate_parameters(4)
    assert searched["loss"] == "b"
    tuner = make()
    tuner.import_data(done)
    tuner.failed(GRID[0])
    tuner.resumed(searched)
    tuner.receive_trial_result(9, {**GRID[0]}, 0.99)  # would make "a" the best
    second = tuner.generate_parameters(5)
    assert (second["_phase"], second["loss"]) == ("search", "b")


@pytest.mark.parametrize("how", ["imported", "resumed", "failed"])
def test_after_a_resume_any_trial_of_the_search_tells_its_way(how: str):
    searched = {"x": 0.5, "loss": "a", "_phase": "search"}
    tuner = make()
    tuner.import_data([{"parameter": point, "value": VALUE[point["loss"], point["seed"]]}
                       for point in GRID])  # fmt: skip
    if how == "imported":
        tuner.import_data([{"parameter": searched, "value": 0.1}])
    else:
        getattr(tuner, how)(searched)
    assert tuner.generate_parameters(5)["loss"] == "a"


def test_seeds_are_alike_if_nothing_else_is_said():
    grid = [{"_phase": "one", "loss": "a", "seed": 1}]
    tuner = GridFirstTuner(RANDOM, 1, grid=grid)
    tuner.update_search_space(SPACE)
    end(tuner, 0, tuner.generate_parameters(0), 0.5)
    assert set(tuner.generate_parameters(1)) == {"x", "loss", "_phase", "_origin"}


def test_a_failed_point_is_made_up_for_while_nothing_was_searched():
    tuner = make()
    tuner.import_data([{"parameter": point, "value": 0.5} for point in GRID[1:]])
    tuner.failed(GRID[0])
    assert tuner.generate_parameters(4) == GRID[0]


@pytest.mark.parametrize("how", ["imported", "resumed", "failed"])
def test_after_a_resume_a_copy_of_a_trial_of_the_grid_ends_nothing(how: str):
    copied = {**GRID[0], "_phase": "loss: a, added"}
    tuner = make()
    tuner.import_data([{"parameter": GRID[0], "value": 0.1}])
    if how == "imported":
        tuner.import_data([{"parameter": copied, "value": 0.9}])
    else:
        getattr(tuner, how)(copied)
    tuner.import_data([{"parameter": GRID[1], "value": 0.1}])
    points = [tuner.generate_parameters(number) for number in (2, 3)]
    assert points == GRID[2:]
    for number, point in enumerate(points, start=2):
        end(tuner, number, point, 0.6)
    assert tuner.generate_parameters(4)["loss"] == "b"
    assert tuner.assesses
