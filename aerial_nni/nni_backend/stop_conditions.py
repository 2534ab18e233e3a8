"""Timeouts and failure limits that stop an experiment, and how it ended.

What has ended is not waited for. What lives may be slow, whatever the reason: a busy machine, a
stopped process, a suspended laptop.
"""

from dataclasses import dataclass

LONG = 900.0
"""Seconds for which something that lives may give no sign of it."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How much is borne before an experiment is ended. Times in seconds."""

    failures: int = 3
    """Failed trials in a row."""
    idle: float = LONG
    """Time in which nothing moves: no trial begins, ends or finishes an epoch, neither a trial nor
    the tuner uses a processor, and the manager says nothing new, or nothing at all."""
    elsewhere: float = 6 * 3600.0
    """Time in which no trial on another machine changes anything."""
    settled: float = 3.0
    """Time for which a state that NNI may still leave has to last."""
    disk: int = 200 * 2**20
    """Bytes that have to be free."""


@dataclass(frozen=True, kw_only=True)
class End:
    """How an experiment ended. `details` are log lines for a person, empty when all is well."""

    state: str
    reason: str
    details: str = ""
    asked: bool = False
    """Whether a person or a signal asked for it."""
    over: bool = False
    """Whether a resume would find nothing to do."""
