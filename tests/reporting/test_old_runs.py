"""Run folders that an earlier version wrote are read, and nothing on the disk is changed by it."""

import importlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from aerial_nni.config.errors import Damaged
from aerial_nni.config.parts import made
from aerial_nni.config.recipe_facts import RecipeFacts
from aerial_nni.config.run_folder import EXPERIMENT, METRICS, as_json
from aerial_nni.config.run_folder_schema import FORMAT
from aerial_nni.config.run_folder_versions import MOVED, read_metrics, read_record, upgraded
from aerial_nni.nni_backend import records
from aerial_nni.reporting.folder import load_run
from aerial_nni.run import main

OLD = Path(__file__).parents[1] / "fixtures" / "old_runs"
TRIALS = {"baseline": 2, "hpo": 4, "zoomout": 4}


def said(value: Any) -> Any:
    """A value without what says nothing: keys whose value is null."""
    if isinstance(value, dict):
        return {key: said(part) for key, part in value.items() if part is not None}
    return [said(part) for part in value] if isinstance(value, list) else value


@pytest.mark.parametrize("kind", TRIALS)
def test_an_old_run_is_read_whole_and_left_as_it_is(kind: str):
    before = {path: path.read_bytes() for path in OLD.rglob("*") if path.is_file()}
    run = load_run(OLD / kind)
    assert (run.kind, run.id, len(run.trials)) == (kind, kind, TRIALS[kind])
    assert run.record.format == FORMAT and run.record.command_line is None
    assert run.record.limits.trials == TRIALS[kind]
    assert records.load(OLD / kind).trials == run.record.trials
    for trial in run.trials:
        assert trial.metrics.final.mean_iou is not None
        assert len(trial.history["epoch"]) == trial.metrics.epochs_run
    assert {path: path.read_bytes() for path in OLD.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("path", sorted(OLD.glob("*/*/metrics.json")), ids=lambda p: p.parent.name)
def test_nothing_of_old_metrics_is_lost(path: Path):
    old = json.loads(path.read_text())
    assert json.loads(as_json(read_metrics(path))) == {**said(old), "format": FORMAT}


@pytest.mark.parametrize("kind", TRIALS)
def test_nothing_of_an_old_record_is_lost(kind: str):
    path = OLD / kind / EXPERIMENT
    old = json.loads(path.read_text())
    now = json.loads(as_json(read_record(path)))
    assert said({key: now[key] for key in old}) == said(old)


def test_recipes_say_what_they_added():
    zoomout = next(t.metrics.zoomout for t in load_run(OLD / "zoomout").trials if t.metrics.zoomout)
    assert zoomout.weights.kind == "random" and zoomout.samples.epochs == 1
    method = load_run(OLD / "hpo").record.method
    assert (method.name, method.search_trials, method.final_epochs) == ("tpe", 2, 1)


def test_the_scores_of_old_trials_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    shutil.copytree(OLD, tmp_path / "runs")
    assert main(["list", "hpo", "--json", "--runs", str(tmp_path / "runs")]) == 0
    (first, *_) = json.loads(capsys.readouterr().out)["rows"]
    assert first["final/mean_iou"] == first["score"]


@pytest.mark.parametrize("format", [FORMAT + 1, -1, "1", None])
def test_an_unknown_format_is_said(tmp_path: Path, format: object):
    record = json.loads((OLD / "hpo" / EXPERIMENT).read_text())
    (tmp_path / EXPERIMENT).write_text(json.dumps({**record, "format": format}))
    with pytest.raises(Damaged, match="format"):
        read_record(tmp_path / EXPERIMENT)


def test_a_damaged_number_is_said_with_its_place(tmp_path: Path):
    metrics = json.loads(next(OLD.glob("baseline/*/metrics.json")).read_text())
    metrics["split"]["train_patches"] = "many"
    (tmp_path / METRICS).write_text(json.dumps(metrics))
    with pytest.raises(Damaged, match=r"split\.train_patches is 'many'; it must be int"):
        read_metrics(tmp_path / METRICS)


def test_classes_that_moved_are_found():
    for old, now in MOVED.items():
        record = {"method": {"class_name": old, "class_args": {"tuner": [old]}}}
        method = upgraded(record, "a record")["method"]
        assert method == {"class_name": now, "class_args": {"tuner": [now]}}
        module, name = now.rsplit(".", 1)
        assert hasattr(importlib.import_module(module), name)


def test_what_no_dataclass_has_is_not_written():
    with pytest.raises(TypeError, match=r"lr_finder\.luck"):
        made(RecipeFacts, {"lr_finder": {"steps": 2, "suggested": 0.1, "luck": 3}}, "a trial")
