"""How much is borne before an experiment is ended, and how it ended."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How much is borne before an experiment is ended. Times in seconds."""

    failures: int = 3
    """Failed trials in a row."""
    silence: float = 60.0
    """Time in which the manager gives no answer."""
    idle: float = 900.0
    """Time in which no trial changes anything, and none uses a processor."""
    elsewhere: float = 6 * 3600.0
    """Time in which no trial on another machine changes anything."""
    nothing: float = 90.0
    """The same while no trial is there at all."""
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
