"""What a search found, in sentences that plain rules write from the numbers."""

from statistics import mean

import numpy as np

from aerial_nni.recipes.hpo.report.search import Search
from aerial_nni.recipes.hpo.report.search_trial import ADDED, GRID
from aerial_nni.reporting.format import (
    LEAKY,
    code,
    duration,
    join_and,
    percent,
    pluralize,
    score,
    spread,
)
from aerial_nni.tuners.trial import BEST, DEFAULT, GUIDED, PROMOTED, RANDOM, STARTUP

KINDS = {
    STARTUP: "{} spread over the space at the start",
    RANDOM: "{} drawn at random",
    GRID: "{} taken from a grid",
    ADDED: "{} added by a person",
    PROMOTED: "{} promoted to more epochs because of their results",
    GUIDED: "**{} guided** by results",
}
"""Kind of a trial -> how their number is said."""

CAUTION = (
    "All scores are on the validation images by which epochs, trials and the best configuration "
    "were chosen, so the highest of them is optimistic."
)


def summary(search: Search) -> str:
    """The result in a paragraph: score, default, trials, cost, and what is optimistic in it."""
    return " ".join(
        [_found(search), _against_default(search), guided(search), _cost(search), CAUTION]
    )


def _found(search: Search) -> str:
    trial = search.shown[0]
    split = trial.metrics["split"]
    leaky = f" (**{LEAKY}**)" if split["leaky"] else ""
    scores = search.scores_of(BEST)
    start = (
        f"A search over {pluralize(len(search.space.parameters), 'parameter')} of the U-Net and "
        "its "
        f"training (method: {search.title}) found a configuration"
    )
    where = (
        f"on {pluralize(split['val_patches'], 'validation patch')} of the dataset "
        f"{code(trial.metrics['data']['name'])}, split by the rule `{split['rule']}`{leaky} with "
        f"seed {split['seed']}"
    )
    if not scores:
        return (
            f"{start} with a **mean IoU of {score(search.best.score)}** {where}. It was not "
            "trained again, so how much of that is luck is not known."
        )
    over = (
        f"mean ± sample standard deviation over {pluralize(len(scores), 'seed')}"
        if len(scores) > 1
        else "one seed"
    )
    return (
        f"{start} that, {_again(search)}, reaches a **mean IoU of {spread(scores)}** "
        f"({over}) {where}."
    )


def _again(search: Search) -> str:
    """For how long the best configuration was trained again."""
    epochs = search.retrained[BEST][0].options["epochs"]
    before = search.experiment.record["options"].get("epochs")
    if before is not None and before < epochs:
        return f"trained again at full length, {pluralize(epochs, 'epoch')} instead of {before}"
    return f"trained again for {pluralize(epochs, 'epoch')}"


def _against_default(search: Search) -> str:
    defaults, best = search.scores_of(DEFAULT), search.scores_of(BEST)
    if not defaults:
        return "The default options were not trained beside it."
    text = f"The default options, trained in the same way, reach {spread(defaults)}"
    if not best:
        return f"{text}."
    gain = mean(best) - mean(defaults)
    if gain > 0:
        return f"{text}: a gain of {gain:.4f}."
    return f"{text}: **the search found nothing better**, the difference is {gain:.4f}."


def guided(search: Search) -> str:
    """How many trials were guided by results, and where the others came from."""
    kinds = [tried.kind for tried in search.tried]
    scored = sum(tried.score is not None for tried in search.tried)
    said = [KINDS[kind].format(kinds.count(kind)) for kind in KINDS if kind in kinds]
    trials = pluralize(len(kinds), "trial")
    text = f"The search had {trials} ({scored} with a score): {join_and(said)}."
    if GUIDED in kinds:
        return text
    return f"{text} **No configuration was guided** by results."


def _cost(search: Search) -> str:
    epochs = sum(tried.epochs for tried in search.tried)
    seconds = sum(tried.seconds for tried in search.tried)
    text = f"It took {epochs:,} epochs in {duration(seconds)} of training"
    again = [trial for phase in (BEST, DEFAULT) for trial in search.retrained[phase]]
    if again:
        minutes = sum(trial.metrics["cost"]["training_seconds"] for trial in again)
        text += f", and {duration(minutes)} for {pluralize(len(again), 'run')} after it"
    saved = sum(tried.resumed for tried in search.tried)
    if saved:
        text += (
            ". Promoted configurations went on from their checkpoints, which saved "
            f"{pluralize(saved, 'epoch')} more ({percent(saved / (saved + epochs))})"
        )
    return f"{text}."


def on_progress(search: Search) -> str:
    """When the best trial came, and what the guided trials added to the start-up ones."""
    text = [
        f"The best trial ({score(search.best.score)}) was number {search.best.number} of "
        f"{len(search.tried)}."
    ]
    if search.max_budget is None:  # else a later trial also has more epochs
        text.append(_added(search))
    defaults = search.scores_of(DEFAULT)
    if defaults:
        above = sum((tried.score or 0) > mean(defaults) for tried in search.scored)
        text.append(
            f"{above} of {pluralize(len(search.scored), 'scored trial')} "
            f"{'is' if above == 1 else 'are'} above the mean of the default options"
            f"{_lengths(search)}."
        )
    return " ".join(part for part in text if part)


def _added(search: Search) -> str:
    """The start-up trials against the guided ones: the best and the typical one of each."""
    start, later = (
        [float(tried.score or 0.0) for tried in search.scored if tried.kind == kind]
        for kind in (STARTUP, GUIDED)
    )
    if not start or not later:
        return ""
    gain = max(later) - max(start)
    added = f"the guided trials added {gain:.4f}" if gain > 0 else "no guided trial was better"
    best = f"The best of {pluralize(len(start), 'start-up trial')} has {max(start):.4f}; {added}."
    medians = (float(np.median(scores)) for scores in (start, later))
    typical = "The median start-up trial has {:.4f}, the median guided trial {:.4f}."
    return f"{best} {typical.format(*medians)}"


def _lengths(search: Search) -> str:
    """A warning where trials and default runs had different numbers of epochs."""
    full = {trial.metrics["epochs_run"] for trial in search.retrained[DEFAULT]}
    tried = {trial.length for trial in search.scored}
    if tried == full:
        return ""
    shown = join_and([str(count) for count in sorted(full)])
    trials = " to ".join(str(count) for count in sorted({min(tried), max(tried)}))
    return f"; but its runs had {shown} epochs, the trials {trials}"


def on_shown(search: Search) -> str:
    """Which run the pictures and curves are of."""
    trial = search.shown[0]
    if search.retrained[BEST]:
        return (
            f"What follows is about one run, `{trial.folder.name}`: the best configuration trained "
            f"again, the seed with the highest score ({score(trial.metrics['score'])}, seed "
            f"{trial.options['seed']})."
        )
    return f"What follows is about trial {search.best.number}, `{trial.folder.name}`."
