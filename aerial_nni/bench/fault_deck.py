"""What experiments meet: who is killed or stopped, and when. Dealt so that each comes."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass

SIGNS = {
    "manager": "main.js",
    "dispatcher": "--exp_params",
    "trial": "aerial_nni.trials.",
    "tensorboard": "--logdir_spec",
}
"""Process of an experiment -> what a word of its command has in it."""

VICTIMS = ("launcher", "guard", *SIGNS)
FATAL = {"launcher", "manager", "dispatcher"}
"""Whose death ends an experiment; it goes on without the others."""

STOPPED = 5.0
"""Seconds for which a process is stopped."""

SEEDS, SEARCH, TRAINED = "seeds", "search", "trained"
"""Kinds of experiment, see fault_launcher.py."""

CACHE, CHECKPOINT = "building the cache", "writing a checkpoint"
DOCUMENT, FINAL = "writing the document", "retraining at the end"

EVERY = 8
"""Of so many experiments one is a search and one trains."""


@dataclass(frozen=True)
class Fault:
    """Victims are killed (SIGKILL) at once, or stopped for a while."""

    victims: tuple[str, ...]
    kind: str = SEEDS
    moment: str = ""
    """What has to be under way; nothing: any moment."""
    stopped: bool = False

    @property
    def label(self) -> str:
        """What it is called."""
        who = " + ".join(self.victims)
        how = [", stopped for a while"] if self.stopped else []
        return "".join([who, *how, *([f", {self.moment}"] if self.moment else [])])

    @property
    def ends(self) -> bool:
        """Whether the experiment ends by it."""
        return not self.stopped and not FATAL.isdisjoint(self.victims)


DECK = (
    *(Fault((one,)) for one in VICTIMS),
    *(Fault(pair) for pair in itertools.combinations(VICTIMS, 2)),
    *(Fault((one,), stopped=True) for one in VICTIMS),
    *(Fault((one,), SEARCH, FINAL) for one in ("trial", "manager", "launcher")),
    Fault(("launcher",), TRAINED, CACHE),
    Fault(("trial",), TRAINED, CHECKPOINT),
    Fault(("launcher", "guard"), TRAINED, CHECKPOINT),
    Fault(("launcher",), TRAINED, DOCUMENT),
)


def deal(draw: random.Random, experiments: int) -> Iterator[tuple[str, list[Fault]]]:
    """The kind of each experiment and its one to three faults, in the order in which they come.

    No fault comes again before all others of its kind of experiment have come.
    """
    rest: dict[str, list[Fault]] = {SEEDS: [], SEARCH: [], TRAINED: []}
    for number in range(experiments):
        kind = {EVERY - 2: SEARCH, EVERY - 1: TRAINED}.get(number % EVERY, SEEDS)
        dealt = []
        for _ in range(draw.randint(1, 3) if kind == SEEDS else 2):
            if not rest[kind]:
                rest[kind] = [fault for fault in DECK if fault.kind == kind]
                draw.shuffle(rest[kind])
            dealt.append(rest[kind].pop())
        yield kind, sorted(dealt, key=lambda fault: DECK.index(fault) if kind == TRAINED else 0)
