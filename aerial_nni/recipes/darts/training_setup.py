r"""The trial of an architecture search: with --search it searches, else it trains what was found.

By hand, into a folder of its own; running the line again goes on where it stopped:

    python -m aerial_nni.trials.darts --search --depth 2 --epochs 10 --out runs/searched
    python -m aerial_nni.trials.darts --model derived --depth 2 \
        --genotype runs/searched/genotype.json --out runs/retrained
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from aerial_nni.config.families.unet import UNetOptions
from aerial_nni.config.options import network_of
from aerial_nni.config.run_folder import HALVES
from aerial_nni.data.pipeline.split_files import save_split
from aerial_nni.data.pipeline.train_arch_split import halve
from aerial_nni.models.genotype import space_size
from aerial_nni.recipes.darts.options import SearchOptions
from aerial_nni.recipes.darts.searcher import Searcher
from aerial_nni.training.seeds import derived_seed
from aerial_nni.trials.main import run_program
from aerial_nni.trials.run_trial import (
    DataContext,
    TrainingSetup,
    masks_alone,
    supervised_setup,
)


def build_setup(options: SearchOptions, context: DataContext, folder: Path) -> TrainingSetup:
    """The supernet on one half of the training patches, its architecture on the other.

    Plain training of the options' model where they do not say `search`.
    """
    if not options.search:
        return supervised_setup(options, context, folder)
    plain, network = masks_alone(options, context), network_of(options, UNetOptions)
    from aerial_nni.recipes.darts.space import AerialSpace  # NNI's spaces take seconds to import
    from aerial_nni.recipes.darts.supernet import Supernet

    facts = context.prepared.facts
    bands, classes = len(facts.bands), len(facts.classes)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derived_seed(options.seed, "weights"))
        space = AerialSpace(
            bands,
            classes,
            width=network.width,
            depth=network.depth,
            nodes=options.nodes,
            space_to_depth=network.space_to_depth,
            parts=options.parts,
        )
    supernet = Supernet(space, recompute=options.recompute).to(context.device)
    halves = halve(context.prepared, context.split, seed=options.split_seed)
    save_split(folder / HALVES, context.prepared, halves)
    weights_half, architecture_half = (
        context.batches(options, training=True, indices=indices)
        for indices in (halves.train, halves.val)
    )
    return TrainingSetup(
        objective=plain.objective,
        loss=plain.loss,
        model=supernet,
        training=weights_half,
        callback=Searcher(
            supernet,
            options,
            bands=bands,
            classes=classes,
            halves=(weights_half, architecture_half),
            loss=plain.loss,
            precision=context.precision,
            folder=folder,
        ),
        facts={
            "search": {
                "space": {
                    "depth": network.depth,
                    "nodes": options.nodes,
                    "size": str(space_size(network.depth, options.nodes)),
                },
                "weights_patches": len(halves.train),
                "architecture_patches": len(halves.val),
            }
        },
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one trial; 0 when it reached its end."""
    module = "aerial_nni.trials.darts"
    return run_program(arguments, SearchOptions, build_setup, module=module, description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
