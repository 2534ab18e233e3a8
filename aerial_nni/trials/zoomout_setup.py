"""What zoom-out learns from and begins with: a frozen network's weights, and a first stage."""

import dataclasses
import time
from pathlib import Path
from typing import Any

import torch

from aerial_nni.config.families.zoomout import ZoomOutNetOptions
from aerial_nni.config.options import TrialOptions, network_of
from aerial_nni.config.run_folder import LAST, METRICS, SAMPLES, read_json, write_json
from aerial_nni.models import ModelSpec, model_spec
from aerial_nni.models.zoomout import ZoomOut
from aerial_nni.training.seeds import generator
from aerial_nni.training.zoomout_first_stage import learn_from
from aerial_nni.training.zoomout_samples import (
    Samples,
    every_superpixel,
    gather,
    pixels_of_each_class,
)
from aerial_nni.training.zoomout_weights import Weights, copy_weights, fitting_weights
from aerial_nni.trials.run_trial import DataContext, TrainingSetup, new_model


def setup(
    options: TrialOptions, context: DataContext, plain: TrainingSetup, folder: Path
) -> TrainingSetup:
    """The plain setup, of the model after its first stage, to be trained densely.

    Raises:
        BackboneMissing, BackboneUnfit, BadCheckpoint: with what to do.
    """
    own = network_of(options, ZoomOutNetOptions)
    weights = fitting_weights(own, context.prepared, context.split)
    spec = zoomout_spec(options, context, weights)
    model = new_model(spec, options.seed)
    assert isinstance(model, ZoomOut)
    pixels = str(context.prepared.images.dtype)
    copy_weights(model, weights, context.normalisation, pixels=pixels)
    model.to(context.device).to(memory_format=torch.channels_last)
    facts: dict[str, Any] = {
        "backbone": own.backbone,
        "weights": weights.facts,
        "convolutions": own.convolutions,
        "dimension": model.dimension,
        "frozen_parameters": sum(p.numel() for p in model.encoder.parameters()),
        "superpixel": own.superpixel,
        "spacing": own.spacing,
    }
    facts["samples"] = first_stage(model, options, context, folder)
    return dataclasses.replace(plain, model=model, spec=spec, facts={"zoomout": facts})


def zoomout_spec(options: TrialOptions, context: DataContext, weights: Weights) -> ModelSpec:
    """How the model is built again."""
    facts = context.prepared.facts
    spec = model_spec(options, bands=len(facts.bands), classes=len(facts.classes))
    encoder = dataclasses.asdict(weights.encoder) if weights.encoder else None
    return dataclasses.replace(spec, options={**spec.options, "encoder": encoder})


def first_stage(
    model: ZoomOut, options: TrialOptions, context: DataContext, folder: Path
) -> dict[str, Any]:
    """Samples and the stage that learns from them, once: what is said of it, also in its folder."""
    own = folder / SAMPLES
    if (folder / LAST).exists():  # the second stage has begun: its weights are all there are
        return read_json(own / METRICS)["samples"] if (own / METRICS).exists() else {}
    started = time.perf_counter()
    facts = learn_from(
        model,
        drawn(model, options, context, training=True),
        drawn(model, options, context, training=False),
        options,
        classes=context.prepared.facts.classes,
        precision=context.precision,
        folder=own,
    )
    write_json(own / METRICS, {"samples": facts, "seconds": time.perf_counter() - started})
    return facts


def drawn(
    model: ZoomOut, options: TrialOptions, context: DataContext, *, training: bool
) -> Samples:
    """Samples of the training or of the validation patches, none of them augmented."""
    own = network_of(options, ZoomOutNetOptions)
    draw = generator(options.seed, "training samples" if training else "validation samples")
    indices = context.split.train if training else context.split.val
    order = torch.randperm(len(indices), generator=draw).tolist()
    batches = context.batches(options, training=training, indices=tuple(indices[i] for i in order))
    strides = model.encoder.strides
    pick = (
        every_superpixel(own.superpixel, strides)
        if own.superpixel
        else pixels_of_each_class(own.samples, strides, draw)
    )
    return gather(model, batches, pick, precision=context.precision)
