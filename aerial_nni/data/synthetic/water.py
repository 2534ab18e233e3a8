"""Water: a sea with its beach, lagoons, a canal with quays, reservoirs and pools."""

import math

import numpy as np
from scipy import ndimage

from aerial_nni.data.synthetic.canvas import LAND, WATER, Canvas, Tone, coverage
from aerial_nni.data.synthetic.noise import between, chance, fractal, pick, ramp
from aerial_nni.data.synthetic.plan import Box

WATERS: dict[str, tuple[Tone, Tone]] = {
    "sea": ((96, 140, 138), (18, 44, 58)),
    "dark": ((58, 72, 66), (16, 20, 22)),
    "green": ((92, 112, 78), (24, 46, 26)),
    "grey": ((104, 106, 98), (66, 70, 70)),
    "pale": ((178, 186, 176), (120, 148, 146)),
}
"""The shallow and the deep tone. Some are those of asphalt, of shadow, of leaves, of wet sand."""

EVERYWHERE = (slice(None), slice(None))


def sea(canvas: Canvas, rng: np.random.Generator, *, share: float, tone: str) -> None:
    """Floods one side of the picture, `share` of its ground, behind a wavy beach."""
    angle = between(rng, 0, 2 * math.pi)
    h, w = canvas.shape
    y, x = np.mgrid[:h, :w].astype(np.float32)
    field = np.float32(math.cos(angle)) * x + np.float32(math.sin(angle)) * y
    field = field + fractal(rng, canvas.shape, cell=260, octaves=5) * np.float32(190)
    _flood(canvas, rng, field, share=share, tone=tone, beach=between(rng, 8, 22))


def lagoon(canvas: Canvas, rng: np.random.Generator, *, share: float, tone: str) -> None:
    """Floods `share` of the ground in winding inlets with a narrow shore."""
    field = fractal(rng, canvas.shape, cell=330, octaves=4)
    _flood(canvas, rng, field, share=share, tone=tone, beach=between(rng, 3, 7))


def _flood(
    canvas: Canvas,
    rng: np.random.Generator,
    field: np.ndarray,
    *,
    share: float,
    tone: str,
    beach: float,
) -> None:
    """Water where `field` is highest, deeper away from the shore, and a beach beside it."""
    level = np.quantile(field, 1 - share)
    wet = ndimage.binary_opening(field > level, iterations=2)
    inside = ndimage.distance_transform_edt(wet).astype(np.float32)
    outside = ndimage.distance_transform_edt(~wet).astype(np.float32)
    sand = np.float32(0.9) * (1 - ramp(outside, beach * 0.6, beach))
    canvas.paint(EVERYWHERE, sand, (224, 214, 196), grain=3, mottle=6)
    damp = np.float32(0.5) * (1 - ramp(outside, 1, 4))
    canvas.paint(EVERYWHERE, damp, (150, 138, 118))
    cover = np.clip(inside, 0, 1)
    canvas.paint(EVERYWHERE, cover, _surface(canvas, rng, inside, tone), kind=WATER)
    foam = np.clip(1 - np.abs(inside - np.float32(2.5)) / 2, 0, 1)
    foam = foam * ramp(fractal(rng, canvas.shape, cell=30), 0.45, 0.75) * np.float32(0.5)
    canvas.paint(EVERYWHERE, foam, (222, 226, 222))
    _jetties(canvas, rng, inside, count=4)


def _jetties(canvas: Canvas, rng: np.random.Generator, inside: np.ndarray, *, count: int) -> None:
    """Up to `count` piers from the shore straight out, with boats beside them; piers are land."""
    slope_y, slope_x = np.gradient(inside)
    shore = np.argwhere(inside == 1)
    for _ in range(count if len(shore) else 0):
        y, x = (int(at) for at in shore[int(rng.integers(len(shore)))])
        dy, dx = float(slope_y[y, x]), float(slope_x[y, x])
        long = math.sqrt(dy * dy + dx * dx)
        reach = between(rng, 24, 60)
        if long < 0.3:
            continue
        dy, dx = dy / long, dx / long
        window = canvas.clip(min(y, y + dy * reach) - 8, min(x, x + dx * reach) - 8,
                             max(y, y + dy * reach) + 8, max(x, x + dx * reach) + 8)  # fmt: skip
        if window is None:
            continue
        rows = np.arange(window[0].start, window[0].stop, dtype=np.float32)[:, None] - np.float32(y)
        cols = np.arange(window[1].start, window[1].stop, dtype=np.float32)[None, :] - np.float32(x)
        along = rows * np.float32(dy) + cols * np.float32(dx)
        across = np.abs(cols * np.float32(dy) - rows * np.float32(dx))
        middle = np.float32((reach - 6) / 2)
        away = np.maximum(np.abs(along - middle) - np.float32(reach / 2), across - np.float32(2.2))
        canvas.paint(window, coverage(away), (188, 180, 166), kind=LAND, height=1, grain=4)
        for _ in range(int(between(rng, 2, 9))):
            at, side = between(rng, 0.3 * reach, reach), -1 if chance(rng, 0.5) else 1
            row, col = int(y + dy * at + side * dx * 7), int(x + dx * at - side * dy * 7)
            if 0 <= row < canvas.shape[0] and 0 <= col < canvas.shape[1]:
                boat(canvas, rng, float(canvas.u[row, col]), float(canvas.v[row, col]))


def _surface(
    canvas: Canvas, rng: np.random.Generator, depth: np.ndarray, tone: str, reach: float = 70
) -> np.ndarray:
    """Colour of water `depth` pixels from its shore: shoals, deeper channels, small waves."""
    shallow, deep = (np.asarray(end, np.float32) for end in WATERS[tone])
    shape = (depth.shape[0], depth.shape[1])
    bed = fractal(rng, shape, cell=90, octaves=4)
    mix = ramp(depth + (bed - np.float32(0.5)) * np.float32(reach), -4, reach)
    waves = fractal(rng, shape, cell=5, octaves=2) - np.float32(0.5)
    colours: np.ndarray = shallow + mix[..., None] * (deep - shallow) + (waves * 9)[..., None]
    return colours


def canal(canvas: Canvas, rng: np.random.Generator, *, width: float, tone: str) -> None:
    """A channel along the plan's u axis with stone quays; water bodies join it."""
    middle = between(rng, -0.18, 0.18) * canvas.shape[0]
    away = np.abs(canvas.v - np.float32(middle)) - np.float32(width / 2)
    canvas.paint(EVERYWHERE, coverage(away - 5), (190, 184, 174), kind=LAND, grain=4)
    canvas.paint(EVERYWHERE, coverage(away - 1.5), (212, 208, 200), kind=LAND)
    water = _surface(canvas, rng, -away, tone, reach=width)
    canvas.paint(EVERYWHERE, coverage(away), water, kind=WATER)
    for _ in range(int(canvas.shape[1] / 34)):
        at = between(rng, float(canvas.u.min()), float(canvas.u.max()))
        side = middle + between(rng, -0.42, 0.42) * width
        boat(canvas, rng, at, side)


def boat(canvas: Canvas, rng: np.random.Generator, u: float, v: float) -> None:
    """A hull of 5 to 12 pixels, left out where there is no water. Its class stays water."""
    long, wide = between(rng, 5, 12), between(rng, 2, 3.2)
    hull = Box(u - long / 2, v - wide / 2, u + long / 2, v + wide / 2)
    if canvas.free(hull.grown(1), WATER):
        canvas.fill(hull, (226, 226, 222), height=1.0)
        canvas.fill(hull.part(0.2, 0.25, 0.6, 0.75), (150, 130, 104))


def basin(canvas: Canvas, rng: np.random.Generator, box: Box) -> None:
    """A reservoir or salt pan that fills `box` behind an embankment."""
    if not canvas.free(box, LAND):
        return
    canvas.fill(box, (188, 176, 156), kind=LAND, grain=5)
    inner = box.grown(-between(rng, 3, 5))
    window = canvas.window(inner)
    if window is None or min(inner.length, inner.breadth) < 6:
        return
    tone = pick(rng, {"green": 3, "dark": 3, "grey": 2, "pale": 2, "sea": 1})
    away = canvas.distance(window, inner)
    water = _surface(canvas, rng, -away, tone, reach=14)
    canvas.paint(window, coverage(away), water, kind=WATER)


def pool(canvas: Canvas, rng: np.random.Generator, box: Box) -> None:
    """A swimming pool with a pale rim."""
    canvas.fill(box.grown(1.4), (214, 208, 198), kind=LAND)
    tone = (76, 158, 176) if chance(rng, 0.7) else (58, 96, 110)
    canvas.fill(box, tone, kind=WATER, grain=5)
