"""The command that trains a derived network again, from the genotype in a file."""

import shlex
from typing import Any

from aerial_nni.config import run_folder
from aerial_nni.config.options import fields_of_record, flag
from aerial_nni.recipes.darts.options import SearchOptions
from aerial_nni.recipes.darts.report.reading import Discovery

ELSEWHERE = ("seed", "split", "split_seed")
"""Options that are said in words of their own."""


def training_command(found: Discovery) -> str:
    """Every option of the shown run that is not a default, without a path of its machine."""
    run = found.shown[0]
    split, seed = run.metrics["split"], str(run.options["seed"])
    network = {"model": "derived", "genotype": run_folder.GENOTYPE, "search": False}
    words = ["python", "-m", "aerial_nni.trials.darts", "--seed", seed, "--split", split["rule"]]
    words += ["--split-seed", str(split["seed"])] if split["seed"] else []
    options = {**run.options, **network}
    for spec in fields_of_record(SearchOptions, options):
        value = options.get(spec.name, spec.default)  # an older run lacks some
        if spec.name not in ELSEWHERE and _plain(value) != spec.default:
            words += flag(spec.name, "DIR" if spec.name == "data_dir" else _plain(value))
    return shlex.join([*words, "--out", "runs/again"])


def _plain(value: Any) -> Any:
    """A value as options have it: what JSON made a list is a tuple."""
    return tuple(value) if isinstance(value, list) else value
