"""Drone scenes: the built-in town seen obliquely, from low flights, with twelve classes.

What the segmentation of drone pictures is tried on where none are given: its classes and colours
are those of `datasets.aeroscapes`. The ground is drawn as for `datasets.scenes`;
people, bikes, boats, animals, obstacles and other drones are added. Frames of one flight show the
same ground, as those of a video do, so only whole flights are held out.

    python -m aerial_nni.data.datasets.drone_scenes --sheet docs/images/drone-scenes.png
"""

import functools
import hashlib
import json
import sys
import threading

import numpy as np

from aerial_nni.data.dataset import Dataset, Facts, Sample
from aerial_nni.data.datasets import aeroscapes, scenes
from aerial_nni.data.synthetic.areas import CHARACTERS, Ground, draw_area
from aerial_nni.data.synthetic.camera import photograph
from aerial_nni.data.synthetic.canvas import BUILDING, ROAD, VEGETATION, WATER
from aerial_nni.data.synthetic.objects import THINGS, scatter
from aerial_nni.data.synthetic.oblique import SKY, Plain, look, take_view

VERSION = 1
"""Raised with every change that moves a pixel, so that no cache outlives its drawing."""

SIZE = (90, 160)
"""Height and width of a picture: an eighth of 720×1280."""

SIDE = 256
"""Height and width of the ground of a flight in pixels of the ground."""

COUNT = 9
"""Things that are put into a picture, as far as there is room."""

WEIGHTS = {"person": 3.0, "bike": 2.0, "animal": 2.0, "boat": 2.0, "obstacle": 2.0, "drone": 1.0}

FACTS = Facts(
    name="drone-scenes",
    classes=aeroscapes.FACTS.classes,
    palette=aeroscapes.FACTS.palette,
    patch=SIZE[0],
    patch_width=SIZE[1],
    nested=True,
    resolution="a drone's view from 6 to 16 m, were it real",
    licence=scenes.FACTS.licence,
    source="aerial_nni.data.datasets.drone_scenes",
    description="Pictures of no real place from low flights, drawn by this package from a seed.",
)

NUMBER = {name: index for index, name in enumerate(FACTS.classes)}


def open_drone_scenes(*, seed: int = 0, flights: int = 16, frames: int = 12) -> Dataset:
    """The drone scenes of `seed`: `flights` flights of `frames` pictures each."""
    names = [_flight_name(flight) for flight in range(flights)]
    samples = {
        Sample(name=f"{names[flight]}/{frame + 1:02d}", area=names[flight]): (flight, frame)
        for flight in range(flights)
        for frame in range(frames)
    }
    drawing = threading.Lock()

    @functools.lru_cache(maxsize=2)
    def drawn(flight: int) -> tuple[Ground, Plain]:
        rng = np.random.default_rng(np.random.SeedSequence([seed, 1000 + flight]))
        ground = draw_area(rng, CHARACTERS[flight % len(CHARACTERS)], (SIDE, SIDE))
        return ground, Plain.over(ground, _kinds(ground))

    def read(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
        flight, frame = samples[sample]
        with drawing:
            ground, plain = drawn(flight)
        rng = np.random.default_rng(np.random.SeedSequence([seed, 1000 + flight, frame]))
        view = take_view(ground, rng, SIZE)
        seen = look(plain, view, rng)
        scatter(seen, view, ground, rng, number=NUMBER, weights=WEIGHTS, count=COUNT)
        mask = np.where(seen.kinds == SKY, NUMBER["sky"], seen.kinds).astype(np.uint8)
        return photograph(seen.colour, rng), mask

    def fingerprint() -> str:
        recipe = json.dumps([VERSION, scenes.VERSION, seed, flights, frames, *SIZE, SIDE])
        return hashlib.sha256(f"drone {recipe}".encode()).hexdigest()

    return Dataset(facts=FACTS, samples=tuple(samples), read=read, fingerprint=fingerprint)


def _flight_name(flight: int) -> str:
    again, index = divmod(flight, len(CHARACTERS))
    return f"{CHARACTERS[index].name} {again + 1}"


def _kinds(ground: Ground) -> np.ndarray:
    """The classes of the ground, (h, w). What is tall on asphalt is a car, on water a boat."""
    kinds = np.full(ground.classes.shape, NUMBER["background"], np.uint8)
    for before, name in ((BUILDING, "construction"), (ROAD, "road"), (VEGETATION, "vegetation")):
        kinds[ground.classes == before] = NUMBER[name]
    for before, name in ((ROAD, "car"), (WATER, "boat")):
        kinds[(ground.classes == before) & (ground.height > 0.9)] = NUMBER[name]
    return kinds


assert set(WEIGHTS) == set(THINGS)

if __name__ == "__main__":
    sys.exit(scenes.main(opened=lambda seed: open_drone_scenes(seed=seed)))
