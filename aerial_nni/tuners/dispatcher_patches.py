"""Patches of NNI 3.0's dispatcher, the process in which a tuner runs.

They take effect when a module with a tuner of ours is imported there: `repair()` is idempotent.
In tests/, nni_backend/test_nni_patches.py and tuners/test_dispatcher_events.py have a test for each
that fails once it is not needed.
"""

import traceback
from typing import Any

import nni
from nni.runtime import msg_dispatcher, msg_dispatcher_base
from nni.runtime.command_channel.websocket import connection
from nni.runtime.tuner_command_channel import CommandType
from nni.tuner import Tuner
from nni.utils import MetricType

from aerial_nni.tuners.decoding import decode_plainly, in_our_experiment
from aerial_nni.tuners.dispatcher_events import patch_dispatcher

_DONE = "_aerial_nni_repaired"


class NotYet(nni.NoMoreTrialError):
    """A tuner has nothing to suggest until a result comes: the request waits for it.

    Raised from `generate_parameters`. The tuner is asked again after each result.
    """


def repair() -> None:
    """Makes a failing tuner end its experiment, a tuner hear what it should, and both patient."""
    if getattr(msg_dispatcher_base.MsgDispatcherBase, _DONE, False):
        return
    if in_our_experiment():
        decode_plainly()
    _report_what_a_tuner_raises()
    patch_dispatcher()
    _let_requests_wait()
    _ask_the_tuner_before_assessing()
    _bear_a_slow_manager()
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


def _ask_the_tuner_before_assessing() -> None:
    """A tuner whose `assesses` is false keeps the assessor from stopping its trials.

    nni/runtime/msg_dispatcher.py `_handle_intermediate_metric_data` compares the trials of a search
    with longer ones that follow it, and would stop those.
    """
    dispatcher = msg_dispatcher.MsgDispatcher
    handle = dispatcher._handle_intermediate_metric_data

    def handle_intermediate(self: Any, data: Any) -> None:
        if getattr(self.tuner, "assesses", True):
            handle(self, data)

    dispatcher._handle_intermediate_metric_data = handle_intermediate


def _bear_a_slow_manager() -> None:
    """The dispatcher waits for a manager that is slow; one that dies ends the connection.

    nni/runtime/command_channel/websocket/connection.py `_connect_async` leaves it to `websockets`
    to give the manager 10 s to accept, and 20 s to answer each ping: after that what both have
    sent is lost, and after a few attempts the dispatcher ends.
    """

    async def connect(url: str) -> Any:
        patient = {"open_timeout": None, "ping_interval": None}
        return await connection.websockets.connect(url, max_size=None, **patient)

    connection._connect_async = connect


def _let_requests_wait() -> None:
    """A request that meets `NotYet` is kept and put to the tuner again after each result.

    nni/runtime/msg_dispatcher.py `handle_request_trial_jobs` knows only "no more trials", upon
    which the experiment is in TUNER_NO_MORE_TRIAL and a later suggestion "not supposed" to come.
    """
    dispatcher = msg_dispatcher.MsgDispatcher
    request, end = dispatcher.handle_request_trial_jobs, dispatcher.tell_the_end
    report = dispatcher.handle_report_metric_data

    def handle_request_trial_jobs(self: Any, data: int) -> None:
        if type(self.tuner).generate_multiple_parameters is not Tuner.generate_multiple_parameters:
            request(self, data)  # a tuner with a way of its own
            return
        waiting = self.__dict__.setdefault("_waiting", [])
        waiting.extend(msg_dispatcher._create_parameter_id() for _ in range(data))
        serve(self)

    def serve(self: Any) -> None:
        waiting = self.__dict__.get("_waiting", [])
        while waiting:
            try:
                parameters = self.tuner.generate_parameters(waiting[0])
            except NotYet:
                return
            except nni.NoMoreTrialError:
                self.send(
                    CommandType.NoMoreTrialJobs, msg_dispatcher._pack_parameter(waiting[0], "")
                )
                waiting.clear()
                return
            packed = msg_dispatcher._pack_parameter(waiting.pop(0), parameters)
            self.send(CommandType.NewTrialJob, packed)

    def tell_the_end(self: Any, data: Any) -> None:
        end(self, data)
        serve(self)

    def handle_report_metric_data(self: Any, data: Any) -> None:
        final = data["type"] == MetricType.FINAL  # the others are the assessor's, in its own thread
        report(self, data)
        if final:
            serve(self)

    dispatcher.handle_request_trial_jobs = handle_request_trial_jobs
    dispatcher.tell_the_end = tell_the_end
    dispatcher.handle_report_metric_data = handle_report_metric_data
