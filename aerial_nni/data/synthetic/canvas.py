"""The picture being drawn: the colour, class and height of every pixel, and the plan under it."""

import math
from dataclasses import dataclass

import numpy as np

from aerial_nni.data.synthetic.noise import between, fractal
from aerial_nni.data.synthetic.plan import Box

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
        """Bare land; streets turned by `angle` and bent by `bend` (0 straight, 0.3 at most)."""
        h, w = shape
        y, x = np.mgrid[:h, :w].astype(np.float32)
        x, y = x - w / 2, y - h / 2
        cos, sin = np.float32(math.cos(angle)), np.float32(math.sin(angle))
        u, v = cos * x + sin * y, cos * y - sin * x
        moved = _bend(rng, u, v, strength=bend)
        white = rng.random((h, w)).astype(np.float32) - 0.5
        return cls(
            colour=np.zeros((h, w, 3), np.float32),
            classes=np.full((h, w), LAND, np.uint8),
            height=np.zeros((h, w), np.float32),
            u=u + moved[0],
            v=v + moved[1],
            angle=angle,
            bend=moved,
            grain=white + fractal(rng, shape, cell=4, octaves=2) - 0.5,
            mottle=fractal(rng, shape, cell=40, octaves=4) - 0.5,
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.classes.shape[0], self.classes.shape[1]

    def extent(self) -> Box:
        """The plan rectangle that covers the whole picture."""
        return Box(
            float(self.u.min()), float(self.v.min()), float(self.u.max()), float(self.v.max())
        )

    def pixel(self, u: float, v: float) -> tuple[float, float]:
        """Row and column of a plan point, within a tenth of a pixel; may lie outside."""
        return self.pixels([(u, v)])[0]

    def pixels(self, points: list[tuple[float, float]]) -> list[tuple[float, float]]:
        """Row and column of each plan point: the fixed point of undoing the bend found there."""
        h, w = self.shape
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        du = dv = 0.0  # carried on from point to point: neighbours are moved alike
        found = []
        for u, v in points:
            for _ in range(12):
                x = cos * (u - du) - sin * (v - dv) + w / 2
                y = sin * (u - du) + cos * (v - dv) + h / 2
                row, col = min(max(int(y), 0), h - 1), min(max(int(x), 0), w - 1)
                before = du, dv
                du, dv = float(self.bend[0, row, col]), float(self.bend[1, row, col])
                if abs(du - before[0]) + abs(dv - before[1]) < 0.1:
                    break
            found.append((y, x))
        return found

    def window(self, box: Box, margin: float = 2) -> Window | None:
        """The pixels that may show `box`, or None when it lies outside the picture."""
        u, v = box.centre
        longest = max(box.length, box.breadth)
        if longest < 9:  # one point will do; the bend at most halves the scale
            y, x = self.pixel(u, v)
            margin += 1.5 * longest
            return self.clip(y - margin, x - margin, y + margin, x + margin)
        corners = [(box.u0, box.v0), (box.u1, box.v0), (box.u1, box.v1), (box.u0, box.v1)]
        if longest > 60:  # long sides bend outward
            corners += [(u, box.v0), (u, box.v1), (box.u0, v), (box.u1, v)]
            margin += 0.12 * longest
        rows, cols = zip(*self.pixels(corners), strict=True)
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
        apart: np.ndarray = np.maximum(
            np.abs(self.u[window] - np.float32(u)) - np.float32(a),
            np.abs(self.v[window] - np.float32(v)) - np.float32(b),
        )
        return apart

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
            self.height[window][solid] = height[solid] if isinstance(height, np.ndarray) else height

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
        on: int | None = None,
    ) -> None:
        """Paints a whole box, its edge softened over a pixel; with `on`, only that class."""
        window = self.window(box)
        if window is not None:
            cover = coverage(self.distance(window, box)) * np.float32(strength)
            if on is not None:
                cover = np.where(self.classes[window] == on, cover, np.float32(0))
            self.paint(window, cover, tone, kind=kind, height=height, grain=grain, mottle=mottle)

    def disc(self, u: float, v: float, radius: float) -> tuple[Window, np.ndarray] | None:
        """The window of a circle in the plan and the distance from its edge; None if outside."""
        window = self.window(Box(u - radius, v - radius, u + radius, v + radius))
        if window is None:
            return None
        du, dv = self.u[window] - np.float32(u), self.v[window] - np.float32(v)
        return window, np.sqrt(du * du + dv * dv) - np.float32(radius)

    def free(self, box: Box, *allowed: int) -> bool:
        """Whether `box` is in the picture, covers only `allowed` classes and nothing tall."""
        window = self.window(box)
        if window is None:
            return False
        inside = self.distance(window, box) < 0
        if not inside.any() or (self.height[window][inside] > 1).any():
            return False
        return all(int(kind) in allowed for kind in np.unique(self.classes[window][inside]))


def _bend(rng: np.random.Generator, u: np.ndarray, v: np.ndarray, *, strength: float) -> np.ndarray:
    """How far the plan is moved at (u, v), shape (2, h, w).

    With z = u + iv it is a z^2 + b z^3, and a conformal map keeps corners square; a wobble of a few
    pixels is added. Written in real numbers: complex products are rounded differently by machines.
    """
    reach = np.float32(math.hypot(*u.shape) / 2)
    x, y = u / reach, v / reach
    x2, y2 = x * x - y * y, 2 * x * y
    x3, y3 = x2 * x - y2 * y, x2 * y + y2 * x
    (ax, ay), (bx, by) = (
        (np.float32(between(rng, -s, s)), np.float32(between(rng, -s, s)))
        for s in (0.8 * strength, 0.3 * strength)
    )
    shape = (u.shape[0], u.shape[1])
    wobble = [(fractal(rng, shape, cell=330, octaves=1) - 0.5) * 24 for _ in range(2)]
    du = ax * x2 - ay * y2 + (bx * x3 - by * y3)
    dv = ax * y2 + ay * x2 + (bx * y3 + by * x3)
    return np.stack([du * reach + wobble[0], dv * reach + wobble[1]]).astype(np.float32)


def coverage(distance: np.ndarray) -> np.ndarray:
    """How much of each pixel lies inside an edge `distance` pixels away (negative: inside)."""
    share: np.ndarray = np.clip(np.float32(0.5) - distance, 0, 1)
    return share
