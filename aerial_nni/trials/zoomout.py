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

from aerial_nni.models import ModelSpec
from aerial_nni.models.zoomout import ZoomOut
from aerial_nni.results import LAST, METRICS, SAMPLES, read_json, write_json
from aerial_nni.training.seeds import generator
from aerial_nni.trials.program import run_program
from aerial_nni.trials.running import Ground, Lesson, new_model, supervised
from aerial_nni.zoomout.options import ZoomOutOptions
from aerial_nni.zoomout.samples import Samples, every_superpixel, gather, pixels_of_each_class
from aerial_nni.zoomout.stages import learn_from
from aerial_nni.zoomout.weights import Weights, fitting_weights, put_into


def zoomed(options: ZoomOutOptions, ground: Ground, folder: Path) -> Lesson:
    """The zoom-out model after its first stage, to be trained densely; or plainly the U-Net.

    Raises:
        BackboneMissing, BackboneUnfit, BadCheckpoint: with what to do.
    """
    plain = supervised(options, ground)
    if options.model != "zoomout":
        return plain
    weights = fitting_weights(options, ground.prepared, ground.split)
    spec = zoomout_spec(options, ground, weights)
    model = new_model(spec, options.seed)
    assert isinstance(model, ZoomOut)
    pixels = str(ground.prepared.images.dtype)
    put_into(model, weights, ground.normalisation, pixels=pixels)
    model.to(ground.device).to(memory_format=torch.channels_last)
    facts: dict[str, Any] = {
        "backbone": options.backbone,
        "weights": weights.facts,
        "convolutions": options.convolutions,
        "dimension": model.dimension,
        "frozen_parameters": sum(p.numel() for p in model.encoder.parameters()),
        "superpixel": options.superpixel,
        "spacing": options.spacing,
    }
    facts["samples"] = first_stage(model, options, ground, folder)
    return dataclasses.replace(plain, model=model, spec=spec, facts={"zoomout": facts})


def zoomout_spec(options: ZoomOutOptions, ground: Ground, weights: Weights) -> ModelSpec:
    """How the model is built again."""
    facts = ground.prepared.facts
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
    model: ZoomOut, options: ZoomOutOptions, ground: Ground, folder: Path
) -> dict[str, Any]:
    """Samples and the stage that learns from them, once: what is said of it, also in its folder."""
    own = folder / SAMPLES
    if (folder / LAST).exists():  # the second stage has begun: its weights are all there are
        return read_json(own / METRICS)["samples"] if (own / METRICS).exists() else {}
    started = time.perf_counter()
    facts = learn_from(
        model,
        drawn(model, options, ground, training=True),
        drawn(model, options, ground, training=False),
        options,
        classes=ground.prepared.facts.classes,
        precision=ground.precision,
        folder=own,
    )
    write_json(own / METRICS, {"samples": facts, "seconds": time.perf_counter() - started})
    return facts


def drawn(model: ZoomOut, options: ZoomOutOptions, ground: Ground, *, training: bool) -> Samples:
    """Samples of the training or of the validation patches, none of them augmented."""
    draw = generator(options.seed, "training samples" if training else "validation samples")
    indices = ground.split.train if training else ground.split.val
    order = torch.randperm(len(indices), generator=draw).tolist()
    batches = ground.batches(options, training=training, indices=tuple(indices[i] for i in order))
    strides = model.encoder.strides
    pick = (
        every_superpixel(options.superpixel, strides)
        if options.superpixel
        else pixels_of_each_class(options.samples, strides, draw)
    )
    return gather(model, batches, pick, precision=ground.precision)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one trial; 0 when it reached its end."""
    module = "aerial_nni.trials.zoomout"
    return run_program(arguments, ZoomOutOptions, zoomed, module=module, description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
