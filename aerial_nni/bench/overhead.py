"""What NNI and this package add to each trial, against the same trials run by a shell loop.

A random search of one-epoch trials is run as an experiment, then its trials once more, one after
the other, each by its own command line. Also how long it takes from the command to the first step.
"""

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import torch

from aerial_nni.bench.many import describe_many, measure_many
from aerial_nni.bench.table import Table
from aerial_nni.bench.worker import RunFailed
from aerial_nni.config import run_folder
from aerial_nni.config.options import flag
from aerial_nni.nni_backend.ports import free_port


@dataclass(frozen=True)
class Searched:
    """An experiment that was run, with moments in seconds since 1970."""

    folder: Path
    asked: float
    ended: float
    trials: list[dict[str, Any]]

    @property
    def first_step(self) -> float:
        """When the first trial began to train: its first epoch's end less that epoch's length."""
        first = min(self.trials, key=lambda trial: trial["sequence"])
        history = self.folder / first["folder"] / run_folder.HISTORY
        seconds = run_folder.read_history(history)[0]["seconds"]
        moment: float = history.stat().st_mtime - float(seconds)
        return moment


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of this benchmark."""
    parser.add_argument("--trials", type=int, default=6, help="trials (default: 6)")
    parser.add_argument(
        "--many",
        type=int,
        default=0,
        metavar="N",
        help="also run so many trials that train nothing, in about a second each",
    )


def measure(given: argparse.Namespace) -> Table:
    """Seconds of the experiment and of the loop, per trial."""
    data = ["--data", given.data, *(["--data-dir", given.data_dir] if given.data_dir else [])]
    with tempfile.TemporaryDirectory(prefix="aerial-bench-") as folder:
        _search(Path(folder) / "warm", [*data, "--trials", "1"])  # fills the cache
        searched = _search(Path(folder) / "runs", [*data, "--trials", str(given.trials)])
        first_step = searched.first_step
        loop = _loop(searched, Path(folder) / "loop")
        like = searched.folder / searched.trials[0]["folder"]
        parts = measure_many(given.many, like, Path(folder) / "many") if given.many else []
    count = len(searched.trials)
    start = min(_moment(trial["start"]) for trial in searched.trials)
    last = max(_moment(trial["end"]) for trial in searched.trials)
    rows = (
        ("from the command to the first training step", first_step - searched.asked),
        (f"{count} trials in the experiment, first start to last end", last - start),
        (f"the same {count} by a shell loop", loop),
        ("added to each trial", (last - start - loop) / count),
        ("from the last trial's end to the command's, document included", searched.ended - last),
    )
    return Table(
        title="What an experiment adds to its trials",
        columns=("What", "Seconds"),
        rows=rows,
        notes=(
            f"one-epoch trials of a random search on {given.data}, one at a time, warm cache",
            "NNI gives starts and ends of trials to the second",
            *(describe_many() if given.many else ()),
        ),
        parts=tuple(parts),
        device=torch.device("cpu"),
    )


def _search(runs: Path, flags: list[str]) -> Searched:
    arguments = ["hpo", "--method", "random", "--epochs", "1", "--final-seeds", "--exit", "--json"]
    arguments += ["--concurrency", "1"]
    place = ["--runs", str(runs), "--port", str(free_port())]
    asked = time.time()
    said = _run(["aerial_nni.run", *arguments, *place, *flags])
    folder = Path(json.loads(said)["folder"])
    record = run_folder.read_json(folder / run_folder.EXPERIMENT)
    return Searched(folder, asked, time.time(), record["trials"])


def _loop(searched: Searched, out: Path) -> float:
    """Seconds that the trials take as one shell script, each a command of its own."""
    lines = []
    for trial in searched.trials:
        options = str(searched.folder / "options.yaml")
        words = [
            "aerial_nni.trials.baseline",
            "--options",
            options,
            "--out",
            str(out / trial["id"]),
        ]
        for name, value in trial["parameters"].items():
            if not name.startswith("_"):
                words += flag(name, value)
        lines.append(shlex.join([sys.executable, "-m", *words]))
    began = time.perf_counter()
    ran = subprocess.run(["sh", "-e"], input="\n".join(lines), text=True, capture_output=True)
    if ran.returncode:
        raise RunFailed(f"the shell loop failed:\n{ran.stderr[-2000:]}")
    return time.perf_counter() - began


def _run(words: list[str]) -> str:
    ran = subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True)
    if ran.returncode:
        raise RunFailed(f"{shlex.join(words)} failed:\n{ran.stderr[-2000:]}")
    return ran.stdout


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
