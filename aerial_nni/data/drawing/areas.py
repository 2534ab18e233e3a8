"""The areas: the character of each, and drawing all the ground of one."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aerial_nni.data.drawing import blocks, light, plants, streets, terrain, water
from aerial_nni.data.drawing.canvas import LAND, Canvas
from aerial_nni.data.drawing.noise import between, chance, pick
from aerial_nni.data.drawing.plan import Box, cut


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
    block: tuple[float, float] = (60, 110)
    widths: tuple[float, ...] = (20, 10, 8)
    bend: float = 30
    green: float = 0.4
    shrubs: float = 0.3
    tracks: int = 0


CHARACTERS = (
    Character(name="coast", land="sand", asphalt="worn", water="sea", water_share=0.42,
              uses={"villas": 3, "park": 2, "towers": 2, "parking": 1, "empty": 3, "pitch": 1},
              roofs={"white": 3, "cream": 3, "grey": 1, "terracotta": 1}, bend=40),
    Character(name="old town", land="concrete", asphalt="warm", block=(50, 84), bend=26,
              widths=(16, 9, 7), green=0.25, shrubs=0.05,
              uses={"dense": 8, "parking": 1, "empty": 3, "towers": 1, "park": 1},
              roofs={"white": 2, "cream": 2, "sand": 3, "grey": 3, "asphalt": 2, "green": 1}),
    Character(name="suburb", land="pale", asphalt="dusty", green=0.6, bend=70,
              block=(64, 100), widths=(18, 9, 7.5),
              uses={"villas": 7, "park": 1, "empty": 4, "pitch": 0.6, "parking": 0.4},
              roofs={"terracotta": 2, "white": 3, "sand": 2, "grey": 2, "green": 0.7}),
    Character(name="farms", land="soil", asphalt="dusty", block=(90, 170), widths=(9, 6, 5),
              uses={"farm": 7, "empty": 4, "compound": 1}, bend=24, green=0.5, tracks=2,
              roofs={"white": 2, "sand": 2, "grey": 2, "green": 1}, shrubs=0.5),
    Character(name="desert", land="dunes", asphalt="new", block=(170, 330), widths=(26, 8, 7),
              uses={"empty": 9, "compound": 2, "farm": 0.7}, bend=80, green=0.2, shrubs=1.2,
              roofs={"sand": 4, "white": 2, "grey": 1}, tracks=4),
    Character(name="marina", land="concrete", asphalt="new", water="canal", water_tone="dark",
              water_share=0.3, uses={"towers": 5, "dense": 1, "park": 1, "parking": 1, "empty": 3},
              roofs={"white": 2, "grey": 3, "dark": 2, "blue": 1, "cream": 1}, bend=60,
              block=(70, 120), widths=(22, 12, 10), shrubs=0.05, green=0.5),
    Character(name="port", land="gravel", asphalt="worn", water="sea", water_tone="grey",
              water_share=0.3, uses={"sheds": 5, "compound": 1, "parking": 1, "empty": 3},
              roofs={"white": 2, "grey": 3, "blue": 2, "asphalt": 2, "green": 1}, bend=8,
              block=(90, 150), widths=(18, 12, 10), green=0.1, shrubs=0.05),
    Character(name="lakes", land="sand", asphalt="warm", water="lagoon", water_tone="green",
              water_share=0.22, uses={"golf": 4, "villas": 4, "empty": 2, "park": 1},
              roofs={"terracotta": 4, "cream": 2, "white": 2, "dark": 1}, bend=80, green=0.7),
)  # fmt: skip


@dataclass(frozen=True)
class Ground:
    """All of one area: `colour` (h, w, 3) float32, before the camera, and `classes` (h, w) uint8."""

    colour: np.ndarray
    classes: np.ndarray


def draw_area(
    rng: np.random.Generator, character: Character, shape: tuple[int, int]
) -> Ground:
    """The ground of an area of `shape` pixels; the same for the same generator state."""
    angle = between(rng, 0, math.pi / 2)
    canvas = Canvas.blank(rng, shape, angle=angle, bend=character.bend)
    terrain.cover(canvas, rng, character.land)
    _flood(canvas, rng, character)
    town, roads = cut(rng, canvas.extent().grown(30), block=character.block,
                      widths=character.widths)  # fmt: skip
    streets.lay(canvas, rng, roads, asphalt=character.asphalt, bridges=character.water != "sea")
    streets.track(canvas, rng, count=character.tracks)
    _sites(canvas, rng, town)
    taste = blocks.Taste(character.roofs, character.green)
    for block in town:
        use = pick(rng, character.uses)
        inside = block.grown(-between(rng, 2.5, 5))
        if canvas.window(inside) is not None:
            blocks.USES[use](canvas, rng, inside, taste)
    plants.shrubs(canvas, rng, density=character.shrubs)
    light.shade(canvas, azimuth=between(rng, 0, 2 * math.pi), slope=between(rng, 0.5, 1.1),
                darkness=between(rng, 0.58, 0.78))  # fmt: skip
    return Ground(canvas.colour, canvas.classes)


def _flood(canvas: Canvas, rng: np.random.Generator, character: Character) -> None:
    """The area's water, if it has any."""
    tone, share = character.water_tone, character.water_share
    if character.water == "sea":
        water.sea(canvas, rng, share=share, tone=tone)
    elif character.water == "lagoon":
        water.lagoon(canvas, rng, share=share, tone=tone)
    elif character.water == "canal":
        water.canal(canvas, rng, width=share * canvas.shape[0], tone=tone)


def _sites(canvas: Canvas, rng: np.random.Generator, town: list[Box]) -> None:
    """Building sites on about 0.8 % of the ground: one to a block, wherever there is room."""
    h, w = canvas.shape
    wanted = 0.008 * h * w
    for index in np.argsort(rng.random(len(town))):
        block = town[index].grown(-5)
        size = (between(rng, 22, 40), between(rng, 22, 40))
        if wanted <= 0:
            return
        if block.length < size[0] or block.breadth < size[1]:
            continue
        u = between(rng, block.u0, block.u1 - size[0])
        v = between(rng, block.v0, block.v1 - size[1])
        box = Box(u, v, u + size[0], v + size[1])
        window = canvas.window(box, margin=-4)
        if window is not None and canvas.free(box, LAND) and chance(rng, 0.8):
            blocks.site(canvas, rng, box, blocks.Taste({}, 0))
            wanted -= size[0] * size[1]
