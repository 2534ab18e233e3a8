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
from aerial_nni.drone.options import DroneOptions
from aerial_nni.drone.weights import check_start, open_start, put_into
from aerial_nni.models import ModelSpec
from aerial_nni.models.deeplab import DeepLab
from aerial_nni.options import OF_UNET
from aerial_nni.results import LAST, LR_FINDER, read_history, write_history
from aerial_nni.training.lr_finder import Sweep, as_columns, sweep
from aerial_nni.training.part_means import PartMeans
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
    if options.auxiliary:
        parts = PartMeans()
        objective = both_heads(plain.loss, options.auxiliary, note=parts.note)
        plain = dataclasses.replace(plain, objective=objective, columns=parts.columns)
    return dataclasses.replace(
        plain,
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
        **{name: getattr(options, name) for name in (*OF_UNET, "genotype")},
        more={
            **{name: getattr(options, name) for name in more},
            "auxiliary": options.auxiliary > 0,
        },
    )


def _with_finder(options: DroneOptions, ground: Ground, lesson: Lesson, folder: Path) -> Lesson:
    """The lesson after a sweep over learning rates, whose file and finding are left behind.

    A trial that goes on has them already.
    """
    file = folder / LR_FINDER
    if file.is_file() and (folder / LAST).is_file():
        rows = read_history(file)
        found = Sweep(rates=tuple(r["lr"] for r in rows), losses=tuple(r["loss"] for r in rows))
    else:
        found = _swept(options, ground, lesson)
        write_history(file, as_columns(found))
    more = {"steps": len(found.rates), "suggested": found.suggested if found.rates else None}
    return dataclasses.replace(lesson, facts={**lesson.facts, "lr_finder": more})


def _swept(options: DroneOptions, ground: Ground, lesson: Lesson) -> Sweep:
    """The loss by learning rate, of the model that the lesson is for."""
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
    lesson.columns()  # forgets the losses of the sweep: they are of no epoch
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one trial; 0 when it reached its end."""
    module = "aerial_nni.trials.drone"
    return run_program(arguments, DroneOptions, flown, module=module, description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
