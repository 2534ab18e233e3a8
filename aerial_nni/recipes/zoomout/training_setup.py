r"""The zoom-out trial: a shallow classifier on the features of a frozen network, in two stages.

By hand, into a folder of its own; running the line again goes on where it stopped:

    python -m aerial_nni.trials.zoomout --backbone-weights random --out runs/by-hand
    python -m aerial_nni.trials.zoomout --data buildings --data-dir DIR --split tile \
        --backbone encoder --backbone-weights CHECKPOINT --superpixel 12 --out runs/superpixels
"""

import dataclasses
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from aerial_nni.config.run_folder import LAST, METRICS, SAMPLES, read_json, write_json
from aerial_nni.models import ModelSpec
from aerial_nni.models.zoomout import ZoomOut
from aerial_nni.recipes.zoomout.backbone_weights import Weights, copy_weights, fitting_weights
from aerial_nni.recipes.zoomout.first_stage import learn_from
from aerial_nni.recipes.zoomout.options import ZoomOutOptions
from aerial_nni.recipes.zoomout.samples import (
    Samples,
    every_superpixel,
    gather,
    pixels_of_each_class,
)
from aerial_nni.training.seeds import generator
from aerial_nni.trials.main import run_program
from aerial_nni.trials.run_trial import DataContext, TrainingSetup, new_model, supervised_setup


def build_setup(options: ZoomOutOptions, context: DataContext, folder: Path) -> TrainingSetup:
    """The zoom-out model after its first stage, to be trained densely; or plainly the U-Net.

    Raises:
        BackboneMissing, BackboneUnfit, BadCheckpoint: with what to do.
    """
    plain = supervised_setup(options, context)
    if options.model != "zoomout":
        return plain
    weights = fitting_weights(options, context.prepared, context.split)
    spec = zoomout_spec(options, context, weights)
    model = new_model(spec, options.seed)
    assert isinstance(model, ZoomOut)
    pixels = str(context.prepared.images.dtype)
    copy_weights(model, weights, context.normalisation, pixels=pixels)
    model.to(context.device).to(memory_format=torch.channels_last)
    facts: dict[str, Any] = {
        "backbone": options.backbone,
        "weights": weights.facts,
        "convolutions": options.convolutions,
        "dimension": model.dimension,
        "frozen_parameters": sum(p.numel() for p in model.encoder.parameters()),
        "superpixel": options.superpixel,
        "spacing": options.spacing,
    }
    facts["samples"] = first_stage(model, options, context, folder)
    return dataclasses.replace(plain, model=model, spec=spec, facts={"zoomout": facts})


def zoomout_spec(options: ZoomOutOptions, context: DataContext, weights: Weights) -> ModelSpec:
    """How the model is built again."""
    facts = context.prepared.facts
    names = ("backbone", "convolutions", "hidden", "dropout", "spacing", "superpixel")
    encoder = dataclasses.asdict(weights.encoder) if weights.encoder else None
    return ModelSpec(
        model="zoomout",
        bands=len(facts.bands),
        classes=len(facts.classes),
        **{name: getattr(options, name) for name in ("width", "depth", "norm", "dropout",
                                                     "upsampling", "space_to_depth")},
        more={**{name: getattr(options, name) for name in names}, "encoder": encoder},
    )  # fmt: skip


def first_stage(
    model: ZoomOut, options: ZoomOutOptions, context: DataContext, folder: Path
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
    model: ZoomOut, options: ZoomOutOptions, context: DataContext, *, training: bool
) -> Samples:
    """Samples of the training or of the validation patches, none of them augmented."""
    draw = generator(options.seed, "training samples" if training else "validation samples")
    indices = context.split.train if training else context.split.val
    order = torch.randperm(len(indices), generator=draw).tolist()
    batches = context.batches(options, training=training, indices=tuple(indices[i] for i in order))
    strides = model.encoder.strides
    pick = (
        every_superpixel(options.superpixel, strides)
        if options.superpixel
        else pixels_of_each_class(options.samples, strides, draw)
    )
    return gather(model, batches, pick, precision=context.precision)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one trial; 0 when it reached its end."""
    module = "aerial_nni.trials.zoomout"
    return run_program(arguments, ZoomOutOptions, build_setup, module=module, description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
