"""How far an experiment is: a bar on a terminal, plain lines elsewhere. All of it on stderr.

A terminal that was closed is no reason to fail: what cannot be shown is dropped.
"""

import contextlib
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from tqdm import tqdm

from aerial_nni.config.errors import shown
from aerial_nni.config.run_folder_schema import TrialRow
from aerial_nni.nni_backend.records import Record
from aerial_nni.nni_backend.trial_states import UNFINISHED, history_of
from aerial_nni.tuners.trial import BUDGET

EVERY = 10.0
"""Seconds between two plain lines about epochs of one trial."""


class Progress(Protocol):
    """Who is told how far the experiment is."""

    def update(self, record: Record) -> None:
        """Called twice a second with the present state."""

    def say(self, line: str) -> None:
        """Shows a line."""

    def close(self) -> None:
        """Called once, at the end."""


def progress_for(folder: Path, *, trials: int, epochs: int) -> Progress:
    """A bar if the error stream is a terminal, else lines."""
    kind = Bar if sys.stderr.isatty() else Lines
    return kind(folder, trials=trials, epochs=epochs)


def summary(trials: Sequence[TrialRow]) -> str:
    """Trials by state, in few words."""
    done = sum(trial.state not in UNFINISHED for trial in trials)
    failed = sum(trial.state == "FAILED" for trial in trials)
    return f"{done} trials ended" + (f", {failed} failed" if failed else "")


def epochs_of(trial: TrialRow, epochs: int) -> int:
    """Epochs a trial trains: its own number where it has one, else the experiment's."""
    own = trial.parameters.get(BUDGET, trial.parameters.get("epochs", epochs))
    return max(1, int(own))


def parameters_text(parameters: Mapping[str, object]) -> str:
    """Parameters as `name=value, …`, numbers shortened."""
    return ", ".join(
        f"{key}={value:.4g}" if isinstance(value, float) else f"{key}={value}"
        for key, value in parameters.items()
    )


def say(*lines: str) -> None:
    """Shows lines to the person who started this; what is for programs goes to stdout."""
    with contextlib.suppress(OSError):
        for line in lines:
            if line:
                print(shown(line), file=sys.stderr, flush=True)


class Bar:
    """One bar over all trials; epochs of running trials count in part, so the time left is true."""

    def __init__(self, folder: Path, *, trials: int, epochs: int) -> None:
        self.folder, self.epochs = folder, epochs
        layout = "{desc}: {percentage:3.0f}%|{bar}| {elapsed} gone, {remaining} left{postfix}"
        self.bar = tqdm(total=trials, bar_format=layout, dynamic_ncols=True)
        self.bar.set_description_str(f"trials 0/{trials}")

    def update(self, record: Record) -> None:
        """Redraws the bar."""
        total = max(int(record.limits.trials), len(record.trials))
        running, parts = [], 0.0
        for trial in record.trials:
            if trial.state != "RUNNING":
                continue
            history, epochs = history_of(self.folder / trial.id), epochs_of(trial, self.epochs)
            parts += min(1.0, len(history) / epochs)
            score = f" {history[-1]['mean_iou']:.4f}" if history else ""
            running.append(f"epoch {len(history)}/{epochs}{score}")
        done = sum(trial.state not in UNFINISHED for trial in record.trials)
        best = f", best {record.best.score:.4f}" if record.best else ""
        self.bar.total, self.bar.n = total, min(total, done + parts)
        self.bar.set_description_str(f"trials {done}/{total}{best}", refresh=False)
        self.bar.set_postfix_str("; ".join(running[:3]), refresh=False)
        with contextlib.suppress(OSError):
            self.bar.refresh()

    def say(self, line: str) -> None:
        """Shows a line above the bar."""
        with contextlib.suppress(OSError):
            self.bar.write(line, file=sys.stderr)

    def close(self) -> None:
        """Leaves the bar as it is."""
        with contextlib.suppress(OSError):
            self.bar.close()


class Lines:
    """A line when a trial begins or ends, and one for its epochs every few seconds."""

    def __init__(self, folder: Path, *, trials: int, epochs: int) -> None:
        self.folder, self.epochs = folder, epochs
        self.states: dict[str, str] = {}
        self.told: dict[str, tuple[int, float]] = {}

    def update(self, record: Record) -> None:
        """Shows what is new."""
        total = max(int(record.limits.trials), len(record.trials))
        for trial in record.trials:
            name = f"trial {(trial.sequence or 0) + 1}/{total} ({trial.id})"
            if trial.state == "RUNNING":
                self._epochs(trial, name)
            if self.states.get(trial.id) == trial.state:
                continue
            self.states[trial.id] = trial.state
            if trial.state == "RUNNING":
                self.say(f"{name} runs: {parameters_text(trial.parameters)}")
            elif trial.state not in UNFINISHED:
                score = "no score" if trial.score is None else f"mean IoU {trial.score:.4f}"
                self.say(f"{name} {trial.state.lower().replace('_', ' ')}: {score}")

    def _epochs(self, trial: TrialRow, name: str) -> None:
        history, epochs = history_of(self.folder / trial.id), epochs_of(trial, self.epochs)
        told, moment = self.told.get(trial.id, (0, 0.0))
        last = len(history) == epochs
        if len(history) > told and (last or time.monotonic() - moment > EVERY):
            self.told[trial.id] = len(history), time.monotonic()
            row = history[-1]
            self.say(
                f"{name} epoch {len(history)}/{epochs}: mean IoU {row['mean_iou']:.4f}, "
                f"validation loss {row['val_loss']:.4f}"
            )

    def say(self, line: str) -> None:
        """Shows a line."""
        say(line)

    def close(self) -> None:
        """Nothing to do."""
