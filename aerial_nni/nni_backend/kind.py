"""What is asked of the kind of an experiment, which is given to whoever conducts one."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from aerial_nni.config.options import TrialOptions
from aerial_nni.nni_backend.records import Record


class Kind(Protocol):
    """How its trials rank, what their options are, and what is written at the end."""

    @property
    def never_best(self) -> tuple[str, ...]:
        """Phases whose trials are never the best, beside controls."""

    @property
    def best_phase(self) -> str:
        """A phase whose trials are above those of all others, if any."""

    @property
    def options(self) -> type[TrialOptions]:
        """Of a trial."""

    @property
    def trial(self) -> str:
        """The module of a trial."""

    def write_document(self, record: Record, folder: Path, docs: Path | None) -> Path | None:
        """The document of an experiment that is over, or None; `docs`: where it goes, if said."""


Kinds: TypeAlias = Mapping[str, Kind]
"""By their names in records."""


@dataclass(frozen=True, kw_only=True)
class Plain:
    """A kind of which nothing is known: the highest score is the best, and there is no document."""

    never_best: tuple[str, ...] = ()
    best_phase: str = ""
    options: type[TrialOptions] = TrialOptions
    trial: str = "aerial_nni.trials.baseline"

    def write_document(self, record: Record, folder: Path, docs: Path | None) -> Path | None:
        """None."""


PLAIN = Plain()
