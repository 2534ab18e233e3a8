"""Where the numbers of a search come from: folders, digests, versions, commands."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from aerial_nni.reporting.provenance import digest_table, option_words, sources_chapter, split_words
from aerial_nni.reporting.search.search import Search, trials_of
from aerial_nni.tuners.trial import BEST, DEFAULT

FILE = "FILE"
"""What stands in commands for a file with a search space; the document prints what is in it."""

PURPOSES = {BEST: "best configuration, again", DEFAULT: "default options"}


def explain_sources(searches: Sequence[Search]) -> str:
    """The chapter that traces every number to a file, in Markdown."""
    main = searches[0]
    shown = main.shown[0]
    ids = " ".join(search.experiment.id for search in searches)
    lines = [*(command(search) for search in searches), f"python -m aerial_nni.run report {ids}"]
    return sources_chapter(
        "method, search space, trials, their parameters, states and scores from `experiment.json`; "
        "epochs, times and curves from `history.csv` and `curves.npz`; scores of the reported run "
        "from `metrics.json`, its pictures from `examples/`. Models drawn in chapter 1 and the "
        "importance of parameters are fitted to these scores when the document is written, with "
        "fixed seeds.",
        commands=lines,
        places={FILE: "a file with the search space"},
        runs=run_table(main),
        shown=shown,
        name="reported run",
    )


def run_table(search: Search) -> str:
    """Every finished run of the experiment with the digest of its checkpoint."""
    runs = trials_of(search)
    for phase, purpose in PURPOSES.items():
        runs += [(purpose, trial) for trial in search.retrained[phase]]
    return digest_table(search.experiment, runs, search.shown[0])


def command(search: Search) -> str:
    """The command that runs the search again."""
    record, method = search.experiment.record, search.method
    words = ["python", "-m", "aerial_nni.run", search.experiment.kind, *method_words(method)]
    words += ["--trials", str(method["search_trials"]), "--seed", str(method["class_args"]["seed"])]
    words += ["--concurrency", str(record["limits"]["concurrency"])]
    words += ["--final-seeds", *map(str, method["seeds"])]
    words += ["--final-epochs", str(method["final_epochs"])]
    if method["assessor"] != "none":
        words += ["--assessor", method["assessor"]]
    words += space_words(method)
    if method["reason"]:
        words += ["--reason", method["reason"]]
    words += split_words(search.shown[0].metrics["split"])
    # `hpo` has defaults of its own for these two.
    always = ("epochs", "space_to_depth", *method.get("given", ()))
    options = option_words(record["options"], always=always, without=searched_in(record))
    return shlex.join([*words, *options])


def method_words(method: Mapping[str, Any]) -> list[str]:
    """The flag that chooses a search's method."""
    if method["index"]:
        return ["--method-index", str(method["index"])]
    return ["--method", method["name"]]


def searched_in(record: Mapping[str, Any]) -> list[str]:
    """Names of the options that an experiment searched: as flags they would be fixed."""
    return list(record["space"]) if record["method"].get("search_trials") else []


def space_words(method: Mapping[str, Any]) -> list[str]:
    """The flag for a file with the search space, where it was not the one of this package."""
    return ["--search-space", FILE] if method.get("own_space") else []
