"""A trial's parameters are data, whoever sends them: nothing in them is run."""

import base64
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cloudpickle
import pytest
from fast_experiments import Launched, api, ask, wait_for

from aerial_nni.nni_backend import rest_client
from aerial_nni.nni_backend.server import tail, trial_output

pytestmark = pytest.mark.server


class Touch:
    """Unpickled, it leaves a file that is called after the process that unpickled it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        role = "'trial' if 'NNI_TRIAL_JOB_ID' in __import__('os').environ else 'dispatcher'"
        return exec, (f"open({str(self.folder)!r} + '/' + ({role}), 'w')",)


def pickled(thing: object) -> dict[str, str]:
    return {"__nni_obj__": base64.b64encode(cloudpickle.dumps(thing)).decode()}


@pytest.fixture
def touched(tmp_path: Path) -> Path:
    folder = tmp_path / "touched"
    folder.mkdir()
    return folder


def send(runs: Path, port: int, parameters: dict[str, Any]) -> tuple[Launched, int]:
    """A running search, and the number of the trial that somebody added to it."""
    launched = Launched(runs, port)
    wait_for(lambda: list(runs.glob(f"{launched.id}/*/options.json")))
    url = f"{api(port)}/trial-jobs"
    return launched, rest_client.request("POST", url, value=parameters)["sequenceId"]


def test_nni_alone_runs_what_it_is_sent(
    runs: Path,
    port: int,
    touched: Path,
    monkeypatch: pytest.MonkeyPatch,
    heard: Callable[[], list[Any]],
):
    monkeypatch.setenv("AERIAL_NNI_LEAVE", "plain,customized")
    monkeypatch.setenv("FAST_RATES", "2")
    launched, _ = send(runs, port, {"lr": pickled(Touch(touched))})
    wait_for(lambda: sorted(os.listdir(touched)) == ["dispatcher", "trial"])
    launched.process.terminate()
    launched.end()


@pytest.mark.parametrize("key", ["lr", "__nni_obj__"])
def test_a_pickle_is_refused_with_its_place_and_the_search_goes_on(
    key: str,
    runs: Path,
    port: int,
    touched: Path,
    monkeypatch: pytest.MonkeyPatch,
    heard: Callable[[], list[Any]],
):
    """By the trial: what is before it, which adds no such trial at all, is left out."""
    monkeypatch.setenv("AERIAL_NNI_LEAVE", "customized")
    monkeypatch.setenv("FAST_RATES", "3")  # one of which the added trial takes
    monkeypatch.setenv("FAST_STAY", "1")
    sent = pickled(Touch(touched))
    launched, number = send(runs, port, sent if key in sent else {key: sent})
    wait_for(lambda: launched.record.state == "DONE")
    states = {job["sequenceId"]: job for job in ask(port, "trial-jobs")}
    refused = states.pop(number)
    launched.process.terminate()
    launched.end()
    assert refused["status"] == "FAILED"
    assert [job["status"] for job in states.values()] == ["SUCCEEDED"] * 2
    output = trial_output(runs / ".nni", launched.id, refused["trialJobId"])
    what = {"lr": "lr={'__nni_obj__': 'gA", "__nni_obj__": "there is no option '__nni_obj__'"}
    assert what[key] in tail(output / "trial.stderr")
    assert os.listdir(touched) == []
