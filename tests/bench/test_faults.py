"""Experiments whose processes are killed; and that what would be wrong is found."""

import dataclasses
import itertools
import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

from aerial_nni.bench import fault_rounds
from aerial_nni.bench.__main__ import main
from aerial_nni.bench.fault_deck import DECK, SEEDS, VICTIMS, deal
from aerial_nni.bench.fault_findings import Findings, joined
from aerial_nni.bench.fault_rounds import Round
from aerial_nni.config import run_folder
from aerial_nni.config.run_folder_schema import Limits, TrialRow
from aerial_nni.nni_backend import ranking
from aerial_nni.nni_backend.process_reaper import MARK
from aerial_nni.nni_backend.records import Record


@pytest.mark.slow
def test_killed_experiments_come_to_their_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    file = tmp_path / "faults.json"
    arguments = ["--experiments", "2", "--trials", "2", "--patience", "1000"]
    assert main(["faults", *arguments, "--json", str(file)]) == 0
    rows = run_folder.read_json(file)["rows"]
    assert [row["Killed or stopped"] for row in rows] == [fault.label for fault in DECK]
    assert sum(int(row["Times"]) for row in rows) >= 2
    counted = list(rows[0])[2:-1]
    assert {row[name] for row in rows for name in counted} == {"0"}, capsys.readouterr().err


@pytest.fixture
def one(tmp_path: Path) -> Round:
    """A round that has one finished trial."""
    runs = tmp_path / "runs"
    folder = runs / "abcdefgh"
    for name in ranking.GOOD_FILES:
        run_folder.write_json(folder / "t0" / name, {"seed": 0})
    digest = run_folder.sha256(folder / "t0" / run_folder.CHECKPOINT)
    metrics = {"score": 0.5, "checkpoint": {"sha256": digest}}
    run_folder.write_json(folder / "t0" / run_folder.METRICS, metrics)
    a_record(folder).save(folder)
    given = Round(runs, random.Random(0), kind=SEEDS, trials=1, concurrency=1, patience=1.0)
    given._look_at_trials(folder, "manager")
    return given


def a_record(folder: Path, **changes: object) -> Record:
    trial = TrialRow(
        id="t0", sequence=0, state="SUCCEEDED", parameters={"seed": 0}, score=0.5, folder="t0"
    )
    return Record(
        id="abcdefgh",
        kind="baseline",
        name="made",
        options={},
        space={},
        limits=Limits(trials=1, concurrency=1, max_minutes=5),
        port=1,
        url="",
        nni_directory="",
        module="",
        state="DONE",
        trials=[dataclasses.replace(trial, **changes)],  # type: ignore[arg-type]
    )


def test_a_round_in_which_nothing_is_wrong(one: Round):
    folder = one.runs / "abcdefgh"
    one._look_at_trials(folder, "manager")
    assert one.findings["manager"].none
    assert one._complete()


@pytest.mark.parametrize("change", [{"id": "t1"}, {"state": "RUNNING"}, {"score": None}])
def test_a_finished_trial_that_is_lost_is_found(one: Round, change: dict[str, object]):
    folder = one.runs / "abcdefgh"
    a_record(folder, **change).save(folder)
    one._look_at_trials(folder, "manager")
    assert len(one.findings["manager"].lost) == 1


@pytest.mark.parametrize("change", [{"parameters": {"seed": 1}}, {"score": 0.7}])
def test_parameters_that_are_wrong_are_found(one: Round, change: dict[str, object]):
    folder = one.runs / "abcdefgh"
    a_record(folder, **change).save(folder)
    one._look_at_trials(folder, "manager")
    assert len(one.findings["manager"].wrong) == 1


def test_a_damaged_checkpoint_is_found(one: Round):
    folder = one.runs / "abcdefgh"
    (folder / "t0" / run_folder.CHECKPOINT).write_bytes(b"")
    one._look_at_trials(folder, "manager")
    assert "damaged" in one.findings["manager"].lost[0]


def test_forty_experiments_meet_every_fault():
    dealt = list(deal(random.Random(0), 40))
    met = Counter(fault for _, faults in dealt for fault in faults)
    assert met.keys() == set(DECK)
    assert all(fault.kind == kind for kind, faults in dealt for fault in faults)
    pairs = {fault.victims for fault in DECK if len(fault.victims) == 2 and not fault.moment}
    assert pairs == set(itertools.combinations(VICTIMS, 2))


def test_a_process_that_is_left_is_found_and_ended(one: Round, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fault_rounds, "CLEAN", 0.2)
    one._port = 1  # nobody listens there
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    process = subprocess.Popen(command, env={**os.environ, MARK: "abcdefgh"})
    one._look_for_orphans("abcdefgh", "launcher")
    assert process.wait(60) is not None
    assert "time.sleep" in one.findings["launcher"].orphans[0]


def test_an_experiment_that_lacks_a_trial_is_not_complete(one: Round):
    one.trials = 2
    assert not one._complete()


def test_findings_are_added():
    all_of_them = joined([Findings(hangs=["a"], waited=2.0), Findings(hangs=["b"], waited=1.0)])
    assert (all_of_them.hangs, all_of_them.waited) == (["a", "b"], 2.0)
    assert not all_of_them.none


def test_a_process_that_has_ended_and_is_not_reaped_is_no_victim():
    waits = "print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", waits, "--sign"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as ended:
        assert ended.stdin and ended.stdout
        ended.stdout.readline()  # its own program runs: between fork and exec it still bears ours
        process = psutil.Process(ended.pid)
        assert fault_rounds._has(process, "--sign")
        ended.stdin.close()
        while process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        assert not fault_rounds._has(process, "--sign")
