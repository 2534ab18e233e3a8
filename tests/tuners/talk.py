"""A dispatcher of NNI, told by a test what a manager would tell it; a tuner that writes it down.

Nothing of the package is imported here: our repairs are those of whoever imports its tuners.
"""

import copy
import json
from collections.abc import Callable
from typing import Any

import nni
from nni.runtime import msg_dispatcher
from nni.runtime.tuner_command_channel import CommandType
from nni.tuner import Tuner

Point = dict[str, Any]


class Recorder(Tuner):
    """Suggests x = 0, 1, 2, …; keeps what it hears."""

    _accept_customized = True

    def __init__(self) -> None:
        self.heard: list[tuple[Any, ...]] = []
        self.succeeded: list[bool] = []
        """Of each trial that ended."""
        self.names: list[str | None] = []
        """NNI's name of each trial that had a result."""

    def update_search_space(self, search_space: Any) -> None:
        pass

    def generate_parameters(self, parameter_id: int, **_: Any) -> dict[str, Any]:
        return {"x": parameter_id}

    def receive_trial_result(
        self, parameter_id, parameters, value, customized=False, **rest
    ) -> None:
        self.heard.append(("result", parameters["x"], value, customized))
        self.names.append(rest.get("trial_job_id"))

    def trial_end(self, parameter_id, success, parameters=None, event="", **_) -> None:
        self.heard.append(("end", parameters and parameters["x"], event))
        self.succeeded.append(success)

    def resumed(self, parameters: Any) -> None:
        self.heard.append(("resumed", parameters["x"]))

    def added(self, parameters: Any) -> None:
        self.heard.append(("added", parameters["x"]))

    def failed(self, parameters: Any) -> None:
        self.heard.append(("failed", parameters["x"]))

    def import_data(self, data: Any) -> None:
        self.heard += [("imported", entry["parameter"]["x"], entry["value"]) for entry in data]


class KillAll:
    """An assessor that stops every trial it is asked about."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def assess_trial(self, trial: str, history: list[Any]) -> bool:
        self.asked.append(trial)
        return False

    def trial_end(self, trial: str, success: bool) -> None:
        pass


def earlier(x: float, status: str, value: Any = None, *, customized: bool = False) -> Any:
    """What manager.cjs says of a trial of an earlier run."""
    entry = {"parameter": {"x": x}, "value": value, "trialJobId": f"t{x}"}
    return {**entry, "status": status, "customized": customized}


class Line:
    """The channel to the manager: keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[CommandType, str]] = []

    def _send(self, command: CommandType, data: str) -> None:
        self.sent.append((command, data))


class Talk:
    """A dispatcher with a tuner, from its start: NNI keeps its state in a module."""

    def __init__(self, tuner: Tuner, assessor: Any = None) -> None:
        msg_dispatcher._next_parameter_id = 0
        for state in ("_trial_params", "_ended_trials", "_trial_history"):
            getattr(msg_dispatcher, state).clear()
        self.dispatcher = msg_dispatcher.MsgDispatcher("ws://_unittest_", tuner, assessor)
        self.line = self.dispatcher._channel = Line()
        self.requested = 0
        self.over: set[int] = set()
        """Ids of suggested trials that have ended."""

    def tell(self, command: CommandType, data: Any) -> None:
        """One command, handled by both queues: the assessor's first, the harder order."""
        self.dispatcher.enqueue_command(command, copy.deepcopy(data))
        dispatcher = self.dispatcher
        for queue in (dispatcher.assessor_command_queue, dispatcher.default_command_queue):
            while not queue.empty():
                dispatcher.process_command(*queue.get())

    def answers(self, kind: CommandType) -> list[str]:
        return [data for command, data in self.line.sent if command is kind]

    @property
    def started(self) -> dict[int, Point]:
        """Parameters of the trials that the tuner has suggested, by NNI's id."""
        packed = map(json.loads, self.answers(CommandType.NewTrialJob))
        return {trial["parameter_id"]: trial["parameters"] for trial in packed}

    @property
    def running(self) -> list[int]:
        """Ids of those that have not ended."""
        return [id for id in self.started if id not in self.over]

    def ask(self, count: int = 1) -> None:
        """The manager has room for so many trials more."""
        self.requested += count
        self.tell(CommandType.RequestTrialJobs, count)

    def add(self, parameters: Point) -> None:
        """A person adds a trial in the web UI."""
        added = {"parameter_id": None, "parameter_source": "customized", "parameters": parameters}
        self.tell(CommandType.AddCustomizedTrialJob, added)

    def metric(self, trial: str, id: int | None, value: Any, kind: str = "FINAL") -> None:
        data = {"parameter_id": id, "trial_job_id": trial, "type": kind, "sequence": 0}
        self.tell(CommandType.ReportMetricData, {**data, "value": nni.dump(value)})

    def end(self, trial: str, id: int | None, point: Point, event: str = "SUCCEEDED") -> None:
        packed = json.dumps({"parameter_id": id, "parameters": point})
        data = {"trial_job_id": trial, "event": event, "hyper_params": packed}
        self.tell(CommandType.TrialEnd, data)
        if id is not None:
            self.over.add(id)

    def run(self, count: int, score: Callable[[Point], float], *, concurrency: int = 1) -> None:
        """So many trials end, always the oldest, while others keep all places taken."""
        for _ in range(count):
            missing = concurrency - (self.requested - len(self.over))
            if missing > 0:
                self.ask(missing)
            id = self.running[0]
            point = self.started[id]
            self.metric(f"t{id}", id, {"default": score(point)})
            self.end(f"t{id}", id, point)
