"""From options to a complete result folder: the work that every kind of trial shares."""

import dataclasses
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from aerial_nni.data.augment import Augmentation
from aerial_nni.data.batches import Batches, Normalisation, measure_normalisation
from aerial_nni.data.chosen import chosen_patches, chosen_split
from aerial_nni.data.prepared import Prepared
from aerial_nni.data.split_files import load_split, save_split
from aerial_nni.data.splits import Split, split_digest
from aerial_nni.data.written import indices
from aerial_nni.losses import build_loss, class_weights
from aerial_nni.models import ModelSpec, model_spec
from aerial_nni.options import Options, TrialOptions, as_dict, is_rule
from aerial_nni.results import EVENTS, LAST, OPTIONS, SPLIT, write_json
from aerial_nni.training.companion import Companion
from aerial_nni.training.device import choose_device, choose_precision
from aerial_nni.training.evaluation import evaluate
from aerial_nni.training.loop import Objective, Outcome, Task, Trainer, refuse_other_run
from aerial_nni.training.memory import peak_memory
from aerial_nni.training.seeds import derived_seed, generator
from aerial_nni.trials.budget import Grant
from aerial_nni.trials.events import Events
from aerial_nni.trials.outputs import write_outputs
from aerial_nni.trials.reporting import Reporter

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What a trial stands on: the prepared data, its split, and what follows from both."""

    prepared: Prepared
    split: Split
    split_file: Path
    normalisation: Normalisation
    device: torch.device
    precision: str

    def batches(
        self, options: TrialOptions, *, training: bool, indices: tuple[int, ...] | None = None
    ) -> Batches:
        """The training patches, augmented as `options` say, or the validation patches.

        With `indices`, these of them.
        """
        side = self.split.train if training else self.split.val
        augmentation = Augmentation(
            flip=options.flip, turn=options.turn, scale=options.scale, colour=options.colour
        )
        return Batches(
            prepared=self.prepared,
            indices=side if indices is None else indices,
            batch=options.batch,
            device=self.device,
            normalisation=self.normalisation,
            augmentation=augmentation,
        )

    def class_pixels(self) -> list[int]:
        """Training pixels of each class, void left out."""
        counts = self.prepared.counts[list(self.split.train)].sum(axis=0)
        return counts[:-1].tolist()


def lay_ground(options: TrialOptions, folder: Path) -> Ground:
    """Opens the data that `options` name, with the split they name or one made into `folder`.

    Raises:
        DatasetMissing, BadSamples, SplitOverlap, ValueError: with what to type next.
    """
    prepared = chosen_patches(options)
    split_file = folder / SPLIT if is_rule(options.split) else Path(options.split)
    if (folder / LAST).exists() and split_file.exists():
        # Going on: images that came since must not turn training patches into validation patches.
        split = load_split(split_file, prepared)
    else:
        split = chosen_split(options, prepared)
    if is_rule(options.split):
        save_split(split_file, prepared, split)
    device = choose_device(options.device)
    precision = choose_precision(options.precision, device)
    if precision not in options.precisions():
        precision = "fp32"
    return Ground(
        prepared=prepared,
        split=split,
        split_file=split_file,
        normalisation=measure_normalisation(prepared, split.train),
        device=device,
        precision=precision,
    )


def new_model(spec: ModelSpec, seed: int) -> nn.Module:
    """A model whose weights depend on `spec` and `seed` alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derived_seed(seed, "weights"))
        return spec.build()


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What a kind of trial learns from, and what it leaves beside the rest."""

    objective: Objective
    loss: Callable[[Tensor, Tensor], Tensor]
    """(logits, masks) -> the loss that is validated."""
    attached: Callable[[np.ndarray], Sequence[np.ndarray]] | None = None
    """What comes with the training batches: see `Batches`."""
    columns: Callable[[], Mapping[str, float]] = dict
    """Further columns of the history: see `Task`."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Entries of metrics.json and of the checkpoint's header."""
    model: nn.Module | None = None
    """What is trained, where it is not the model that the options name."""
    spec: ModelSpec | None = None
    """How that is built again, where it is not as the options say."""
    training: Batches | None = None
    """The training batches, where they are not all of the split's."""
    companion: Companion = field(default_factory=Companion)


def supervised(options: TrialOptions, ground: Ground, _: Path | None = None) -> Lesson:
    """Plain training: the masks alone."""
    weights = class_weights(options.class_weights, ground.class_pixels())
    loss = build_loss(options.loss, weights=None if weights is None else weights.to(ground.device))

    def objective(model: nn.Module, images: Tensor, masks: Tensor) -> Tensor:
        return loss(model(images), masks)

    return Lesson(objective=objective, loss=loss)


def trainer_of(options: TrialOptions, ground: Ground, lesson: Lesson, folder: Path) -> Trainer:
    """The training loop of a lesson, at its beginning."""
    facts = ground.prepared.facts
    bands, classes = len(facts.bands), len(facts.classes)
    spec = lesson.spec or model_spec(options, bands=bands, classes=classes)
    return Trainer(
        lesson.model or new_model(spec, options.seed),
        spec,
        options,
        device=ground.device,
        precision=ground.precision,
        folder=folder,
    )


def task_of(options: TrialOptions, ground: Ground, lesson: Lesson) -> Task:
    """What the loop works on: the batches, what is learnt from them, and how it is scored."""
    facts = ground.prepared.facts
    validation = ground.batches(options, training=False)
    training = lesson.training or ground.batches(options, training=True)
    training = dataclasses.replace(training, attached=lesson.attached)
    return Task(
        training=lambda epoch: training.shuffled(
            generator(options.seed, "order", epoch),
            generator(options.seed, "augmentation", epoch),
        ),
        steps=training.steps(),
        objective=lesson.objective,
        columns=lesson.columns,
        companion=lesson.companion,
        evaluate=lambda model: evaluate(
            model,
            validation.in_order(),
            classes=len(facts.classes),
            device=ground.device,
            precision=ground.precision,
            loss=lesson.loss,
        ),
        classes=facts.classes,
        header={
            "classes": facts.classes,
            "palette": facts.palette,
            "written": dataclasses.asdict(facts.written or indices(len(facts.classes))),
            "bands": facts.bands,
            "pixels": str(ground.prepared.images.dtype),
            "size": ground.prepared.size,
            "mean": ground.normalisation.mean,
            "std": ground.normalisation.std,
            "data": facts.name,
            "split": ground.split.rule,
            "split_digest": split_digest(ground.prepared, ground.split),
            **lesson.facts,
        },
    )


def run(
    options: Options,
    folder: Path,
    reporter: Reporter,
    *,
    grant: Grant | None = None,
    learning: Callable[[Options, Ground, Path], Lesson] = supervised,
) -> Outcome:
    """Trains with `options` in `folder`, reports to `reporter`, and leaves the folder complete.

    With a `grant` it stops after so many of its epochs. `learning` says what from.
    """
    grant = grant or Grant()
    refuse_other_run(folder, options)
    folder.mkdir(parents=True, exist_ok=True)
    ground = lay_ground(options, folder)
    write_json(folder / OPTIONS, {**as_dict(options), **grant.as_dict()})
    lesson = learning(options, ground, folder)
    trainer = trainer_of(options, ground, lesson, folder)
    task = task_of(options, ground, lesson)
    with Events(folder / EVENTS, ground.prepared, ground.split.val, ground.normalisation) as events:

        def on_epoch(row: dict[str, float], model: nn.Module) -> None:
            events.add(row, model, ground.device)
            reporter.intermediate(row)

        outcome = trainer.run(task, on_epoch, until=grant.epochs)
    write_outputs(folder, options, ground, outcome, grant=grant, facts=lesson.facts)
    if held := peak_memory(ground.device):
        log.info("most memory held: %.2f GB", held / 1e9)
    reporter.final(outcome.history[outcome.best_epoch - 1], lesson.companion.report())
    return outcome
