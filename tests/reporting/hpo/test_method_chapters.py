"""Each of the nine methods has its own text and its own pictures, drawn from the experiment."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from goldens import check_golden, flat
from PIL import Image
from searches import SPACE, Plan

from aerial_nni.recipes.hpo.report.document import compose
from aerial_nni.recipes.hpo.report.methods import CHAPTERS, chapter_of
from aerial_nni.recipes.hpo.report.methods.bracket_ladders import rungs
from aerial_nni.recipes.hpo.report.methods.fitted_tuner import tuner_of
from aerial_nni.recipes.hpo.report.methods.hyperband import HyperbandChapter
from aerial_nni.recipes.hpo.report.methods.lineage import ancestors, descents
from aerial_nni.reporting.folder import read_experiment
from aerial_nni.reporting.search.marks import spread
from aerial_nni.reporting.search.search import Search, read_search
from aerial_nni.reporting.style import save

Fabricate = Callable[[Plan], Path]

LINKS = {name: f"{name}.png" for name in (
    "progress", "importance", "coordinates", "loss", "scores", "classes", "class-scores",
    "precision-recall", "confusion", "method-brackets", "method-curves",
    "method-densities")}  # fmt: skip

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


def draft(search: Search) -> str:
    """The document's text without its figures."""
    return flat(compose([search], chapter_of(search), LINKS))


def test_all_nine_have_a_chapter() -> None:
    assert sorted(CHAPTERS) == list(range(1, 10))


@pytest.mark.long
@pytest.mark.parametrize("index", range(1, 10))
def test_a_method_is_explained_and_drawn(
    searched: Callable[[int], Search], tmp_path: Path, index: int
) -> None:
    search = searched(index)
    chapter = chapter_of(search)
    figures = chapter.draw()
    text = chapter.explain({name: f"place/{name}.png" for name in figures})
    check_golden(text, f"hpo-method-{index}")
    picture, paper = OWN[index]
    assert picture in figures and paper in text
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
    search = searched(5)
    chapter = chapter_of(search)
    assert isinstance(chapter, HyperbandChapter)
    assert rungs(chapter.groups) == [1, 3, 9]
    sizes = [[rung.places for rung in bracket.rungs] for bracket in chapter.tuner.brackets.all]
    assert sizes == [[9, 3, 1], [5, 1], [3], [3, 1]]  # two begin with the same epochs
    assert [len(group) for group in chapter.groups] == [9, 5, 3, 3]
    assert sum(len(ladder.trials) for group in chapter.groups for ladder in group) == 26
    saved = sum(tried.resumed for tried in search.tried)
    assert saved == 3 * 1 + 1 * 3 + 1 * 3 + 1 * 3
    text = draft(search)
    assert "20 drawn at random and 6 promoted" in text and f"saved {saved} epochs more" in text
    assert "**No configuration was guided**" in text
    assert "5 × 3 → 1 × 9" in chapter.explain(dict.fromkeys(chapter.draw(), "it.png"))
    assert "start-up" not in text.split("### How it went")[1].split("###")[0]


def test_the_random_and_the_guided_are_told_apart(searched: Callable[[int], Search]) -> None:
    kinds = [tried.kind for tried in searched(7).tried]
    assert set(kinds) == {"start-up", "random", "guided", "promoted"}
    text = draft(searched(7))
    assert f"**{kinds.count('guided')} guided** by results" in text
    assert f"{kinds.count('random')} drawn at random" in text


def test_the_family_tree_is_that_of_the_tuner(searched: Callable[[int], Search]) -> None:
    search = searched(3)
    found = descents(search)
    assert len(found) == 9
    for descent in found:
        assert descent.parent.number < descent.child.number > search.startup
        assert 0 < len(descent.changed) < len(search.space.names)
    line = ancestors(found, found[-1].child)
    assert line[-1] is found[-1]
    assert line[0].parent.number <= search.startup


def test_the_tuner_is_told_all_trials(searched: Callable[[int], Search]) -> None:
    search = searched(8)
    tuner = tuner_of(search)
    assert [trial.id for trial in tuner.trials] == [tried.number for tried in search.tried]
    assert [trial.failed for trial in tuner.trials] == [t.score is None for t in search.tried]
    assert not len(tuner.pending())


def test_purposes_are_counted(searched: Callable[[int], Search]) -> None:
    chapter = chapter_of(searched(6))
    text = chapter.explain(dict.fromkeys(chapter.draw(), "it.png"))
    assert "3 by exploration" in text and "9 trials came from results" in text


def test_a_space_of_one_parameter_is_drawn(search_folder: Fabricate) -> None:
    space = {"lr": {"_type": "loguniform", "_value": [0.0003, 0.02]}}
    plan = Plan(index=8, trials=8, startup=4, epochs=2, seeds=(), examples=0, space=space)
    chapter = chapter_of(read_search(read_experiment(search_folder(plan))))
    figures = chapter.draw()
    assert sorted(figures) == ["method-slices"]
    assert "### In this search" in chapter.explain({name: name for name in figures})


@pytest.mark.parametrize("index", [1, 2, 4, 9])
def test_a_space_of_categories_alone_is_drawn(
    search_folder: Fabricate, tmp_path: Path, index: int
) -> None:
    space = {name: SPACE[name] for name in ("loss", "class_weights")}
    plan = Plan(index=index, trials=8, startup=4, epochs=2, seeds=(), examples=0, space=space)
    search = read_search(read_experiment(search_folder(plan)))
    figures = chapter_of(search).draw()
    for name, figure in figures.items():
        save(figure, tmp_path / f"{name}.png")
    labels = [text.get_text() for figure in figures.values() for legend in figure.legends
              for text in legend.get_texts()]  # fmt: skip
    assert not {"neighbourhood of the best trial so far", "where the trials were"} & set(labels)
    first = spread(search, 0)
    assert len(set(first)) == len(first) and np.allclose(first, search.units[:, 0], atol=0.05)


@pytest.mark.parametrize("index", [1, 2, 3, 4, 6, 9])
def test_a_search_that_ended_in_its_start_up_is_drawn(search_folder: Fabricate, index: int) -> None:
    plan = Plan(index=index, trials=4, startup=5, epochs=2, seeds=(), examples=0)
    chapter = chapter_of(read_search(read_experiment(search_folder(plan))))
    text = chapter.explain({name: name for name in chapter.draw()})
    assert "No trial" in text.split("### In this search")[1]


def test_without_smac_the_chapter_has_its_text_alone(
    searched: Callable[[int], Search], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda *_: None)
    chapter = chapter_of(searched(4))
    assert chapter.draw() == {} and "SMAC3 is not installed" in chapter.explain({})
