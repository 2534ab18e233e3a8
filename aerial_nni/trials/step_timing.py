"""How long a step of a trial takes here: its own model, loss, patches and batch, and nothing kept.

    python -m aerial_nni.trials.baseline --data dubai --data-dir DIR --time variants.json

prints one JSON object a line for each variant in the file, a list of options that differ from those
of the command line: what `Timing` says, or {"error": ...}. The first variant is always timed; no
other is begun once `ENOUGH` has gone, so that a slow machine does not wait for all of them.
"""

import dataclasses
import itertools
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aerial_nni.config.errors import UserError, is_memory
from aerial_nni.config.families import FAMILIES
from aerial_nni.config.options import Options, as_dict, changed
from aerial_nni.config.run_folder import METRICS, SAMPLES, read_json
from aerial_nni.training.loop import Trainer, TrainingTask
from aerial_nni.trials.run_trial import (
    DataContext,
    TrainingSetup,
    open_data_context,
    task_of,
    trainer_of,
)

ENOUGH = 25.0
"""Seconds after which no other variant is begun."""

SLOW = 5.0
"""Seconds from which on the first time of anything will do."""

LOOK = 2.0
"""Seconds for which steps are timed, after the first one."""

MOST = 20
"""Steps that are timed at most."""

UNTIMED = {
    "accumulate": 1,
    "find_lr": 0,
    "target_milliseconds": 0.0,
    "teacher_cache": False,
    "max_skips": 1.0,
}
"""Options that a timed trial has otherwise: what they do is of no step, or would be kept."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """What a trial takes. Times are in seconds."""

    setup: float
    """To open the data and build the model, without the start of Python."""
    first: float
    """What is done once before the first epoch: the samples of zoom-out."""
    step: float
    steps: int
    """Steps in an epoch."""
    validation: float
    """Of an epoch."""
    device: str

    @property
    def epoch(self) -> float:
        """Seconds of an epoch."""
        return self.steps * self.step + self.validation


def timings(
    options: Options,
    variants: Sequence[Mapping[str, Any]],
    learning: Callable[[Options, DataContext, Path], TrainingSetup],
) -> Iterator[Mapping[str, Any]]:
    """A `Timing` for each variant of `options`, as a dictionary, or {"error": ...}."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        context = open_data_context(options, Path(folder))
        opened = time.perf_counter() - began
        for number, variant in enumerate(variants):
            if number and time.perf_counter() - began > ENOUGH:
                return
            own = Path(folder) / str(number)
            own.mkdir()
            try:
                changes = {**variant, **_untimed(options)}
                found = _timed(
                    changed(options, changes, drop_others="model" in changes),
                    context,
                    learning,
                    own,
                )
            except (UserError, RuntimeError, MemoryError) as error:
                if not isinstance(error, UserError) and not is_memory(error):
                    raise
                yield {"error": str(error).partition("\n")[0]}
                continue
            yield dataclasses.asdict(dataclasses.replace(found, setup=opened + found.setup))


def _untimed(options: Options) -> dict[str, Any]:
    known = as_dict(options)
    return {name: value for name, value in UNTIMED.items() if name in known}


def _timed(
    options: Options,
    context: DataContext,
    learning: Callable[[Options, DataContext, Path], TrainingSetup],
    folder: Path,
) -> Timing:
    began = time.perf_counter()
    few = _few(context, options.batch)
    setup = learning(options, few if FAMILIES[options.model].looks_first else context, folder)
    trainer = trainer_of(options, context, setup, folder)
    seconds = time.perf_counter() - began
    stage = folder / SAMPLES / METRICS
    first = read_json(stage)["seconds"] if stage.exists() else 0.0
    whole = task_of(options, context, setup)
    return Timing(
        setup=seconds - first,
        first=first * len(context.split.train) / len(few.split.train),
        step=_step(trainer, whole, epoch=options.epochs - 1),
        steps=whole.steps,
        validation=_validation(trainer, task_of(options, few, setup))
        * len(context.split.val) / len(few.split.val),
        device=context.device.type,
    )  # fmt: skip


def _few(context: DataContext, patches: int) -> DataContext:
    """The same with so many patches on each side, at most."""
    train, val = context.split.train[:patches], context.split.val[:patches]
    return dataclasses.replace(
        context, split=dataclasses.replace(context.split, train=train, val=val)
    )


def _step(trainer: Trainer, task: TrainingTask, *, epoch: int) -> float:
    """Seconds of a training step, once torch has made ready what it keeps for the next one."""

    def steps(count: int) -> float:
        """Seconds of a step, over so many."""
        began = time.perf_counter()
        batches = itertools.islice(task.training(epoch), count)
        trainer.train(epoch, dataclasses.replace(task, training=lambda _: batches, steps=count))
        return (time.perf_counter() - began) / count

    if (first := steps(1)) > SLOW:
        return first
    return steps(max(1, min(MOST, task.steps, round(LOOK / steps(1)))))


def _validation(trainer: Trainer, task: TrainingTask) -> float:
    """Seconds of scoring the patches of `task`, the second time where that is quick."""

    def seconds() -> float:
        began = time.perf_counter()
        scored, _ = task.callback.delivered(trainer.scored, trainer.spec)
        task.evaluate(scored)
        return time.perf_counter() - began

    first = seconds()
    return first if first > SLOW else seconds()
