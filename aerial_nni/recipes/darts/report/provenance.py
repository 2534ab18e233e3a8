"""Where the numbers of an architecture search come from: folders, digests, versions, commands."""

import shlex

from aerial_nni.config import run_folder
from aerial_nni.recipes.darts.options import SearchOptions
from aerial_nni.recipes.darts.report.reading import Discovery
from aerial_nni.recipes.hpo.report.provenance import FILE, searched_in, space_words
from aerial_nni.reporting.provenance import digest_table, option_words, sources_chapter, split_words
from aerial_nni.reporting.search.search import trials_of

USUAL = ("epochs", "depth", "width", "space_to_depth", "loss")
"""Options of which `darts` has defaults of its own."""


def explain_sources(found: Discovery) -> str:
    """The chapter that traces every number to a file, in Markdown."""
    shown, folder = found.shown[0], found.experiment.folder.name
    checkpoint = f"runs/{folder}/{shown.folder.name}/{run_folder.CHECKPOINT}"
    lines = [
        command(found),
        f"python -m aerial_nni.run report {found.experiment.id}",
        f"python -m aerial_nni.run predict {checkpoint} IMAGE",
        f"python -m aerial_nni.run export {checkpoint} --to derived.onnx",
    ]
    return sources_chapter(
        "phases, parameters, states and scores of the trials from `experiment.json`; genotypes "
        "from `genotype.json`; alpha, entropy and all curves from `history.csv`; scores from "
        "`metrics.json`, pictures from `examples/`. Parameters of operations are counted in the "
        "modules, the space and its size come from the code that builds it.",
        commands=lines,
        places={"IMAGE": "a picture", FILE: "a file with the search space"},
        runs=run_table(found),
        shown=shown,
        number=5,
    )


def run_table(found: Discovery) -> str:
    """Every finished run with the digest of its checkpoint."""
    runs = trials_of(found.search)
    runs += [(f"derived in trial {one.tried.number}", run)
             for one in found.all_found for run in one.runs]  # fmt: skip
    runs += [("random architecture", run) for run in found.randoms]
    runs += [("hand-made U-Net", run) for run in found.hand_made]
    return digest_table(found.experiment, runs, found.shown[0])


def command(found: Discovery) -> str:
    """The command that runs the experiment again."""
    record, method = found.experiment.record, found.method
    words = ["python", "-m", "aerial_nni.run", record["kind"]]
    words += ["--trials", str(method["search_trials"]), "--seed", str(record["options"]["seed"])]
    words += space_words(method)
    words += ["--concurrency", str(record["limits"]["concurrency"])]
    words += ["--seeds", *map(str, method["seeds"]), "--random", str(method["randoms"])]
    if (several := method.get("random_seeds", 1)) > 1:
        words += ["--random-seeds", str(several)]
    words += ["--final-epochs", str(method["final_epochs"])]
    if method["reason"]:
        words += ["--reason", method["reason"]]
    words += split_words(found.shown[0].metrics["split"])
    options = {**record["options"], "search": False}  # the verb says it itself
    always = (*USUAL, *method.get("given", ()))
    return shlex.join([*words, *option_words(options, kind=SearchOptions, always=always,
                                             without=searched_in(record))])  # fmt: skip


def training_command(found: Discovery) -> str:
    """The command that trains the derived network again, from the genotype in a file."""
    shown = found.shown[0]
    network = {"model": "derived", "genotype": run_folder.GENOTYPE, "search": False}
    words = ["python", "-m", "aerial_nni.trials.darts", "--seed", str(shown.options["seed"])]
    words += split_words(shown.metrics["split"])
    words += option_words({**shown.options, **network}, kind=SearchOptions)
    return shlex.join([*words, "--out", "runs/again"])
