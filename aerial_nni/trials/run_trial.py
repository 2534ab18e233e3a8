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

from aerial_nni.config.families import FAMILIES
from aerial_nni.config.families.family import resolve
from aerial_nni.config.options import Options, TrialOptions, as_dict, is_rule
from aerial_nni.config.run_folder import EVENTS, LAST, OPTIONS, SPLIT, write_json
from aerial_nni.data.pipeline.augment import Augmentation
from aerial_nni.data.pipeline.batches import Batches, Normalisation, measure_normalisation
from aerial_nni.data.pipeline.class_codes import indices
from aerial_nni.data.pipeline.loading import chosen_patches, chosen_split
from aerial_nni.data.pipeline.prepared import Prepared
from aerial_nni.data.pipeline.split_files import load_split, save_split
from aerial_nni.data.pipeline.splits import Split, split_digest
from aerial_nni.models import ModelSpec, model_spec
from aerial_nni.training.callback import Callback
from aerial_nni.training.device import choose_device, choose_precision
from aerial_nni.training.evaluation import evaluate
from aerial_nni.training.loop import Objective, Outcome, Trainer, TrainingTask, refuse_other_run
from aerial_nni.training.losses import build_loss, class_weights
from aerial_nni.training.memory import peak_memory
from aerial_nni.training.seeds import derived_seed, generator
from aerial_nni.trials.artifacts import write_outputs
from aerial_nni.trials.events import Events
from aerial_nni.trials.fidelity import Grant
from aerial_nni.trials.reporting import Reporter

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class DataContext:
    """Dataset, split, normalisation, device and precision of a trial."""

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
        pixels: list[int] = counts[:-1].tolist()
        return pixels


def open_data_context(options: TrialOptions, folder: Path) -> DataContext:
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
    return DataContext(
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
class TrainingSetup:
    """What a kind of trial learns from, and what it leaves beside the rest."""

    objective: Objective
    loss: Callable[[Tensor, Tensor], Tensor]
    """(logits, masks) -> the loss that is validated."""
    attached: Callable[[np.ndarray], Sequence[np.ndarray]] | None = None
    """What comes with the training batches: see `Batches`."""
    columns: Callable[[], Mapping[str, float]] = dict
    """Further columns of the history: see `TrainingTask`."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Entries of metrics.json and of the checkpoint's header."""
    model: nn.Module | None = None
    """What is trained, where it is not the model that the options name."""
    spec: ModelSpec | None = None
    """How that is built again, where it is not as the options say."""
    training: Batches | None = None
    """The training batches, where they are not all of the split's."""
    callback: Callback = field(default_factory=Callback)


def supervised_setup(options: TrialOptions, context: DataContext, folder: Path) -> TrainingSetup:
    """Plain training: the masks alone, as the model's family learns from them."""
    plain = masks_alone(options, context)
    own = FAMILIES[options.model].setup
    return resolve(own)(options, context, plain, folder) if own else plain


def masks_alone(options: TrialOptions, context: DataContext) -> TrainingSetup:
    """The loss of the model's logits, whatever the model."""
    weights = class_weights(options.class_weights, context.class_pixels())
    loss = build_loss(options.loss, weights=None if weights is None else weights.to(context.device))

    def objective(model: nn.Module, images: Tensor, masks: Tensor) -> Tensor:
        return loss(model(images), masks)

    return TrainingSetup(objective=objective, loss=loss)


def trainer_of(
    options: TrialOptions, context: DataContext, setup: TrainingSetup, folder: Path
) -> Trainer:
    """The training loop of a setup, at its beginning."""
    facts = context.prepared.facts
    bands, classes = len(facts.bands), len(facts.classes)
    spec = setup.spec or model_spec(options, bands=bands, classes=classes)
    return Trainer(
        setup.model or new_model(spec, options.seed),
        spec,
        options,
        device=context.device,
        precision=context.precision,
        folder=folder,
    )


def task_of(options: TrialOptions, context: DataContext, setup: TrainingSetup) -> TrainingTask:
    """What the loop works on: the batches, what is learnt from them, and how it is scored."""
    facts = context.prepared.facts
    validation = context.batches(options, training=False)
    training = setup.training or context.batches(options, training=True)
    training = dataclasses.replace(training, attached=setup.attached)
    return TrainingTask(
        training=lambda epoch: training.shuffled(
            generator(options.seed, "order", epoch),
            generator(options.seed, "augmentation", epoch),
        ),
        steps=training.steps(),
        objective=setup.objective,
        columns=setup.columns,
        callback=setup.callback,
        evaluate=lambda model: evaluate(
            model,
            validation.in_order(),
            classes=len(facts.classes),
            device=context.device,
            precision=context.precision,
            loss=setup.loss,
        ),
        classes=facts.classes,
        header={
            "classes": facts.classes,
            "palette": facts.palette,
            "written": dataclasses.asdict(facts.written or indices(len(facts.classes))),
            "bands": facts.bands,
            "pixels": str(context.prepared.images.dtype),
            "size": context.prepared.size,
            "mean": context.normalisation.mean,
            "std": context.normalisation.std,
            "data": facts.name,
            "split": context.split.rule,
            "split_digest": split_digest(context.prepared, context.split),
            **setup.facts,
        },
    )


def run(
    options: Options,
    folder: Path,
    reporter: Reporter,
    *,
    grant: Grant | None = None,
    learning: Callable[[Options, DataContext, Path], TrainingSetup] = supervised_setup,
) -> Outcome:
    """Trains with `options` in `folder`, reports to `reporter`, and leaves the folder complete.

    With a `grant` it stops after so many of its epochs. `learning` says what from.
    """
    grant = grant or Grant()
    refuse_other_run(folder, options)
    folder.mkdir(parents=True, exist_ok=True)
    context = open_data_context(options, folder)
    write_json(folder / OPTIONS, {**as_dict(options), **grant.as_dict()})
    setup = learning(options, context, folder)
    trainer = trainer_of(options, context, setup, folder)
    task = task_of(options, context, setup)
    with Events(
        folder / EVENTS, context.prepared, context.split.val, context.normalisation
    ) as events:

        def on_epoch(row: dict[str, float], model: nn.Module) -> None:
            events.add(row, model, context.device)
            reporter.intermediate(row)

        outcome = trainer.run(task, on_epoch, until=grant.epochs)
    write_outputs(folder, options, context, outcome, grant=grant, facts=setup.facts)
    if held := peak_memory(context.device):
        log.info("most memory held: %.2f GB", held / 1e9)
    reporter.final(outcome.history[outcome.best_epoch - 1], setup.callback.report())
    return outcome
