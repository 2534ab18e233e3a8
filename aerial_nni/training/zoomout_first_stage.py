"""The first stage: the shallow classifier learns from samples, in a folder of its own.

It is the same loop as that of every trial, with features of single pixels or superpixels in place
of pictures. What it learns is the beginning of the second stage, in which pictures are segmented
densely.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from aerial_nni.config.families.zoomout import ZoomOutNetOptions
from aerial_nni.config.options import TrialOptions, changed, network_of
from aerial_nni.config.run_folder import CHECKPOINT
from aerial_nni.models import ModelSpec
from aerial_nni.models.zoomout import ZoomOut
from aerial_nni.training.checkpoint import load_checkpoint
from aerial_nni.training.evaluation import evaluate
from aerial_nni.training.loop import Trainer, TrainingTask
from aerial_nni.training.losses import build_loss, class_weights
from aerial_nni.training.seeds import generator
from aerial_nni.training.zoomout_samples import BATCH, Samples


def head_spec(model: ZoomOut, options: TrialOptions, *, classes: int) -> ModelSpec:
    """How the classifier alone is built again."""
    own = network_of(options, ZoomOutNetOptions)
    sizes = {"channels": model.head.channels, "hidden": own.hidden, "dropout": own.dropout}
    return ModelSpec(model="zoomout-head", bands=model.dimension, classes=classes, options=sizes)


def learn_from(
    model: ZoomOut,
    training: Samples,
    validation: Samples,
    options: TrialOptions,
    *,
    classes: Sequence[str],
    precision: str,
    folder: Path,
) -> dict[str, Any]:
    """Teaches the model's classifier the samples and gives it the best epoch's weights.

    Returns what there is to say of it. It goes on where `folder` stopped.
    """
    passes = network_of(options, ZoomOutNetOptions).sample_epochs
    model.head.standardise(training.features)
    counts = training.counts(len(classes))
    facts: dict[str, Any] = {
        "training": dict(zip(classes, counts, strict=True)),
        "validation": dict(zip(classes, validation.counts(len(classes)), strict=True)),
        "epochs": passes,
        "patches": training.patches,
        "left_out": training.left_out,
    }
    if not passes:
        return facts
    device = training.features.device
    weights = class_weights(options.class_weights, counts)
    loss = build_loss(options.loss, weights=None if weights is None else weights.to(device))
    stage = changed(
        options,
        {"epochs": passes, "batch": BATCH, "accumulate": 1, "schedule": "step",
         "ema": 0.0, "patience": 0},
    )  # fmt: skip
    trainer = Trainer(
        model.head,
        head_spec(model, options, classes=len(classes)),
        stage,
        device=device,
        precision=precision,
        folder=folder,
    )
    task = TrainingTask(
        training=lambda epoch: training.shuffled(generator(options.seed, "samples", epoch)),
        steps=training.steps(),
        objective=lambda head, features, labels: loss(head(features), labels),
        evaluate=lambda head: evaluate(
            head,
            validation.in_order(),
            classes=len(classes),
            device=device,
            precision=precision,
            loss=loss,
        ),
        classes=tuple(classes),
        header={"stage": "samples", "classes": list(classes)},
    )
    outcome = trainer.run(task, lambda *_: None)
    best, _ = load_checkpoint(folder / CHECKPOINT)
    with torch.no_grad():
        model.head.load_state_dict(best.state_dict())
    row = outcome.history[outcome.best_epoch - 1]
    return {
        **facts,
        "epoch": outcome.best_epoch,
        **{name: row[name] for name in ("train_loss", "val_loss", "mean_iou", "pixel_accuracy")},
    }
