"""Training failures that a user can act on: a loss that is not finite, or out of memory."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from aerial_nni.config.errors import UserError, is_memory
from aerial_nni.config.options import TrialOptions
from aerial_nni.data.pipeline.batches import Batch
from aerial_nni.training.device import autocast

if TYPE_CHECKING:
    from aerial_nni.training.loop import Trainer, TrainingTask


class NotFinite(UserError):
    """The loss became NaN or infinite."""

    def __init__(self, *, epoch: int, step: int, options: TrialOptions) -> None:
        advice = [f"--lr {options.lr / 3:.2g}"]
        if options.clip == 0:
            advice.append("--clip 1")
        if options.precision != "fp32":
            advice.append("--precision fp32")
        super().__init__(
            f"the loss is not a finite number at step {step} of epoch {epoch} "
            f"(lr={options.lr:g}, precision={options.precision}); try {', or '.join(advice)}, "
            "by hand with another --out"
        )


class BatchTooSmall(UserError):
    """Batch norm would have to learn from a single value of each channel."""


class OutOfMemory(UserError):
    """A training step does not fit into the device's memory."""


@contextmanager
def memory_explained(advice: Callable[[str], str]) -> Iterator[None]:
    """Turns running out of memory in the block into `OutOfMemory`; `advice` gets the reason."""
    try:
        yield
    except (torch.OutOfMemoryError, RuntimeError) as error:
        if not is_memory(error):
            raise
        reason = str(error).splitlines()[0]
    else:
        return
    # Outside the handler: the traceback no longer holds the step's activations.
    raise OutOfMemory(advice(reason))


@contextmanager
def step_explained(trainer: "Trainer", batch: Batch, task: "TrainingTask") -> Iterator[None]:
    """Turns what a step cannot do in the block into an error with what to change.

    Raises:
        OutOfMemory: with a batch that fits.
        BatchTooSmall: the deepest maps of the batch have one value in each channel.
    """
    try:
        with memory_explained(lambda reason: _advice(trainer, batch, task, reason)):
            yield
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            raise
        side = "x".join(str(size) for size in batch[1].shape[1:])
        raise BatchTooSmall(
            f"batch norm cannot learn from {len(batch[0])} patch of {side} pixels: at its deepest "
            "it is a single pixel; give --batch 2 or more (and as many training patches), a "
            "larger --patch, or for a U-Net a smaller --depth or --norm group"
        ) from None


def _advice(trainer: "Trainer", batch: Batch, task: "TrainingTask", reason: str) -> str:
    """What to type, found by trying ever smaller batches in the step of the weights."""
    options = trainer.options
    size = len(batch[0]) // 2
    while size >= 1:
        trainer.optimizer.zero_grad()
        if trainer.device.type == "cuda":
            torch.cuda.empty_cache()
        try:
            with autocast(trainer.device, trainer.precision):
                task.objective(trainer.model, *(part[:size] for part in batch)).backward()
        except (torch.OutOfMemoryError, RuntimeError) as error:
            if not is_memory(error):
                raise
            size //= 2
            continue
        accumulate = -(-options.batch * options.accumulate // size)
        return (
            f"batch={options.batch} does not fit into the memory ({reason}); a batch of {size} "
            f"does: try --batch {size} --accumulate {accumulate}, which learns nearly the same"
        )
    width = getattr(options.network, "width", 0)
    narrower = f"--width {width // 2 or 1} or " if width else ""
    return (
        f"not even one patch fits into the memory ({reason}); try {narrower}"
        f"--patch {batch[0].shape[-1] // 2}"
    )
