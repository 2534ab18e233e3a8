"""Each of the nine methods has its own text and its own pictures, drawn from the experiment."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from searches import Plan, by_tuner

from aerial_nni.reports.folder import read_experiment
from aerial_nni.reports.hpo.methods import CHAPTERS, chapter_of
from aerial_nni.reports.hpo.methods.anneal import step_lengths, width_after
from aerial_nni.reports.hpo.methods.ladders import brackets, ladders, rungs
from aerial_nni.reports.hpo.methods.lineage import ancestors, descents
from aerial_nni.reports.hpo.search import Search, read_search
from aerial_nni.reports.style import save

Fabricate = Callable[[Plan], Path]

PLANS = {
    index: Plan(index=index, trials=14, startup=5, epochs=3, seeds=(), examples=0)
    for index in (1, 4, 6, 8, 9)
}
PLANS |= {
    index: Plan(index=index, trials=14, startup=5, epochs=3, seeds=(), examples=0, suggest=by_tuner)
    for index in (2, 3)
}
PLANS |= {
    index: Plan(index=index, trials=26, startup=4, epochs=9, seeds=(), examples=0)
    for index in (5, 7)
}

OWN = {
    1: ("method-densities", "Bergstra"),
    2: ("method-neighbourhood", "Kirkpatrick"),
    3: ("method-lineage", "Real, Aggarwal"),
    4: ("method-marginals", "Hutter, Hoos and Leyton-Brown 2011"),
    5: ("method-brackets", "Jamieson"),
    6: ("method-purposes", "Metis (Li et al. 2018)"),
    7: ("method-densities", "Falkner, Klein and Hutter 2018"),
    8: ("method-surface", "Snoek, Larochelle and Adams"),
    9: ("method-basis", "Rippel"),
}
"""Index -> the method's own picture, and who its paper is by."""


@pytest.fixture(scope="session")
def searched(search_folder: Fabricate) -> Callable[[int], Search]:
    return lambda index: read_search(read_experiment(search_folder(PLANS[index])))


def test_all_nine_have_a_chapter() -> None:
    assert sorted(CHAPTERS) == list(range(1, 10))


@pytest.mark.parametrize("index", range(1, 10))
def test_a_method_is_explained_and_drawn(
    searched: Callable[[int], Search], tmp_path: Path, index: int
) -> None:
    search = searched(index)
    chapter = chapter_of(search)
    figures = chapter.draw()
    text = chapter.explain({name: f"place/{name}.png" for name in figures})
    picture, paper = OWN[index]
    assert picture in figures and paper in text
    assert len(figures) >= 2
    assert 600 < len(text.split()) < 1500
    assert text.count("```math") >= 2
    for part in ("### The idea", "### In this search", "### What it assumes"):
        assert part in text
    assert not re.search(r"\{[a-z]+\}", re.sub(r"```math.*?```|\$[^$]*\$", "", text, flags=re.S))
    links = re.findall(r"!\[([^\]]+)\]\(place/([^)]+)\.png\)", text)
    assert sorted(name for _, name in links) == sorted(figures)
    assert all(len(alt) > 20 for alt, _ in links)
    for name, figure in figures.items():
        with Image.open(save(figure, tmp_path / f"{name}.png")) as image:
            pixels = np.asarray(image.convert("RGB"))
        assert (pixels != 255).any(axis=2).mean() > 0.02, name
        for axes in figure.axes:
            words = (axes.get_xlabel(), axes.get_ylabel(), axes.get_title(loc="left"))
            assert any(words) or not axes.axison, name


def test_promotions_and_saved_epochs_are_counted(searched: Callable[[int], Search]) -> None:
    from aerial_nni.reports.hpo.findings import summary

    search = searched(5)
    found = ladders(search)
    assert rungs(found) == [1, 3, 9]
    assert {start: len(group) for start, group in brackets(found).items()} == {1: 17, 3: 3, 9: 1}
    assert sum(len(ladder.trials) for ladder in found) == 26
    saved = sum(tried.resumed for tried in search.tried)
    assert saved == 3 * 1 + 1 * 3 + 1 * 3
    text = summary(search)
    assert "21 configurations and 5 promotions" in text and f"{saved} more epochs (" in text
    assert "The configurations are drawn at random; the promotions are guided." in text


def test_the_family_tree_is_that_of_the_tuner(searched: Callable[[int], Search]) -> None:
    search = searched(3)
    found = descents(search)
    assert len(found) >= 7
    for descent in found:
        assert descent.parent.number < descent.child.number > search.startup
        changed = {
            name
            for name in search.space.names
            if descent.child.config[name] != descent.parent.config[name]
        }
        assert descent.changed and set(descent.changed) <= changed
    line = ancestors(found, found[-1].child)
    assert line[-1] is found[-1]
    assert line[0].parent.number <= search.startup


def test_annealed_trials_lie_in_a_neighbourhood(searched: Callable[[int], Search]) -> None:
    search = searched(2)
    assert width_after(search, 30) < width_after(search, 10) < 1
    numbers, steps = step_lengths(search)
    halves = np.array([width_after(search, int(number) - 1) / 2 for number in numbers])
    assert len(steps) >= 5 and (steps <= halves + 1e-9).mean() > 0.7


def test_a_space_of_one_parameter_is_drawn(search_folder: Fabricate) -> None:
    space = {"lr": {"_type": "loguniform", "_value": [0.0003, 0.02]}}
    plan = Plan(index=8, trials=8, startup=4, epochs=2, seeds=(), examples=0, space=space)
    search = read_search(read_experiment(search_folder(plan)))
    chapter = chapter_of(search)
    figures = chapter.draw()
    assert sorted(figures) == ["method-foresight", "method-slices"]
    assert "### In this search" in chapter.explain({name: name for name in figures})


def test_a_search_that_ended_in_its_start_up_is_drawn(search_folder: Fabricate) -> None:
    for index in (1, 3, 4, 6, 9):
        plan = Plan(index=index, trials=4, startup=5, epochs=2, seeds=(), examples=0)
        chapter = chapter_of(read_search(read_experiment(search_folder(plan))))
        figures = chapter.draw()
        assert "method-foresight" not in figures
        assert chapter.explain({name: name for name in figures})
