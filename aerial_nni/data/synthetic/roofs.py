"""Buildings from above: flat roofs with parapets and machines, hipped roofs, sheds, towers."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aerial_nni.data.synthetic.canvas import BUILDING, LAND, VEGETATION, Canvas, Tone, coverage
from aerial_nni.data.synthetic.noise import between, chance, jitter, pick
from aerial_nni.data.synthetic.plan import Box

ROOFS: dict[str, Tone] = {
    "white": (226, 224, 218),
    "cream": (214, 200, 174),
    "sand": (196, 180, 152),
    "grey": (152, 150, 148),
    "asphalt": (98, 96, 96),
    "terracotta": (152, 100, 76),
    "blue": (112, 126, 150),
    "green": (104, 122, 84),  # painted or artificial grass: not vegetation
    "dark": (70, 72, 76),
}
"""Several have the tone of another class: sand, asphalt, leaves, dark water."""


@dataclass(frozen=True)
class Taste:
    """How an area builds: weights of its roof tones, and how green its gardens are (0..1)."""

    roofs: Mapping[str, float]
    green: float

    def roof(self, rng: np.random.Generator) -> Tone:
        """The tone of one more roof."""
        return ROOFS[pick(rng, self.roofs)]


def flat(canvas: Canvas, rng: np.random.Generator, box: Box, tone: Tone, *, height: float) -> bool:
    """A flat roof with a parapet, a stair house and air conditioners; False if there is no room."""
    if not canvas.free(box, LAND, VEGETATION):
        return False
    own = jitter(rng, tone, by=10)
    rim = tuple(min(c * 1.1 + 8, 250.0) for c in own)
    canvas.fill(box, (rim[0], rim[1], rim[2]), kind=BUILDING, height=height)
    canvas.fill(box.grown(-1.3), own, grain=3.5, mottle=8)
    if min(box.length, box.breadth) < 9:
        return True
    _machines(canvas, rng, box, own, height)
    return True


def _machines(
    canvas: Canvas, rng: np.random.Generator, box: Box, tone: Tone, height: float
) -> None:
    """What stands on a flat roof: a stair house, air conditioners, tanks."""
    if chance(rng, 0.6):
        a, b = between(rng, 0.15, 0.6), between(rng, 0.15, 0.6)
        u, v = box.u0 + a * box.length, box.v0 + b * box.breadth
        house = Box(u, v, u + between(rng, 3, 5), v + between(rng, 3, 5))
        canvas.fill(house, jitter(rng, tone, by=14), height=height + 2.5)
    for _ in range(int(between(rng, 1, 1.5 + box.length * box.breadth / 90))):
        u = between(rng, box.u0 + 2, box.u1 - 4)
        v = between(rng, box.v0 + 2, box.v1 - 4)
        unit = Box(u, v, u + between(rng, 1.4, 2.6), v + between(rng, 1.4, 2.6))
        tint = (208, 208, 206) if chance(rng, 0.6) else (92, 92, 94)
        canvas.fill(unit, tint, height=height + 1.2)


def hipped(
    canvas: Canvas, rng: np.random.Generator, box: Box, tone: Tone, *, height: float
) -> bool:
    """A tiled roof of four slopes, each lit in its own way; False if there is no room."""
    window = canvas.window(box)
    if window is None or not canvas.free(box, LAND, VEGETATION):
        return False
    (u, v), a, b = box.centre, box.length / 2, box.breadth / 2
    du, dv = canvas.u[window] - np.float32(u), canvas.v[window] - np.float32(v)
    to_u, to_v = np.float32(a) - np.abs(du), np.float32(b) - np.abs(dv)
    lit = between(rng, 14, 26)
    slope = np.where(to_u < to_v, np.sign(du) * np.float32(0.8), np.sign(dv))
    own = np.asarray(jitter(rng, tone, by=10), np.float32)
    ridge = np.abs(to_u - to_v) < 0.7
    colour = own - (slope * np.float32(lit))[..., None] + (ridge * np.float32(12))[..., None]
    rise = np.clip(np.minimum(to_u, to_v), 0, 5) * np.float32(0.4)
    canvas.paint(window, coverage(canvas.distance(window, box)), colour, kind=BUILDING,
                 height=np.float32(height) + rise, grain=4)  # fmt: skip
    return True


def shed(canvas: Canvas, rng: np.random.Generator, box: Box, tone: Tone, *, height: float) -> bool:
    """A long hall of ribbed metal with a ridge and skylights; False if there is no room."""
    window = canvas.window(box)
    if window is None or not canvas.free(box, LAND, VEGETATION):
        return False
    along = box.length >= box.breadth
    across = (canvas.v if along else canvas.u)[window]
    run = (canvas.u if along else canvas.v)[window] / np.float32(between(rng, 2.4, 3.6))
    middle = box.centre[1] if along else box.centre[0]
    side = np.where(across > np.float32(middle), np.float32(-9), np.float32(9))
    ribs = np.abs(run - np.floor(run) - np.float32(0.5)) * 16 - 4
    own = np.asarray(jitter(rng, tone, by=12), np.float32)
    canvas.paint(window, coverage(canvas.distance(window, box)), own + (side + ribs)[..., None],
                 kind=BUILDING, height=height, grain=3, mottle=7)  # fmt: skip
    if chance(rng, 0.5):
        for at in (0.2, 0.4, 0.6, 0.8):
            light = (
                box.part(at, 0.2, at + 0.03, 0.42) if along else box.part(0.2, at, 0.42, at + 0.03)
            )
            canvas.fill(light, (222, 226, 228))
    return True


def tower(canvas: Canvas, rng: np.random.Generator, box: Box, tone: Tone, *, height: float) -> bool:
    """A high building on a podium, set back towards its top; False if there is no room."""
    if not flat(canvas, rng, box, tone, height=4):
        return False
    own = jitter(rng, tone, by=16)
    rim = (own[0] * 1.08 + 6, own[1] * 1.08 + 6, own[2] * 1.08 + 6)
    if chance(rng, 0.3):
        radius = 0.38 * min(box.length, box.breadth)
        found = canvas.disc(*box.centre, radius)
        if found is None:
            return True
        window, away = found
        canvas.paint(window, coverage(away), rim, kind=BUILDING, height=height)
        canvas.paint(window, coverage(away + 1.6), own, grain=3)
        canvas.paint(window, coverage(away + 0.6 * radius), (120, 122, 126), height=height + 3)
        return True
    left, low = between(rng, 0.06, 0.3), between(rng, 0.06, 0.3)
    shaft = box.part(left, low, left + between(rng, 0.5, 0.66), low + between(rng, 0.4, 0.64))
    canvas.fill(shaft, rim, height=height)
    canvas.fill(shaft.grown(-1.3), own, height=height, mottle=6)
    _machines(canvas, rng, shaft, own, height)
    if chance(rng, 0.4):
        canvas.fill(shaft.part(0.3, 0.35, 0.7, 0.65), (96, 98, 102), height=height + 3)
    return True
