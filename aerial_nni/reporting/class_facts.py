"""What is said of the classes of a run: their pixels, their scores, and which are confused."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from aerial_nni.reporting.folder import Trial
from aerial_nni.reporting.format import literal, percent, score
from aerial_nni.reporting.matrix import row_shares, short_count

NOTICEABLE = 0.1
"""Precision and recall of a class that differ by more are worth a sentence."""


@dataclass(frozen=True, kw_only=True)
class ClassShare:
    """A class, and its share of the labelled training pixels."""

    name: str
    share: float


@dataclass(frozen=True, kw_only=True)
class ClassScores:
    """Scores of a class on the validation patches, NaN where it is absent."""

    name: str
    share: float
    iou: float
    precision: float
    recall: float


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """Pixels of one class that are called another."""

    true: str
    predicted: str
    share: float
    pixels: str


@dataclass(frozen=True, kw_only=True)
class ClassFacts:
    """The classes of a finished run."""

    trial: Trial

    @property
    def pixels(self) -> list[list[str]]:
        """Pixels of each class in both parts, void in the last row."""
        sides = [self.trial.metrics["split"]["pixels"][part] for part in ("train", "val")]
        totals = [max(1, sum(side[name] for name in self.trial.classes)) for side in sides]
        rows = [
            [literal(name), *(text for side, total in zip(sides, totals, strict=True)
                              for text in (f"{side[name]:,}", percent(side[name] / total)))]
            for name in self.trial.classes
        ]  # fmt: skip
        void = [f"{side['void']:,}" for side in sides]
        return [*rows, ["void (not scored)", void[0], "", void[1], ""]]

    @cached_property
    def shares(self) -> list[ClassShare]:
        """Share of each class among the labelled training pixels."""
        counts = self.trial.metrics["split"]["pixels"]["train"]
        total = max(1, sum(counts[name] for name in self.trial.classes))
        return [ClassShare(name=name, share=counts[name] / total) for name in self.trial.classes]

    @property
    def largest(self) -> ClassShare:
        """The class with most pixels."""
        return max(self.shares, key=lambda one: one.share)

    @property
    def smallest(self) -> ClassShare:
        """The class with fewest."""
        return min(self.shares, key=lambda one: one.share)

    @property
    def rows(self) -> list[list[str]]:
        """Scores of each class, with the unweighted means."""
        names = ("iou", "precision", "recall", "f1", "average_precision")
        columns = np.array([self.trial.per_class(name) for name in names])  # (scores, classes)
        pixels = self.trial.confusion.sum(axis=1)
        rows = [
            [literal(name), *map(score, columns[:, i]), f"{pixels[i]:,}",
             percent(pixels[i] / max(1, pixels.sum()))]
            for i, name in enumerate(self.trial.classes)
        ]  # fmt: skip
        there = [column[~np.isnan(column)] for column in columns]
        means = [f"**{score(column.mean() if len(column) else math.nan)}**" for column in there]
        return [*rows, ["**mean**", *means, f"{pixels.sum():,}", ""]]

    @cached_property
    def scores(self) -> list[ClassScores]:
        """Scores of the classes that occur in truth or prediction."""
        columns = (self.trial.per_class(name) for name in ("iou", "precision", "recall"))
        return [
            ClassScores(name=one.name, share=one.share, iou=iou, precision=precision, recall=recall)
            for one, iou, precision, recall in zip(self.shares, *columns, strict=True)
        ]

    @property
    def _scored(self) -> list[ClassScores]:
        return [one for one in self.scores if not math.isnan(one.iou)]

    @property
    def best(self) -> ClassScores | None:
        """The class that is segmented best."""
        return max(self._scored, key=lambda one: one.iou, default=None)

    @property
    def worst(self) -> ClassScores | None:
        """The class that is segmented worst."""
        return min(self._scored, key=lambda one: one.iou, default=None)

    @property
    def unbalanced(self) -> list[ClassScores]:
        """Classes of which precision and recall differ noticeably."""
        return [one for one in self.scores if abs(one.precision - one.recall) > NOTICEABLE]

    @property
    def absent(self) -> list[str]:
        """Classes that are neither in truth nor in prediction."""
        return [one.name for one in self.scores if math.isnan(one.iou)]

    @cached_property
    def _wrong(self) -> np.ndarray:
        """Confusion matrix without what is right, shape (classes, classes)."""
        wrong: np.ndarray = self.trial.confusion.copy()
        np.fill_diagonal(wrong, 0)
        return wrong

    @property
    def confusions(self) -> list[Confusion]:
        """The three with the largest shares of a true class."""
        shares = np.nan_to_num(row_shares(self.trial.confusion))
        np.fill_diagonal(shares, 0)
        order = np.argsort(-shares, axis=None)[:3]
        return [self._confusion(int(i), shares) for i in order if shares.flat[i] > 0]

    @property
    def most_errors(self) -> Confusion:
        """The one of most pixels, with its share of all wrong ones."""
        return self._confusion(int(self._wrong.argmax()), self._wrong / self._wrong.sum())

    def _confusion(self, index: int, shares: np.ndarray) -> Confusion:
        true, predicted = np.unravel_index(index, shares.shape)
        names = self.trial.classes
        return Confusion(true=names[true], predicted=names[predicted], share=shares.flat[index],
                         pixels=short_count(self._wrong.flat[index]))  # fmt: skip
