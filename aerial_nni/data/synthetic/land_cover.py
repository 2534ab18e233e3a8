"""Blocks that lie open: parks, golf, farms, sports grounds, waste land, building sites."""

import numpy as np

from aerial_nni.data.synthetic import plants, water
from aerial_nni.data.synthetic.canvas import LAND, UNLABELED, VEGETATION, Canvas, Tone, coverage
from aerial_nni.data.synthetic.districts import compound
from aerial_nni.data.synthetic.noise import between, chance, fractal, jitter, pick
from aerial_nni.data.synthetic.plan import Box, grid
from aerial_nni.data.synthetic.roofs import Taste


def park(canvas: Canvas, rng: np.random.Generator, box: Box, taste: Taste) -> None:
    """Lawns between paths, under trees."""
    for bed in grid(rng, box.grown(-2), size=between(rng, 36, 60)):
        plants.lawn(canvas, rng, bed.grown(-1.8))
    if chance(rng, 0.4):
        u, v = box.centre
        radius = between(rng, 6, 11)
        water.basin(canvas, rng, Box(u - radius, v - radius, u + radius, v + radius))
    count = int(box.length * box.breadth / between(rng, 120, 300))
    plants.scatter(canvas, rng, box.grown(-4), count=count, radius=(2.2, 4.8))


def golf(canvas: Canvas, rng: np.random.Generator, box: Box, taste: Taste) -> None:
    """Winding fairways, bunkers of sand, clumps of trees on dry ground."""
    for bed in grid(rng, box, size=between(rng, 60, 90)):
        plants.lawn(canvas, rng, bed.grown(between(rng, -4, 8)), ragged=between(rng, 22, 38))
    for _ in range(int(box.length * box.breadth / 2200)):
        u, v = between(rng, box.u0, box.u1), between(rng, box.v0, box.v1)
        if canvas.free(Box(u - 4, v - 3, u + 4, v + 3), VEGETATION):
            window = canvas.window(Box(u - 6, v - 4, u + 6, v + 4))
            assert window is not None
            du, dv = canvas.u[window] - np.float32(u), canvas.v[window] - np.float32(v)
            away = np.sqrt(du * du / 2 + dv * dv) - np.float32(between(rng, 2.5, 4))
            canvas.paint(window, coverage(away), (222, 208, 178), kind=LAND, grain=3)
    count = int(box.length * box.breadth / 420)
    plants.scatter(canvas, rng, box, count=count, radius=(2, 4.2))


def farm(canvas: Canvas, rng: np.random.Generator, box: Box, taste: Taste) -> None:
    """Fields in rows, date palms, a reservoir, a farmhouse."""
    for plot in grid(rng, box.grown(-2), size=between(rng, 38, 66)):
        choice = pick(
            rng, {"crops": 6, "orchard": 2, "bare": 2, "basin": 0.5, "house": 1, "pivot": 1}
        )
        inner = plot.grown(-2.2)
        if choice == "crops":
            plants.crops(canvas, rng, inner)
        elif choice == "orchard":
            plants.orchard(canvas, rng, inner)
        elif choice == "pivot":
            plants.pivot(canvas, rng, inner)
        elif choice == "basin":
            water.basin(canvas, rng, inner.part(0.1, 0.1, 0.8, 0.8))
        elif choice == "house":
            compound(canvas, rng, inner, taste)


def pitch(canvas: Canvas, rng: np.random.Generator, box: Box, taste: Taste) -> None:
    """A sports ground of artificial grass: green, but land."""
    u, v = box.centre
    half = (min(box.length / 2 - 6, 34), min(box.breadth / 2 - 6, 24))
    if min(half) < 12:
        return empty(canvas, rng, box, taste)
    field = Box(u - half[0], v - half[1], u + half[0], v + half[1])
    canvas.fill(field.grown(4), jitter(rng, (150, 92, 74), by=12), grain=3)
    tone = jitter(rng, (90, 118, 80), by=12)
    canvas.fill(field, tone, grain=1.5, mottle=3)
    for line in (field.grown(-1.5), field.part(0.04, 0.28, 0.16, 0.72),
                 field.part(0.84, 0.28, 0.96, 0.72), field.part(0.5, 0.03, 0.5, 0.97)):  # fmt: skip
        canvas.fill(line.grown(0.5), (214, 220, 208), strength=0.8)
        canvas.fill(line.grown(-0.5), tone, grain=1.5, mottle=3)


def empty(canvas: Canvas, rng: np.random.Generator, box: Box, taste: Taste) -> None:
    """Land that waits: a slightly other tone, spoil heaps, a few shrubs."""
    if chance(rng, 0.5) and max(box.length, box.breadth) < 140:
        tone = jitter(rng, (190, 178, 158), by=22)
        canvas.fill(box.grown(-3), tone, grain=6, mottle=14, on=LAND,
                    strength=between(rng, 0.3, 0.7))  # fmt: skip
    for _ in range(int(between(rng, 0, 7))):
        u, v = between(rng, box.u0, box.u1), between(rng, box.v0, box.v1)
        size = between(rng, 2, 5)
        heap = Box(u - size, v - size, u + size, v + size)
        if canvas.free(heap, LAND):
            y, x = canvas.pixel(u, v)
            _heap(canvas, rng, y, x, size)
    plants.scatter(canvas, rng, box, count=int(between(rng, 0, 8)), radius=(1.2, 2.6))


def _heap(canvas: Canvas, rng: np.random.Generator, y: float, x: float, size: float) -> None:
    """A mound of earth, lit from one side."""
    window = canvas.clip(y - size - 1, x - size - 1, y + size, x + size)
    if window is None:
        return
    dy = np.arange(window[0].start, window[0].stop, dtype=np.float32)[:, None] - np.float32(y)
    dx = np.arange(window[1].start, window[1].stop, dtype=np.float32)[None, :] - np.float32(x)
    away = np.sqrt(dy * dy + dx * dx) + canvas.grain[window] - np.float32(size)
    lit = (-dy - dx) / np.float32(size) * np.float32(16)
    tone = np.asarray(jitter(rng, (186, 172, 150), by=20), np.float32) + lit[..., None]
    cover = coverage(away) * np.float32(0.8)
    canvas.paint(window, cover, tone, height=np.clip(-away, 0, 3) * np.float32(0.6))


def site(canvas: Canvas, rng: np.random.Generator, box: Box, taste: Taste) -> None:
    """A building site: torn ground, slabs, machines, nothing that has a class yet."""
    area = box
    window = canvas.window(area)
    if window is None:
        return
    away = canvas.distance(window, area)
    cover = coverage(away)
    cover = np.where(canvas.classes[window] == LAND, cover, np.float32(0))
    torn = fractal(rng, away.shape, cell=9, octaves=3)
    tone = np.asarray((150, 132, 112), np.float32) + ((torn - np.float32(0.5)) * 130)[..., None]
    canvas.paint(window, cover, tone, kind=UNLABELED, grain=14, height=0)
    for _ in range(int(area.length * area.breadth / 60)):
        u, v = between(rng, area.u0, area.u1), between(rng, area.v0, area.v1)
        part = Box(u, v, u + between(rng, 1.5, 8), v + between(rng, 1.2, 4))
        tones: dict[Tone, float] = {(206, 196, 178): 2, (90, 84, 78): 2, (196, 150, 40): 1,
                                    (120, 70, 52): 1}  # fmt: skip
        if canvas.free(part, UNLABELED):
            canvas.fill(part, pick(rng, tones), height=between(rng, 0.5, 4))
