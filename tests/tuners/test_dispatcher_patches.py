"""The repairs of NNI's dispatcher that need no server: what a tuner raises is reported."""

from typing import Any

import pytest
from nni.runtime.msg_dispatcher_base import MsgDispatcherBase
from nni.runtime.tuner_command_channel import CommandType

from aerial_nni.tuners import dispatcher_patches as nni_patches


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
