"""Starts an experiment of NNI as it comes, until the end of the standard input: PORT FOLDER."""

import select
import sys
from pathlib import Path

from nni.experiment import Experiment, launcher

if __name__ == "__main__":
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    launcher._check_rest_server.__defaults__ = (120, None)  # this machine may be busy
    experiment = Experiment("local")
    config = experiment.config
    config.trial_command = "sleep 600"
    config.trial_code_directory = folder
    config.experiment_working_directory = folder / "nni"
    config.search_space = {"lr": {"_type": "uniform", "_value": [0, 1]}}
    config.tuner.name = "Random"
    config.trial_concurrency = 1
    config.max_trial_number = 500
    experiment.start(port)
    select.select([sys.stdin], [], [])  # NNI's Node makes it non-blocking
    experiment.stop()
