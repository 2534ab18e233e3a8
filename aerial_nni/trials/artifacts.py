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
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from aerial_nni import __version__
from aerial_nni.config.options import TrialOptions
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
    metrics = {
        **_scores(outcome, evaluation, curves, classes, by_image=by_image(context, confusions)),
        **_grant_facts(grant, options),
        "split": _split_facts(context),
        "data": _data_facts(context),
        "checkpoint": {"file": CHECKPOINT, "sha256": sha256(folder / CHECKPOINT)},
        "model": model_facts(model, context.prepared),
        "cost": {
            "training_seconds": outcome.seconds,
            "resumed_seconds": sum(
                row["seconds"] for row in outcome.history[: grant.resumed_epochs]
            ),
            "seconds_per_epoch": outcome.seconds / len(outcome.history),
            "patches_per_second": float(
                np.median([row["patches_per_second"] for row in outcome.history])
            ),
            "device": str(context.device),
            "precision": context.precision,
            "threads": torch.get_num_threads(),
            "machine": machine_name(context.device),
            "peak_memory_bytes": peak_memory(context.device),
        },
        "versions": {
            "aerial_nni": __version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
        },
        **facts,
        "files": digests_of(folder, _reported(folder)),
    }
    write_json(folder / METRICS, metrics)


def _reported(folder: Path) -> list[str]:
    """Names of the files that a document reads."""
    pictures = sorted((folder / EXAMPLES).glob("*.png"))
    found = [path.relative_to(folder).as_posix() for path in pictures]
    return [OPTIONS, HISTORY, CURVES, EXAMPLE_LIST, GENOTYPE, *found]


def _scores(
    outcome: Outcome,
    evaluation: Evaluation,
    curves: PrecisionRecall,
    classes: tuple[str, ...],
    *,
    by_image: Tensor,
) -> dict[str, Any]:
    kept = outcome.history[outcome.best_epoch - 1]
    final = {**evaluation.scores(), "image_dice": image_dice(by_image), "loss": kept["val_loss"]}
    per_class = evaluation.per_class(classes)
    for name, average in zip(classes, curves.average_precision().tolist(), strict=True):
        per_class[name]["average_precision"] = average
    return {
        "score": outcome.best_score,
        "epoch": outcome.best_epoch,
        "epochs_run": len(outcome.history),
        "stopped": outcome.stopped,
        "final": final,
        "per_class": per_class,
        "confusion": evaluation.confusion.tolist(),
    }


def _grant_facts(grant: Grant, options: TrialOptions) -> dict[str, int]:
    """Of a budgeted trial: after how many epochs it stops, and how many it inherited."""
    if grant.epochs is None:
        return {}
    return {
        "budget": min(grant.epochs, options.epochs),
        "resumed_epochs": grant.resumed_epochs,
    }


def _split_facts(context: "DataContext") -> dict[str, Any]:
    split, patches = context.split, context.prepared.patches

    def images(indices: tuple[int, ...]) -> int:
        return len({patches[i].image for i in indices})

    return {
        "rule": split.rule,
        "leaky": split.leaky,
        "seed": split.seed,
        "val_fraction": split.val_fraction,
        "file": str(context.split_file),
        "train_patches": len(split.train),
        "val_patches": len(split.val),
        "train_images": images(split.train),
        "val_images": images(split.val),
        "shown": {
            side: _images_with(context, indices)
            for side, indices in (("train", split.train), ("val", split.val))
        },
        "pixels": {
            "train": pixels_per_class(context.prepared, split.train),
            "val": pixels_per_class(context.prepared, split.val),
        },
    }


def _images_with(context: "DataContext", indices: tuple[int, ...]) -> dict[str, int]:
    """Images that show each class, by name."""
    prepared = context.prepared
    shown: dict[str, set[str]] = {name: set() for name in prepared.facts.classes}
    for index in indices:
        for name, pixels in zip(shown, prepared.counts[index, :-1].tolist(), strict=True):
            if pixels:
                shown[name].add(prepared.patches[index].image)
    return {name: len(images) for name, images in shown.items()}


def _data_facts(context: "DataContext") -> dict[str, Any]:
    prepared = context.prepared
    return {
        **dataclasses.asdict(prepared.facts),
        "fingerprint": prepared.fingerprint,
        "patch": prepared.patch,
        "patch_width": prepared.size[1],
        "stride": prepared.stride,
        "edge": prepared.edge,
        "skipped": prepared.skipped,
    }


def model_facts(model: nn.Module, prepared: Prepared) -> dict[str, Any]:
    """The model's size, and its cost for one patch."""
    shape = [len(prepared.facts.bands), *prepared.size]
    device = next(model.parameters()).device
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, *shape, device=device))
    return {
        "parameters": parameter_count(model),
        "multiply_adds": counter.get_total_flops() // 2,
        "input": shape,
    }


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
