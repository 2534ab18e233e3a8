"""Regularised evolution: mutations, the population, lineage, and that random search is behind."""

import numpy as np
import pytest
from ahead import share_won
from contract import SMALL, SPACE, TunerContract

from aerial_nni.tuners.encoding import Coordinates
from aerial_nni.tuners.evolution import EvolutionTuner, Mutation, _mirrored
from aerial_nni.tuners.space import Space
from aerial_nni.tuners.tuner import BadTuner

X = {"x": SMALL["x"]}


class TestEvolution(TunerContract):
    tuner_class = EvolutionTuner

    def test_the_oldest_have_no_more_children(self):
        tuner = self.make(X, population=3, sample=30)
        scores = [(0.5, 9.0), (0.1, 1.0), (0.2, 2.0), (0.3, 3.0)]
        tuner.import_data([{"parameter": {"x": x}, "value": value} for x, value in scores])
        assert parents_of_proposals(tuner) == {0.3}

    def test_the_best_of_the_drawn_has_the_child(self):
        tuner = self.make(X, population=4, sample=2)
        scores = [(0.1, 1.0), (0.2, 2.0), (0.3, 3.0), (0.4, 4.0)]
        tuner.import_data([{"parameter": {"x": x}, "value": value} for x, value in scores])
        drawn = [parent_of_proposal(tuner, seed) for seed in range(400)]
        shares = [drawn.count(x) / len(drawn) for x, _ in scores]
        assert shares == pytest.approx([1 / 16, 3 / 16, 5 / 16, 7 / 16], abs=0.06)

    def test_a_score_of_zero_is_better_than_one_below(self):
        tuner = self.make(X, population=2, sample=30)
        scores = [(0.1, 0.0), (0.9, -0.5)]
        tuner.import_data([{"parameter": {"x": x}, "value": value} for x, value in scores])
        assert parents_of_proposals(tuner) == {0.1}

    def test_where_all_children_were_tried_the_first_is_born_again(self):
        tuner = self.make({"k": {"_type": "randint", "_value": [0, 6]}}, population=1, sample=1)
        tuner.import_data([{"parameter": {"k": k}, "value": 1.0} for k in range(6)])
        parent = tuner.observed()[0][-1:]
        for seed in range(20):
            mutation = Mutation.drawn(1, np.random.default_rng(seed))
            child = tuner.propose(np.random.default_rng(seed))
            assert child == mutation.of(parent, Coordinates.of(tuner.space))[0]

    def test_failed_trials_have_no_children(self):
        tuner = self.make(X, population=5, startup=0)
        tuner.generate_parameters(0)
        tuner.trial_end(0, False)
        assert tuner.propose(np.random.default_rng(0)).shape == (1,)  # drawn at random
        tuner.import_data([{"parameter": {"x": 0.25}, "value": 1.0}])
        tuner.generate_parameters(2)
        tuner.trial_end(2, False)
        assert parents_of_proposals(tuner) == {0.25}


def parent_of_proposal(tuner: EvolutionTuner, seed: int) -> float:
    """Where the parent of a proposal lies in a space of one parameter."""
    child = tuner.propose(np.random.default_rng(seed))
    mutation = Mutation.drawn(1, np.random.default_rng(seed))
    units, _ = tuner.observed()
    children = mutation.of(units, Coordinates.of(tuner.space))
    return round(float(units[np.abs(children - child).argmin(), 0]), 9)


def parents_of_proposals(tuner: EvolutionTuner) -> set[float]:
    return {parent_of_proposal(tuner, seed) for seed in range(40)}


def test_a_mutation_changes_something_and_little_else():
    coordinates = Coordinates.of(Space.parse(SPACE))
    units = coordinates.snap(np.random.default_rng(0).random((50, len(coordinates))))
    changed = []
    for seed in range(100):
        mutation = Mutation.drawn(len(coordinates), np.random.default_rng(seed))
        children = mutation.of(units, coordinates)
        assert children.min() >= 0 and children.max() <= 1
        assert np.array_equal(coordinates.snap(children), children)
        differ = ~np.isclose(children, units, atol=1e-12)
        assert np.array_equal(differ, np.broadcast_to(mutation.changes, differ.shape))
        changed.append(mutation.changes.sum())
    assert min(changed) == 1
    assert 1 <= np.mean(changed) < 2


def test_what_leaves_the_cube_is_mirrored_at_its_walls_however_far_it_went():
    found = _mirrored(np.array([-3.25, -2.25, -0.25, 0.0, 0.25, 1.0, 1.25, 2.0, 2.25, 3.25]))
    assert found.tolist() == [0.75, 0.25, 0.25, 0.0, 0.25, 1.0, 0.75, 0.0, 0.25, 0.75]


def test_another_category_is_taken_each_as_often():
    coordinates = Coordinates.of(Space.parse({"c": {"_type": "choice", "_value": list("pqrs")}}))
    (grid,) = coordinates.grids
    children = [
        Mutation(np.array([True]), np.zeros(1), np.array([turn])).of(grid[1:2, None], coordinates)
        for turn in (0.0, 0.3, 0.4, 0.6, 0.7, 0.999)
    ]
    assert np.ravel(children).tolist() == grid[[2, 2, 3, 3, 0, 0]].tolist()
    coordinates = Coordinates.of(Space.parse({"c": {"_type": "choice", "_value": ["p", "q"]}}))
    (grid,) = coordinates.grids
    mutation = Mutation(np.array([True]), np.zeros(1), np.array([0.9]))
    assert mutation.of(grid[:, None], coordinates).ravel().tolist() == grid[::-1].tolist()


@pytest.mark.parametrize(("step", "levels"), [(-1e-6, [1, 0, 1, 2]), (1e-6, [1, 2, 3, 2])])
def test_a_step_too_short_for_a_grid_goes_to_the_next_level_on_its_side(step, levels):
    coordinates = Coordinates.of(Space.parse({"k": {"_type": "randint", "_value": [0, 4]}}))
    (grid,) = coordinates.grids
    mutation = Mutation(np.array([True]), np.array([step]), np.zeros(1))
    assert mutation.of(grid[:, None], coordinates).ravel().tolist() == grid[levels].tolist()


@pytest.mark.parametrize(
    ("trials", "population", "sample"),
    [(None, 20, 20), (4, 5, 5), (12, 6, 6), (40, 20, 20), (1000, 100, 25)],
)
def test_the_population_follows_the_budget(trials: int | None, population: int, sample: int):
    tuner = EvolutionTuner(trials=trials)
    assert (tuner.population, tuner.sample) == (population, sample)


@pytest.mark.parametrize("name", ["population", "sample"])
def test_an_argument_that_makes_no_sense_is_refused(name: str):
    with pytest.raises(BadTuner, match=f"{name}=0 is below 1"):
        EvolutionTuner(**{name: 0})


def test_a_child_names_its_parent():
    tuner = EvolutionTuner("maximize", population=2, sample=30, startup=0)
    tuner.update_search_space(X)
    tuner.import_data([{"parameter": {"x": x}, "value": 10 * x} for x in (0.9, 0.1, 0.2)])
    tuner.generate_parameters(3)
    assert tuner.origin == "mutation of trial 3"


@pytest.mark.parametrize("problem", ["branin", "mixed"])
def test_it_is_ahead_of_random_search(problem: str):
    assert share_won(EvolutionTuner, problem, seeds=12) > 0.65
