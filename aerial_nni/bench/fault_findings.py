"""What went wrong in experiments whose processes were killed."""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass
class Findings:
    """What went wrong, in words; all empty when nothing did."""

    hangs: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)
    waited: float = 0.0
    """Longest time from the kill to a clean machine, of kills that end the experiment."""

    @property
    def none(self) -> bool:
        """Whether nothing went wrong."""
        return not any((self.hangs, self.lost, self.wrong, self.orphans, self.incomplete))


def joined(parts: Iterable[Findings]) -> Findings:
    """All findings together."""
    of_all = Findings()
    for found in parts:
        of_all.hangs += found.hangs
        of_all.lost += found.lost
        of_all.wrong += found.wrong
        of_all.orphans += found.orphans
        of_all.incomplete += found.incomplete
        of_all.waited = max(of_all.waited, found.waited)
    return of_all
