"""Where the numbers of a search come from: folders, digests, versions, commands."""

import shlex
from collections.abc import Sequence

from aerial_nni.reports.folder import Trial
from aerial_nni.reports.hpo.search import BEST, DEFAULT, Search
from aerial_nni.reports.provenance import (
    option_table,
    option_words,
    split_words,
    version_table,
)
from aerial_nni.reports.words import table

PURPOSES = {BEST: "best configuration, again", DEFAULT: "default options"}


def explain_sources(searches: Sequence[Search]) -> str:
    """The chapter that traces every number to a file, in Markdown."""
    main = searches[0]
    shown = main.shown[0]
    ids = " ".join(search.experiment.id for search in searches)
    lines = [*(command(search) for search in searches), f"python -m aerial_nni.run report {ids}"]
    return "\n\n".join(
        [
            "## 4. Where the numbers come from",
            "Text, tables and figures are written by `aerial_nni.reports` from result folders "
            "alone: method, search space, trials, their parameters, states and scores from "
            "`experiment.json`; epochs, times and curves from `history.csv` and `curves.npz`; "
            "scores of the reported run from `metrics.json`, its pictures from `examples/`. "
            "Models drawn in chapter 1 and the importance of parameters are fitted to these "
            "scores when the document is written, with fixed seeds.",
            version_table(shown),
            "The commands (DIR is the folder of the data):",
            "```\n" + "\n".join(lines) + "\n```",
            f"<details><summary>All finished runs, with the digests of their checkpoints</summary>"
            f"\n\n{run_table(main)}\n\n</details>",
            "<details><summary>All options of the reported run</summary>\n\n"
            f"{option_table(shown.options, shown)}\n\n</details>",
        ]
    )


def run_table(search: Search) -> str:
    """Every finished run of the experiment with the digest of its checkpoint."""
    runs: list[tuple[str, Trial]] = [
        (f"trial {tried.number} of the search", tried.complete)
        for tried in search.tried
        if tried.complete is not None
    ]
    for phase, purpose in PURPOSES.items():
        runs += [(purpose, trial) for trial in search.retrained[phase]]
    rows = [
        [
            f"`{search.experiment.id}/{trial.folder.name}`"
            + (" (reported)" if trial.folder == search.shown[0].folder else ""),
            purpose,
            str(trial.options["seed"]),
            f"`{trial.metrics['checkpoint']['sha256']}`",
        ]
        for purpose, trial in runs
    ]
    header = ["result folder", "what it was for", "seed", "SHA-256 of the checkpoint"]
    return table(header, rows, text_columns=4)


def command(search: Search) -> str:
    """The command that runs the search again."""
    record, arguments = search.experiment.record, search.method.get("class_args") or {}
    limits = record.get("limits") or {}
    words = ["python", "-m", "aerial_nni.run", search.experiment.kind]
    if search.index:
        words += ["--method-index", str(search.index)]
    elif search.name:
        words += ["--method", search.name]
    words += ["--trials", str(search.method.get("search_trials") or len(search.tried))]
    words += ["--seed", str(arguments.get("seed", 0))]
    if int(limits.get("concurrency") or 1) > 1:
        words += ["--concurrency", str(limits["concurrency"])]
    if search.method.get("seeds") is not None:
        words += ["--final-seeds", *map(str, search.method["seeds"])]
        words += ["--final-epochs", str(search.method["final_epochs"])]
    if search.method.get("assessor", "none") != "none":
        words += ["--assessor", str(search.method["assessor"])]
    if search.method.get("reason"):
        words += ["--search-space", "FILE", "--reason", str(search.method["reason"])]
    words += split_words(search.shown[0].metrics["split"])
    return shlex.join([*words, *option_words(record["options"])])
