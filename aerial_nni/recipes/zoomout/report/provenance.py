"""Where the numbers of the document on zoom-out come from: folders, digests, versions, commands."""

import shlex

from aerial_nni.recipes.hpo.report.provenance import (
    FILE,
    method_words,
    searched_in,
    space_words,
    trials_of,
)
from aerial_nni.recipes.zoomout.options import ZoomOutOptions
from aerial_nni.recipes.zoomout.report.comparison_part import title_of
from aerial_nni.recipes.zoomout.report.reading import Comparison
from aerial_nni.reporting.folder import Trial
from aerial_nni.reporting.provenance import (
    digest_table,
    option_words,
    sources_chapter,
    split_words,
    weights_digest,
)

ALWAYS = ("epochs", "sample_epochs", "samples", "batch", "hidden", "lr", "backbone",
          "backbone_weights")  # fmt: skip
"""Options of which `zoomout` has defaults of its own for what is built in."""


def explain_sources(found: Comparison) -> str:
    """The chapter that traces every number to a file, in Markdown."""
    lines = [command(found), f"python -m aerial_nni.run report {found.experiment.id}"]
    return sources_chapter(
        "method, search space and trials from `experiment.json`; the eight scores from the "
        "confusion matrix in `metrics.json`; curves from `history.csv`, those of the first stage "
        f"from that in `samples/`; pictures from `examples/`.{weights_digest(found.facts)}",
        commands=lines,
        places={"WEIGHTS": "a file with the backbone's", FILE: "a file with the search space"},
        runs=run_table(found),
        shown=found.trial,
    )


def run_table(found: Comparison) -> str:
    """The final runs and the trials of the search with their digests."""
    runs: list[tuple[str, Trial]] = [
        (title_of(group), trial) for group in found.groups for trial in group.trials
    ]
    runs += trials_of(found.search)
    return digest_table(found.experiment, runs, found.trial)


def command(found: Comparison) -> str:
    """The command that runs the experiment, or the trial by hand, again."""
    record, method = found.experiment.record, found.method
    split = split_words(found.trial.metrics["split"])
    if not record:
        words = ["python", "-m", "aerial_nni.trials.zoomout", "--seed",
                 str(found.trial.options["seed"])]  # fmt: skip
        return shlex.join([*words, *split, *option_words(found.trial.options, kind=ZoomOutOptions)])
    words = ["python", "-m", "aerial_nni.run", "zoomout", "--trials", str(method["search_trials"])]
    if method["search_trials"]:
        words += [*method_words(method), "--seed", str(method["class_args"]["seed"])]
        words += space_words(method)
    words += ["--concurrency", str(record["limits"]["concurrency"])]
    words += ["--seeds", *map(str, method["seeds"]), "--final-epochs", str(method["final_epochs"])]
    words += ["--unet-epochs", str(method["unet_epochs"])]
    if unet := method.get("unet"):
        words += ["--unet", *(f"{name}={value}" for name, value in unet.items())]
    if "superpixel" in method:
        words += ["--superpixel", str(method["superpixel"])]
    always = (*ALWAYS, *method.get("given", ()))
    without = [*searched_in(record), *(["superpixel"] if "superpixel" in method else [])]
    words += [*split, *option_words(record["options"], kind=ZoomOutOptions, always=always,
                                    without=without)]  # fmt: skip
    return shlex.join(words)
