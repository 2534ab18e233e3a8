"""docs/records.md says of every field what it is, and of none that is not written."""

import dataclasses
import json
import re
from pathlib import Path

import pytest
from made_records import a_record

from aerial_nni.config import run_folder
from aerial_nni.config.run_folder_schema import Command, TrialRow
from aerial_nni.nni_backend import records
from aerial_nni.nni_backend.records import Record
from aerial_nni.nni_backend.trial_rows import OWN
from aerial_nni.recipes.baseline import training_setup as baseline
from aerial_nni.recipes.darts import training_setup as darts
from aerial_nni.recipes.distill import training_setup as distill
from aerial_nni.run import main

PAGE = Path(__file__).parents[2] / "docs" / "records.md"
FIRST = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)


def fields(heading: str) -> list[str]:
    """The fields of a section, without those of sections within it."""
    section = PAGE.read_text(encoding="utf-8").split(f"\n{heading}\n")[1]
    return FIRST.findall(re.split(r"^##", section, flags=re.MULTILINE)[0])


def kept(tmp_path: Path) -> Record:
    trial = TrialRow(id="abcde", sequence=0, state="SUCCEEDED", score=0.5, folder="abcde",
                  parameters={"seed": 3, "loss": "=1+1"})  # fmt: skip
    best = {"id": "abcde", "score": 0.5, "folder": "abcde"}
    limits = {"trials": 1, "concurrency": 1, "max_minutes": 1, "max_failures": 3}
    again = Command(line="python -m aerial_nni.run resume abcdefgh", time=records.now())
    record = a_record(
        trials=[trial], best=best, state="DONE", limits=limits, resumes=[again],
        command_line="python -m aerial_nni.run baseline --data-dir 'my data'",
    )  # fmt: skip
    folder = tmp_path / record.id
    (folder / "abcde").mkdir(parents=True)
    run_folder.write_json(folder / "abcde" / run_folder.METRICS, {"final": {"mean_iou": 0.5}})
    record.save(folder)
    return record


def test_the_record_of_an_experiment_is_described(tmp_path: Path):
    kept(tmp_path)
    written = json.loads((tmp_path / "abcdefgh" / run_folder.EXPERIMENT).read_text())
    assert fields("## `experiment.json`") == list(written)
    assert fields("### `trials`") == list(written["trials"][0])
    assert fields("### `limits`") == list(written["limits"])
    assert fields("### `resumes`") == list(written["resumes"][0])
    assert fields("### `best`") == list(written["best"])
    assert set(fields("### `trials`")) == {spec.name for spec in dataclasses.fields(TrialRow)}


def test_what_list_prints_is_described(tmp_path: Path, capsys: pytest.CaptureFixture):
    record = kept(tmp_path)
    assert main(["list", "--json", "--runs", str(tmp_path)]) == 0
    (printed,) = json.loads(capsys.readouterr().out)["experiments"]
    assert fields("## `list --json`") == list(printed)
    assert main(["list", record.id, "--json", "--runs", str(tmp_path)]) == 0
    one = json.loads(capsys.readouterr().out)
    assert one.keys() - printed.keys() == {"rows"}
    described = fields("### `rows`, and `list ID --csv`")
    assert described == [*OWN, "PARAMETER", "final/SCORE"]
    assert list(one["rows"][0]) == [*OWN, "seed", "loss", "final/mean_iou"]


def test_every_column_of_a_history_is_described(imagery: Path, tmp_path: Path):
    words = ["--data", "folder", "--data-dir", str(imagery), "--patch", "16", "--batch", "2",
             "--width", "2", "--depth", "1", "--epochs", "2"]  # fmt: skip
    teacher = tmp_path / "plain" / run_folder.CHECKPOINT
    runs = {
        "plain": (baseline.main, []),
        "taught": (distill.main, ["--teacher", str(teacher)]),
        "searched": (darts.main, ["--search", "--warmup", "0", "--max-skips", "1"]),
    }
    found: dict[str, None] = {}
    for name, (program, more) in runs.items():
        assert program([*words, *more, "--out", str(tmp_path / name)]) == 0
        rows = run_folder.read_history(tmp_path / name / run_folder.HISTORY)
        found |= dict.fromkeys(map(general, rows[0]))
    described = fields("## `history.csv`")
    assert set(found) == set(described) - {"expected_milliseconds"}


def general(column: str) -> str:
    """The name of a column with what varies in it as the page writes it."""
    head, _, rest = column.partition("/")
    if not rest:
        return column
    return f"{head}/{ {'train_loss': 'PART', 'alpha': 'PLACE/OPERATION'}.get(head, 'CLASS') }"


def test_the_record_that_is_described_is_read_again(tmp_path: Path):
    record = kept(tmp_path)
    assert records.load(tmp_path / record.id) == record
