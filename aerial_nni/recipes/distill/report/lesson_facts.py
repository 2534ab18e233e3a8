"""How the shown student learnt: its kind, and what a search over kinds says."""

from dataclasses import dataclass

from aerial_nni.recipes.distill.report.reading import Distillation
from aerial_nni.reporting.format import join_and
from aerial_nni.reporting.search.axes import write_value

ENOUGH = 5
"""Trials of a kind from which on their best score says something of it."""


@dataclass(frozen=True)
class TriedKind:
    """A kind of comparison, the best score with it and the number of its trials."""

    kind: str
    best: float
    trials: int


@dataclass(frozen=True)
class Kinds:
    """The kinds that a search tried, the best one first, and those that it never tried."""

    tried: list[TriedKind]
    never: list[str]

    @property
    def few(self) -> bool:
        """Whether some kind has too few trials to be judged."""
        return min(one.trials for one in self.tried) < ENOUGH


def kinds_of(found: Distillation) -> Kinds | None:
    """What a search says of the kinds; None where it did not vary them."""
    search = found.search
    if search is None or "kind" not in search.space.names:
        return None
    scores: dict[str, list[float]] = {}
    for tried in search.scored:
        scores.setdefault(str(tried.config["kind"]), []).append(float(tried.score or 0.0))
    ranked = sorted(scores.items(), key=lambda item: -max(item[1]))
    values = next(p.values for p in search.space.parameters if p.name == "kind")
    return Kinds(
        tried=[TriedKind(kind, max(each), len(each)) for kind, each in ranked],
        never=[f"`{write_value(value)}`" for value in values if value not in scores],
    )


def way(found: Distillation) -> str:
    """How the shown student learnt, in a line."""
    lesson = found.lesson
    parts = [f"kind `{lesson['kind']}`", f"weight of the teacher {lesson['teacher_weight']:.3g}"]
    if found.softened:
        parts.insert(1, f"temperature {lesson['temperature']:.3g}")
    if lesson["layers"]:
        parts.append(f"features of `{lesson['layers']}`")
    return join_and(parts)
