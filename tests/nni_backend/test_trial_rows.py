"""`list ID --csv`: every trial of an experiment, for a spreadsheet."""

import csv
import io
from pathlib import Path

import pytest
from made_records import a_record

from aerial_nni.config import run_folder
from aerial_nni.config.run_folder_schema import TrialRow
from aerial_nni.nni_backend.records import Record
from aerial_nni.run import main


def trial(number: int, score: float | None = None, **parameters: object) -> TrialRow:
    name = f"t{number}"
    return TrialRow(id=name, sequence=number, state="SUCCEEDED" if score else "FAILED", score=score,
                 folder=name if score else None, parameters=parameters)  # fmt: skip


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    record = a_record(trials=[
        trial(0, 0.5, lr=-0.01, loss="=HYPERLINK(1)", _phase="search"),
        trial(1, 0.25, lr=1e-3, layers=["a", "b"], **{"@odd": 1}),
        trial(2),
    ])  # fmt: skip
    folder = tmp_path / record.id
    for number, final in enumerate([{"mean_iou": 0.5, "precision": None}, {"mean_iou": 0.25}]):
        (folder / f"t{number}").mkdir(parents=True)
        run_folder.write_json(folder / f"t{number}" / run_folder.METRICS, {"final": final})
    record.save(folder)
    return tmp_path


def table(capsys: pytest.CaptureFixture, runs: Path) -> list[dict[str, str]]:
    assert main(["list", "abcd", "--csv", "--runs", str(runs)]) == 0
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


def test_all_trials_have_their_parameters_and_scores(runs: Path, capsys: pytest.CaptureFixture):
    first, second, third = table(capsys, runs)
    assert (first["trial"], first["number"], first["score"]) == ("t0", "1", "0.5")
    assert (first["lr"], first["_phase"], first["layers"]) == ("-0.01", "search", "")
    assert (second["layers"], second["final/mean_iou"]) == ('["a", "b"]', "0.25")
    assert (first["final/precision"], third["state"], third["score"]) == ("", "FAILED", "")


def test_no_cell_and_no_title_is_a_formula(runs: Path, capsys: pytest.CaptureFixture):
    first, *_ = table(capsys, runs)
    assert first["loss"] == "'=HYPERLINK(1)"
    assert "'@odd" in first
    for name, value in first.items():
        if name != "lr":  # a number
            assert not name.startswith(tuple("=+-@")) and not value.startswith(tuple("=+-@"))


def test_a_person_sees_the_trials_of_one_experiment(runs: Path, capsys: pytest.CaptureFixture):
    assert main(["list", "abcdefgh", "--runs", str(runs)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["number", "trial", "state", "score", "parameters"]
    assert lines[1].split()[:4] == ["1", "t0", "SUCCEEDED", "0.5000"]
    assert "lr=-0.01" in lines[1]


def test_a_table_of_no_experiment_is_refused(runs: Path, capsys: pytest.CaptureFixture):
    assert main(["list", "--csv", "--runs", str(runs)]) == 1
    assert "give its ID too" in capsys.readouterr().err


def test_an_experiment_without_a_trial_has_titles_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture
):
    record: Record = a_record()
    (tmp_path / record.id).mkdir()
    record.save(tmp_path / record.id)
    assert table(capsys, tmp_path) == []
