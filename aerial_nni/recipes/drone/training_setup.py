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

from aerial_nni.config.options import OF_UNET
from aerial_nni.config.run_folder import LAST, LR_FINDER, read_history, write_history
from aerial_nni.models import ModelSpec
from aerial_nni.models.deeplab import DeepLab
from aerial_nni.recipes.drone.initial_weights import check_start, copy_weights, load_initial_weights
from aerial_nni.recipes.drone.options import DroneOptions
from aerial_nni.recipes.drone.unfreezing import Thaw, both_heads
from aerial_nni.training.loss_meter import PartMeans
from aerial_nni.training.lr_finder import Sweep, as_columns, sweep
from aerial_nni.trials.main import run_program
from aerial_nni.trials.run_trial import (
    DataContext,
    TrainingSetup,
    new_model,
    supervised_setup,
    task_of,
)


def build_setup(options: DroneOptions, context: DataContext, folder: Path) -> TrainingSetup:
    """What DeepLabV3 learns from; or plainly the U-Net.

    Raises:
        BackboneMissing, BackboneUnfit: with what to do.
    """
    setup = supervised_setup(options, context)
    if options.model == "deeplab":
        setup = _deeplab(options, context, setup)
    if options.find_lr:
        setup = _with_finder(options, context, setup, folder)
    return setup


def _deeplab(options: DroneOptions, context: DataContext, plain: TrainingSetup) -> TrainingSetup:
    start = load_initial_weights(options)
    check_start(start, context.prepared, context.split)
    spec = deeplab_spec(options, context)
    model = new_model(spec, options.seed)
    assert isinstance(model, DeepLab)
    pixels = str(context.prepared.images.dtype)
    weights = copy_weights(
        model, start, context.normalisation, backbone=options.backbone, pixels=pixels
    )
    model.to(context.device).to(memory_format=torch.channels_last)
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
        callback=Thaw(model, options.thaw),
    )


def deeplab_spec(options: DroneOptions, context: DataContext) -> ModelSpec:
    """How the model is built again."""
    facts = context.prepared.facts
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


def _with_finder(
    options: DroneOptions, context: DataContext, setup: TrainingSetup, folder: Path
) -> TrainingSetup:
    """The setup after a sweep over learning rates, whose file and finding are left behind.

    A trial that goes on has them already.
    """
    file = folder / LR_FINDER
    if file.is_file() and (folder / LAST).is_file():
        rows = read_history(file)
        found = Sweep(rates=tuple(r["lr"] for r in rows), losses=tuple(r["loss"] for r in rows))
    else:
        found = _swept(options, context, setup)
        write_history(file, as_columns(found))
    more = {"steps": len(found.rates), "suggested": found.suggested if found.rates else None}
    return dataclasses.replace(setup, facts={**setup.facts, "lr_finder": more})


def _swept(options: DroneOptions, context: DataContext, setup: TrainingSetup) -> Sweep:
    """The loss by learning rate, of the model that the setup is for."""
    facts = context.prepared.facts
    model = setup.model
    if model is None:
        from aerial_nni.models import model_spec

        spec = model_spec(options, bands=len(facts.bands), classes=len(facts.classes))
        model = new_model(spec, options.seed)
    found = sweep(
        model,
        options,
        setup.objective,
        task_of(options, context, setup).training,
        steps=options.find_lr,
        device=context.device,
        precision=context.precision,
    )
    setup.columns()  # forgets the losses of the sweep: they are of no epoch
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one trial; 0 when it reached its end."""
    module = "aerial_nni.trials.drone"
    return run_program(arguments, DroneOptions, build_setup, module=module, description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
