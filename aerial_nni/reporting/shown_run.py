"""The one run that a document shows, and what is said of it: the facts behind `templates/`.

run = ShownRun.of(search.shown)
render("recipes/hpo/report.md.j2", run=run, loss=LossFacts.of(run.options), links=links)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote

import numpy as np
from matplotlib.figure import Figure

from aerial_nni.reporting.bars import plot_class_summary
from aerial_nni.reporting.class_facts import ClassFacts
from aerial_nni.reporting.curves import (
    plot_class_scores,
    plot_loss,
    plot_precision_recall,
    plot_scores,
)
from aerial_nni.reporting.folder import Trial
from aerial_nni.reporting.format import literal, percent, score
from aerial_nni.reporting.gallery import PREDICTION, plot_galleries
from aerial_nni.reporting.loss_course import LossCourse, loss_course
from aerial_nni.reporting.matrix import plot_confusion
from aerial_nni.reporting.split_map import MapFacts, map_facts
from aerial_nni.training.metrics import POLICY

SAFE = ":/?#@!$&'()*+,;=%-._~"
"""Signs that stand in an address as they are."""


@dataclass(frozen=True, kw_only=True)
class ShownRun:
    """A finished run with what templates say of it; `others` differ in their seed alone."""

    trial: Trial
    others: tuple[Trial, ...] = ()

    @classmethod
    def of(cls, trials: Sequence[Trial]) -> "ShownRun":
        """The first of these runs, the others behind it."""
        return cls(trial=trials[0], others=tuple(trials[1:]))

    @property
    def seeds(self) -> int:
        """Runs of which curves are shown."""
        return 1 + len(self.others)

    @property
    def options(self) -> Mapping[str, Any]:
        """Option to its value."""
        return self.trial.options

    @property
    def metrics(self) -> Mapping[str, Any]:
        """The content of metrics.json."""
        return self.trial.metrics

    @property
    def data(self) -> Any:
        """What metrics.json says of the dataset."""
        return self.trial.metrics["data"]

    @property
    def split(self) -> Any:
        """What metrics.json says of the split."""
        return self.trial.metrics["split"]

    @property
    def cost(self) -> Any:
        """What metrics.json says of time and machine."""
        return self.trial.metrics["cost"]

    @property
    def policy(self) -> str:
        """How scores are computed."""
        return POLICY

    # Training.

    @property
    def together(self) -> int:
        """Patches of one update of the weights."""
        asked = self.options["batch"] * self.options["accumulate"]
        return int(min(asked, self.split["train_patches"]))

    @property
    def augmented(self) -> bool:
        """Whether training patches are changed."""
        return any(self.options[name] for name in ("flip", "turn", "scale", "colour"))

    @property
    def moves(self) -> list[str]:
        """How a patch and its mask are moved."""
        square = self.data.get("patch_width", self.data["patch"]) == self.data["patch"]
        angles = "0, 90, 180 or 270" if square else "0 or 180"
        largest = 1 + self.options["scale"]
        said = {
            "flip": "mirrored with probability one half",
            "turn": f"turned by {angles} degrees, each as likely",
            "scale": "in half of the cases zoomed by a factor between "
            f"{1 / largest:.2f} and {largest:.2f}",
        }
        return [text for name, text in said.items() if self.options[name]]

    @property
    def kept_last(self) -> bool:
        """Whether the kept epoch is the last one."""
        return bool(self.metrics["epoch"] == self.metrics["epochs_run"])

    @property
    def last_iou(self) -> float:
        """Mean IoU of the last epoch."""
        return float(self.trial.history["mean_iou"][-1])

    @cached_property
    def course(self) -> LossCourse:
        """How the two losses went."""
        return loss_course(self.trial)

    # Data.

    @property
    def about(self) -> str:
        """What the dataset says of itself."""
        said = self.data.get("description") or f"The dataset {self.data['name']}"
        return str(said).rstrip(".")

    @property
    def address(self) -> str:
        """Where the dataset is from."""
        return quote(str(self.data["source"]), safe=SAFE)

    @cached_property
    def map(self) -> MapFacts:
        """What the map of the split leaves out."""
        return map_facts(self.trial)

    @cached_property
    def classes(self) -> ClassFacts:
        """What is said of its classes."""
        return ClassFacts(trial=self.trial)

    # Results.

    def galleries(self, links: Mapping[str, str]) -> list[str]:
        """Links to the pictures of segmented patches."""
        return [links[name] for name in sorted(links) if name.startswith("examples-")]

    @property
    def examples(self) -> list[list[str]]:
        """Where each shown patch comes from, and its own scores."""
        rows = []
        for example in self.trial.examples:
            facts, void = example.facts, float(np.mean(example.truth == 255))
            classes = ", ".join(map(literal, facts["classes"]))
            rows.append([
                str(facts["number"]),
                f"{literal(facts['image'])}, rows from {facts['y']}, columns from {facts['x']}",
                f"{classes}; void {percent(void)}" if void else classes,
                score(facts["mean_iou"], digits=3),
                score(facts["pixel_accuracy"], digits=3),
            ])  # fmt: skip
        return rows

    @property
    def checkpoint_bytes(self) -> int:
        """Size of the checkpoint."""
        return self.trial.checkpoint.stat().st_size

    @property
    def throughputs(self) -> list[str]:
        """Patches a second of the slowest and the fastest epoch."""
        speeds = self.trial.history["patches_per_second"]
        return [f"{speeds.min():.1f}", f"{speeds.max():.1f}"]


def plot_run(
    run: ShownRun,
    *,
    name: str = PREDICTION,
    others: Mapping[str, Sequence[np.ndarray]] | None = None,
) -> dict[str, Figure]:
    """The figures of `run.md.j2` by name; the other seeds stand behind.

    `name` and `others` are for the pictures: see `plot_galleries`.
    """
    trials, trial = [run.trial, *run.others], run.trial
    figures = {
        "loss": plot_loss(trials),
        "scores": plot_scores(trials),
        "classes": plot_class_summary(trials),
        "class-scores": plot_class_scores(trial),
        "precision-recall": plot_precision_recall(trial),
        "confusion": plot_confusion(trial),
    }
    for number, figure in enumerate(plot_galleries(trial, name=name, others=others), start=1):
        figures[f"examples-{number}"] = figure
    return figures
