"""What the figures of the methods show, as numbers: each `*_info` says what its `plot_*` draws."""

from collections.abc import Callable

import numpy as np
import pytest

from aerial_nni.recipes.hpo.report.methods import chapter_of
from aerial_nni.recipes.hpo.report.methods.anneal import neighbourhood_info
from aerial_nni.recipes.hpo.report.methods.bracket_ladders import cost_of, sizes_of
from aerial_nni.recipes.hpo.report.methods.densities import densities_info, good_trials
from aerial_nni.recipes.hpo.report.methods.dngo import LEADING, basis_info
from aerial_nni.recipes.hpo.report.methods.evolution import mutations_info
from aerial_nni.recipes.hpo.report.methods.slices import slices_info
from aerial_nni.recipes.hpo.report.methods.smac import marginals_info
from aerial_nni.reporting.search.importance import Importance
from aerial_nni.reporting.search.importance_plot import importance_info
from aerial_nni.reporting.search.search import Search

Searched = Callable[[int], Search]


def test_the_neighbourhood_surrounds_the_best_trial_and_shrinks(searched: Searched) -> None:
    search = searched(2)
    chapter = chapter_of(search)
    courses = neighbourhood_info(search, chapter.width)
    assert [course.parameter.name for course in courses] == search.importance.first[:3]
    for course in courses:
        assert course.best[-1] == course.units[search.scores.argmax()]
        guided = course.numbers >= search.startup
        width = course.high - course.low
        assert np.isnan(width[~guided]).all()
        if course.parameter.kind == "categorical":
            assert np.isnan(width).all()
            continue
        assert (np.diff(width[guided]) < 0).all()
        inside = (course.low <= course.best + 1e-9) & (course.best <= course.high + 1e-9)
        assert inside[guided].all()
        assert width[-1] == pytest.approx(chapter.width(int(course.numbers[-1])))


def test_densities_are_densities_and_single_values_have_probabilities(searched: Searched) -> None:
    search = searched(1)
    ratio = chapter_of(search).tuner.ratio()
    for panel in densities_info(search, ratio):
        for values in (panel.good, panel.bad):
            assert values.shape == panel.ticks.shape and (values > 0).all()
            area = np.diff(panel.ticks) @ (values[1:] + values[:-1]) / 2
            assert (values.sum() if panel.single else area) == pytest.approx(1, abs=0.02)


def test_good_trials_are_those_with_the_highest_scores(searched: Searched) -> None:
    search = searched(1)
    tuner = chapter_of(search).tuner
    good = good_trials(search, tuner.ratio(), tuner.observed()[1])
    assert good.trials == len(search.scored)
    assert good.least == pytest.approx(np.sort(search.scores)[-good.count])
    assert [said.split("`")[1] for said in good.typical] == search.importance.first[:3]


def test_what_each_feature_adds_has_no_mean_and_the_leading_ones_change_most(
    searched: Searched,
) -> None:
    search = searched(9)
    basis = basis_info(search, chapter_of(search).model)
    assert basis.features.shape == basis.added.shape and len(basis.leading) == LEADING
    np.testing.assert_allclose(basis.added.mean(axis=0), 0, atol=1e-9)
    changes = np.ptp(basis.added, axis=0)
    assert changes[basis.leading].min() >= np.delete(changes, basis.leading).max()


def test_a_marginal_prediction_lies_between_its_deviations(searched: Searched) -> None:
    pytest.importorskip("smac")
    search = searched(4)
    found = marginals_info(search, chapter_of(search).model)
    assert [one.column for one in found] == search.importance.order[: len(found)]
    for one in found:
        assert (one.low <= one.mean + 1e-9).all() and (one.mean <= one.high + 1e-9).all()
        assert search.scores.min() - 0.01 <= one.mean.min()
        assert one.mean.max() <= search.scores.max() + 0.01


def test_brackets_are_counted_and_costed(searched: Searched) -> None:
    search = searched(5)
    chapter = chapter_of(search)
    sizes, cost = sizes_of(chapter.tuner.brackets), cost_of(search, chapter.groups)
    assert sizes.brackets[0] == "9 × 1 → 3 × 3 → 1 × 9" and sizes.trials == 26
    assert (cost.configurations, cost.longest, cost.full) == (20, 9, 180)
    assert cost.spent == sum(tried.epochs for tried in search.tried)
    assert cost.reached == sum(tried.budget == 9 for tried in search.tried)


def test_bars_of_importance_are_in_percent_the_highest_first() -> None:
    total = np.array([[0.2, 0.7], [0.4, 0.5]])
    importance = Importance(names=("a", "b"), main=total / 2, total=total, explained=0.5)
    whole, alone = importance_info(importance)
    assert importance.first == ["b", "a"]
    np.testing.assert_allclose(whole.mean, [60, 30])
    np.testing.assert_allclose(alone.mean, [30, 15])
    np.testing.assert_allclose(whole.low, [52, 22])
    np.testing.assert_allclose(whole.around, [[8, 8], [8, 8]])


def test_slices_go_through_the_best_trial(searched: Searched) -> None:
    search = searched(8)
    chapter = chapter_of(search)
    slices = slices_info(search, chapter.model, chapter.improvement)
    best = search.units[search.scores.argmax()]
    loss, deviation = chapter.model.predict(best[None])
    for one in slices:
        nearest = np.abs(one.places - best[one.column]).argmin()
        assert one.mean[nearest] == pytest.approx(-loss[0], abs=0.01)
        assert (one.deviation > 0).all() and (one.improvement >= 0).all()
        assert deviation[0] <= one.deviation.max() + 1e-9


def test_mutations_are_counted_with_those_that_helped(searched: Searched) -> None:
    search = searched(3)
    found = chapter_of(search).found
    mutations = mutations_info(search, found)
    assert sorted(mutations.names) == sorted(search.space.names)
    assert mutations.children == sorted(mutations.children, reverse=True)
    assert sum(mutations.children) == sum(len(descent.changed) for descent in found)
    for name, children, better in zip(
        mutations.names, mutations.children, mutations.better, strict=True
    ):
        assert better == sum(d.better and name in d.changed for d in found) <= children
