"""What fills a block between streets. `USES` is the table; an area picks from it by weight."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from aerial_nni.data.drawing import plants, roofs, water
from aerial_nni.data.drawing.canvas import LAND, ROAD, UNLABELED, VEGETATION, Canvas, Tone, coverage
from aerial_nni.data.drawing.noise import between, chance, fractal, jitter, pick
from aerial_nni.data.drawing.plan import Box, grid
from aerial_nni.data.drawing.streets import CARS, car

YARDS: dict[Tone, float] = {
    (196, 184, 164): 4,
    (184, 180, 172): 3,
    (166, 150, 128): 2,
    (150, 146, 142): 1,
}


@dataclass(frozen=True)
class Taste:
    """How an area builds: weights of its roof tones, and how green its gardens are (0..1)."""

    roofs: Mapping[str, float]
    green: float

    def roof(self, rng: np.random.Generator) -> Tone:
        """The tone of one more roof."""
        return roofs.ROOFS[pick(rng, self.roofs)]


def villas(canvas: Canvas, rng: np.random.Generator, box: Box, taste: Taste) -> None:
    """Walled plots, each with a house, perhaps a garage, a pool, a lawn, and some trees."""
    for plot in grid(rng, box.grown(-2), size=between(rng, 27, 36)):
        if not canvas.free(plot.grown(-3), LAND):
            continue
        canvas.fill(plot.grown(-0.6), (216, 210, 198), height=1.2)  # the wall
        yard = plot.grown(-1.7)
        canvas.fill(yard, jitter(rng, pick(rng, YARDS), by=10), height=0, grain=5, mottle=8)
        if chance(rng, 0.08):
            continue
        left, low = between(rng, 0.08, 0.26), between(rng, 0.1, 0.26)
        house = yard.part(left, low, left + between(rng, 0.5, 0.66), low + between(rng, 0.46, 0.62))
        if chance(rng, taste.green):
            side = (0.03, 0.76, 0.97, 0.97) if chance(rng, 0.5) else (0.0, 0.0, 0.97, 0.97)
            plants.lawn(canvas, rng, yard.part(*side))
        kind = roofs.hipped if chance(rng, 0.35) else roofs.flat
        tone, height = taste.roof(rng), between(rng, 4, 7)
        kind(canvas, rng, house, tone, height=height)
        if chance(rng, 0.45):
            wing = Box(house.u1 + 0.6, house.v0, min(house.u1 + 7, yard.u1), house.v0 + 8)
            if wing.length > 4:
                roofs.flat(canvas, rng, wing, tone, height=height * 0.6)
        if chance(rng, 0.22):
            a = between(rng, 0.1, 0.6)
            water.pool(canvas, rng, yard.part(a, 0.82, a + 0.3, 0.94))
        trees = int(between(rng, 0, 1 + 6 * taste.green))
        plants.scatter(canvas, rng, yard, count=trees, radius=(1.8, 3.6))


def dense(canvas: Canvas, rng: np.random.Generator, box: Box, taste: Taste) -> None:
    """An old quarter: flat roofs wall to wall, alleys, courtyards."""
    canvas.fill(box.grown(-1), jitter(rng, pick(rng, YARDS), by=8), grain=4, mottle=8)
    for plot in grid(rng, box.grown(-2), size=between(rng, 17, 25)):
        if chance(rng, 0.12):
            plants.scatter(canvas, rng, plot, count=2, radius=(1.8, 3))
            continue
        gaps = [between(rng, 0.6, 2.2) for _ in range(4)]
        house = Box(plot.u0 + gaps[0], plot.v0 + gaps[1], plot.u1 - gaps[2], plot.v1 - gaps[3])
        height = between(rng, 5, 14)
        if not roofs.flat(canvas, rng, house, taste.roof(rng), height=height):
            continue
        if chance(rng, 0.2) and min(house.length, house.breadth) > 15:
            court = house.part(0.36, 0.36, 0.64, 0.64)
            canvas.fill(court, pick(rng, YARDS), kind=LAND, height=0, grain=4)


def towers(canvas: Canvas, rng: np.random.Generator, box: Box, taste: Taste) -> None:
    """High buildings with parking between them."""
    canvas.fill(box.grown(-1), jitter(rng, (184, 178, 170), by=12), grain=4, mottle=6)
    for plot in grid(rng, box.grown(-3), size=between(rng, 44, 58)):
        if chance(rng, 0.25):
            parking(canvas, rng, plot.grown(-2), taste)
            continue
        inset = between(rng, 5, 10)
        roofs.tower(canvas, rng, plot.grown(-inset), taste.roof(rng), height=between(rng, 16, 42))
        plants.scatter(canvas, rng, plot, count=int(12 * taste.green), radius=(1.6, 2.8))


def sheds(canvas: Canvas, rng: np.random.Generator, box: Box, taste: Taste) -> None:
    """Warehouses on concrete, with lorries and containers in the yards."""
    yard = jitter(rng, (172, 167, 160), by=16)
    canvas.fill(box.grown(-1.5), yard, grain=4, mottle=12)
    for plot in grid(rng, box.grown(-3), size=between(rng, 44, 70)):
        hall = plot.part(0.06, 0.08, between(rng, 0.7, 0.94), between(rng, 0.6, 0.9))
        if not chance(rng, 0.18):
            roofs.shed(canvas, rng, hall, taste.roof(rng), height=between(rng, 6, 10))
        for _ in range(int(between(rng, 2, 9))):
            u, v = between(rng, plot.u0, plot.u1 - 9), between(rng, plot.v0, plot.v1 - 4)
            load = Box(u, v, u + between(rng, 5, 9), v + 2.6)
            if canvas.free(load, LAND):
                canvas.fill(load, pick(rng, {**CARS, (170, 92, 52): 3}), height=2.4)


def compound(canvas: Canvas, rng: np.random.Generator, box: Box, taste: Taste) -> None:
    """Some sheds and huts inside a wall, on bare ground."""
    canvas.fill(box.grown(-3), (206, 198, 184), height=1.2)
    canvas.fill(box.grown(-4.2), jitter(rng, (190, 174, 148), by=12), height=0, mottle=10)
    for plot in grid(rng, box.grown(-6), size=between(rng, 24, 40)):
        if chance(rng, 0.6):
            hut = plot.part(0.1, 0.12, between(rng, 0.5, 0.9), between(rng, 0.4, 0.75))
            roofs.shed(canvas, rng, hut, taste.roof(rng), height=between(rng, 3.5, 6))
    plants.scatter(canvas, rng, box, count=int(10 * taste.green), radius=(1.8, 3.2))


def parking(canvas: Canvas, rng: np.random.Generator, box: Box, taste: Taste) -> None:
    """Asphalt with bays and cars; its class is road."""
    if not canvas.free(box, LAND) or min(box.length, box.breadth) < 12:
        return
    canvas.fill(box, jitter(rng, (108, 104, 102), by=16), kind=ROAD, grain=4, mottle=6)
    for v in np.arange(box.v0 + 2, box.v1 - 6, 13.0):
        for u in np.arange(box.u0 + 2, box.u1 - 3, 3.2):
            for row in (float(v), float(v) + 5.6):
                line = Box(float(u) - 0.4, row, float(u) + 0.1, row + 5)
                canvas.fill(line, (206, 204, 198), strength=0.4)
                if chance(rng, 0.5):
                    car(canvas, rng, Box(float(u) + 0.4, row + 0.3, float(u) + 2.4, row + 4.7))


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
        choice = pick(rng, {"crops": 6, "orchard": 2, "bare": 2, "basin": 0.5, "house": 1})
        inner = plot.grown(-2.2)
        if choice == "crops":
            plants.crops(canvas, rng, inner)
        elif choice == "orchard":
            plants.orchard(canvas, rng, inner)
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
    tone = jitter(rng, (88, 124, 76), by=12)
    canvas.fill(field, tone, grain=1.5, mottle=3)
    for line in (field.grown(-1.5), field.part(0.04, 0.28, 0.16, 0.72),
                 field.part(0.84, 0.28, 0.96, 0.72), field.part(0.5, 0.03, 0.5, 0.97)):  # fmt: skip
        canvas.fill(line.grown(0.5), (214, 220, 208), strength=0.8)
        canvas.fill(line.grown(-0.5), tone, grain=1.5, mottle=3)


def empty(canvas: Canvas, rng: np.random.Generator, box: Box, taste: Taste) -> None:
    """Land that waits: a slightly other tone, spoil heaps, a few shrubs."""
    if chance(rng, 0.5):
        tone = jitter(rng, (190, 178, 158), by=22)
        canvas.fill(box.grown(-3), tone, grain=6, mottle=14, strength=between(rng, 0.3, 0.7))
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


USES: dict[str, Callable[[Canvas, np.random.Generator, Box, Taste], None]] = {
    "villas": villas,
    "dense": dense,
    "towers": towers,
    "sheds": sheds,
    "compound": compound,
    "parking": parking,
    "park": park,
    "golf": golf,
    "farm": farm,
    "pitch": pitch,
    "empty": empty,
}
