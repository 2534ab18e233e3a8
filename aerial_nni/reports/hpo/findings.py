"""What a search found, in sentences that plain rules write from the numbers."""

from statistics import mean

import numpy as np

from aerial_nni.reports.hpo.progress import best_so_far
from aerial_nni.reports.hpo.search import BEST, DEFAULT, MULTI_FIDELITY, Search
from aerial_nni.reports.words import LEAKY, duration, listed, percent, score, some, spread


def summary(search: Search) -> str:
    """The result in a paragraph: score, default, trials, cost, and what is optimistic in it."""
    text = [_found(search), _against_default(search), guided(search), _cost(search), _caution()]
    return " ".join(part for part in text if part)


def _found(search: Search) -> str:
    trial = search.shown[0]
    split = trial.metrics["split"]
    leaky = f" (**{LEAKY}**)" if split["leaky"] else ""
    again = search.retrained[BEST]
    start = (
        f"A search over {some(len(search.space.parameters), 'parameter')} of the U-Net and its "
        f"training (method: {search.title}) found a configuration"
    )
    where = (
        f"on {some(split['val_patches'], 'validation patch')} of the dataset "
        f"`{trial.metrics['data']['name']}`, split by the rule `{split['rule']}`{leaky} with seed "
        f"{split['seed']}"
    )
    if not again:
        return (
            f"{start} with a **mean IoU of {score(search.best.score)}** {where}. It was not "
            "trained again, so how much of that is luck is not known."
        )
    scores = [run.metrics["score"] for run in again]
    over = (
        f"mean ± sample standard deviation over {some(len(scores), 'seed')}"
        if len(scores) > 1
        else "one seed"
    )
    return (
        f"{start} that, trained again at full length, reaches a **mean IoU of {spread(scores)}** "
        f"({over}) {where}."
    )


def _against_default(search: Search) -> str:
    defaults = [trial.metrics["score"] for trial in search.retrained[DEFAULT]]
    best = [trial.metrics["score"] for trial in search.retrained[BEST]]
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
    """How many trials were guided by results, and how many were not."""
    count, start = len(search.tried), search.startup
    scored = sum(tried.score is not None for tried in search.tried)
    text = f"The search had {some(count, 'trial')}, {scored} of them with a score"
    if search.index in MULTI_FIDELITY:
        configurations = len({_identity(tried.config) for tried in search.tried})
        promoted = count - configurations
        text += (
            f": {some(configurations, 'configuration')} and {some(promoted, 'promotion')} of "
            "configurations to more epochs"
        )
        if search.index == 5:
            return f"{text}. The configurations are drawn at random; the promotions are guided."
        return f"{text}. The first {start} configurations were drawn at random."
    if search.name in ("random", "grid"):
        return f"{text}. No result guided any of them."
    if not search.method:
        return f"{text}."
    return (
        f"{text}. The first {start} were start-up trials spread over the space, so "
        f"**{count - start} were guided** by results."
    )


def _identity(config: dict) -> str:
    return repr(sorted(config.items(), key=lambda item: item[0]))


def _cost(search: Search) -> str:
    epochs = sum(tried.epochs for tried in search.tried)
    seconds = sum(tried.seconds for tried in search.tried)
    text = f"It took {epochs:,} epochs in {duration(seconds)} of training"
    again = [trial for phase in (BEST, DEFAULT) for trial in search.retrained[phase]]
    if again:
        minutes = sum(trial.metrics["cost"]["training_seconds"] for trial in again)
        text += f", and {duration(minutes)} for {some(len(again), 'run')} after it"
    saved = sum(tried.resumed for tried in search.tried)
    if saved:
        text += (
            f". {some(saved, 'more epoch')} ({percent(saved / (saved + epochs))}) were saved, "
            "because promoted configurations went on from their checkpoints"
        )
    return f"{text}."


def _caution() -> str:
    return (
        "All scores are on the validation images by which epochs, trials and the best "
        "configuration were chosen, so the highest of them is optimistic."
    )


def on_progress(search: Search) -> str:
    """When the best score came, and what the guided trials added to the start-up ones."""
    best = best_so_far(search.tried)
    text = [
        f"The best score, {score(search.best.score)}, came with trial {search.best.number} of "
        f"{len(search.tried)}."
    ]
    start = search.startup
    if 0 < start < len(search.tried) and np.isfinite(best[start - 1]):
        gain = best[-1] - best[start - 1]
        text.append(
            f"The best of the {some(start, 'start-up trial')} has {best[start - 1]:.4f}; "
            + (
                f"the guided trials added {gain:.4f}."
                if gain > 0
                else "no guided trial was better."
            )
        )
        text.append(_medians(search))
    defaults = [trial.metrics["score"] for trial in search.retrained[DEFAULT]]
    if defaults:
        above = sum((tried.score or 0) > mean(defaults) for tried in search.scored)
        text.append(
            f"{above} of {some(len(search.scored), 'scored trial')} "
            f"{'is' if above == 1 else 'are'} above the mean of the default options"
            f"{_lengths(search)}."
        )
    return " ".join(part for part in text if part)


def _medians(search: Search) -> str:
    """The typical start-up trial against the typical guided one."""
    groups = {True: [], False: []}  # type: dict[bool, list[float]]
    for tried in search.scored:
        groups[tried.number <= search.startup].append(float(tried.score or 0.0))
    if not all(groups.values()):
        return ""
    start, later = (float(np.median(groups[key])) for key in (True, False))
    return f"The median start-up trial has {start:.4f}, the median guided trial {later:.4f}."


def _lengths(search: Search) -> str:
    """A warning where trials and default runs had different numbers of epochs."""
    full = {trial.metrics["epochs_run"] for trial in search.retrained[DEFAULT]}
    tried = {len(t.history["epoch"]) for t in search.scored if t.history is not None}
    if tried == full:
        return ""
    shown = listed([str(count) for count in sorted(full)])
    return (
        f"; but its runs had {shown} epochs, the trials {min(tried)} to {max(tried)}"
        if len(tried) > 1
        else f"; but its runs had {shown} epochs, the trials {min(tried)}"
    )


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
