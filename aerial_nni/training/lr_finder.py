"""The learning-rate finder: the rate rises step by step, and the loss says which one is good.

Smith 2017, "Cyclical Learning Rates for Training Neural Networks", sec. 3.3. The weights, the
norms' figures and every random state are afterwards what they were before.
"""

import copy
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn

from aerial_nni.config.options import TrialOptions, changed
from aerial_nni.data.pipeline.batches import Batch
from aerial_nni.training.device import autocast
from aerial_nni.training.failures import memory_explained
from aerial_nni.training.optim import build_optimizer
from aerial_nni.training.seeds import derived_seed

LOWEST, HIGHEST = 1e-7, 1.0
SMOOTH = 0.9
"""Share of the loss so far in the smoothed loss of the next step."""
DIVERGED = 4.0
"""Times the lowest smoothed loss at which the search ends."""


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Rates in rising order and the smoothed loss at each."""

    rates: tuple[float, ...]
    losses: tuple[float, ...]

    @property
    def suggested(self) -> float:
        """The rate at which the loss falls most steeply over the logarithm of the rate.

        The first tenth of the steps is left out: its smoothed losses are of few batches.
        """
        losses = self.losses
        inner = range(max(1, len(losses) // 10), len(losses) - 1)
        return self.rates[min(inner, key=lambda k: losses[k + 1] - losses[k - 1], default=0)]


def sweep(
    model: nn.Module,
    options: TrialOptions,
    objective: Callable[..., torch.Tensor],
    batches: Callable[[int], Iterator[Batch]],
    *,
    steps: int,
    device: torch.device,
    precision: str,
) -> Sweep:
    """The loss at `steps` rates from LOWEST to HIGHEST; `batches(epoch)` gives training batches.

    Steps are training's, with its clipping and in fp16 its scaling, but of one batch each.

    Raises:
        OutOfMemory: a step does not fit into the memory.
    """
    trial = copy.deepcopy(model).to(device).to(memory_format=torch.channels_last).train()
    optimizer = build_optimizer(trial, changed(options, {"lr": LOWEST}))
    rates = [LOWEST * (HIGHEST / LOWEST) ** (k / max(1, steps - 1)) for k in range(steps)]
    scaler = torch.amp.GradScaler(device.type, enabled=precision == "fp16")
    losses: list[float] = []
    smooth = 0.0
    forked = [device.index or 0] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=forked), memory_explained(partial(_advice, options)):
        torch.manual_seed(derived_seed(options.seed, "learning-rate finder"))
        for rate, batch in zip(rates, _endless(batches), strict=False):
            for group in optimizer.param_groups:
                group["lr"] = rate
            with autocast(device, precision):
                loss = objective(trial, *batch)
            scaler.scale(loss).backward()
            if options.clip:
                scaler.unscale_(optimizer)
                nn.utils.clip_grad_norm_(trial.parameters(), options.clip)
            scaler.step(optimizer)
            scaler.update()
            optimizer.zero_grad()
            value = float(loss.detach())
            if not math.isfinite(value):
                break
            smooth = SMOOTH * smooth + (1 - SMOOTH) * value
            losses.append(smooth / (1 - SMOOTH ** (len(losses) + 1)))
            if losses[-1] > DIVERGED * min(losses):
                break
    return Sweep(rates=tuple(rates[: len(losses)]), losses=tuple(losses))


def _advice(options: TrialOptions, reason: str) -> str:
    """What to type where the memory does not suffice."""
    half = max(1, options.batch // 2)
    accumulate = -(-options.batch * options.accumulate // half)
    return (
        f"the learning-rate finder with batch={options.batch} does not fit into the memory; try "
        f"--batch {half} --accumulate {accumulate}, or leave it out with --find-lr 0 ({reason})"
    )


def _endless(batches: Callable[[int], Iterator[Batch]]) -> Iterator[Batch]:
    return itertools.chain.from_iterable(batches(epoch) for epoch in itertools.count())


def as_columns(found: Sweep) -> Sequence[dict[str, float]]:
    """A row for each rate, for a file."""
    return [
        {"lr": rate, "loss": loss} for rate, loss in zip(found.rates, found.losses, strict=True)
    ]
