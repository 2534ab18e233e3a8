"""How long an experiment will take, said before NNI starts.

The trial's own program times a step of the options at hand, on this machine and with as many
threads as a trial will have: see `trials.step_timing`. Times the steps, the epochs and the
trials that is an estimate: a search chooses other options, and other programs want their share.
"""

import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from aerial_nni.config.errors import Damaged, UserError
from aerial_nni.config.families import FAMILIES
from aerial_nni.config.options import BUILT_IN, TrialOptions, as_dict
from aerial_nni.config.run_folder import as_json, write_json
from aerial_nni.config.run_folder_schema import Limits
from aerial_nni.config.schema import Between, fitted
from aerial_nni.nni_backend.definition import OPTIONS_FILE, Definition
from aerial_nni.nni_backend.nni_patches import threads_of_a_trial
from aerial_nni.nni_backend.platforms import gpu_count
from aerial_nni.nni_backend.progress import say
from aerial_nni.nni_backend.workload import Part

SURELY_SHORT = 120
"""Epochs of all trials together that take minutes on what is built in, and are not timed."""

LONG = 600.0
"""Seconds from which on an estimate is said."""

WAIT = 150.0
"""Seconds after which the timing is ended."""

START = 4.0
"""Seconds in which NNI starts a trial, and Python torch."""

FOLDED = {"space_to_depth": 2}
"""What makes a U-Net quicker, at the price of somewhat coarser edges."""

Changes = Mapping[str, Any]
Seconds = Annotated[float, Between(0)]


class NotTimed(UserError):
    """No step could be timed. The message says why."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """What `trials.step_timing` prints of a variant."""

    setup: Seconds
    first: Seconds
    step: Seconds
    steps: Annotated[int, Between(1)]
    validation: Seconds
    device: str

    def trial(self, epochs: float) -> float:
        """Seconds of a trial of so many epochs."""
        epoch = self.steps * self.step + self.validation
        return START + self.setup + self.first + epochs * epoch


Times = Mapping[str, Timing]
"""What was timed, by the changes of the variant as JSON."""


def say_estimate(
    definition: Definition, limits: Limits, folder: Path, *, options: TrialOptions, local: bool
) -> None:
    """Times a step and says how long the experiment will take, where that is long.

    `options` are those in the experiment's `folder`. Where trials are not `local` none is timed.
    """
    if not definition.work or _surely_short(definition):
        return
    if not local:
        say("no estimate of the time that it takes: trials run on other machines")
        return
    say("timing a step, to estimate the time that all of it takes")
    base = definition.work[0].changes[0]
    folded = {**base, **FOLDED} if _can_be_folded({**as_dict(options), **base}) else None
    asked = [base, *([folded] if folded else [])]
    asked += [one for part in definition.work for one in part.changes if one not in asked]
    try:
        times = measured(definition.module, folder, asked, concurrency=limits.concurrency)
    except NotTimed as error:
        say(f"no estimate of the time that it takes: {error}")
    else:
        say(*estimate(definition.work, times, limits, base=base, folded=folded))


def _surely_short(definition: Definition) -> bool:
    epochs = sum(part.trials * part.epochs for part in definition.work)
    return definition.options.data in BUILT_IN and epochs <= SURELY_SHORT


def _can_be_folded(options: Changes) -> bool:
    return FAMILIES[options["model"]].foldable and options["space_to_depth"] == 1


def measured(module: str, folder: Path, asked: Sequence[Changes], *, concurrency: int) -> Times:
    """What was timed of the variants that are `asked` for: of the first, and what time allows.

    Raises:
        NotTimed: not even the first could be.
    """
    environment = {**os.environ, **threads_of_a_trial(concurrency)}
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "variants.json"
        write_json(file, asked)
        command = [sys.executable, "-m", module, "--options", str(folder / OPTIONS_FILE)]
        try:
            done = subprocess.run(
                [*command, "--time", str(file)],
                env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=WAIT,
            )  # fmt: skip
            printed, said = done.stdout, done.stderr
        except subprocess.TimeoutExpired as error:
            printed, said = error.stdout or b"", f"no step ended in {WAIT:g} s".encode()
    times = dict(_read(printed.decode(errors="replace"), asked))
    if as_json(asked[0]) not in times:
        raise NotTimed(_why(printed, said))
    return times


def _read(printed: str, asked: Sequence[Changes]) -> Iterator[tuple[str, Timing]]:
    """The variants that were timed, of what the trial's program printed."""
    lines = [line for line in printed.splitlines() if line.startswith("{")]
    for changes, line in zip(asked, lines, strict=False):
        try:
            yield as_json(changes), fitted(Timing, json.loads(line), "a timing")
        except (ValueError, Damaged):
            continue  # it says why that variant cannot be trained; the last line may be cut off


def _why(printed: bytes, said: bytes) -> str:
    """Why nothing was timed: what the program says of the first variant, or its last words."""
    for line in printed.decode(errors="replace").splitlines():
        if line.startswith('{"error": '):
            return str(json.loads(line)["error"])
    words = said.decode(errors="replace").strip().splitlines()
    return words[-1].removeprefix("error: ") if words else "its program says nothing"


def estimate(
    work: Sequence[Part], times: Times, limits: Limits, *, base: Changes, folded: Changes | None
) -> list[str]:
    """Lines that say how long all of `work` takes."""
    usual = times[as_json(base)]
    at_once = min(limits.concurrency, _places(usual.device))
    seconds = sum(_seconds(part, times, usual, at_once) for part in work)
    if seconds < LONG:
        return [f"this will take less than {duration(LONG)}"]
    text = f"this will take about {duration(seconds)}"
    if folded and (quick := times.get(as_json(folded))):
        share = quick.trial(work[0].epochs) / usual.trial(work[0].epochs)
        text += f"; with --space-to-depth 2 about {duration(seconds * share)}"
    trials = sum(part.trials for part in work)
    text += f" (an estimate: {trials} trial{'s' if trials > 1 else ''}, a step takes "
    text += f"{usual.step:.2g} s here, an epoch has {usual.steps})"
    if seconds <= limits.max_minutes * 60:
        return [text]
    minutes = math.ceil(seconds / 60 * 1.25 / 60) * 60
    return [
        text,
        f"it ends after {duration(limits.max_minutes * 60)}, its limit: give --max-minutes "
        f"{minutes}, or go on then with: resume",
    ]


def _seconds(part: Part, times: Times, usual: Timing, at_once: int) -> float:
    """Seconds of a part: the mean of what stands for it, in as many rounds as it takes."""
    known = [times[key] for one in part.changes if (key := as_json(one)) in times] or [usual]
    trial = sum(one.trial(part.epochs) for one in known) / len(known)
    more = part.more_steps * sum(one.step for one in known) / len(known)
    return math.ceil(part.trials / at_once) * trial + more


def _places(device: str) -> int:
    """How many trials this machine runs at once without making each of them slower."""
    return max(1, gpu_count() if device == "cuda" else os.cpu_count() or 1)


def duration(seconds: float) -> str:
    """Minutes, hours or days, as exact as an estimate is."""
    if seconds < 100 * 60:
        return f"{round(seconds / 60)} minutes"
    if seconds < 72 * 3600:
        hours = seconds / 3600
        return f"{hours:.1f} hours" if hours < 9.95 else f"{round(hours)} hours"
    return f"{seconds / 86400:.1f} days"
