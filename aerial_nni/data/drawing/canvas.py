"""The picture being drawn: the colour, class and height of every pixel, and the plan under it."""

import math
from dataclasses import dataclass

import numpy as np

from aerial_nni.data.drawing.noise import fractal
from aerial_nni.data.drawing.plan import Box

BUILDING, LAND, ROAD, VEGETATION, WATER, UNLABELED = range(6)

Tone = tuple[float, float, float]
Window = tuple[slice, slice]


@dataclass(frozen=True)
class Canvas:
    """An area of ground, seen from above; every drawing function changes it in place.

    `colour` is (h, w, 3) float32 on the 0..255 scale without shadows; `classes` (h, w) uint8;
    `height` (h, w) float32 in pixels above ground. `u` and `v` are the plan coordinates of each
    pixel: the picture's own, turned by `angle` (radians) and bent. `grain` (fine) and `mottle`
    (broad) are textures about 0 that materials share.
    """

    colour: np.ndarray
    classes: np.ndarray
    height: np.ndarray
    u: np.ndarray
    v: np.ndarray
    angle: float
    bend: np.ndarray
    """(2, h, w): how far each pixel's plan coordinates were moved."""
    grain: np.ndarray
    mottle: np.ndarray

    @classmethod
    def blank(
        cls, rng: np.random.Generator, shape: tuple[int, int], *, angle: float, bend: float
    ) -> "Canvas":
        """Bare land; streets turned by `angle` and bent by up to about `bend` pixels."""
        h, w = shape
        moved = np.stack([fractal(rng, shape, cell=300, octaves=1) - 0.5 for _ in range(2)])
        moved = (moved * np.float32(2 * bend)).astype(np.float32)
        y, x = np.mgrid[:h, :w].astype(np.float32)
        x, y = x - w / 2, y - h / 2
        cos, sin = np.float32(math.cos(angle)), np.float32(math.sin(angle))
        white = rng.random((h, w)).astype(np.float32) - 0.5
        return cls(
            colour=np.zeros((h, w, 3), np.float32),
            classes=np.full((h, w), LAND, np.uint8),
            height=np.zeros((h, w), np.float32),
            u=cos * x + sin * y + moved[0],
            v=cos * y - sin * x + moved[1],
            angle=angle,
            bend=moved,
            grain=white + fractal(rng, shape, cell=4, octaves=2) - 0.5,
            mottle=fractal(rng, shape, cell=40, octaves=4) - 0.5,
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        h, w = self.classes.shape
        return h, w

    def extent(self) -> Box:
        """The plan rectangle that covers the whole picture."""
        return Box(
            float(self.u.min()), float(self.v.min()), float(self.u.max()), float(self.v.max())
        )

    def pixel(self, u: float, v: float) -> tuple[float, float]:
        """Row and column of a plan point (exact to a fraction of a pixel; may lie outside)."""
        h, w = self.shape
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        du = dv = 0.0
        for _ in range(4):  # the bend is gentle, so the fixed point is near
            x, y = cos * (u - du) - sin * (v - dv) + w / 2, sin * (u - du) + cos * (v - dv) + h / 2
            row, col = min(max(int(y), 0), h - 1), min(max(int(x), 0), w - 1)
            du, dv = float(self.bend[0, row, col]), float(self.bend[1, row, col])
        return y, x

    def window(self, box: Box, margin: float = 2) -> Window | None:
        """The pixels that may show `box`, or None when it lies outside the picture."""
        u, v = box.centre
        corners = [(box.u0, box.v0), (box.u1, box.v0), (box.u0, box.v1), (box.u1, box.v1)]
        if max(box.length, box.breadth) > 60:  # long sides bend outward
            corners += [(u, box.v0), (u, box.v1), (box.u0, v), (box.u1, v)]
            margin += 0.12 * max(box.length, box.breadth)
        rows, cols = zip(*(self.pixel(*corner) for corner in corners))
        return self.clip(min(rows) - margin, min(cols) - margin, max(rows) + margin,
                         max(cols) + margin)  # fmt: skip

    def clip(self, top: float, left: float, bottom: float, right: float) -> Window | None:
        """The window of these bounds inside the picture, or None when nothing is left."""
        h, w = self.shape
        y0, x0 = max(int(top), 0), max(int(left), 0)
        y1, x1 = min(int(bottom) + 2, h), min(int(right) + 2, w)
        return (slice(y0, y1), slice(x0, x1)) if y0 < y1 and x0 < x1 else None

    def distance(self, window: Window, box: Box) -> np.ndarray:
        """Pixels from the edge of `box`, negative inside, square-cornered."""
        (u, v), a, b = box.centre, box.length / 2, box.breadth / 2
        return np.maximum(
            np.abs(self.u[window] - np.float32(u)) - np.float32(a),
            np.abs(self.v[window] - np.float32(v)) - np.float32(b),
        )

    def paint(
        self,
        window: Window,
        cover: np.ndarray,
        tone: Tone | np.ndarray,
        *,
        kind: int | None = None,
        height: float | np.ndarray | None = None,
        grain: float = 0.0,
        mottle: float = 0.0,
    ) -> None:
        """Lays `tone` over `window` as far as `cover` (0..1) says.

        Where the cover is at least half, class and height become `kind` and `height` unless None.
        `grain` and `mottle` are the strengths of the two textures.
        """
        paint = np.broadcast_to(np.asarray(tone, np.float32), (*cover.shape, 3))
        if grain or mottle:
            paint = paint + (
                np.float32(2 * grain) * self.grain[window]
                + np.float32(2 * mottle) * self.mottle[window]
            )[..., None]  # fmt: skip
        colour = self.colour[window]
        colour += cover[..., None] * (paint - colour)
        solid = cover >= 0.5
        if kind is not None:
            self.classes[window][solid] = kind
        if height is not None:
            self.height[window][solid] = (
                height[solid] if isinstance(height, np.ndarray) else height
            )

    def fill(
        self,
        box: Box,
        tone: Tone,
        *,
        kind: int | None = None,
        height: float | None = None,
        grain: float = 3.0,
        mottle: float = 0.0,
        strength: float = 1.0,
    ) -> None:
        """Paints a whole box, its edge softened over a pixel."""
        window = self.window(box)
        if window is not None:
            cover = coverage(self.distance(window, box)) * np.float32(strength)
            self.paint(window, cover, tone, kind=kind, height=height, grain=grain, mottle=mottle)

    def free(self, box: Box, *allowed: int) -> bool:
        """Whether `box` is in the picture, covers only `allowed` classes and nothing tall."""
        window = self.window(box)
        if window is None:
            return False
        inside = self.distance(window, box) < 0
        if not inside.any() or (self.height[window][inside] > 1).any():
            return False
        return all(int(kind) in allowed for kind in np.unique(self.classes[window][inside]))


def coverage(distance: np.ndarray) -> np.ndarray:
    """How much of each pixel lies inside an edge `distance` pixels away (negative: inside)."""
    return np.clip(np.float32(0.5) - distance, 0, 1)
