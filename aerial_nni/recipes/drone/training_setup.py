r"""The drone trial: DeepLabV3, or another network, on pictures from low flights.

By hand, into a folder of its own; running the line again goes on where it stopped:

    python -m aerial_nni.trials.drone --backbone mobilenet_v3_large --backbone-weights random
    python -m aerial_nni.trials.drone --data aeroscapes --data-dir DIR --recompute --batch 1 \
        --accumulate 8 --out runs/full-size
"""

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

from aerial_nni.config.run_folder import LAST, LR_FINDER, read_history, write_history
from aerial_nni.models import model_spec
from aerial_nni.recipes.drone.options import DroneOptions
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
    """What the model learns from, after a sweep over learning rates where one is asked for.

    Raises:
        BackboneMissing, BackboneUnfit: with what to do.
    """
    setup = supervised_setup(options, context, folder)
    return _with_finder(options, context, setup, folder) if options.find_lr else setup


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
