"""Several experiments that are started in one moment, with real servers."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from fast_experiments import HERE, Launched, processes, wait_for

from aerial_nni.nni_backend import lifecycle, ports, records, stored_experiments
from aerial_nni.nni_backend.lifecycle import Settings
from aerial_nni.nni_backend.records import ExperimentRunning, Record

pytestmark = pytest.mark.server


def ended(launched: list[Launched]) -> list[str]:
    return [each.end() for each in launched]


def loaded(runs: Path) -> list[Record]:
    return [records.load(folder) for folder in records.folders(runs)]


def test_of_two_on_one_port_that_was_typed_one_runs_and_the_other_is_told(runs: Path, port: int):
    launched = [Launched(runs, port, seeds=2) for _ in range(2)]
    printed = ended(launched)
    codes = [each.process.returncode for each in launched]
    assert sorted(codes) == [0, 1]
    told = printed[codes.index(1)]
    assert re.search(rf"port {port} is held by (experiment|process) .*; add: --port \d+", told)
    (record,) = loaded(runs)  # nothing is left of the other
    assert (record.state, record.port) == ("DONE", port)
    assert record.reason == "all trials ended: 2 of 2 are good"


def test_where_no_port_was_typed_each_of_several_has_its_own(
    runs: Path, port: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FAST_USUAL", str(port))
    launched = [Launched(runs, None, seeds=2) for _ in range(3)]
    printed = ended(launched)
    found = loaded(runs)
    assert [record.reason for record in found] == ["all trials ended: 2 of 2 are good"] * 3
    assert len({record.port for record in found}) == 3
    assert len({trial.id for record in found for trial in record.trials}) == 6
    moved = [line for text in printed for line in text.splitlines() if "the web UI is on" in line]
    assert len(moved) == 2


@pytest.mark.slow
def test_ten_at_once(runs: Path, port: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FAST_USUAL", str(port))
    ended([Launched(runs, None) for _ in range(10)])
    found = loaded(runs)
    assert [record.reason for record in found] == ["all trials ended: 1 of 1 are good"] * 10
    assert len({record.port for record in found}) == 10


RESUME = """
import sys
from pathlib import Path
from aerial_nni.nni_backend import lifecycle, stored_experiments
runs, experiment = sys.argv[1:]
settings = lifecycle.Settings(runs=Path(runs), port={port})
outcome = stored_experiments.resume(settings, experiment, trials=3)
print(outcome.record.state, outcome.record.reason)
"""


def test_of_two_resumes_of_one_experiment_one_goes_on_and_the_other_is_told(
    runs: Path, port: int, monkeypatch: pytest.MonkeyPatch
):
    first = Launched(runs, port, seeds=3)
    wait_for(first.history)
    first.process.kill()
    first.end()
    scripts = [RESUME.format(port=number) for number in (port, ports.free_port())]
    resumed = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(runs), first.id],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=HERE,
        )
        for script in scripts
    ]
    printed = [process.communicate(timeout=600)[0] for process in resumed]
    codes = [process.returncode for process in resumed]
    assert sorted(codes) == [0, 1], printed
    assert f"{first.id} is running" in printed[codes.index(1)]
    assert f"run stop {first.id}" in printed[codes.index(1)]
    assert first.record.reason == "all trials ended: 3 of 3 are good"


def test_an_experiment_that_is_held_can_neither_be_resumed_nor_viewed(runs: Path, port: int):
    launched = Launched(runs, port)
    launched.end()
    settings = Settings(runs=runs, port=port)
    with lifecycle.alone(runs / launched.id):
        with pytest.raises(ExperimentRunning, match="run stop"):
            stored_experiments.resume(settings, launched.id)
        with pytest.raises(ExperimentRunning, match="run stop"):
            stored_experiments.view(settings, launched.id)
    assert not processes(launched.id)
