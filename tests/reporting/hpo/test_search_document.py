"""The document of a search has every part that was asked for, and its numbers are the folder's."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from goldens import check_golden, flat
from PIL import Image
from searches import Plan

from aerial_nni.config import run_folder
from aerial_nni.recipes.documents import ResultUnusable, write_report
from aerial_nni.recipes.hpo.report.document import compose
from aerial_nni.recipes.hpo.report.methods import chapter_of
from aerial_nni.recipes.hpo.report.retraining import Retraining
from aerial_nni.reporting.document_writer import write_document
from aerial_nni.reporting.folder import read_experiment
from aerial_nni.reporting.search.search import Search, read_search
from aerial_nni.reporting.search.tables import comparison_table, failure_table
from aerial_nni.reporting.style import new_figure
from aerial_nni.tuners.trial import BEST, DEFAULT

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
LINKS = ("method-slices", "method-surface", "progress", "importance", "coordinates", "loss",
         "scores", "classes", "class-scores", "precision-recall", "confusion")  # fmt: skip


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
    return flat(document.read_text(encoding="utf-8"))


def test_the_document_is_where_the_course_wants_it(document: Path) -> None:
    assert document.name == "hyperparameter-optimization.md"


def test_it_says_what_it_said(text: str) -> None:
    check_golden(text, "hpo")


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
    assert "The search had 16 trials (" in text
    assert "5 spread over the space at the start and **11 guided** by results" in text
    assert "so the highest of them is optimistic" in text
    assert "image` with seed 3" in text


def test_all_trials_are_listed_with_their_parameters(search: Search, text: str) -> None:
    table = text.split("<summary>All 16 trials</summary>")[1].split("</details>")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][2:]
    assert len(rows) == 16
    for row, tried in zip(rows, search.tried, strict=True):
        cells = [cell.strip(" *") for cell in row.strip("|").split("|")]
        assert cells[0] == str(tried.number) and tried.config["loss"] in cells
        assert cells[2] == tried.origin
        assert cells[9] == ("–" if tried.score is None else f"{tried.score:.4f}")
    assert sum("stopped early" in row for row in rows) == 4


def test_a_failed_trial_has_its_reason(search_folder: Fabricate, tmp_path: Path) -> None:
    folder = search_folder(Plan(index=2, trials=14, startup=5, seeds=(), examples=2))
    record = json.loads((folder / run_folder.EXPERIMENT).read_text())
    first = record["trials"][0]
    broken = {**first, "state": "FAILED", "score": None, "folder": "gone"}
    record["trials"] = [broken, *record["trials"][1:]]
    found = read_search(_changed(folder, record, tmp_path))
    assert "| 1 | failed | before an epoch | not recorded |" in failure_table(found)
    assert len(found.failed_units) == 1 and len(found.scored) == 13


def _changed(folder: Path, record: dict, tmp_path: Path):
    """The experiment with another record; its trials stay where they are."""
    place = tmp_path / folder.name
    place.mkdir(parents=True)
    for path in folder.iterdir():
        if path.name != run_folder.EXPERIMENT:
            (place / path.name).symlink_to(path)
    run_folder.write_json(place / run_folder.EXPERIMENT, record)
    return read_experiment(place)


def test_a_failure_left_in_the_folder_is_read(folder: Path, tmp_path: Path) -> None:
    record = json.loads((folder / run_folder.EXPERIMENT).read_text())
    place = folder / "t900"
    place.mkdir(exist_ok=True)
    (place / run_folder.FAILURE).write_text("the loss is not a finite number\n")
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
            assert run_folder.sha256(tried.complete.checkpoint) in text
    assert "python -m aerial_nni.run hpo --method-index 8 --trials 16 --data dubai" in text
    assert "--data-dir DIR --epochs 4 --search-space FILE --reason 'two cores" in text
    assert "/a/private/place" not in text
    assert not re.search(r"\bnan\b|\| None \||`None`", text)


def test_tables_have_as_many_cells_in_each_line(text: str) -> None:
    lines = text.splitlines()
    for above, line in zip(lines, lines[1:], strict=False):
        if above.startswith("|") and line.startswith("|"):
            assert above.count("|") == line.count("|")


def test_another_search_stands_beside_it(text: str) -> None:
    assert "### Beside other searches" in text
    assert re.search(r"\| `search00` \| Hyperband \|", text)
    assert "courses.png" in text and "another seed of the same one" in text


def test_the_best_is_the_retrained_one(search: Search) -> None:
    again = [row for row in search.experiment.record["trials"]
             if row["parameters"]["_phase"] == BEST]  # fmt: skip
    assert search.best.config == {name: again[0]["parameters"][name] for name in search.best.config}
    assert search.shown[0].metrics["score"] == max(t.metrics["score"] for t in search.shown)


@pytest.mark.parametrize(
    ("name", "said"), [("random", "No result guided this search"), ("mine", "no text on")]
)
def test_a_method_without_a_chapter_is_told(
    search: Search, folder: Path, tmp_path: Path, name: str, said: str
) -> None:
    method = {**search.method, "index": 0, "name": name}
    changed = _changed(folder, {**search.experiment.record, "method": method}, tmp_path)
    chapter = chapter_of(read_search(changed))
    assert chapter.draw() == {} and said in chapter.explain({})


def test_a_run_that_repeats_the_trial_says_nothing_of_its_luck(
    search: Search, search_folder: Fabricate
) -> None:
    assert not Retraining(search).repeats
    plan = Plan(index=8, trials=6, startup=3, epochs=3, final_epochs=3, seeds=(0, 1), examples=1)
    again = read_search(read_experiment(search_folder(plan)))
    assert Retraining(again).repeats


def test_a_best_trial_that_was_stopped_early_needs_a_finished_run(
    folder: Path, tmp_path: Path
) -> None:
    record = json.loads((folder / run_folder.EXPERIMENT).read_text())
    early = next(row for row in record["trials"] if row["state"] == "EARLY_STOPPED")
    values = {name: early["parameters"][name] for name in record["space"]}
    for row in record["trials"]:
        if row["parameters"]["_phase"] == BEST:
            row["parameters"] |= values
    found = read_search(_changed(folder, record, tmp_path / "run"))
    assert found.best.state == "EARLY_STOPPED" and len(found.shown) == 3
    assert "`image`" in comparison_table([found])
    for row in record["trials"]:
        if row["parameters"]["_phase"] == BEST:
            row |= {"state": "FAILED", "score": None, "folder": None}
    found = read_search(_changed(folder, record, tmp_path / "failed"))
    assert found.best.complete and found.shown == (found.best.complete,)


def test_pictures_of_another_method_go(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_document(tmp_path, "it", figures={name: new_figure(1.0)}, compose=lambda _: "text")
    assert [path.name for path in (tmp_path / "it").iterdir()] == ["two.png"]


def test_a_search_in_which_nothing_ended_is_refused(folder: Path, tmp_path: Path) -> None:
    record = json.loads((folder / run_folder.EXPERIMENT).read_text())
    for row in record["trials"]:
        if row["parameters"]["_phase"] == "search":
            row |= {"score": None, "state": "FAILED", "folder": None}
    with pytest.raises(ResultUnusable, match="no trial of the search"):
        read_search(_changed(folder, record, tmp_path))


def test_a_trial_outside_of_the_space_is_listed_but_not_modelled(
    folder: Path, tmp_path: Path
) -> None:
    record = json.loads((folder / run_folder.EXPERIMENT).read_text())
    record["trials"][0]["parameters"]["batch"] = 5
    found = read_search(_changed(folder, record, tmp_path))
    assert len(found.tried) == 16
    assert found.tried[0] not in found.scored and len(found.units) == len(found.scores)


def test_a_copy_of_a_final_trial_changes_nothing(
    search: Search, folder: Path, tmp_path: Path
) -> None:
    """It has the length of a final trial and a configuration of the person's."""
    record = json.loads((folder / run_folder.EXPERIMENT).read_text())
    final = next(row for row in record["trials"] if row["parameters"]["_phase"] == BEST)
    copied = {**final["parameters"], "_phase": f"{BEST}, added"}
    record["trials"].append({**final, "id": "copied", "score": 0.99, "parameters": copied})
    found = read_search(_changed(folder, record, tmp_path))
    assert found.best.number == search.best.number and len(found.tried) == len(search.tried)
    assert found.scores_of(BEST) == search.scores_of(BEST)


def test_a_worse_configuration_is_called_so(folder: Path, tmp_path: Path) -> None:
    record = json.loads((folder / run_folder.EXPERIMENT).read_text())
    swap = {BEST: DEFAULT, DEFAULT: BEST}
    for row in record["trials"]:
        phase = row["parameters"]["_phase"]
        if phase in swap:
            row["parameters"] = {**row["parameters"], "_phase": swap[phase]}
    found = read_search(_changed(folder, record, tmp_path))
    assert Retraining(found).gain < 0
    links = {name: f"{name}.png" for name in LINKS}
    assert "**the search found nothing better**" in compose([found], chapter_of(found), links)
