"""Artifacts of a finished trial: final scores, curves and example pictures.

All of it comes from the kept checkpoint as it lies on the disk, so what is scored is what is kept.
"""

import dataclasses
import platform
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from aerial_nni import __version__
from aerial_nni.config.options import TrialOptions
from aerial_nni.config.parts import made
from aerial_nni.config.recipe_facts import RecipeFacts
from aerial_nni.config.run_folder import (
    CHECKPOINT,
    CURVES,
    EXAMPLE_LIST,
    EXAMPLES,
    GENOTYPE,
    HISTORY,
    METRICS,
    OPTIONS,
    atomic,
    digests_of,
    sha256,
    write_json,
)
from aerial_nni.config.trial_schema import (
    ClassScores,
    Cost,
    DataFacts,
    Kept,
    Metrics,
    ModelFacts,
    Scores,
    Sides,
    SplitFacts,
    Versions,
)
from aerial_nni.data.pipeline.prepared import Prepared
from aerial_nni.data.pipeline.splits import pixels_per_class
from aerial_nni.models import parameter_count
from aerial_nni.training.checkpoint import load_checkpoint
from aerial_nni.training.device import machine_name
from aerial_nni.training.evaluation import Evaluation, evaluate
from aerial_nni.training.loop import Outcome
from aerial_nni.training.memory import peak_memory
from aerial_nni.training.metrics import (
    PrecisionRecall,
    image_dice,
)
from aerial_nni.trials.fidelity import Grant
from aerial_nni.trials.patch_scores import by_image, count_into, write_examples

if TYPE_CHECKING:
    from aerial_nni.trials.run_trial import DataContext


def write_outputs(
    folder: Path,
    options: TrialOptions,
    context: "DataContext",
    outcome: Outcome,
    *,
    grant: Grant,
    facts: Mapping[str, Any],
) -> None:
    """Scores the kept checkpoint and completes the folder; `metrics.json`, with `facts`, last."""
    model, _ = load_checkpoint(folder / CHECKPOINT)
    model.to(context.device).to(memory_format=torch.channels_last)
    classes = context.prepared.facts.classes
    score = partial(
        evaluate,
        model,
        classes=len(classes),
        device=context.device,
        precision=context.precision,
    )
    curves = PrecisionRecall(len(classes))
    confusions = torch.zeros(len(context.split.val), len(classes), len(classes), dtype=torch.int64)
    validation = context.batches(options, training=False).in_order()
    evaluation = score(validation, curves=curves, each=count_into(confusions))
    _write_curves(folder / CURVES, curves)

    def predict(indices: tuple[int, ...]) -> list[np.ndarray]:
        found: list[np.ndarray] = []
        again = context.batches(options, training=False, indices=indices).in_order()
        score(again, each=lambda guess, _: found.extend(guess.cpu().numpy().astype(np.uint8)))
        return found

    write_examples(folder, context, confusions, predict)
    kept = outcome.history[outcome.best_epoch - 1]
    metrics = Metrics(
        score=outcome.best_score,
        epoch=outcome.best_epoch,
        epochs_run=len(outcome.history),
        stopped=outcome.stopped,
        final=Scores(
            **{**evaluation.scores(), "loss": kept["val_loss"]},
            image_dice=image_dice(by_image(context, confusions)),
        ),
        per_class=_class_scores(evaluation, curves, classes),
        confusion=tuple(map(tuple, evaluation.confusion.tolist())),
        split=_split_facts(context),
        data=_data_facts(context),
        checkpoint=Kept(file=CHECKPOINT, sha256=sha256(folder / CHECKPOINT)),
        model=model_facts(model, context.prepared),
        cost=_cost(context, outcome, grant),
        versions=Versions(
            aerial_nni=__version__, torch=torch.__version__, python=platform.python_version()
        ),
        budget=min(grant.epochs, options.epochs) if grant.epochs is not None else None,
        resumed_epochs=grant.resumed_epochs if grant.epochs is not None else None,
        files=digests_of(folder, _reported(folder)),
        **vars(made(RecipeFacts, facts, "what a trial leaves")),
    )
    write_json(folder / METRICS, metrics)


def _reported(folder: Path) -> list[str]:
    """Names of the files that a document reads."""
    pictures = sorted((folder / EXAMPLES).glob("*.png"))
    found = [path.relative_to(folder).as_posix() for path in pictures]
    return [OPTIONS, HISTORY, CURVES, EXAMPLE_LIST, GENOTYPE, *found]


def _class_scores(
    evaluation: Evaluation, curves: PrecisionRecall, classes: tuple[str, ...]
) -> dict[str, ClassScores]:
    rows = evaluation.per_class(classes)
    return {
        name: made(ClassScores, {**rows[name], "average_precision": average}, name)
        for name, average in zip(classes, curves.average_precision().tolist(), strict=True)
    }


def _cost(context: "DataContext", outcome: Outcome, grant: Grant) -> Cost:
    history = outcome.history
    return Cost(
        training_seconds=outcome.seconds,
        resumed_seconds=sum(row["seconds"] for row in history[: grant.resumed_epochs]),
        seconds_per_epoch=outcome.seconds / len(history),
        patches_per_second=float(np.median([row["patches_per_second"] for row in history])),
        device=str(context.device),
        precision=context.precision,
        threads=torch.get_num_threads(),
        machine=machine_name(context.device),
        peak_memory_bytes=peak_memory(context.device),
    )


def _split_facts(context: "DataContext") -> SplitFacts:
    split, patches = context.split, context.prepared.patches

    def images(indices: tuple[int, ...]) -> int:
        return len({patches[i].image for i in indices})

    return SplitFacts(
        rule=split.rule,
        leaky=split.leaky,
        seed=split.seed,
        val_fraction=split.val_fraction,
        file=str(context.split_file),
        train_patches=len(split.train),
        val_patches=len(split.val),
        train_images=images(split.train),
        val_images=images(split.val),
        shown=Sides(train=_images_with(context, split.train), val=_images_with(context, split.val)),
        pixels=Sides(
            train=pixels_per_class(context.prepared, split.train),
            val=pixels_per_class(context.prepared, split.val),
        ),
    )


def _images_with(context: "DataContext", indices: tuple[int, ...]) -> dict[str, int]:
    """Images that show each class, by name."""
    prepared = context.prepared
    shown: dict[str, set[str]] = {name: set() for name in prepared.facts.classes}
    for index in indices:
        for name, pixels in zip(shown, prepared.counts[index, :-1].tolist(), strict=True):
            if pixels:
                shown[name].add(prepared.patches[index].image)
    return {name: len(images) for name, images in shown.items()}


def _data_facts(context: "DataContext") -> DataFacts:
    prepared = context.prepared
    own = {
        "fingerprint": prepared.fingerprint,
        "patch": prepared.patch,
        "patch_width": prepared.size[1],
        "stride": prepared.stride,
        "edge": prepared.edge,
        "skipped": prepared.skipped,
    }
    return DataFacts(**{**dataclasses.asdict(prepared.facts), **own})


def model_facts(model: nn.Module, prepared: Prepared) -> ModelFacts:
    """The model's size, and its cost for one patch."""
    shape = (len(prepared.facts.bands), *prepared.size)
    device = next(model.parameters()).device
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, *shape, device=device))
    return ModelFacts(
        parameters=parameter_count(model),
        multiply_adds=counter.get_total_flops() // 2,
        input=shape,
    )


def _write_curves(path: Path, curves: PrecisionRecall) -> None:
    thresholds, precision, recall = curves.curves()
    with atomic(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            thresholds=thresholds.numpy(),
            precision=precision.numpy(),
            recall=recall.numpy(),
            average_precision=curves.average_precision().numpy(),
        )
