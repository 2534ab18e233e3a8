"""Which experiments may stand in one table of a document: those of the same data."""

from collections.abc import Mapping, Sequence
from typing import Any

from aerial_nni.reporting.folder import Experiment, NotTogether

DATA = {"name": "dataset", "fingerprint": "content of the files", "classes": "classes"}
"""What metrics.json says of the data -> how it is called."""

SPLIT = {
    "rule": "rule of the split",
    "seed": "seed of the split",
    "val_fraction": "share that validates",
    "val_patches": "patches that validate",
}
"""The same of the split."""


def check_same_data(experiments: Sequence[Experiment], *, split: bool = False) -> None:
    """Raises `NotTogether` where scores are of other data, or with `split` after another split."""
    first, *others = experiments
    for other in others:
        found = _differing(first, other, "data", DATA)
        if split and not found:
            found = _differing(first, other, "split", SPLIT)
        if found:
            raise NotTogether(
                f"{first.id} and {other.id} cannot stand in one table, their scores are of "
                f"different pictures: {'; '.join(found)}. Report each alone, or all on one page "
                "that keeps them apart: python -m aerial_nni.run report --all"
            )


def _differing(
    first: Experiment, other: Experiment, part: str, names: Mapping[str, str]
) -> list[str]:
    ours, theirs = (experiment.best.metrics[part] for experiment in (first, other))
    return [
        f"{said} {_short(ours.get(name))} and {_short(theirs.get(name))}"
        for name, said in names.items()
        if ours.get(name) != theirs.get(name)
    ]


def _short(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 40 else f"{text[:37]}…"
