"""The document of a search has every part that was asked for, and its numbers are the folder's."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from searches import Plan

from aerial_nni import results
from aerial_nni.reports import ResultUnusable, write_report
from aerial_nni.reports.folder import read_experiment
from aerial_nni.reports.hpo.document import compose
from aerial_nni.reports.hpo.methods import chapter_of
from aerial_nni.reports.hpo.search import BEST, DEFAULT, Search, read_search

PARTS = [
    "# Hyper-parameter optimisation", "## 1. The method: Gaussian process", "### The idea",
    "### In this search", "### What it assumes, and what it cannot do", "## 2. The search",
    "### The search space", "### How it went", "### Which parameters matter",
    "### Every trial at a glance", "### All trials", "## 3. Results",
    "### The best configuration", "### Default options against the best configuration",
    "### Ten segmented validation images", "### Loss by epoch",
    "### Mean IoU, precision and recall by epoch", "### Scores of each class",
    "### Precision and recall over thresholds", "### Which classes are confused",
    "### What it cost", "## 4. Where the numbers come from",
]  # fmt: skip

PLAN = Plan(index=8, trials=16, startup=5, early=True, reason="two cores: trials must stay short")

Fabricate = Callable[[Plan], Path]


@pytest.fixture(scope="session")
def folder(search_folder: Fabricate) -> Path:
    return search_folder(PLAN)


@pytest.fixture(scope="session")
def search(folder: Path) -> Search:
    return read_search(read_experiment(folder))


@pytest.fixture(scope="session")
def document(
    folder: Path, search_folder: Fabricate, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    other = search_folder(Plan(index=5, trials=14, epochs=9, startup=0))
    return write_report([folder, other], tmp_path_factory.mktemp("docs"))


@pytest.fixture(scope="session")
def text(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def test_the_document_is_where_the_course_wants_it(document: Path) -> None:
    assert document.name == "hyperparameter-optimization.md"


def test_each_part_is_there_in_order(text: str) -> None:
    lines = text.splitlines()
    places = [next(i for i, line in enumerate(lines) if line.startswith(part)) for part in PARTS]
    assert places == sorted(places)


def test_every_figure_is_linked_once_and_every_link_leads_to_a_figure(
    document: Path, text: str
) -> None:
    links = re.findall(r"!\[([^\]]+)\]\(([^)]+)\)", text)
    there = sorted(document.parent.rglob("*.png"))
    assert sorted(document.parent / link for _, link in links) == there
    assert all(len(caption) > 20 for caption, _ in links)
    assert sum(path.stat().st_size for path in there) < 3_000_000


def test_no_figure_is_blank(document: Path) -> None:
    for path in document.parent.rglob("*.png"):
        with Image.open(path) as picture:
            pixels = np.asarray(picture.convert("RGB")).astype(int)
        inked = (pixels != 255).any(axis=2)
        assert inked.mean() > 0.01, path
        assert all(part.any() for part in np.array_split(inked, 4)), path


def test_best_and_default_stand_with_their_spread(search: Search, text: str) -> None:
    for phase in (BEST, DEFAULT):
        scores = [trial.metrics["score"] for trial in search.retrained[phase]]
        assert len(scores) == 3
        assert f"{np.mean(scores):.4f} ± {np.std(scores, ddof=1):.4f}" in text
    assert "95 % interval of the difference" in text and "**At equal cost:**" in text


def test_the_text_says_how_many_trials_were_guided(text: str) -> None:
    assert "The search had 16 trials" in text
    assert "The first 5 were start-up trials" in text and "**11 were guided**" in text
    assert "so the highest of them is optimistic" in text
    assert "image` with seed 3" in text


def test_all_trials_are_listed_with_their_parameters(search: Search, text: str) -> None:
    table = text.split("<summary>All 16 trials</summary>")[1].split("</details>")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][2:]
    assert len(rows) == 16
    for row, tried in zip(rows, search.tried, strict=True):
        cells = [cell.strip(" *") for cell in row.strip("|").split("|")]
        assert cells[0] == str(tried.number) and tried.config["loss"] in cells
        assert cells[8] == ("–" if tried.score is None else f"{tried.score:.4f}")
    assert sum("stopped early" in row for row in rows) == 4


def test_a_failed_trial_has_its_reason(search_folder: Fabricate, tmp_path: Path) -> None:
    folder = search_folder(Plan(index=2, trials=14, startup=5, seeds=(), examples=2))
    record = json.loads((folder / results.EXPERIMENT).read_text())
    first = record["trials"][0]
    broken = {**first, "state": "FAILED", "score": None, "folder": "gone",
              "reason": "out of memory: a batch of 4 fits"}  # fmt: skip
    record["trials"] = [broken, *record["trials"][1:]]
    found = read_search(_changed(folder, record, tmp_path))
    assert found.tried[0].reason.startswith("out of memory")
    assert len(found.failed_units) == 1 and len(found.scored) == 13


def _changed(folder: Path, record: dict, tmp_path: Path):
    """The experiment with another record; its trials stay where they are."""
    place = tmp_path / folder.name
    place.mkdir()
    for path in folder.iterdir():
        if path.name != results.EXPERIMENT:
            (place / path.name).symlink_to(path)
    results.write_json(place / results.EXPERIMENT, record)
    return read_experiment(place)


def test_a_failure_left_in_the_folder_is_read(folder: Path, tmp_path: Path) -> None:
    record = json.loads((folder / results.EXPERIMENT).read_text())
    place = folder / "t900"
    place.mkdir(exist_ok=True)
    (place / results.FAILURE).write_text("the loss is not a finite number\n")
    record["trials"].append({**record["trials"][0], "id": "t900", "sequence": 900,
                             "state": "FAILED", "score": None, "folder": "t900"})  # fmt: skip
    assert read_search(_changed(folder, record, tmp_path)).tried[-1].reason.endswith("number")


def test_the_space_stands_with_its_comments_and_its_reason(text: str) -> None:
    assert "# The learning rate matters most." in text
    assert "two cores: trials must stay short" in text and "width is not searched" in text
    assert "| `lr` | highest learning rate | 0.0003 to 0.02, log scale | 0.003 |" in text


def test_every_number_can_be_traced(search: Search, text: str) -> None:
    for tried in search.tried:
        if tried.complete is not None:
            assert results.sha256(tried.complete.checkpoint) in text
    assert "python -m aerial_nni.run hpo --method-index 8 --trials 16 --seed 0" in text
    assert "--final-seeds 0 1 2 --final-epochs 5" in text and "--data-dir DIR" in text
    assert "/a/private/place" not in text
    assert not re.search(r"\bnan\b|\| None \||`None`", text)


def test_tables_have_as_many_cells_in_each_line(text: str) -> None:
    lines = text.splitlines()
    for above, line in zip(lines, lines[1:], strict=False):
        if above.startswith("|") and line.startswith("|"):
            assert above.count("|") == line.count("|")


def test_another_search_stands_beside_it(text: str) -> None:
    assert "### Other searches" in text
    assert re.search(r"\| `search00` \| Hyperband \|", text)


def test_the_best_is_the_retrained_one(search: Search) -> None:
    again = [row for row in search.experiment.record["trials"]
             if row["parameters"]["_phase"] == BEST]  # fmt: skip
    assert search.best.config == {name: again[0]["parameters"][name] for name in search.best.config}
    assert search.shown[0].metrics["score"] == max(t.metrics["score"] for t in search.shown)


def test_an_older_record_without_a_method_is_told(folder: Path, tmp_path: Path) -> None:
    record = json.loads((folder / results.EXPERIMENT).read_text())
    found = read_search(_changed(folder, {**record, "method": {}}, tmp_path))
    chapter = chapter_of(found)
    assert chapter.draw() == {}
    links = dict.fromkeys(["progress", "importance", "coordinates", "loss", "scores", "classes",
                           "class-scores", "precision-recall", "confusion"], "it.png")  # fmt: skip
    text = compose([found], chapter, links)
    assert "an unnamed method" in text and "guided** by results" not in text


def test_a_search_in_which_nothing_ended_is_refused(folder: Path, tmp_path: Path) -> None:
    record = json.loads((folder / results.EXPERIMENT).read_text())
    for row in record["trials"]:
        if row["parameters"]["_phase"] == "search":
            row |= {"score": None, "state": "FAILED", "folder": None}
    with pytest.raises(ResultUnusable, match="no trial of the search"):
        read_search(_changed(folder, record, tmp_path))


def test_a_trial_outside_of_the_space_is_listed_but_not_modelled(
    folder: Path, tmp_path: Path
) -> None:
    record = json.loads((folder / results.EXPERIMENT).read_text())
    record["trials"][0]["parameters"]["batch"] = 5
    found = read_search(_changed(folder, record, tmp_path))
    assert len(found.tried) == 16
    assert found.tried[0] not in found.scored and len(found.units) == len(found.scores)


def test_a_worse_configuration_is_called_so(folder: Path, tmp_path: Path) -> None:
    from aerial_nni.reports.hpo.findings import summary

    record = json.loads((folder / results.EXPERIMENT).read_text())
    swap = {BEST: DEFAULT, DEFAULT: BEST}
    for row in record["trials"]:
        phase = row["parameters"]["_phase"]
        if phase in swap:
            row["parameters"] = {**row["parameters"], "_phase": swap[phase]}
    found = read_search(_changed(folder, record, tmp_path))
    assert "**the search found nothing better**" in summary(found)
