"""Where a document goes: never over that of another experiment unless somebody says so."""

from collections.abc import Callable
from pathlib import Path

import pytest

from aerial_nni.config.run_folder_schema import Best, Limits
from aerial_nni.nni_backend import records
from aerial_nni.recipes.baseline.recipe import BASELINE
from aerial_nni.recipes.documents import usual_place, write_report
from aerial_nni.reporting.destination import DOCS, experiments_of
from aerial_nni.run import main

Fabricate = Callable[..., Path]
NAME = "baseline-performance.md"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory whose `docs` holds nothing."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def hold(text: str) -> None:
    DOCS.mkdir()
    (DOCS / NAME).write_text(text)


@pytest.mark.parametrize("words", ["one", "one --measure", "one two"])
def test_a_document_says_which_experiments_it_is_of(here: Path, words: str):
    hold(f"# Title\n\n```\npython -m aerial_nni.run report {words}\n```\n")
    assert experiments_of(DOCS / NAME) == words.replace(" --measure", "").split()


@pytest.mark.long
def test_an_experiment_replaces_its_own_document_in_docs(here: Path, fabricate: Fabricate):
    folder = fabricate("one")
    assert usual_place([folder]) == (DOCS, "")
    write_report([folder], DOCS)
    assert usual_place([folder]) == (DOCS, "")


@pytest.mark.parametrize("text", ["python -m aerial_nni.run report one other\n", "by a person"])
def test_what_is_of_others_stays(here: Path, fabricate: Fabricate, text: str):
    folder = fabricate("one")
    hold(text)
    place, said = usual_place([folder])
    assert place == folder / "docs"
    assert said.startswith(f"docs/{NAME} is ") and "report one --docs docs" in said


def test_a_document_of_scenes_lies_with_its_run(here: Path, fabricate: Fabricate):
    folder = fabricate("one", data="scenes")
    assert usual_place([folder]) == (folder / "docs", "")


def test_a_run_and_the_verb_report_go_the_same_way(
    here: Path, fabricate: Fabricate, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    written: list[Path] = []

    def note(folders: list[Path], docs: Path) -> Path:
        written.append(docs)
        return docs / NAME

    monkeypatch.setattr("aerial_nni.recipes.documents.write_report", note)
    hold("python -m aerial_nni.run report other\n")
    folder = fabricate("one")
    record = records.Record(
        id="one", kind="baseline", name="", options={}, space={}, port=0, url="",
        limits=Limits(trials=1, concurrency=1, max_minutes=1),
        nni_directory="", module="", best=Best(id="trial0", score=0.5, folder="trial0"),
    )  # fmt: skip
    BASELINE.write_document(record, folder, None)
    BASELINE.write_document(record, folder, DOCS)
    assert "report one --docs docs" in capsys.readouterr().err
    monkeypatch.setattr(records, "find", lambda *_: folder)
    assert main(["report", "one"]) == 0
    assert main(["report", "one", "--docs", "docs"]) == 0
    assert written == [folder / "docs", DOCS] * 2
    assert "report one --docs docs" in capsys.readouterr().err
