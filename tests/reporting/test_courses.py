"""What may stand in one table, and what is said of a document that is replaced."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aerial_nni.config import run_folder
from aerial_nni.recipes.documents import named_place, write_report
from aerial_nni.reporting.folder import NotTogether, read_experiment
from aerial_nni.reporting.same_data import check_same_data

Fabricate = Callable[..., Path]


def edited(folder: Path, part: str, **changes: Any) -> Path:
    """The experiment, whose trials are of other data or of another split."""
    for path in folder.glob(f"*/{run_folder.METRICS}"):
        metrics = json.loads(path.read_text())
        metrics[part] |= changes
        run_folder.write_json(path, metrics)
    return folder


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"name": "elsewhere"}, "dataset"), ({"fingerprint": "0" * 64}, "content of the files"),
     ({"classes": ["a", "b"]}, "classes")],
)  # fmt: skip
def test_scores_of_other_data_are_in_no_table(
    fabricate: Fabricate, tmp_path: Path, changes: dict[str, Any], said: str
):
    first, other = fabricate("one"), edited(fabricate("two"), "data", **changes)
    with pytest.raises(NotTogether, match=f"one and two cannot .*{said}.*report --all"):
        write_report([first, other], tmp_path / "docs")
    assert not (tmp_path / "docs").exists()


def test_another_split_is_another_row_but_no_course_beside_it(fabricate: Fabricate):
    found = [read_experiment(fabricate("one")), read_experiment(fabricate("two", rule="tile"))]
    check_same_data(found)
    with pytest.raises(NotTogether, match="rule of the split image and tile"):
        check_same_data(found, split=True)


def test_a_document_of_others_that_is_replaced_is_named(fabricate: Fabricate, tmp_path: Path):
    first, other = fabricate("one"), fabricate("two")
    assert named_place([first], tmp_path) == (tmp_path, "")
    document = write_report([first], tmp_path)
    assert named_place([first], tmp_path) == (tmp_path, "")
    _, said = named_place([other], tmp_path)
    assert (
        said == f"{document} replaces that of one; that again: python -m aerial_nni.run report one"
    )
    document.write_text("by hand")
    assert "one that was not by this program" in named_place([other], tmp_path)[1]
