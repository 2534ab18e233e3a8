"""What a distillation found, in sentences that plain rules write from the numbers."""

import math
from collections.abc import Sequence

from scipy import stats

from aerial_nni.recipes.distill.gain import Worth
from aerial_nni.recipes.distill.report.reading import Distillation
from aerial_nni.recipes.hpo.report.axes import write_value
from aerial_nni.reporting import significance
from aerial_nni.reporting.format import LEAKY, code, join_and, percent, pluralize, score, spread
from aerial_nni.reporting.group_comparison import Group

CAUTION = (
    "All scores are on the validation images by which epochs, and in a search trials, were chosen. "
    "Student and control gain by that alike, so their difference is not flattered by the epochs; "
    "but the student's way of learning was chosen there, the control's has nothing to choose."
)


def summary(found: Distillation) -> str:
    """The result in two paragraphs: what the teacher is worth, and what the student is."""
    return f"{headline(found)}\n\n{_student(found)} {CAUTION}"


def headline(found: Distillation) -> str:
    """Student less control, with its spread, its seeds, and whether it is more than chance."""
    worth = found.worth
    if worth is None:
        return (
            "**What the teacher is worth is not known:** no control reached its end, the same "
            "student from the same seed without the teacher."
        )
    both = {t.options["seed"] for t in found.students} & {t.options["seed"] for t in found.controls}
    return (
        f"**Student − control: {difference(worth)} mean IoU** "
        f"({_over(sorted(both))}): the student that learnt from the teacher reaches "
        f"{worth.student:.4f}, the same student, trained as long from the same seeds without the "
        f"teacher, {worth.control:.4f}. {verdict(worth)}"
    )


def difference(worth: Worth) -> str:
    """The difference with its spread: `+0.0123 ± 0.0045`."""
    around = "" if worth.spread is None else f" ± {worth.spread:.4f}"
    return f"{worth.difference:+.4f}{around}"


def _over(seeds: Sequence[int]) -> str:
    if len(seeds) == 1:
        return f"one seed, {seeds[0]}"
    return (
        "mean ± sample standard deviation of the difference over the seeds "
        f"{join_and([str(seed) for seed in seeds])}"
    )


def interval(worth: Worth) -> tuple[float, float]:
    """The 95 % interval of the mean difference by the paired t test; NaN with one seed."""
    if worth.spread is None:
        return math.nan, math.nan
    width = float(stats.t.ppf(0.975, worth.seeds - 1)) * worth.spread / math.sqrt(worth.seeds)
    return worth.difference - width, worth.difference + width


def verdict(worth: Worth) -> str:
    """Whether the difference is more than chance."""
    return significance.verdict(
        worth.difference, worth.spread, interval(worth), test="paired t",
        nothing="Nothing is shown of the teacher being worth anything here.",
        harm="**The teacher did harm**",
    )  # fmt: skip


def _student(found: Distillation) -> str:
    """Size and score of the student beside its teacher's."""
    trial, teacher = found.student, found.teacher
    metrics = trial.metrics
    split = metrics["split"]
    leaky = f" (**{LEAKY}**)" if split["leaky"] else ""
    size = metrics["model"]["parameters"]
    return (
        f"The student has {size:,} parameters, {percent(size / teacher['parameters'])} of its "
        f"teacher's {teacher['parameters']:,}. {_against_teacher(found)} Scores are on "
        f"{pluralize(split['val_patches'], 'validation patch')} of the dataset "
        f"{code(metrics['data']['name'])}, split by the rule `{split['rule']}`{leaky} with seed "
        f"{split['seed']}; the teacher was trained on none of them, and its score is "
        "what its checkpoint says."
    )


def _against_teacher(found: Distillation) -> str:
    known, scores = found.teacher["score"], Group("student", found.students).scores
    if known is None:
        return "The teacher's checkpoint does not say its score."
    gap = known - sum(scores) / len(scores)
    where = f"{gap:.4f} below it" if gap >= 0 else f"**{-gap:.4f} above its teacher**"
    text = f"The teacher reaches {score(known)}; the student, {spread(scores)}, is {where}."
    if gap < 0:
        text += " A teacher that knows less than its student has little to tell."
    return text


def way(found: Distillation) -> str:
    """How the shown student learnt, in a line."""
    lesson = found.lesson
    parts = [f"kind `{lesson['kind']}`", f"weight of the teacher {lesson['teacher_weight']:.3g}"]
    if found.softened:
        parts.insert(1, f"temperature {lesson['temperature']:.3g}")
    if lesson["layers"]:
        parts.append(f"features of `{lesson['layers']}`")
    return join_and(parts)


def on_kinds(found: Distillation) -> str:
    """Which kinds the search tried, and the best score of each."""
    search = found.search
    if search is None or "kind" not in search.space.names:
        return ""
    best: dict[str, list[float]] = {}
    for tried in search.scored:
        best.setdefault(str(tried.config["kind"]), []).append(float(tried.score or 0.0))
    ranked = sorted(best.items(), key=lambda item: -max(item[1]))
    said = [
        f"`{kind}` {score(max(scores))} ({pluralize(len(scores), 'trial')})"
        for kind, scores in ranked
    ]
    never = [
        f"`{write_value(value)}`"
        for parameter in search.space.parameters
        if parameter.name == "kind"
        for value in parameter.values
        if value not in best
    ]
    text = f"The best score of each kind in the search: {join_and(said)}."
    if never:
        text += f" Never tried: {join_and(never)}."
    few = min(len(scores) for scores in best.values())
    if few < 5:
        text += (
            " So few trials of a kind, which differ in temperature and weight too, say little of "
            "which kind is the better one."
        )
    return text
