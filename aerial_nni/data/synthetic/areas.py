"""The areas: the character of each, and drawing all the ground of one."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aerial_nni.data.synthetic import land_cover, light, plants, streets, terrain, water
from aerial_nni.data.synthetic.blocks import USES
from aerial_nni.data.synthetic.canvas import LAND, WATER, Canvas
from aerial_nni.data.synthetic.noise import between, chance, pick
from aerial_nni.data.synthetic.plan import Box, cut
from aerial_nni.data.synthetic.roofs import Taste


@dataclass(frozen=True, kw_only=True)
class Character:
    """What makes one area unlike the others. Lengths are in pixels."""

    name: str
    land: str
    asphalt: str
    uses: Mapping[str, float]
    """Weights of the keys of `blocks.USES`."""
    roofs: Mapping[str, float]
    water: str = ""
    """sea, lagoon, canal or nothing."""
    water_tone: str = "sea"
    water_share: float = 0.3
    block: tuple[float, float] = (70, 130)
    widths: tuple[float, ...] = (17, 8, 6.5)
    bend: float = 0.12
    green: float = 0.4
    shrubs: float = 0.3
    thicket: float = 0.0
    tracks: int = 0


CHARACTERS = (
    Character(name="coast", land="sand", asphalt="worn", water="sea", water_share=0.4,
              uses={"villas": 5, "park": 2, "towers": 2, "parking": 0.3, "empty": 1.5,
                    "pitch": 0.5},
              roofs={"white": 3, "cream": 3, "grey": 1, "terracotta": 1}, bend=0.2),
    Character(name="old town", land="concrete", asphalt="warm", block=(56, 100), bend=0.1,
              widths=(15, 7.5, 6), green=0.25, shrubs=0.05,
              uses={"dense": 10, "parking": 0.4, "empty": 1.5, "towers": 1, "park": 0.8},
              roofs={"white": 2, "cream": 2, "sand": 3, "grey": 3, "asphalt": 2, "green": 1}),
    Character(name="suburb", land="pale", asphalt="dusty", green=0.5, bend=0.3,
              block=(64, 120), uses={"villas": 10, "park": 1, "empty": 2, "pitch": 0.6},
              roofs={"terracotta": 2, "white": 3, "sand": 2, "grey": 2, "green": 0.7}),
    Character(name="farms", land="soil", asphalt="dusty", block=(110, 210), widths=(8, 6, 5),
              uses={"farm": 8, "empty": 2, "compound": 1}, bend=0.06, green=0.5, tracks=2,
              roofs={"white": 2, "sand": 2, "grey": 2, "green": 1}, shrubs=0.5),
    Character(name="desert", land="dunes", asphalt="new", block=(190, 360), widths=(24, 8, 7),
              uses={"empty": 6, "compound": 3, "farm": 1.5}, bend=0.28, green=0.2, shrubs=1.2,
              roofs={"sand": 4, "white": 2, "grey": 1}, tracks=2, thicket=0.05),
    Character(name="marina", land="concrete", asphalt="new", water="canal", water_tone="dark",
              water_share=0.24,
              uses={"towers": 6, "dense": 3, "park": 1, "parking": 0.4, "empty": 1},
              roofs={"white": 2, "grey": 3, "dark": 2, "blue": 1, "cream": 1}, bend=0.25,
              block=(76, 130), widths=(20, 9, 8), shrubs=0.05, green=0.5),
    Character(name="port", land="gravel", asphalt="worn", water="sea", water_tone="grey",
              water_share=0.3, uses={"sheds": 7, "stacks": 2, "compound": 1, "empty": 1.5},
              roofs={"white": 2, "grey": 3, "blue": 2, "asphalt": 2, "green": 1}, bend=0.03,
              block=(100, 160), widths=(16, 10, 9), green=0.1, shrubs=0.05),
    Character(name="lakes", land="sand", asphalt="warm", water="lagoon", water_tone="green",
              water_share=0.2, uses={"golf": 3, "villas": 6, "empty": 1, "park": 1}, thicket=0.1,
              roofs={"terracotta": 4, "cream": 2, "white": 2, "dark": 1}, bend=0.25, green=0.6),
)  # fmt: skip


@dataclass(frozen=True)
class Ground:
    """All of an area: `colour` (h, w, 3) float32, before the camera, `classes` (h, w) uint8.

    `height` (h, w) float32 is in pixels above the ground.
    """

    colour: np.ndarray
    classes: np.ndarray
    height: np.ndarray


def draw_area(rng: np.random.Generator, character: Character, shape: tuple[int, int]) -> Ground:
    """The ground of an area of `shape` pixels; the same for the same generator state."""
    angle = between(rng, 0, math.pi / 2)
    canvas = Canvas.blank(rng, shape, angle=angle, bend=character.bend)
    terrain.cover(canvas, rng, character.land)
    _flood(canvas, rng, character)
    town, roads = cut(rng, canvas.extent().grown(30), block=character.block,
                      widths=character.widths)  # fmt: skip
    streets.lay(canvas, rng, roads, asphalt=character.asphalt, bridges=character.water != "sea")
    streets.track(canvas, rng, count=character.tracks)
    if character.thicket:
        plants.thicket(canvas, rng, share=character.thicket)
    _sites(canvas, rng, town)
    taste = Taste(character.roofs, character.green)
    for block in town:
        use = pick(rng, character.uses)
        for part in _dry(canvas, block.grown(-between(rng, 2.5, 5))):
            USES[use](canvas, rng, part, taste)
    plants.shrubs(canvas, rng, density=character.shrubs)
    light.shade(canvas, azimuth=between(rng, 0, 2 * math.pi), slope=between(rng, 0.5, 1.1),
                darkness=between(rng, 0.58, 0.78))  # fmt: skip
    return Ground(canvas.colour, canvas.classes, canvas.height)


def _flood(canvas: Canvas, rng: np.random.Generator, character: Character) -> None:
    """The area's water, if it has any."""
    tone, share = character.water_tone, character.water_share
    if character.water == "sea":
        water.sea(canvas, rng, share=share, tone=tone)
    elif character.water == "lagoon":
        water.lagoon(canvas, rng, share=share, tone=tone)
    elif character.water == "canal":
        water.canal(canvas, rng, width=share * canvas.shape[0], tone=tone)


def _dry(canvas: Canvas, block: Box) -> list[Box]:
    """The parts of a block that lie on dry ground in the picture: halves of halves, not slivers."""
    window = canvas.window(block)
    if window is None:
        return []
    inside = canvas.distance(window, block) < 0
    if not (canvas.classes[window][inside] == WATER).any():
        return [block]
    if max(block.length, block.breadth) < 30:
        return []
    if block.length > block.breadth:
        halves = block.part(0, 0, 0.5, 1), block.part(0.5, 0, 1, 1)
    else:
        halves = block.part(0, 0, 1, 0.5), block.part(0, 0.5, 1, 1)
    return [part for half in halves for part in _dry(canvas, half)]


def _sites(canvas: Canvas, rng: np.random.Generator, town: list[Box]) -> None:
    """Building sites on about 0.9 % of the ground: one to a block, wherever there is room."""
    h, w = canvas.shape
    wanted = 0.009 * h * w
    for index in np.argsort(rng.random(len(town))):
        block = town[index].grown(-5)
        size = (between(rng, 26, 48), between(rng, 26, 48))
        if wanted <= 0:
            return
        if block.length < size[0] or block.breadth < size[1]:
            continue
        u = between(rng, block.u0, block.u1 - size[0])
        v = between(rng, block.v0, block.v1 - size[1])
        box = Box(u, v, u + size[0], v + size[1])
        window = canvas.window(box, margin=-4)
        if window is not None and canvas.free(box, LAND) and chance(rng, 0.8):
            land_cover.site(canvas, rng, box, Taste({}, 0))
            wanted -= size[0] * size[1]
