from collections.abc import Callable
from pathlib import Path

import pytest
from fast_experiments import Launched, ask, fast, listening, processes, wait_for

from aerial_nni.config import run_folder
from aerial_nni.nni_backend import ports, records
from aerial_nni.nni_backend.lifecycle import Outcome
from aerial_nni.nni_backend.process_reaper import is_gone

pytestmark = pytest.mark.server

Run = Callable[..., Outcome]


def test_an_experiment_runs_to_its_end(
    run_fast: Run, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
):
    for name in ("http_proxy", "https_proxy", "all_proxy"):  # one that answers nobody
        monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.setenv(name.upper(), "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "")
    outcome = run_fast(fast(2), max_minutes=5)
    record = records.load(outcome.folder)
    assert outcome.good
    assert (record.state, record.reason) == ("DONE", "all trials ended: 2 of 2 are good")
    assert [trial.parameters for trial in record.trials] == [{"seed": 0}, {"seed": 1}]
    assert [trial.state for trial in record.trials] == ["SUCCEEDED"] * 2
    assert record.best is not None
    assert record.best.folder == record.trials[1].id  # the second seed scores higher
    assert record.ended is not None and record.created <= record.ended
    assert not processes(record.id)
    assert ports.is_free(record.port)
    assert not (Path.home() / "nni-experiments" / record.id).exists()
    written = run_folder.read_json(outcome.folder / run_folder.EXPERIMENT)
    assert written["kind"] == "baseline"
    assert written["space"] == {"seed": {"_type": "choice", "_value": [0, 1]}}
    assert written["limits"] == {"trials": 2, "concurrency": 1, "max_minutes": 5, "max_failures": 3}
    assert written["options"]["epochs"] == 2
    assert (outcome.folder / "options.yaml").is_file()
    printed = capfd.readouterr()
    assert printed.out == ""
    assert record.url in printed.err
    assert "trial 2/2" in printed.err


def test_only_this_machine_reaches_the_server(
    runs: Path, port: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FAST_SECONDS", "600")
    launched = Launched(runs, port, seeds=1)
    try:
        wait_for(lambda: listening(launched.id))
        trials = wait_for(lambda: ask(port, "trial-jobs"))
        task = ask(port, "tensorboard", {"trials": trials[0]["trialJobId"]})
        board = int(task["port"].partition("/")[0])
        wait_for(lambda: (("127.0.0.1", board)) in listening(launched.id))
        assert sorted(listening(launched.id)) == sorted([("127.0.0.1", port), ("127.0.0.1", board)])
        running = processes(launched.id)
        launched.process.terminate()
        assert "STOPPED" in launched.end()
        assert all(map(is_gone, running))
        assert ports.is_free(port) and ports.is_free(board)
    finally:
        launched.process.kill()
