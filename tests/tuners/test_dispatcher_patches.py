"""The repairs of NNI's dispatcher that need no server: what a tuner raises is reported."""

import importlib
import runpy
from typing import Any

import pytest
from nni.runtime.msg_dispatcher_base import MsgDispatcherBase
from nni.runtime.tuner_command_channel import CommandType
from talk import Recorder, Talk

from aerial_nni.tuners import dispatcher_patches as nni_patches

OWN = ("fixed_list", "search_then_retrain", "tuner")
"""Modules with a tuner that does not build on another one of ours."""


@pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")
@pytest.mark.parametrize("name", OWN)
def test_whoever_imports_a_tuner_has_the_repairs(name: str, monkeypatch: pytest.MonkeyPatch):
    module, done = importlib.import_module(f"aerial_nni.tuners.{name}").__name__, []
    monkeypatch.setattr(nni_patches, "repair", lambda: done.append(module))
    runpy.run_module(module)
    assert done == [module]


class InBatches(Recorder):
    """Suggests a batch at once."""

    def generate_multiple_parameters(self, ids: list[int], **_: Any) -> list[Any]:
        return [{"x": -id, "of": len(ids)} for id in ids]


def test_a_tuner_with_batches_of_its_own_is_asked_for_them():
    talk = Talk(InBatches())
    talk.ask(2)
    assert list(talk.started.values()) == [{"x": 0, "of": 2}, {"x": -1, "of": 2}]


class Patient(Recorder):
    """Suggests a trial, and the next one after a result."""

    asked = 0

    def generate_parameters(self, parameter_id: int, **rest: Any) -> dict[str, Any]:
        self.asked += 1
        if self.asked > 1 and not self.heard:
            raise nni_patches.NotYet
        return super().generate_parameters(parameter_id, **rest)


def test_a_request_that_waits_is_put_again_after_a_result_and_not_before():
    tuner = Patient()
    talk = Talk(tuner)
    talk.ask(2)
    assert (tuner.asked, list(talk.started)) == (2, [0])
    talk.metric("t0", 0, 0.1, kind="PERIODICAL")
    assert tuner.asked == 2
    talk.metric("t0", 0, 0.5)
    assert (tuner.asked, list(talk.started)) == (3, [0, 1])
    assert not talk.answers(CommandType.NoMoreTrialJobs)


class Broken:
    """A dispatcher whose tuner raises."""

    def __init__(self) -> None:
        self.reported: list[str] = []

    def __getattr__(self, name: str) -> Any:
        raise ZeroDivisionError("no tuner")

    def report_error(self, error: str) -> None:
        self.reported.append(error)


def test_what_a_tuner_raises_is_reported_once_and_still_raised():
    nni_patches.repair()  # again, which changes nothing
    broken = Broken()
    with pytest.raises(ZeroDivisionError):
        MsgDispatcherBase.process_command(broken, CommandType.RequestTrialJobs, "1")
    (said,) = broken.reported
    assert said.startswith("Traceback") and "no tuner" in said
