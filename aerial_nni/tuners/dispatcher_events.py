"""Patches that make NNI's dispatcher deliver trial events in order (see dispatcher_patches).

A tuner may have, beside NNI's own methods:

    resumed(parameters)    a trial of an earlier run of the experiment goes on
    failed(parameters)     a trial of an earlier run of the experiment failed
    added(parameters)      a person added a trial in the web UI ("customized"); with
                           `_accept_customized = True` its result comes as any other

`trial_end` is given `parameters` and `event` (NNI's state, USER_CANCELED for example) by name; an
entry of `import_data` has this state as its `status` where it is a trial before a resume.
"""

from types import SimpleNamespace
from typing import Any

from nni.common.serializer import load
from nni.runtime import msg_dispatcher
from nni.runtime.tuner_command_channel import CommandType
from nni.utils import MetricType

HEARS = "hears of customized trials"
"""What the dispatcher answers to its initialisation; manager.cjs, `customized`, looks for it."""

RUNS = ("WAITING", "RUNNING", "ADD_RESUMED")
"""NNI's states of trials that go on after a resume."""

IN_ORDER = "_for_the_tuner"
"""Key in the data of a trial's end: it is in the queue of results and requests."""


class Heard:
    """What has come from trials that have not ended, by trial id."""

    def __init__(self) -> None:
        self.latest: dict[str, str] = {}
        """The latest intermediate result, as it was sent."""
        self.final: dict[str, Any] = {}
        """Final results of customised trials: their parameters come with their end."""
        self.told: set[str] = set()
        """Trials whose final result the tuner knows."""
        self.recalled = False
        """Whether our manager has told of the trials before a resume; NNI's own does not."""


def patch_dispatcher() -> None:
    """Mends NNI's dispatcher; the methods below say what was wrong."""
    dispatcher = msg_dispatcher.MsgDispatcher
    _ends_in_order(dispatcher)
    _results(dispatcher)
    _running_trials(dispatcher)
    _earlier_trials(dispatcher)


def heard_by(dispatcher: Any) -> Heard:
    """What a dispatcher has heard so far."""
    heard: Heard = dispatcher.__dict__.setdefault("_heard", Heard())
    return heard


def _ends_in_order(dispatcher: Any) -> None:
    """The tuner hears of a trial's end after its result, and never while it makes a suggestion.

    nni/runtime/msg_dispatcher_base.py `enqueue_command` gives ends to the assessor's thread alone,
    which calls the tuner while the other thread may be inside it.
    """
    enqueue, end = dispatcher.enqueue_command, dispatcher.handle_trial_end

    def enqueue_command(self: Any, command: Any, data: Any) -> None:
        if command is CommandType.TrialEnd:
            self.default_command_queue.put((command, {**data, IN_ORDER: True}))
        elif command is CommandType.ReportMetricData and data["type"] == MetricType.PERIODICAL:
            heard_by(self).latest[data["trial_job_id"]] = data["value"]
        enqueue(self, command, data)

    def handle_trial_end(self: Any, data: Any) -> None:
        if data.get(IN_ORDER):
            self.tell_the_end(data)
            return
        alone = {"tuner": None, "assessor": self.assessor}
        end(SimpleNamespace(**alone, is_created_in_previous_exp=lambda _: False), data)

    dispatcher.enqueue_command = enqueue_command
    dispatcher.handle_trial_end = handle_trial_end


def _results(dispatcher: Any) -> None:
    """Customised trials' results are learnt, and of a trial that is stopped early its last score.

    nni/runtime/msg_dispatcher.py `_handle_final_metric_data` ignores the results of customised
    trials, or looks their parameters up where they are not: they are never sent before the end.
    `handle_trial_end` ends a trial that was stopped early as if it had failed.
    """
    handle = dispatcher._handle_final_metric_data

    def _handle_final_metric_data(self: Any, data: Any) -> None:
        heard = heard_by(self)
        if data["parameter_id"] is None:
            heard.final[data["trial_job_id"]] = data["value"]
            return
        heard.told.add(data["trial_job_id"])
        handle(self, data)

    def tell_the_end(self: Any, data: Any) -> None:
        packed = load(data["hyper_params"])
        id, parameters, trial = packed["parameter_id"], packed["parameters"], data["trial_job_id"]
        heard, event = heard_by(self), data["event"]
        latest = heard.latest.pop(trial, None)
        known = trial in heard.told
        heard.told.discard(trial)
        customized = id is None
        if customized:
            if not getattr(self.tuner, "_accept_customized", False):
                return
            id = msg_dispatcher._create_parameter_id()
        results = [heard.final.pop(trial)] if trial in heard.final else []
        if event == "EARLY_STOPPED" and latest is not None and not known:
            results = results or [load(latest)]
        for value in results:
            self.tuner.receive_trial_result(
                id, parameters, value, customized=customized, trial_job_id=trial
            )
        self.tuner.trial_end(id, event == "SUCCEEDED", parameters=parameters, event=event)

    dispatcher._handle_final_metric_data = _handle_final_metric_data
    dispatcher.tell_the_end = tell_the_end


def _running_trials(dispatcher: Any) -> None:
    """The tuner hears which trials run without it having suggested them just now.

    nni/runtime/msg_dispatcher.py `handle_add_customized_trial` keeps it to itself: the tuner
    suggests the same parameters once more. `handle_report_metric_data` and `handle_trial_end`
    then know a resumed trial by its result alone: one that fails is awaited for ever.
    """
    handle, send = dispatcher.handle_add_customized_trial, dispatcher.send

    def handle_add_customized_trial(self: Any, data: Any) -> None:
        trials = data if isinstance(data, list) else [data]
        if any(trial["parameter_source"] == "customized" for trial in trials):
            for trial in trials:
                _tell(self.tuner, "added", trial["parameters"])
            return
        handle(self, data)
        for trial in trials:
            if trial["parameter_id"] is not None:
                msg_dispatcher._trial_params[trial["parameter_id"]] = trial["parameters"]
        self.recovered_max_param_id = -1  # from here on they are trials like any other
        if not heard_by(self).recalled:
            for trial in trials:
                _tell(self.tuner, "resumed", trial["parameters"])

    def send_and_say(self: Any, command: Any, data: str) -> None:
        send(self, command, HEARS if command is CommandType.Initialized else data)

    dispatcher.handle_add_customized_trial = handle_add_customized_trial
    dispatcher.send = send_and_say


def _earlier_trials(dispatcher: Any) -> None:
    """After a resume the tuner hears of all trials in their order, as manager.cjs (`past`) has it.

    nni/runtime/msg_dispatcher.py `handle_import_data` knows nothing but results, and not which of
    them are of trials that a person added.
    """
    handle = dispatcher.handle_import_data

    def handle_import_data(self: Any, data: Any) -> None:
        foreign = [entry for entry in data if "status" not in entry]
        for entry in data:
            if "status" in entry:
                heard_by(self).recalled = True
                recall(self, entry)
        if foreign:
            handle(self, foreign)

    def recall(self: Any, entry: Any) -> None:
        parameters, customized = entry["parameter"], entry["customized"]
        if entry["status"] in RUNS:
            _tell(self.tuner, "added" if customized else "resumed", parameters)
        elif entry["value"] is None:
            _tell(self.tuner, "failed", parameters)
        else:
            if customized:
                _tell(self.tuner, "added", parameters)
            handle(self, [entry])

    dispatcher.handle_import_data = handle_import_data


def _tell(tuner: Any, what: str, parameters: Any) -> None:
    if hasattr(tuner, what):
        getattr(tuner, what)(parameters)
