"""Blocks that are built on: villas, an old quarter, towers, warehouses, containers, parking."""

import numpy as np

from aerial_nni.data.synthetic import plants, roofs, water
from aerial_nni.data.synthetic.canvas import LAND, ROAD, Canvas, Tone
from aerial_nni.data.synthetic.noise import between, chance, jitter, pick
from aerial_nni.data.synthetic.plan import Box, grid
from aerial_nni.data.synthetic.roofs import Taste
from aerial_nni.data.synthetic.traffic import CARS, car

YARDS: dict[Tone, float] = {
    (196, 184, 164): 4,
    (184, 180, 172): 3,
    (166, 150, 128): 2,
    (150, 146, 142): 1,
}
LOADS: dict[Tone, float] = {**CARS, (170, 92, 52): 3, (64, 110, 96): 1, (52, 84, 128): 2}


def villas(canvas: Canvas, rng: np.random.Generator, box: Box, taste: Taste) -> None:
    """Walled plots, each with a house, perhaps a garage, a pool, a lawn, and some trees."""
    for plot in grid(rng, box.grown(-2), size=between(rng, 27, 36)):
        if not canvas.free(plot.grown(-3), LAND):
            continue
        canvas.fill(plot.grown(-0.6), (216, 210, 198), on=LAND)  # the wall
        yard = plot.grown(-1.7)
        canvas.fill(yard, jitter(rng, pick(rng, YARDS), by=10), height=0, grain=5, mottle=8,
                    on=LAND)  # fmt: skip
        if chance(rng, 0.08):
            continue
        left, low = between(rng, 0.08, 0.26), between(rng, 0.1, 0.26)
        house = yard.part(left, low, left + between(rng, 0.6, 0.72), low + between(rng, 0.54, 0.68))
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
    canvas.fill(box.grown(-1), jitter(rng, pick(rng, YARDS), by=8), grain=4, mottle=8,
                on=LAND)  # fmt: skip
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
    canvas.fill(box.grown(-1), jitter(rng, (184, 178, 170), by=12), grain=4, mottle=6,
                on=LAND)  # fmt: skip
    for plot in grid(rng, box.grown(-3), size=between(rng, 44, 58)):
        if chance(rng, 0.14):
            parking(canvas, rng, plot.grown(-2), taste)
            continue
        inset = between(rng, 5, 10)
        roofs.tower(canvas, rng, plot.grown(-inset), taste.roof(rng), height=between(rng, 16, 42))
        plants.scatter(canvas, rng, plot, count=int(12 * taste.green), radius=(1.6, 2.8))


def sheds(canvas: Canvas, rng: np.random.Generator, box: Box, taste: Taste) -> None:
    """Warehouses on concrete, with lorries and containers in the yards."""
    yard = jitter(rng, (172, 167, 160), by=16)
    canvas.fill(box.grown(-1.5), yard, grain=4, mottle=12, on=LAND)
    for plot in grid(rng, box.grown(-3), size=between(rng, 44, 70)):
        hall = plot.part(0.06, 0.08, between(rng, 0.76, 0.95), between(rng, 0.64, 0.92))
        if not chance(rng, 0.1):
            roofs.shed(canvas, rng, hall, taste.roof(rng), height=between(rng, 6, 10))
        for _ in range(int(between(rng, 2, 9))):
            u, v = between(rng, plot.u0, plot.u1 - 9), between(rng, plot.v0, plot.v1 - 4)
            load = Box(u, v, u + between(rng, 5, 9), v + 2.6)
            if canvas.free(load, LAND):
                canvas.fill(load, pick(rng, LOADS), height=2.4)


def stacks(canvas: Canvas, rng: np.random.Generator, box: Box, taste: Taste) -> None:
    """Rows of containers on concrete: long, many-coloured and casting shadows, yet land."""
    canvas.fill(box.grown(-1.5), jitter(rng, (150, 147, 142), by=12), grain=4, mottle=10, on=LAND)
    for v in np.arange(box.v0 + 6, box.v1 - 12, 17.0):
        for u in np.arange(box.u0 + 6, box.u1 - 10, 7.4):
            for row in range(4):
                if chance(rng, 0.3):
                    continue
                v0 = float(v) + 2.7 * row
                load = Box(float(u), v0, float(u) + 6.8, v0 + 2.5)
                if canvas.free(load.grown(-0.5), LAND):
                    tone = jitter(rng, pick(rng, LOADS), by=10)
                    canvas.fill(load, tone, height=between(rng, 2, 4))


def compound(canvas: Canvas, rng: np.random.Generator, box: Box, taste: Taste) -> None:
    """Some sheds and huts inside a wall, on bare ground."""
    canvas.fill(box.grown(-3), (206, 198, 184), height=1.2, on=LAND)
    canvas.fill(box.grown(-4.2), jitter(rng, (190, 174, 148), by=12), height=0, mottle=10,
                on=LAND)  # fmt: skip
    for plot in grid(rng, box.grown(-6), size=between(rng, 24, 40)):
        if chance(rng, 0.7):
            hut = plot.part(0.1, 0.12, between(rng, 0.55, 0.9), between(rng, 0.45, 0.8))
            roofs.shed(canvas, rng, hut, taste.roof(rng), height=between(rng, 3.5, 6))
    plants.scatter(canvas, rng, box, count=int(10 * taste.green), radius=(1.8, 3.2))


def parking(canvas: Canvas, rng: np.random.Generator, box: Box, taste: Taste) -> None:
    """Asphalt with bays and cars; its class is road. A large block is parked on in part only."""
    box = Box(box.u0, box.v0, min(box.u1, box.u0 + 66), min(box.v1, box.v0 + 48))
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
