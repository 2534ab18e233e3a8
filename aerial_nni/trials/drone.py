r"""The drone trial: DeepLabV3, or the U-Net, on pictures from low flights.

By hand, into a folder of its own; running the line again goes on where it stopped:

    python -m aerial_nni.trials.drone --backbone mobilenet_v3_large --backbone-weights random
    python -m aerial_nni.trials.drone --data aeroscapes --data-dir DIR --recompute --batch 1 \
        --accumulate 8 --out runs/full-size
"""

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from aerial_nni.drone.learning import Thaw, both_heads
from aerial_nni.drone.options import UNET, DroneOptions
from aerial_nni.drone.weights import check_start, open_start, put_into
from aerial_nni.models import ModelSpec
from aerial_nni.models.deeplab import DeepLab
from aerial_nni.results import LR_FINDER, write_history
from aerial_nni.training.lr_finder import as_columns, sweep
from aerial_nni.trials.program import run_program
from aerial_nni.trials.running import Ground, Lesson, new_model, supervised, task_of


def flown(options: DroneOptions, ground: Ground, folder: Path) -> Lesson:
    """What DeepLabV3 learns from; or plainly the U-Net.

    Raises:
        BackboneMissing, BackboneUnfit: with what to do.
    """
    lesson = supervised(options, ground)
    if options.model == "deeplab":
        lesson = _deeplab(options, ground, lesson)
    if options.find_lr:
        lesson = _with_finder(options, ground, lesson, folder)
    return lesson


def _deeplab(options: DroneOptions, ground: Ground, plain: Lesson) -> Lesson:
    start = open_start(options)
    check_start(start, ground.prepared, ground.split)
    spec = deeplab_spec(options, ground)
    model = new_model(spec, options.seed)
    assert isinstance(model, DeepLab)
    pixels = str(ground.prepared.images.dtype)
    weights = put_into(model, start, ground.normalisation, backbone=options.backbone, pixels=pixels)
    model.to(ground.device).to(memory_format=torch.channels_last)
    facts: dict[str, Any] = {
        "backbone": options.backbone,
        "weights": weights,
        "frozen": list(model.frozen),
        "thaw": options.thaw,
    }
    return dataclasses.replace(
        plain,
        objective=both_heads(plain.loss, options.auxiliary)
        if options.auxiliary
        else plain.objective,
        model=model,
        spec=spec,
        facts={"deeplab": facts},
        companion=Thaw(model, options.thaw),
    )


def deeplab_spec(options: DroneOptions, ground: Ground) -> ModelSpec:
    """How the model is built again."""
    facts = ground.prepared.facts
    more = ("backbone", "head", "trained", "recompute")
    return ModelSpec(
        model="deeplab",
        bands=len(facts.bands),
        classes=len(facts.classes),
        **{name: getattr(options, name) for name in UNET},
        more={
            **{name: getattr(options, name) for name in more},
            "auxiliary": options.auxiliary > 0,
        },
    )


def _with_finder(options: DroneOptions, ground: Ground, lesson: Lesson, folder: Path) -> Lesson:
    """The lesson after a sweep over learning rates, whose file and finding are left behind."""
    facts = ground.prepared.facts
    model = lesson.model
    if model is None:
        from aerial_nni.models import model_spec

        spec = model_spec(options, bands=len(facts.bands), classes=len(facts.classes))
        model = new_model(spec, options.seed)
    found = sweep(
        model,
        options,
        lesson.objective,
        task_of(options, ground, lesson).training,
        steps=options.find_lr,
        device=ground.device,
        precision=ground.precision,
    )
    write_history(folder / LR_FINDER, as_columns(found))
    more = {"steps": len(found.rates), "suggested": found.suggested if found.rates else None}
    return dataclasses.replace(lesson, facts={**lesson.facts, "lr_finder": more})


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one trial; 0 when it reached its end."""
    module = "aerial_nni.trials.drone"
    return run_program(arguments, DroneOptions, flown, module=module, description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
