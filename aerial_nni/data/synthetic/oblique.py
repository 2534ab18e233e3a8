"""The same ground seen obliquely, from a low flight: every pixel follows its ray to what it meets.

Like the masks of `noise`, these are made of exactly rounded operations alone: directions are
normalised by square roots, never by angles.
"""

from dataclasses import dataclass

import numpy as np

from aerial_nni.data.synthetic.areas import Ground
from aerial_nni.data.synthetic.noise import between

NEAR, FAR, STEP = 4.0, 400.0, 1.03
"""Depth in pixels of the ground at which rays begin and end, and the ratio of two steps."""

STEEP = 0.06
"""A ray ends on a wall where it is farther below the top than so much of its length."""

SKY = 254
"""Stands for the class of what is above the ground."""

HAZY = np.float32(500)
"""Depth at which half of the light is haze."""

HAZE = np.asarray((196, 206, 216), np.float32)
WALL = np.float32(0.72)
"""Light of what stands upright, against that of what lies flat."""


@dataclass(frozen=True, kw_only=True)
class View:
    """A camera above the ground. Lengths are in its pixels, `focal` in those of the picture.

    `forward`, `right` and `up` are unit vectors (x, y, z), z upward.
    """

    place: np.ndarray
    forward: np.ndarray
    right: np.ndarray
    up: np.ndarray
    focal: float
    shape: tuple[int, int]

    def rays(self) -> np.ndarray:
        """The direction of each pixel, (h, w, 3), whose part along `forward` is 1."""
        h, w = self.shape
        across = (np.arange(w) + 0.5 - w / 2)[None, :, None] / self.focal
        down = (np.arange(h) + 0.5 - h / 2)[:, None, None] / self.focal
        directions: np.ndarray = self.forward + across * self.right - down * self.up
        return directions

    def project(self, point: np.ndarray) -> tuple[float, float, float]:
        """Row, column and depth of a point (3,)."""
        offset = point - self.place
        depth = float((offset * self.forward).sum())
        scale = self.focal / max(depth, 1e-6)
        row = self.shape[0] / 2 - float((offset * self.up).sum()) * scale
        return row, self.shape[1] / 2 + float((offset * self.right).sum()) * scale, depth


@dataclass(frozen=True)
class Plain:
    """A ground that goes on for ever: mirrored at its edges, so that no ray leaves it.

    Arrays have twice the ground's height and width, which are powers of two.
    """

    colour: np.ndarray
    kinds: np.ndarray
    height: np.ndarray

    @classmethod
    def over(cls, ground: Ground, kinds: np.ndarray) -> "Plain":
        """The ground with other classes, `kinds` (h, w)."""
        return cls(*(_mirrored(part) for part in (ground.colour, kinds, ground.height)))

    def cells(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Numbers of the cells below points, for flat arrays."""
        h, w = self.height.shape
        row, column = np.floor(y).astype(np.int32) & h - 1, np.floor(x).astype(np.int32) & w - 1
        numbers: np.ndarray = row * w + column
        return numbers


def _mirrored(part: np.ndarray) -> np.ndarray:
    """(h, w, …) -> (2h, 2w, …): beside itself, turned over."""
    wide = np.concatenate([part, part[:, ::-1]], axis=1)
    return np.concatenate([wide, wide[::-1]])


@dataclass(frozen=True)
class Seen:
    """What a view shows.

    `colour` is (h, w, 3) float32, `kinds` (h, w) uint8, SKY where there is no ground, and `depth`
    (h, w) float32, infinite there.
    """

    colour: np.ndarray
    kinds: np.ndarray
    depth: np.ndarray


def take_view(ground: Ground, rng: np.random.Generator, shape: tuple[int, int]) -> View:
    """A camera somewhere above open ground, looking a little or far down."""
    h, w = ground.height.shape
    for _ in range(64):
        x, y = between(rng, 0.1, 0.9) * w, between(rng, 0.1, 0.9) * h
        around = ground.height[max(0, int(y) - 6) : int(y) + 7, max(0, int(x) - 6) : int(x) + 7]
        altitude = between(rng, 8, 20)
        if around.max() < altitude - 3:
            break
    else:
        altitude = float(ground.height.max()) + 4
    east, north = between(rng, -1, 1), between(rng, -1, 1)
    length = max((east * east + north * north) ** 0.5, 1e-3)
    east, north = east / length, north / length
    fall = between(rng, 0.15, 0.85)  # of the view's middle: downward for each step forward
    cosine = 1 / (1 + fall * fall) ** 0.5
    sine = fall * cosine
    return View(
        place=np.array([x, y, altitude]),
        forward=np.array([cosine * east, cosine * north, -sine]),
        right=np.array([-north, east, 0.0]),
        up=np.array([sine * east, sine * north, cosine]),
        focal=0.85 * shape[1],
        shape=shape,
    )


def look(plain: Plain, view: View, rng: np.random.Generator) -> Seen:
    """What `view` shows of the ground."""
    rays = view.rays().reshape(-1, 3).astype(np.float32)  # (h, w, 3) -> (h*w, 3)
    heights = plain.height.ravel()
    px, py, pz = (np.float32(part) for part in view.place)
    depth = np.full(len(rays), np.inf, np.float32)
    cell = np.full(len(rays), -1, np.int32)
    upright = np.zeros(len(rays), bool)
    alive, reach = np.arange(len(rays)), np.float32(NEAR)
    while reach < FAR and len(alive):
        dx, dy, dz = rays[alive].T
        below = plain.cells(px + reach * dx, py + reach * dy)
        over = pz + reach * dz - heights[below]
        met = over <= 0
        ended = alive[met]
        depth[ended], cell[ended] = reach, below[met]
        upright[ended] = -over[met] > np.float32(STEEP) * reach
        alive, reach = alive[~met], reach * np.float32(STEP)
    falling = alive[rays[alive, 2] < -1e-3]
    depth[falling] = pz / -rays[falling, 2]
    dx, dy, _ = rays[falling].T
    cell[falling] = plain.cells(px + depth[falling] * dx, py + depth[falling] * dy)
    return _painted(plain, view, rng, rays[:, 2], depth, cell, upright)


def _painted(
    plain: Plain,
    view: View,
    rng: np.random.Generator,
    rise: np.ndarray,
    depth: np.ndarray,
    cell: np.ndarray,
    upright: np.ndarray,
) -> Seen:
    """Colours and classes where the rays end: walls are darker, and far things are hazy."""
    h, w = view.shape
    ground = (cell >= 0)[:, None]
    colour = plain.colour.reshape(-1, 3)[cell] * np.where(upright, WALL, np.float32(1))[:, None]
    near = (HAZY / (HAZY + np.where(cell >= 0, depth, 0)))[:, None]
    zenith = np.asarray((between(rng, 90, 170), between(rng, 140, 190), between(rng, 200, 235)))
    high = np.clip(rise, 0, 0.6)[:, None] / np.float32(0.6)
    sky = HAZE * (1 - high) + zenith * high
    colour = np.where(ground, colour * near + HAZE * (1 - near), sky)
    kinds = np.where(cell >= 0, plain.kinds.ravel()[cell], np.uint8(SKY))
    return Seen(
        colour.astype(np.float32).reshape(h, w, 3), kinds.reshape(h, w), depth.reshape(h, w)
    )
