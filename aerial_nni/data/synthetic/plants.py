"""Plants: trees with round lit crowns, shrubs, lawns, rows of crops."""

import numpy as np

from aerial_nni.data.synthetic.canvas import LAND, ROAD, VEGETATION, Canvas, Tone, coverage
from aerial_nni.data.synthetic.noise import between, chance, fractal, jitter, pick, ramp
from aerial_nni.data.synthetic.plan import Box

LEAVES: dict[Tone, float] = {
    (58, 72, 44): 4,
    (72, 84, 54): 3,
    (48, 58, 44): 3,
    (92, 96, 66): 2,
    (104, 98, 72): 1,  # thirsty: nearly the tone of soil
}
GRASSES: dict[Tone, float] = {
    (102, 116, 76): 3,
    (86, 100, 66): 3,
    (128, 132, 88): 2,
    (146, 138, 98): 1,
}
CROPS: dict[Tone, float] = {
    (74, 92, 58): 3,
    (96, 110, 70): 3,
    (118, 120, 74): 2,
    (144, 132, 92): 2,
    (60, 74, 52): 2,
}


def tree(canvas: Canvas, rng: np.random.Generator, y: float, x: float, *, radius: float) -> None:
    """A crown of `radius` pixels around (y, x), lumpy, brighter towards the north-west."""
    window = canvas.clip(y - radius - 2, x - radius - 2, y + radius + 1, x + radius + 1)
    if window is None:
        return
    rows, cols = window
    dy = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] - np.float32(y)
    dx = np.arange(cols.start, cols.stop, dtype=np.float32)[None, :] - np.float32(x)
    away = np.sqrt(dy * dy + dx * dx)
    edge = np.float32(radius) + canvas.grain[window] * np.float32(0.28 * radius)
    cover = coverage(away - edge)
    tone = np.asarray(jitter(rng, pick(rng, LEAVES), by=8), np.float32)
    light = (-dy - dx) / np.float32(radius) * np.float32(9) - away / np.float32(radius) * 6
    dome = np.sqrt(np.clip(1 - (away / np.float32(radius + 1)) ** 2, 0, 1))
    canvas.paint(window, cover, tone + light[..., None], kind=VEGETATION, grain=7,
                 height=dome * np.float32(0.9 * radius + 1))  # fmt: skip


def scatter(
    canvas: Canvas, rng: np.random.Generator, box: Box, *, count: int, radius: tuple[float, float]
) -> None:
    """Up to `count` trees in `box`, where there is open land or grass."""
    h, w = canvas.shape
    for _ in range(count):
        u, v = between(rng, box.u0, box.u1), between(rng, box.v0, box.v1)
        size = between(rng, *radius)
        y, x = canvas.pixel(u, v)
        row, col = int(y), int(x)
        if not (0 <= row < h and 0 <= col < w) or canvas.height[row, col] > 1:
            continue
        if canvas.classes[row, col] in (LAND, VEGETATION):
            tree(canvas, rng, y, x, radius=size)


def shrubs(canvas: Canvas, rng: np.random.Generator, *, density: float) -> None:
    """Desert shrubs all over: dots of 1 to 3 pixels, in groups, `density` per 1000 pixels."""
    h, w = canvas.shape
    group = fractal(rng, canvas.shape, cell=110, octaves=3)
    for _ in range(int(density * h * w / 1000)):
        y, x = between(rng, 0, h - 1), between(rng, 0, w - 1)
        row, col = int(y), int(x)
        wanted = group[row, col] > between(rng, 0.3, 0.9)
        if wanted and canvas.classes[row, col] == LAND and canvas.height[row, col] < 1:
            tree(canvas, rng, y, x, radius=between(rng, 1.0, 2.4))


def lawn(canvas: Canvas, rng: np.random.Generator, box: Box, *, ragged: float = 0.0) -> None:
    """Grass that fills `box`, or, `ragged` > 0, a patch in it with a winding edge."""
    window = canvas.window(box)
    if window is None:
        return
    away = canvas.distance(window, box)
    if ragged:
        bumps = fractal(rng, away.shape, cell=34, octaves=3)
        away = away + bumps * np.float32(ragged)
    free = np.isin(canvas.classes[window], (LAND, VEGETATION)) & (canvas.height[window] < 1)
    cover = np.where(free, coverage(away), np.float32(0))
    tone = jitter(rng, pick(rng, GRASSES), by=8)
    canvas.paint(window, cover, tone, kind=VEGETATION, grain=6, mottle=12)


def crops(canvas: Canvas, rng: np.random.Generator, box: Box) -> None:
    """A field in rows. One in five lies fallow: the same rows, but bare land."""
    window = canvas.window(box)
    if window is None or not canvas.free(box, LAND, ROAD):
        return
    fallow = chance(rng, 0.2)
    tone = (164, 146, 120) if fallow else pick(rng, CROPS)
    tone = jitter(rng, tone, by=10)
    across = canvas.v[window] if chance(rng, 0.6) else canvas.u[window]
    phase = across / np.float32(between(rng, 3.2, 5.5))
    wave = np.abs(phase - np.floor(phase) - np.float32(0.5)) * 4 - 1  # -1..1
    bare = np.asarray((158, 140, 114), np.float32)
    growth = ramp(canvas.mottle[window], -0.75, -0.1)
    base = np.asarray(tone, np.float32)
    colour = bare + growth[..., None] * (base - bare) + (wave * np.float32(8))[..., None]
    kind = LAND if fallow else VEGETATION
    cover = coverage(canvas.distance(window, box))
    canvas.paint(window, cover, colour, kind=kind, grain=5, mottle=8)


def pivot(canvas: Canvas, rng: np.random.Generator, box: Box) -> None:
    """A round field watered by an arm that turns about its middle."""
    u, v = box.centre
    radius = min(box.length, box.breadth) / 2
    found = canvas.disc(u, v, radius)
    if found is None or not canvas.free(box.part(0.2, 0.2, 0.8, 0.8), LAND):
        return
    window, away = found
    ring = away / np.float32(between(rng, 3.5, 5))
    wave = np.abs(ring - np.floor(ring) - np.float32(0.5)) * 20 - 5
    tone = np.asarray(jitter(rng, pick(rng, CROPS), by=10), np.float32)
    cover = np.where(canvas.classes[window] == LAND, coverage(away), np.float32(0))
    canvas.paint(window, cover, tone + wave[..., None], kind=VEGETATION, grain=5, mottle=22)


def thicket(canvas: Canvas, rng: np.random.Generator, *, share: float) -> None:
    """Wild growth on about `share` of the ground: reeds and scrub, grey-green, full of gaps."""
    field = fractal(rng, canvas.shape, cell=170, octaves=5)
    level = np.quantile(field, 1 - share)
    open_land = (canvas.classes == LAND) & (canvas.height < 0.5)
    cover = np.where(open_land, ramp(field, level - 0.012, level + 0.012), 0)
    tone = np.asarray(jitter(rng, (88, 92, 68), by=8), np.float32)
    pale = np.asarray((150, 142, 116), np.float32)
    gaps = ramp(canvas.mottle + canvas.grain * np.float32(0.25), 0.05, 0.5)[..., None]
    canvas.paint((slice(None), slice(None)), cover.astype(np.float32), tone + gaps * (pale - tone),
                 kind=VEGETATION, grain=16, mottle=14)  # fmt: skip


def orchard(canvas: Canvas, rng: np.random.Generator, box: Box) -> None:
    """Date palms in a square pattern on soil."""
    canvas.fill(box, jitter(rng, (156, 138, 112), by=10), kind=LAND, grain=6, mottle=10)
    step = between(rng, 6.5, 8.5)
    for u in np.arange(box.u0 + 4, box.u1 - 3, step):
        for v in np.arange(box.v0 + 4, box.v1 - 3, step):
            if chance(rng, 0.93):
                y, x = canvas.pixel(float(u) + between(rng, -0.5, 0.5), float(v))
                tree(canvas, rng, y, x, radius=between(rng, 2.2, 3.1))
