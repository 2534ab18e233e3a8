"""The stages of an encoder-decoder network, found in the steps it was seen to make.

A stage ends where the size changes: at a pooling, or at the up-sampling that starts the next one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from aerial_nni.reporting.graph_trace import Step


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Consecutive steps at one size, after those that bring the size about: pool, or up and cat."""

    name: str
    """`encoder 1`, `bottom`, `decoder 1` (level 1 has the full size), `head`."""
    side: str
    """`encoder`, `bottom`, `decoder` or `head`."""
    level: int
    """0 at the full size, 1 at half of it, ..."""
    entry: tuple[Step, ...]
    """The steps that bring the input to this size."""
    body: tuple[Step, ...]
    """The steps that learn something from it."""
    shape_in: tuple[int, int, int]
    """What the body gets."""
    skip: int | None
    """The stage whose output is concatenated, by its place in the list."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """What the stage gives on: (channels, height, width)."""
        return self.body[-1].shape

    @property
    def convolutions(self) -> list[Step]:
        """The convolutions of the body."""
        return [step for step in self.body if step.kind == "conv"]

    @property
    def parameters(self) -> int:
        """Trained scalars of the whole stage."""
        return sum(step.parameters for step in self.entry + self.body)

    @property
    def multiply_adds(self) -> int:
        """Multiplications with additions for one picture, entry and body."""
        return sum(step.multiply_adds for step in self.entry + self.body)


def find_stages(steps: Sequence[Step], *, bands: int) -> list[Stage]:
    """The stages of a traced network, in the order in which they run.

    Raises:
        ValueError: when the network is not an encoder, a decoder and a last 1×1 convolution.
    """
    groups = _groups(steps)
    lowest = max((level for level, _, _ in groups), default=0)
    last = max((i for i, step in enumerate(steps) if step.kind == "conv"), default=0)
    if not lowest or groups[-1][0] != 0 or last not in groups[-1][2]:
        raise ValueError("this network has no U shape; the diagram is for encoder-decoders")
    level, entry, body = groups[-1]
    groups[-1] = (level, entry, [i for i in body if i < last])
    stages: list[Stage] = []
    owner: dict[int, int] = {}
    going_up = False
    for number, (level, entry, body) in enumerate(groups):
        side = "bottom" if level == lowest else "decoder" if going_up else "encoder"
        going_up = going_up or side == "bottom"
        joined = next((steps[i] for i in entry if steps[i].kind == "cat"), None)
        owners = [owner[i] for i in joined.inputs if i in owner] if joined else []
        first = steps[entry[-1]].shape if entry else (bands, *steps[0].shape[1:])
        stages.append(
            Stage(
                name=side if side == "bottom" else f"{side} {level + 1}",
                side=side,
                level=level,
                entry=tuple(steps[i] for i in entry),
                body=tuple(steps[i] for i in body),
                shape_in=first,
                skip=owners[0] if owners else None,
            )
        )
        owner |= dict.fromkeys(body, number)
    stages.append(
        Stage(
            name="head",
            side="head",
            level=0,
            entry=(),
            body=tuple(steps[last:]),
            shape_in=stages[-1].shape,
            skip=None,
        )
    )
    return stages


def _groups(steps: Sequence[Step]) -> list[tuple[int, list[int], list[int]]]:
    """Level, indices of the entry and indices of the body of each stage, the head in the last."""
    groups: list[tuple[int, list[int], list[int]]] = [(0, [], [])]
    for i, step in enumerate(steps):
        level, entry, body = groups[-1]
        if step.kind == "pool":
            groups.append((level + 1, [i], []))
        elif step.kind == "up":
            # A convolution with nothing after it belongs to the up-sampling that follows it.
            narrowing = [body.pop()] if body and steps[body[-1]].kind == "conv" else []
            groups.append((level - 1, [*narrowing, i], []))
        elif step.kind in ("cat", "fold"):
            entry.append(i)
        else:
            body.append(i)
    return groups
