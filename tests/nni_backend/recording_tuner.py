"""Tuners that write down what they hear: one JSON list a line, in FAST_HEARD."""

import json
import os
from typing import Any

from aerial_nni.tuners.bohb import BOHBTuner
from aerial_nni.tuners.gp import GPTuner
from aerial_nni.tuners.random_grid import RandomTuner
from aerial_nni.tuners.tuner import SpaceTuner


class Recording(SpaceTuner):
    def receive_trial_result(self, parameter_id, parameters, value, customized=False, **rest: Any):
        note("result", parameters, value, customized)
        super().receive_trial_result(parameter_id, parameters, value, **rest)

    def trial_end(self, parameter_id, success, *, parameters=None, event="", **rest: Any):
        note("end", parameters, event)
        super().trial_end(parameter_id, success, parameters=parameters, event=event, **rest)

    def added(self, parameters):
        note("added", parameters)
        super().added(parameters)

    def resumed(self, parameters):
        note("resumed", parameters)
        super().resumed(parameters)

    def failed(self, parameters):
        note("failed", parameters)
        super().failed(parameters)

    def import_data(self, data):
        note("imported", [entry["parameter"] for entry in data])
        super().import_data(data)


class RecordingRandomTuner(Recording, RandomTuner):
    pass


class RecordingGPTuner(Recording, GPTuner):
    pass


class RecordingBOHBTuner(Recording, BOHBTuner):
    pass


def note(*heard: Any) -> None:
    with open(os.environ["FAST_HEARD"], "a") as file:
        file.write(json.dumps(heard) + "\n")
