"""Streets: pavement, asphalt, markings, medians, roundabouts, dirt tracks."""

import numpy as np
from scipy import ndimage

from aerial_nni.data.synthetic import plants, traffic
from aerial_nni.data.synthetic.canvas import (
    LAND,
    ROAD,
    VEGETATION,
    WATER,
    Canvas,
    Tone,
    Window,
    coverage,
)
from aerial_nni.data.synthetic.noise import between, chance, fractal, jitter, ramp
from aerial_nni.data.synthetic.plan import Street

ASPHALTS: dict[str, Tone] = {
    "new": (66, 64, 66),
    "worn": (104, 101, 99),
    "dusty": (138, 130, 120),
    "warm": (96, 84, 76),
}
WIDE = 15.0
"""Streets of at least this many pixels have a median."""


def lay(
    canvas: Canvas, rng: np.random.Generator, streets: list[Street], *, asphalt: str, bridges: bool
) -> None:
    """Draws `streets`; they end at the shore, but with `bridges` wide ones along v cross water."""
    tone = jitter(rng, ASPHALTS[asphalt], by=8)
    shore = ndimage.binary_dilation(canvas.classes == WATER, iterations=7)
    for street in streets:
        _pavement(canvas, street, shore=shore, over=_crosses(street, bridges))
    dust = ramp(fractal(rng, canvas.shape, cell=70), 0.5, 1.0) * np.float32(0.5)
    for street in streets:
        over = _crosses(street, bridges)
        _asphalt(canvas, rng, street, tone, shore=shore, over=over, dust=dust)
    for street in streets:
        _markings(canvas, rng, street)
    for street in streets:
        _median(canvas, rng, street)
    _roundabouts(canvas, rng, streets, tone)
    for street in streets:
        traffic.flow(canvas, rng, street, wide=street.width >= WIDE)


def _crosses(street: Street, bridges: bool) -> bool:
    """Whether the street goes over water. Canals run along u, so a bridge must not."""
    return bridges and street.rank < 2 and not street.along_u


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


def _line(canvas: Canvas, street: Street, at: float, *, dash: float, strength: float) -> None:
    """A white line `at` pixels across the street, in dashes of `dash` (0: unbroken)."""
    strip = street.along(5, street.length - 5, at - 0.5, at + 0.5)
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
            _line(canvas, street, at, dash=4, strength=0.45)
        for at in (1.6, width - 1.6):
            _line(canvas, street, at, dash=0, strength=0.28)
    elif chance(rng, 0.75):
        _line(canvas, street, width / 2, dash=3, strength=between(rng, 0.2, 0.45))


def _median(canvas: Canvas, rng: np.random.Generator, street: Street) -> None:
    """A kerbed strip of sand or grass in the middle of a wide road, with palms."""
    if street.width < WIDE:
        return
    half = 0.07 * street.width + 0.6
    long, middle = street.length, street.width / 2
    strip = street.along(9, long - 9, middle - half, middle + half)
    window = canvas.window(strip)
    if window is None:
        return
    road = canvas.classes[window] == ROAD
    cover = np.where(road, coverage(canvas.distance(window, strip)), np.float32(0))
    canvas.paint(window, cover, (192, 180, 158), kind=LAND, grain=4)
    if not chance(rng, 0.6):
        return
    for at in np.arange(12, long - 12, between(rng, 8, 14)):
        spot = street.along(float(at), float(at), middle, middle)
        plants.scatter(canvas, rng, spot, count=1, radius=(1.6, 2.4))


def _roundabouts(
    canvas: Canvas, rng: np.random.Generator, streets: list[Street], tone: Tone
) -> None:
    """Rings where a street of the second rank meets one of the first; about half of them."""
    done: list[tuple[float, float]] = []
    for main in (street for street in streets if street.rank == 0):
        for side in (street for street in streets if street.rank == 1):
            ends = (side.box.u0, side.box.u1) if side.along_u else (side.box.v0, side.box.v1)
            u, v = main.box.centre
            edges = (main.box.u0, main.box.u1) if side.along_u else (main.box.v0, main.box.v1)
            if main.along_u == side.along_u or not set(ends) & set(edges) or chance(rng, 0.5):
                continue
            at = (u, side.box.centre[1]) if side.along_u else (side.box.centre[0], v)
            radius = main.width / 2 + between(rng, 5, 10)
            found = canvas.disc(*at, radius)
            crowded = any(abs(at[0] - u) + abs(at[1] - v) < 90 for u, v in done)
            if found is None or crowded or (canvas.classes[found[0]] == WATER).any():
                continue
            done.append(at)
            window, away = found
            canvas.paint(window, coverage(away), tone, kind=ROAD, grain=3.5, mottle=5)
            island = coverage(away + np.float32(between(rng, 6, 8)))
            if chance(rng, 0.6):
                canvas.paint(window, island, (100, 114, 68), kind=VEGETATION, grain=6)
            else:
                canvas.paint(window, island, (196, 182, 156), kind=LAND, grain=4)


def track(canvas: Canvas, rng: np.random.Generator, *, count: int) -> None:
    """Dirt roads across the land: no asphalt, only two pale ruts between dark edges."""
    for _ in range(count):
        field = fractal(rng, canvas.shape, cell=between(rng, 520, 900), octaves=2)
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
