"""Repairs of NNI 3.0's dispatcher (the process in which a tuner runs).

They take effect when a module with a tuner of ours is imported there: `repair()` is idempotent.
tests/experiments/test_repairs.py has a test for each that fails once it is not needed.
"""

import traceback
from typing import Any

from nni.runtime import msg_dispatcher, msg_dispatcher_base

_DONE = "_aerial_nni_repaired"


def repair() -> None:
    """Makes a failing tuner end its experiment, and tells a tuner of trials that are resumed."""
    if getattr(msg_dispatcher_base.MsgDispatcherBase, _DONE, False):
        return
    _report_what_a_tuner_raises()
    _tell_of_resumed_trials()
    setattr(msg_dispatcher_base.MsgDispatcherBase, _DONE, True)


def _report_what_a_tuner_raises() -> None:
    """A tuner's exception becomes the experiment's state ERROR.

    nni/runtime/msg_dispatcher_base.py `command_queue_worker` only ends its thread: the process
    waits for a next command that never comes, and the experiment stays RUNNING for ever.
    """
    base = msg_dispatcher_base.MsgDispatcherBase
    process = base.process_command

    def process_command(self: Any, command: Any, data: Any) -> None:
        try:
            process(self, command, data)
        except Exception:
            self.report_error(traceback.format_exc())
            raise

    base.process_command = process_command


def _tell_of_resumed_trials() -> None:
    """A tuner with a method `resumed(parameters)` hears which trials run on after a resume.

    nni/runtime/msg_dispatcher.py `handle_add_customized_trial` keeps that to itself: the tuner
    suggests the same parameters once more.
    """
    dispatcher = msg_dispatcher.MsgDispatcher
    handle = dispatcher.handle_add_customized_trial

    def handle_add_customized_trial(self: Any, data: Any) -> None:
        handle(self, data)
        if hasattr(self.tuner, "resumed"):
            for trial in data if isinstance(data, list) else [data]:
                self.tuner.resumed(trial["parameters"])

    dispatcher.handle_add_customized_trial = handle_add_customized_trial
