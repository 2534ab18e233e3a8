"""Streets: pavement, asphalt, markings, medians, dirt tracks, and the cars on them."""

import numpy as np
from scipy import ndimage

from aerial_nni.data.drawing import plants
from aerial_nni.data.drawing.canvas import LAND, ROAD, WATER, Canvas, Tone, Window, coverage
from aerial_nni.data.drawing.noise import between, chance, fractal, jitter, pick, ramp
from aerial_nni.data.drawing.plan import Box, Street

ASPHALTS: dict[str, Tone] = {
    "new": (66, 64, 66),
    "worn": (104, 101, 99),
    "dusty": (138, 130, 120),
    "warm": (96, 84, 76),
}
CARS: dict[Tone, float] = {
    (232, 232, 230): 5,
    (40, 40, 44): 2,
    (150, 152, 156): 3,
    (150, 48, 42): 1,
    (60, 84, 140): 1,
    (196, 176, 130): 1,
}
WIDE = 15.0
"""Streets of at least this many pixels have a median."""


def lay(
    canvas: Canvas, rng: np.random.Generator, streets: list[Street], *, asphalt: str, bridges: bool
) -> None:
    """Draws `streets`; those of the two first ranks cross water where there are `bridges`."""
    tone = jitter(rng, ASPHALTS[asphalt], by=8)
    shore = ndimage.binary_dilation(canvas.classes == WATER, iterations=7)
    for street in streets:
        _pavement(canvas, street, shore=shore, over=bridges and street.rank < 2)
    dust = ramp(fractal(rng, canvas.shape, cell=70), 0.5, 1.0) * np.float32(0.5)
    for street in streets:
        over = bridges and street.rank < 2
        _asphalt(canvas, rng, street, tone, shore=shore, over=over, dust=dust)
    for street in streets:
        _markings(canvas, rng, street)
    for street in streets:
        _median(canvas, rng, street)
        _traffic(canvas, rng, street)


def _masked(cover: np.ndarray, window: Window, shore: np.ndarray, over: bool) -> np.ndarray:
    """`cover` without the water and its shore, unless the street goes `over` it."""
    return cover if over else np.where(shore[window], np.float32(0), cover)


def _pavement(canvas: Canvas, street: Street, *, shore: np.ndarray, over: bool) -> None:
    """A pale strip on both sides."""
    box = street.box.grown(2.2)
    window = canvas.window(box)
    if window is not None:
        cover = coverage(canvas.distance(window, box)) * np.float32(0.75)
        cover = _masked(cover, window, shore, over)
        canvas.paint(window, cover, (190, 183, 172), kind=LAND, grain=3)


def _asphalt(
    canvas: Canvas,
    rng: np.random.Generator,
    street: Street,
    tone: Tone,
    *,
    shore: np.ndarray,
    over: bool,
    dust: np.ndarray,
) -> None:
    """The carriageway, patched, sandy in places, darker where tyres run."""
    window = canvas.window(street.box)
    if window is None:
        return
    own = np.asarray(jitter(rng, tone, by=9 if street.rank else 3), np.float32)
    sand = np.asarray((196, 182, 158), np.float32)
    colour = own + dust[window][..., None] * (sand - own) * np.float32(0.2 + 0.2 * street.rank)
    cover = _masked(coverage(canvas.distance(window, street.box)), window, shore, over)
    canvas.paint(window, cover, colour, kind=ROAD, grain=3.5, mottle=5, height=0)


def _along(street: Street, start: float, end: float, low: float, high: float) -> Box:
    """The part from `start` to `end` pixels along the street and `low` to `high` across it."""
    box = street.box
    if street.along_u:
        return Box(box.u0 + start, box.v0 + low, box.u0 + end, box.v0 + high)
    return Box(box.u0 + low, box.v0 + start, box.u0 + high, box.v0 + end)


def _long(street: Street) -> float:
    """Length of the street."""
    return street.box.length if street.along_u else street.box.breadth


def _line(canvas: Canvas, street: Street, at: float, *, dash: float, strength: float) -> None:
    """A white line `at` pixels across the street, in dashes of `dash` (0: unbroken)."""
    strip = _along(street, 5, _long(street) - 5, at - 0.5, at + 0.5)
    window = canvas.window(strip)
    if window is None:
        return
    cover = coverage(canvas.distance(window, strip)) * np.float32(strength)
    if dash:
        run = (canvas.u if street.along_u else canvas.v)[window] / np.float32(2 * dash)
        cover = np.where(run - np.floor(run) < 0.5, cover, np.float32(0))
    cover = np.where(canvas.classes[window] == ROAD, cover, np.float32(0))
    canvas.paint(window, cover, (226, 224, 214))


def _markings(canvas: Canvas, rng: np.random.Generator, street: Street) -> None:
    """Lane lines: dashes in the middle of each half, unbroken ones at the edges of wide roads."""
    width = street.width
    if width >= WIDE:
        for at in (0.27 * width, 0.73 * width):
            _line(canvas, street, at, dash=4, strength=0.6)
        for at in (1.6, width - 1.6):
            _line(canvas, street, at, dash=0, strength=0.35)
    elif chance(rng, 0.75):
        _line(canvas, street, width / 2, dash=3, strength=between(rng, 0.3, 0.6))


def _median(canvas: Canvas, rng: np.random.Generator, street: Street) -> None:
    """A kerbed strip of sand or grass in the middle of a wide road, with palms."""
    if street.width < WIDE:
        return
    half = 0.07 * street.width + 0.6
    long, middle = _long(street), street.width / 2
    strip = _along(street, 9, long - 9, middle - half, middle + half)
    window = canvas.window(strip)
    if window is None:
        return
    road = canvas.classes[window] == ROAD
    cover = np.where(road, coverage(canvas.distance(window, strip)), np.float32(0))
    canvas.paint(window, cover, (192, 180, 158), kind=LAND, grain=4)
    if not chance(rng, 0.6):
        return
    for at in np.arange(12, long - 12, between(rng, 8, 14)):
        spot = _along(street, float(at), float(at), middle, middle)
        plants.tree(canvas, rng, *canvas.pixel(spot.u0, spot.v0), radius=between(rng, 1.6, 2.4))


def _traffic(canvas: Canvas, rng: np.random.Generator, street: Street) -> None:
    """Cars in their lanes, more on wide streets."""
    long, width = _long(street), street.width
    lanes = (0.14, 0.36, 0.64, 0.86) if width >= WIDE else (0.28, 0.72)
    for lane in lanes:
        at = between(rng, 4, 60)
        while at < long - 8:
            middle = lane * width
            car(canvas, rng, _along(street, at, at + 4.6, middle - 1.1, middle + 1.1))
            at += between(rng, 8, 130 if width >= WIDE else 200)


def car(canvas: Canvas, rng: np.random.Generator, box: Box) -> None:
    """A car (or a lorry, by the box) with a dark windscreen, only where there is asphalt."""
    if canvas.free(box, ROAD):
        canvas.fill(box, pick(rng, CARS), height=1.4)
        canvas.fill(box.part(0.3, 0.15, 0.45, 0.85), (50, 54, 60))


def track(canvas: Canvas, rng: np.random.Generator, *, count: int) -> None:
    """Dirt roads across the land: no asphalt, only two pale ruts between dark edges."""
    for _ in range(count):
        field = fractal(rng, canvas.shape, cell=between(rng, 300, 520), octaves=2)
        slope_y, slope_x = np.gradient(field)
        slope = np.sqrt(slope_y * slope_y + slope_x * slope_x)
        level = np.float32(between(rng, 0.4, 0.6))
        away = np.abs(field - level) / np.maximum(slope, np.float32(1e-4)) - np.float32(3.4)
        steep = slope > np.float32(4e-4)  # where the field is flat the level line is a blot
        cover = np.where(steep & (canvas.classes == LAND) & (canvas.height < 1),
                         coverage(away), np.float32(0))  # fmt: skip
        everywhere = (slice(None), slice(None))
        tone = jitter(rng, (176, 160, 138), by=14)
        canvas.paint(everywhere, cover * np.float32(0.85), tone, kind=ROAD, grain=5, mottle=8)
        edge = np.where(cover > 0, np.clip(1 - np.abs(away), 0, 1), 0).astype(np.float32)
        canvas.paint(everywhere, edge * np.float32(0.45), (120, 106, 88))
        canvas.paint(everywhere, cover * coverage(away + np.float32(2.6)) * np.float32(0.5),
                     (134, 120, 100))  # fmt: skip
