"""Where the numbers of the document on drone scenes come from: folders, digests, commands."""

import shlex

from aerial_nni import results
from aerial_nni.drone.options import COCO, IMAGENET, RANDOM, DroneOptions
from aerial_nni.reports.drone.reading import Flight
from aerial_nni.reports.folder import Trial
from aerial_nni.reports.hpo.provenance import method_words
from aerial_nni.reports.provenance import (
    digest_table,
    option_table,
    option_words,
    split_words,
    version_table,
)

ALWAYS = ("epochs", "lr", "batch", "accumulate", "head", "backbone", "backbone_weights")
"""Options of which `drone` has defaults of its own."""


def explain_sources(found: Flight) -> str:
    """The chapter that traces every number to a file, in Markdown."""
    lines = [command(found), f"python -m aerial_nni.run report {found.experiment.id}"]
    weights = found.facts.get("weights", {})
    digest = (
        f" The weights it began with have the SHA-256 `{weights['sha256']}`."
        if "sha256" in weights
        else ""
    )
    return "\n\n".join(
        [
            "## 4. Where the numbers come from",
            "Text, tables and figures are written by `aerial_nni.reports` from result folders "
            "alone: losses, method, search space and trials from `experiment.json`; scores from "
            "`metrics.json`; curves from `history.csv`; the plot of the learning-rate finder from "
            f"`lr_finder.csv`; pictures from `examples/`.{digest}",
            version_table(found.trial),
            "The commands (DIR is the folder of the data, WEIGHTS those it began with):",
            "```\n" + "\n".join(lines) + "\n```",
            "<details><summary>All finished runs, with the digests of their checkpoints</summary>"
            f"\n\n{run_table(found)}\n\n</details>",
            "<details><summary>All options of the shown run</summary>\n\n"
            f"{option_table(_plain(found.trial.options), found.trial)}\n\n</details>",
        ]
    )


def run_table(found: Flight) -> str:
    """The runs of each loss and of the best configuration, and the trials of the search."""
    runs: list[tuple[str, Trial]] = [
        (group.name, trial) for group in found.groups for trial in group.trials
    ]
    for tried in found.search.tried if found.search else ():
        if tried.complete is not None:
            runs.append((f"trial {tried.number} of the search", tried.complete))
    return digest_table(found.experiment, runs, found.trial)


def command(found: Flight) -> str:
    """The command that runs the experiment, or the trial by hand, again."""
    record, method = found.experiment.record, found.method
    split = split_words(found.trial.metrics["split"])
    if not record:
        words = ["python", "-m", "aerial_nni.trials.drone", "--seed",
                 str(found.trial.options["seed"])]  # fmt: skip
        options = _plain(found.trial.options)
        return shlex.join([*words, *split, *option_words(options, kind=DroneOptions)])
    words = ["python", "-m", "aerial_nni.run", "drone", "--trials", str(method["search_trials"])]
    if method["search_trials"]:
        words += [*method_words(method), "--seed", str(method["class_args"]["seed"])]
        if (found.experiment.folder / results.SPACE).is_file():
            words += ["--search-space", f"runs/{found.experiment.folder.name}/{results.SPACE}"]
    words += ["--concurrency", str(record["limits"]["concurrency"])]
    words += ["--losses", *method["losses"], "--seeds", *map(str, method["seeds"])]
    words += ["--final-epochs", str(method["final_epochs"])]
    options = {**_plain(record["options"]), "find_lr": method["find_lr"]}
    return shlex.join([*words, *split, *option_words(options, kind=DroneOptions, always=ALWAYS)])


def _plain(options: dict) -> dict:
    """The options without the path of weights on the machine of the run."""
    named = options["backbone_weights"] in (COCO, IMAGENET, RANDOM)
    return options if named else {**options, "backbone_weights": "WEIGHTS"}
