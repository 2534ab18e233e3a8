"""What an architecture search found, in sentences that plain rules write from the numbers."""

import math
from collections.abc import Sequence
from statistics import mean, stdev

from aerial_nni.recipes.darts.report.reading import Discovery
from aerial_nni.recipes.hpo.report.retraining import interval
from aerial_nni.reporting import significance
from aerial_nni.reporting.folder import Trial
from aerial_nni.reporting.format import LEAKY, code, pluralize, score, spread, times
from aerial_nni.reporting.group_comparison import Group

ENOUGH = 3
"""Seeds below which a comparison settles nothing."""

CAUTION = (
    "All final runs are trained alike, from random weights, and each is scored at the best of its "
    "own epochs, so that gain is the same for all. The architecture was chosen by the score of "
    "its search, not by those of its final runs; but that score is on the same validation images, "
    "which is an advantage of the derived network over its controls."
)


def summary(found: Discovery) -> str:
    """The result in paragraphs: derived against each control, what it is, and how far to trust."""
    reason = str(found.method.get("reason", "")).rstrip(".")
    smaller = f"**The search was made smaller.** The reason given: {reason}." if reason else ""
    parts = [
        against(
            found,
            found.random_scores,
            "random architectures of like size",
            "random",
            over=_networks(found),
        ),
        against(
            found,
            Group("", found.hand_made).scores,
            f"the hand-made U-Net of about as many parameters{_in_brackets(found.hand_made)}",
            "U-Net",
            over=pluralize(len(found.hand_made), "run"),
        ),
        few(found),
        f"{_network(found)} {CAUTION}",
        smaller,
    ]
    return "\n\n".join(part for part in parts if part)


def against(found: Discovery, theirs: Sequence[float], what: str, short: str, *, over: str) -> str:
    """Derived less a control, with its spread, and whether it is more than chance.

    `theirs` are the control's scores, and `over` says what they are of.
    """
    ours = Group("", found.main.runs).scores
    if not ours or not theirs:
        missing = "the derived network" if not ours else what
        return (
            f"**Derived against {what}: not known**, no run of {missing} reached its end in this "
            "experiment."
        )
    gap = mean(ours) - mean(theirs)
    around = deviation(ours, theirs)
    said = "" if around is None else f" ± {around:.4f}"
    runs = pluralize(len(ours), "run")
    return (
        f"**Derived − {short}: {gap:+.4f}{said} mean IoU** ({runs} against {over}): the "
        f"derived network reaches {spread(ours)}, {what} {spread(theirs)}. {verdict(ours, theirs)}"
    )


def _sizes(runs: Sequence[Trial]) -> str:
    """How many parameters the networks of these runs have: one number, or from the least on."""
    counts = sorted({run.metrics["model"]["parameters"] for run in runs})
    return " to ".join(f"{count:,}" for count in dict.fromkeys((counts[0], counts[-1])))


def _in_brackets(runs: Sequence[Trial]) -> str:
    return f" ({_sizes(runs)})" if runs else ""


def _networks(found: Discovery) -> str:
    """Over how many random architectures and seeds their spread is."""
    counts = sorted({len(scores) for scores in found.random_runs})
    each = " or ".join("one run" if count == 1 else f"{count} runs" for count in counts)
    return f"{pluralize(len(found.random_runs), 'architecture')}, {each} of each"


def deviation(ours: Sequence[float], theirs: Sequence[float]) -> float | None:
    """Standard deviation of the difference of one run of each; None with a single run."""
    if min(len(ours), len(theirs)) < 2:
        return None
    return math.hypot(stdev(ours), stdev(theirs))


def verdict(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """Whether the derived network's runs differ from a control's by more than chance."""
    return significance.verdict(
        mean(ours) - mean(theirs), deviation(ours, theirs), interval(theirs, ours),
        test="Welch's t", noun="run", harm="**The derived network is worse**",
        nothing="These runs do not show that the search is worth anything against them.",
    )  # fmt: skip


def few(found: Discovery) -> str:
    """That there are too few seeds, where there are."""
    counts = {group.name: len(group.trials) for group in found.groups}
    if found.randoms:  # runs of one architecture are not several
        counts["random"] = len(found.random_runs)
    short = {name: count for name, count in counts.items() if count < ENOUGH}
    if not short:
        return ""
    said = ", ".join(f"{name}: {count}" for name, count in short.items())
    return (
        f"**Fewer than {ENOUGH} runs or random architectures ({said}): such a comparison settles "
        "nothing**, whatever the figures say."
    )


def _network(found: Discovery) -> str:
    """Size of the network, split, and that it was trained at all."""
    trial = found.shown[0]
    metrics, split = trial.metrics, trial.metrics["split"]
    leaky = f" (**{LEAKY}**)" if split["leaky"] else ""
    how = (
        "" if found.main.runs else ", on the weights of the supernet: it was not trained by itself"
    )
    return (
        f"The derived network has {metrics['model']['parameters']:,} parameters{how}. Scores are "
        f"on {pluralize(split['val_patches'], 'validation patch')} of the dataset "
        f"{code(metrics['data']['name'])}, split by the rule `{split['rule']}`{leaky} with seed "
        f"{split['seed']}."
    )


def on_randoms(found: Discovery) -> str:
    """How many random architectures the derived one beats, and the best of them."""
    ours, theirs = Group("", found.main.runs).scores, found.random_scores
    if not ours or not theirs:
        return ""
    below = sum(value < mean(ours) for value in theirs)
    luck = (
        "it is that of architectures and seeds together"
        if len(found.randoms) == len(theirs)
        else "each counts with the mean of its runs, so the luck of a seed has less part in it; "
        "table and figure have every run by itself"
    )
    return (
        f"{below} of {pluralize(len(theirs), 'random architecture')} "
        f"{'is' if below == 1 else 'are'} below the mean of the derived one; the best random one "
        f"has {score(max(theirs))}. They were drawn evenly from those of the same space that are "
        f"of like size: {_sizes(found.randoms)} parameters, where the derived one has "
        f"{_sizes(found.main.runs)}. Their spread is over {_networks(found)}: {luck}."
    )


def on_times(found: Discovery) -> str:
    """How the time of a patch was measured, or what to type where it was not."""
    costs = found.costs
    if costs is None:
        return (
            "The time of a patch was not measured for these checkpoints. On the machine that "
            f"matters:\n\n```\npython -m aerial_nni.run report {found.experiment.id} --measure\n```"
        )
    return (
        f"The time of one patch of {times([costs['patch']] * 2)} pixels is that on "
        f"{costs['machine']}, in fp32: the median of several turns of each network, one after the "
        "other. What else ran on the machine is in it."
    )


def on_others(found: Discovery) -> str:
    """Genotypes of other search trials, and whether one of them turned out better."""
    if not found.others:
        return ""
    own = Group("", found.main.runs).scores
    said = [
        f"trial {other.tried.number} (search: {score(other.tried.score)}) "
        f"{spread(Group('', other.runs).scores)}"
        for other in found.others
    ]
    best = max(mean(Group("", other.runs).scores) for other in found.others)
    text = f"Other search trials found other architectures; trained alike: {'; '.join(said)}."
    if own and best > mean(own):
        text += (
            " One of them is above the reported one. That was not known when the search had "
            "ended: to report it instead would be to choose by the result."
        )
    return text


def on_course(found: Discovery) -> str:
    """What the search came to: its score, how decided, skips, and the gap to the final runs."""
    trial = found.main.searched
    history = trial.history
    entropy = found.main.at_its_epoch(history["entropy"])
    text = [
        f"The reported search is trial {found.main.tried.number}, `{trial.folder.name}`: of "
        f"{pluralize(len(found.search.scored), 'search trial')} it has the highest mean IoU of a "
        f"derived network, {score(found.main.tried.score)}. It ran for "
        f"{pluralize(trial.metrics['epochs_run'], 'epoch')}. The entropy of alpha went to "
        f"{entropy:.2f} (1: an even choice), the share of skips to "
        f"{found.main.at_its_epoch(history['skip_share']):.0%}."
    ]
    if entropy > 0.95:
        text.append(
            "**Alpha is hardly decided**: the chosen operations are those of a slight lead. More "
            "epochs or a higher `--arch-lr` decide more; whether they decide better is for the "
            "controls to say."
        )
    if "skips" in str(trial.metrics.get("stopped", "")):
        text.append(
            f"Skips took over: {trial.metrics['stopped']}. What is reported is of the epoch "
            f"before, {found.main.epoch}."
        )
    if found.main.runs:
        again = mean(Group("", found.main.runs).scores)
        text.append(
            f"On the supernet's weights the derived network had {score(found.main.tried.score)}, "
            f"trained by itself it has {score(again)}: the two are far from the same measure, for "
            "in the supernet its operations learnt beside all others and on half of the patches."
        )
    return " ".join(text)
