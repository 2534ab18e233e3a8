"""The one training loop of every trial.

The loop knows nothing of datasets, NNI or reports: it takes batches and an objective, keeps the
best epoch (or the one that its callback says) and the last in its folder, and calls `on_epoch`
after each epoch.
"""

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from aerial_nni.config.errors import UserError
from aerial_nni.config.options import TrialOptions, as_dict
from aerial_nni.config.run_folder import (
    CHECKPOINT,
    HISTORY,
    LAST,
    SET_ASIDE,
    read_history,
    write_history,
)
from aerial_nni.data.pipeline.batches import Batch, valid_pixels
from aerial_nni.models import ModelSpec
from aerial_nni.training.callback import Callback
from aerial_nni.training.checkpoint import (
    BadCheckpoint,
    Owners,
    load_checkpoint,
    load_state,
    pack_state,
    save_checkpoint,
    save_tensors,
)
from aerial_nni.training.device import autocast
from aerial_nni.training.evaluation import Evaluation
from aerial_nni.training.failures import NotFinite, step_explained
from aerial_nni.training.one_run import OtherRun as OtherRun
from aerial_nni.training.one_run import refuse_other_run as refuse_other_run
from aerial_nni.training.one_run import set_aside
from aerial_nni.training.optim import build_optimizer, learning_rate
from aerial_nni.training.progress import epoch_line, steps_of
from aerial_nni.training.seeds import derived_seed

log = logging.getLogger(__name__)

CHECK_EVERY = 25
"""Steps between two looks at the loss: each look waits for the device."""

Objective = Callable[..., Tensor]
"""(model, images, masks, whatever else is in a batch) -> the scalar that is minimised.

A mean over the valid pixels of the masks: by their number steps are added up.
"""


@dataclass(frozen=True, kw_only=True)
class TrainingTask:
    """What the loop works on. `training(epoch)` yields an epoch's batches, `steps` of them."""

    training: Callable[[int], Iterator[Batch]]
    steps: int
    objective: Objective
    evaluate: Callable[[nn.Module], Evaluation]
    classes: tuple[str, ...]
    header: dict[str, Any]
    """What a checkpoint's header says beside the architecture and the score."""
    columns: Callable[[], Mapping[str, float]] = dict
    """Asked after an epoch's training: further columns of its row."""
    callback: Callback = field(default_factory=Callback)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a run ended: one row per epoch, the kept epoch (from 1) and its score, and why.

    The kept epoch is the best one, unless the callback keeps another.
    """

    history: list[dict[str, float]]
    best_epoch: int
    best_score: float
    stopped: str
    seconds: float
    """Wall time spent in epochs, validation included, over all resumed parts."""


class Trainer:
    """The state of a run: model, averaged model, optimiser and history."""

    def __init__(
        self,
        model: nn.Module,
        spec: ModelSpec,
        options: TrialOptions,
        *,
        device: torch.device,
        precision: str,
        folder: Path,
    ) -> None:
        self.model = model.to(device).to(memory_format=torch.channels_last)
        self.spec, self.options, self.folder = spec, options, folder
        self.device, self.precision = device, precision
        self.averaged: AveragedModel | None = None
        if options.ema > 0:
            decay = get_ema_multi_avg_fn(options.ema)
            self.averaged = AveragedModel(self.model, multi_avg_fn=decay, use_buffers=True)
        self.optimizer = build_optimizer(self.model, options)
        self.scaler = torch.amp.GradScaler(device.type, enabled=precision == "fp16")
        self.history: list[dict[str, float]] = []
        self.best_epoch, self.best_score = 0, -math.inf
        self.restarted = 0
        """After which epoch the optimiser began anew, since the last one was lost; 0: never."""

    @property
    def scored(self) -> nn.Module:
        """The weights that are validated and kept: the averaged ones where there are any."""
        return self.model if self.averaged is None else self.averaged.module

    def run(
        self,
        task: TrainingTask,
        on_epoch: Callable[[dict[str, float], nn.Module], None],
        *,
        until: int | None = None,
    ) -> Outcome:
        """Trains until the epochs are done or patience ends; goes on where the folder stopped.

        With `until`, no further than that epoch: schedules are those of all epochs all the same,
        so a later call goes on as if there had been no pause.

        Raises:
            NotFinite: when the loss is no longer a number.
            OutOfMemory: when a step does not fit; the message has the batch that does.
        """
        self.resume(task)
        options = self.options
        last = min(options.epochs, until or options.epochs)
        part = f" of {options.epochs}" if last < options.epochs else ""
        stopped = f"reached {last}{part} epoch{'' if last == 1 and not part else 's'}"
        while len(self.history) < last:
            if options.patience and self._waited() >= options.patience:
                stopped = f"no better score for {options.patience} epochs"
                break
            if self.history and (halted := task.callback.halted()):
                stopped = halted
                break
            epoch = len(self.history)
            row, scored, spec = self._epoch(epoch, task)
            self.history.append(row)
            if not self.best_epoch or task.callback.keeps(row["mean_iou"], self.best_score):
                self.best_epoch, self.best_score = epoch + 1, row["mean_iou"]
                header = {**task.header, "score": self.best_score, "epoch": self.best_epoch}
                save_checkpoint(self.folder / CHECKPOINT, scored, spec, header=header)
            self._save_last(task)
            log.info(epoch_line(row, options.epochs))
            on_epoch(row, scored)
        else:
            stopped = (self.history and task.callback.halted()) or stopped
        if self.restarted:
            stopped += f"; {LAST} was damaged: a new optimiser after epoch {self.restarted}"
        return Outcome(
            history=self.history,
            best_epoch=self.best_epoch,
            best_score=self.best_score,
            stopped=stopped,
            seconds=sum(row["seconds"] for row in self.history),
        )

    def _waited(self) -> int:
        """Epochs since the highest score."""
        scores = [row["mean_iou"] for row in self.history]
        return len(scores) - 1 - scores.index(max(scores)) if scores else 0

    def _epoch(
        self, epoch: int, task: TrainingTask
    ) -> tuple[dict[str, float], nn.Module, ModelSpec]:
        """An epoch's row, what was scored in it, and how that is built again."""
        started = time.perf_counter()
        with torch.random.fork_rng(devices=_gpu(self.device)):
            torch.manual_seed(derived_seed(self.options.seed, "dropout", epoch))
            loss, rate, patches = self.train(epoch, task)
        trained = time.perf_counter() - started
        scored, spec = task.callback.delivered(self.scored, self.spec)
        evaluation = task.evaluate(scored)
        scores = evaluation.scores()
        if evaluation.confusion.sum() and not math.isfinite(scores["loss"]):
            raise NotFinite(epoch=epoch + 1, step=task.steps, options=self.options)
        row = {
            "epoch": epoch + 1,
            "train_loss": loss,
            "val_loss": scores.pop("loss"),
            **task.columns(),
            **task.callback.columns(),
            **scores,
            "lr": rate,
            "seconds": time.perf_counter() - started,
            "patches_per_second": patches / trained,
        }
        for name, columns in evaluation.per_class(task.classes).items():
            row |= {f"{key}/{name}": columns[key] for key in ("iou", "precision", "recall")}
        return row, scored, spec

    def train(self, epoch: int, task: TrainingTask) -> tuple[float, float, int]:
        """One pass over the training batches: mean loss, last learning rate, patches seen.

        The loss is the mean over valid pixels, and so is the gradient of steps that are added
        before an update: patches that are mostly void weigh as little as in one large batch.
        """
        options = self.options
        updates = math.ceil(task.steps / options.accumulate)
        total, pixels = torch.zeros(2, device=self.device, dtype=torch.float64)
        unchecked: list[Tensor] = []
        rate, patches = 0.0, 0
        weight: Tensor | float
        self.model.train()
        label = f"epoch {epoch + 1}/{options.epochs}"
        batches = steps_of(task.training(epoch), total=task.steps, label=label)
        for step, batch in enumerate(batches):
            group_start = step - step % options.accumulate
            group = min(options.accumulate, task.steps - group_start)
            if step == group_start:
                update = epoch * updates + step // options.accumulate
                rate = learning_rate(options, update, options.epochs * updates)
                weight = 0.0
            counted = valid_pixels(batch[1])
            with step_explained(self, batch, task):
                if step == group_start:
                    task.callback.before_update(epoch, batch, rate, self.optimizer)
                share = counted / batch[1].numel() if group > 1 else 1.0
                loss = self._step(batch, task.objective, share)
            total += loss * counted
            pixels += counted
            weight += share
            patches += len(batch[0])
            unchecked.append(loss)
            last = step + 1 == task.steps
            if len(unchecked) == CHECK_EVERY or last:
                self._check(unchecked, epoch, step)
                unchecked.clear()
            if step - group_start + 1 == group:
                self._update(rate, weight)
        return float(total / pixels.clamp_min(1)), rate, patches

    def _step(self, batch: Batch, objective: Objective, share: Tensor | float) -> Tensor:
        """Forward and backward of one batch that weighs `share`; its loss, without the graph."""
        with autocast(self.device, self.precision):
            loss = objective(self.model, *batch)
        self.scaler.scale(loss * share).backward()
        return loss.detach()

    def _update(self, rate: float, weight: Tensor | float) -> None:
        """A step of the optimiser along gradients that were added with `weight` in all."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        if isinstance(weight, Tensor):
            gradients = [p.grad for p in self.model.parameters() if p.grad is not None]
            torch._foreach_div_(gradients, weight.clamp_min(1e-12))
        if self.options.clip:
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.model.parameters(), self.options.clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad()
        if self.averaged is not None:
            self.averaged.update_parameters(self.model)

    def _check(self, losses: list[Tensor], epoch: int, step: int) -> None:
        finite = torch.isfinite(torch.stack(losses)).tolist()
        if not all(finite):
            first = step + 1 - len(losses) + finite.index(False)
            raise NotFinite(epoch=epoch + 1, step=first + 1, options=self.options)

    def _owners(self, task: TrainingTask) -> Owners:
        owners: dict[str, nn.Module | Optimizer] = {"model": self.model}
        if self.averaged is not None:
            owners["averaged"] = self.averaged
        return {**owners, "optimizer": self.optimizer, **task.callback.owners()}

    def _save_last(self, task: TrainingTask) -> None:
        header = {
            "options": as_dict(self.options),
            "history": self.history,
            "best_epoch": self.best_epoch,
            "best_score": self.best_score,
            "scaler": self.scaler.state_dict(),
            "restarted": self.restarted,
        }
        save_tensors(self.folder / LAST, pack_state(self._owners(task)), header)
        write_history(self.folder / HISTORY, self.history)

    def resume(self, task: TrainingTask) -> None:
        """Takes up the folder's last epoch, if there is one; a damaged one is set aside.

        Raises:
            OtherRun: it is of other options.
        """
        refuse_other_run(self.folder, self.options)
        path = self.folder / LAST
        try:
            kept = load_state(path, self._owners(task)) if path.exists() else None
        except BadCheckpoint as error:
            set_aside(path, error)
            kept = None
        if kept is None:
            if path.with_name(LAST + SET_ASIDE).exists() and not task.callback.owners():
                self._begin_at_checkpoint()
            return
        self.history, self.restarted = kept.history, kept.restarted
        self.best_epoch, self.best_score = kept.best_epoch, kept.best_score
        self.scaler.load_state_dict(kept.scaler)
        log.info("resuming after epoch %d", len(self.history))

    def _begin_at_checkpoint(self) -> None:
        """Takes up the kept epoch, with a new optimiser; nothing where it cannot be read."""
        path = self.folder / CHECKPOINT
        try:
            model, header = load_checkpoint(path)
            rows = read_history(self.folder / HISTORY)[: header.get("epoch", 0)]
            for part in (self.model, *([self.averaged.module] if self.averaged else [])):
                part.load_state_dict(model.state_dict())
        except (UserError, OSError, RuntimeError) as error:
            log.warning("starting at the first epoch: %s", error)
            return
        if rows and len(rows) == header["epoch"] and header.get("score") is not None:
            self.history, self.restarted = list(rows), len(rows)
            self.best_epoch, self.best_score = len(rows), header["score"]
            log.warning("going on after epoch %d with the weights of %s", len(rows), path)


def _gpu(device: torch.device) -> list[int]:
    """The GPU whose random state a fork must keep."""
    return [device.index or 0] if device.type == "cuda" else []
