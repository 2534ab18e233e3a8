"""Run folders that an earlier version wrote, brought to this one's form in memory.

Nothing on the disk is changed: `resume` and `repair` write what they read in the new form.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from aerial_nni.config.errors import Damaged
from aerial_nni.config.run_folder_schema import FORMAT, Record
from aerial_nni.config.safe_reading import LARGEST, SMALL, read_json
from aerial_nni.config.schema import fitted
from aerial_nni.config.trial_schema import Metrics

MOVED = {
    "aerial_nni.experiments.architectures.ArchitectureTuner": (
        "aerial_nni.recipes.darts.search_tuner.ArchitectureTuner"
    ),
}
"""Classes that records and NNI's own files name, by where they were, and where they are."""

Kind = TypeVar("Kind", bound=Record | Metrics)


def as_now(value: Any) -> Any:
    """`value`, of plain JSON, with the present names of `MOVED` classes."""
    if isinstance(value, dict):
        return {key: as_now(part) for key, part in value.items()}
    if isinstance(value, list):
        return [as_now(part) for part in value]
    return MOVED.get(value, value) if isinstance(value, str) else value


def _noted(values: dict[str, Any]) -> dict[str, Any]:
    """From 0 to 1: classes have moved; commands, origins and the version were not noted."""
    method = values.get("method")
    return {**values, **({"method": as_now(method)} if isinstance(method, dict) else {})}


STEPS: tuple[Callable[[dict[str, Any]], dict[str, Any]], ...] = (_noted,)
"""What brings records and metrics from each format to the next, from 0 on."""


def upgraded(values: Any, source: object) -> Any:
    """The content of a record or of metrics in the present format; what is no object, as it is.

    Raises:
        Damaged: it has no known format.
    """
    if not isinstance(values, Mapping):
        return values
    format = values.get("format", 0)
    if type(format) is not int or format < 0:
        raise Damaged(f"{source}: format is {format!r:.80}; it must be a whole number from 0")
    if format > FORMAT:
        raise Damaged(
            f"{source} has the format {format}, and this version knows formats to {FORMAT}: a "
            "newer aerial_nni wrote it; install that"
        )
    now = dict(values)
    for step in STEPS[format:]:
        now = step(now)
    return {**now, "format": FORMAT}


def read_metrics(path: Path) -> Metrics:
    """The content of a metrics.json. Raises `Damaged`, or `OSError` where it is not there."""
    return read_as(Metrics, path, largest=LARGEST)


def read_record(path: Path) -> Record:
    """The content of an experiment.json. Raises `Damaged`, or `OSError` where it is not there."""
    return read_as(Record, path, largest=SMALL)


def read_as(kind: type[Kind], path: Path, *, largest: int) -> Kind:
    """A record or metrics as a dataclass of one's own. Raises `Damaged` or `OSError`."""
    return fitted(kind, upgraded(read_json(path, largest=largest), path), path)
