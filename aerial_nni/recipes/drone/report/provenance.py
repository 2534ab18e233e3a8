"""Where the numbers of the document on drone scenes come from: folders, digests, commands."""

import shlex

from aerial_nni.config.options import BUILT_IN
from aerial_nni.data.datasets.aeroscapes import SOURCE
from aerial_nni.recipes.drone.loss_presets import VARIED
from aerial_nni.recipes.drone.options import RANDOM, DroneOptions
from aerial_nni.recipes.drone.report.reading import LossComparison
from aerial_nni.recipes.hpo.report.provenance import (
    FILE,
    method_words,
    searched_in,
    space_words,
    trials_of,
)
from aerial_nni.reporting.folder import Trial
from aerial_nni.reporting.provenance import (
    digest_table,
    option_words,
    sources_chapter,
    split_words,
    weights_digest,
)

ALWAYS = ("epochs", "lr", "batch", "accumulate", "head", "backbone", "backbone_weights")
"""Options of which `drone` has defaults of its own."""


def explain_run(found: LossComparison) -> str:
    """What was run, and what needs files that are not here, in Markdown; nothing for real data."""
    if found.trial.options["data"] not in BUILT_IN:
        return ""
    weights = found.facts.get("weights", {}).get("kind", RANDOM)
    return (
        "**What was run, and what needs a download.** This run is on pictures that the package "
        "draws itself, an eighth as wide and high as a drone's"
        f"{', with a network that was never trained before' if weights == RANDOM else ''}: it "
        "shows that everything works, and says nothing on how well real pictures are segmented. "
        f"That needs AeroScapes, 3,269 pictures of 1280×720, from {SOURCE} (or the same pictures "
        "as a contest on Kaggle has them), and the weights of torchvision, which are fetched when "
        "they are first wanted. Nothing of it was run for this document. With the pictures in DIR:"
        "\n\n```\npython -m aerial_nni.run drone --data aeroscapes --data-dir DIR\n```\n\n"
        "The guide, `docs/guide-drone-scenes.md`, says what that takes, and what a small machine "
        "can do."
    )


def explain_sources(found: LossComparison) -> str:
    """The chapter that traces every number to a file, in Markdown."""
    lines = [command(found), f"python -m aerial_nni.run report {found.experiment.id}"]
    return sources_chapter(
        "losses, method, search space and trials from `experiment.json`; scores from "
        "`metrics.json`; curves from `history.csv`; the plot of the learning-rate finder from "
        f"`lr_finder.csv`; pictures from `examples/`.{weights_digest(found.facts)}",
        commands=lines,
        places={"WEIGHTS": "a file with those it began with", FILE: "a file with the search space"},
        runs=run_table(found),
        shown=found.trial,
    )


def run_table(found: LossComparison) -> str:
    """The runs of each loss and of the best configuration, and the trials of the search."""
    runs: list[tuple[str, Trial]] = [
        (group.name, trial) for group in found.groups for trial in group.trials
    ]
    runs += trials_of(found.search)
    return digest_table(found.experiment, runs, found.trial)


def command(found: LossComparison) -> str:
    """The command that runs the experiment, or the trial by hand, again."""
    record, method = found.experiment.record, found.method
    split = split_words(found.trial.metrics["split"])
    if not record:
        words = ["python", "-m", "aerial_nni.trials.drone", "--seed",
                 str(found.trial.options["seed"])]  # fmt: skip
        return shlex.join([*words, *split, *option_words(found.trial.options, kind=DroneOptions)])
    words = ["python", "-m", "aerial_nni.run", "drone", "--trials", str(method["search_trials"])]
    if method["search_trials"]:
        words += [*method_words(method), "--seed", str(method["class_args"]["seed"])]
        words += space_words(method)
    words += ["--concurrency", str(record["limits"]["concurrency"])]
    words += ["--losses", *method["losses"], "--seeds", *map(str, method["seeds"])]
    words += ["--final-epochs", str(method["final_epochs"])]
    options = {**record["options"], "find_lr": method["find_lr"]}
    always = (*ALWAYS, *method.get("given", ()))
    words += [*split, *option_words(options, kind=DroneOptions, always=always,
                                    without=[*searched_in(record), *VARIED])]  # fmt: skip
    return shlex.join(words)
