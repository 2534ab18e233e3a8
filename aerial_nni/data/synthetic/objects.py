"""What stands, swims and flies in a drone's view: flat figures that face the camera.

A figure is a table of parts, painted one over the other. A part is an ellipse or a box in the
figure's own frame: x from -0.5 to 0.5 across, y from 0 at its feet to 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aerial_nni.data.synthetic.areas import Ground
from aerial_nni.data.synthetic.canvas import LAND, ROAD, VEGETATION, WATER, Tone
from aerial_nni.data.synthetic.noise import between, jitter, pick
from aerial_nni.data.synthetic.oblique import Seen, View

Part = tuple[str, tuple[float, float, float, float], str]
"""`oval` or `box`; its centre x, y and its half sizes; the name of its tone."""


@dataclass(frozen=True, kw_only=True)
class Thing:
    """A kind of thing: its size in pixels of the ground, where it is found, and its figure."""

    width: tuple[float, float]
    height: tuple[float, float]
    on: Sequence[int]
    """Classes of the ground; empty: in the air."""
    parts: Sequence[Part]
    tones: Sequence[Tone]
    """Of the part called `own`."""


FIXED: dict[str, Tone] = {
    "skin": (206, 160, 128),
    "dark": (44, 44, 50),
    "white": (232, 232, 230),
    "red": (196, 44, 40),
    "glass": (70, 84, 96),
}

LEGS: tuple[Part, ...] = (("box", (-0.16, 0.22, 0.1, 0.22), "dark"),
                          ("box", (0.16, 0.22, 0.1, 0.22), "dark"))  # fmt: skip

THINGS: dict[str, Thing] = {
    "person": Thing(
        width=(0.9, 1.2), height=(2.1, 2.7), on=(LAND, ROAD, VEGETATION),
        tones=((190, 40, 40), (40, 70, 160), (220, 210, 60), (230, 230, 230), (40, 120, 60)),
        parts=(*LEGS, ("oval", (0, 0.6, 0.36, 0.24), "own"), ("oval", (0, 0.9, 0.2, 0.1), "skin")),
    ),
    "bike": Thing(
        width=(2.4, 3.0), height=(1.8, 2.4), on=(ROAD, LAND),
        tones=((30, 30, 34), (160, 30, 30), (30, 60, 120)),
        parts=(("oval", (-0.32, 0.24, 0.18, 0.24), "dark"),
               ("oval", (0.32, 0.24, 0.18, 0.24), "dark"),
               ("box", (0, 0.4, 0.3, 0.1), "own"), ("box", (0.26, 0.66, 0.05, 0.26), "own"),
               ("box", (-0.1, 0.56, 0.14, 0.06), "dark")),
    ),
    "boat": Thing(
        width=(7, 11), height=(2.5, 4), on=(WATER,),
        tones=((236, 236, 232), (150, 60, 40), (60, 90, 140)),
        parts=(("oval", (0, 0.3, 0.5, 0.3), "own"), ("box", (0.04, 0.66, 0.22, 0.22), "white"),
               ("box", (0.04, 0.7, 0.18, 0.09), "glass")),
    ),
    "animal": Thing(
        width=(2.6, 3.6), height=(1.8, 2.4), on=(LAND, VEGETATION),
        tones=((92, 62, 40), (222, 214, 200), (44, 38, 34), (170, 120, 70)),
        parts=(("box", (-0.26, 0.2, 0.05, 0.2), "own"), ("box", (0.22, 0.2, 0.05, 0.2), "own"),
               ("oval", (-0.03, 0.55, 0.34, 0.26), "own"),
               ("oval", (0.38, 0.8, 0.12, 0.16), "own")),
    ),
    "obstacle": Thing(
        width=(0.9, 2.6), height=(2.4, 5), on=(LAND, ROAD),
        tones=((226, 226, 222), (240, 180, 40), (120, 120, 120)),
        parts=(("box", (0, 0.5, 0.22, 0.5), "own"), ("box", (0, 0.75, 0.5, 0.13), "red"),
               ("box", (0, 0.4, 0.5, 0.1), "red")),
    ),
    "drone": Thing(
        width=(1.6, 2.4), height=(0.7, 1.0), on=(),
        tones=((34, 34, 38), (226, 226, 228)),
        parts=(("box", (0, 0.55, 0.42, 0.09), "own"), ("oval", (0, 0.45, 0.2, 0.34), "own"),
               ("oval", (-0.36, 0.78, 0.14, 0.12), "dark"),
               ("oval", (0.36, 0.78, 0.14, 0.12), "dark")),
    ),
}  # fmt: skip


def scatter(
    seen: Seen,
    view: View,
    ground: Ground,
    rng: np.random.Generator,
    *,
    number: dict[str, int],
    weights: dict[str, float],
    count: int,
) -> None:
    """Paints up to `count` things into `seen`, with the `number` of their names as classes.

    Nearer ones hide farther ones, and what the ground hides is not painted.
    """
    found = []
    for _ in range(count):
        name = pick(rng, weights)
        thing = THINGS[name]
        where = _place(thing, view, ground, rng)
        tone = jitter(rng, thing.tones[int(rng.integers(len(thing.tones)))], by=14)
        size = (between(rng, *thing.width), between(rng, *thing.height))
        if where is not None:
            found.append((view.project(where), name, size, tone))
    for (row, column, depth), name, size, tone in sorted(found, key=lambda one: -one[0][2]):
        scale = view.focal / depth
        _paint(seen, THINGS[name], tone, number=number[name], feet=(row, column),
               size=(size[1] * scale, size[0] * scale), depth=depth)  # fmt: skip


def _place(thing: Thing, view: View, ground: Ground, rng: np.random.Generator) -> np.ndarray | None:
    """A point in view where such a thing may be, or None where none was found."""
    h, w = ground.height.shape
    for _ in range(12):
        depth, side = between(rng, 9, 45), between(rng, -0.55, 0.55)
        flat = view.forward * np.array([1.0, 1.0, 0.0])
        flat = flat / (flat * flat).sum() ** 0.5
        point = view.place + depth * flat + depth * side * view.right
        x, y = int(point[0]), int(point[1])
        if not thing.on:
            near = between(rng, 7, 22)
            drop = view.forward[2] * near + between(rng, -0.15, 0.2) * near
            place = view.place + near * flat + near * side * view.right
            placed: np.ndarray | None = place + np.array([0.0, 0.0, drop])
            return placed
        if not (0 <= x < w and 0 <= y < h):
            continue
        if int(ground.classes[y, x]) in thing.on and ground.height[y, x] < 0.5:
            return np.array([point[0], point[1], 0.0])
    return None


def _paint(
    seen: Seen,
    thing: Thing,
    tone: Tone,
    *,
    number: int,
    feet: tuple[float, float],
    size: tuple[float, float],
    depth: float,
) -> None:
    """Paints a figure of `size` (height, width) pixels whose feet stand at row, column."""
    h, w = seen.kinds.shape
    rows, columns = np.arange(h)[:, None] + 0.5, np.arange(w)[None, :] + 0.5
    y, x = (feet[0] - rows) / size[0], (columns - feet[1]) / size[1]
    free = seen.depth > depth - 1
    for shape, (cx, cy, rx, ry), name in thing.parts:
        u, v = (x - cx) / rx, (y - cy) / ry
        inside = (u * u + v * v < 1) if shape == "oval" else (abs(u) < 1) & (abs(v) < 1)
        inside &= free
        light = 0.86 + 0.14 * np.broadcast_to(np.clip(v, -1, 1), inside.shape)[inside, None]
        seen.colour[inside] = np.asarray(tone if name == "own" else FIXED[name]) * light
        seen.kinds[inside] = number
