"""Scenes, the dataset that is always there: aerial pictures of a town that nobody built.

Everything is drawn from a seed: coast, old town, suburb, farms, desert, marina, port, lakes. Colour
alone does not tell the classes apart: roofs have the tone of sand, asphalt, water or leaves, and
shadows make every class dark. The pictures of one area are the pieces of one drawing, so they
abut like the parts of a tile of a survey.

    python -m aerial_nni.data.datasets.scenes --sheet docs/images/scenes.png    # look at them
"""

import argparse
import functools
import hashlib
import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from aerial_nni.data.dataset import Dataset, Facts, Sample
from aerial_nni.data.datasets import dubai
from aerial_nni.data.synthetic.areas import CHARACTERS, Ground, draw_area
from aerial_nni.data.synthetic.camera import photograph
from aerial_nni.data.synthetic.sheet import write_sheet

VERSION = 2
"""Raised with every change that moves a pixel, so that no cache outlives its drawing."""

FACTS = Facts(
    name="scenes",
    classes=dubai.FACTS.classes,
    palette=dubai.FACTS.palette,
    patch=128,
    resolution="about 0.8 m per pixel, were it real",
    licence="made by this package, under its licence",
    source="aerial_nni.data.datasets.scenes",
    description="Aerial pictures of no real place, drawn by this package from a seed.",
)


def open_scenes(
    *, seed: int = 0, areas: int = 8, images_per_area: int = 9, size: int = 256
) -> Dataset:
    """The scenes of `seed`: `areas` areas of `images_per_area` images of `size` by `size` pixels.

    `read` draws a whole area when its first image is asked for and keeps the last two. With more
    areas than there are characters, characters come again on other ground.

    Raises:
        ValueError: a number is below 1, or `size` below 64.
    """
    for name, value, least in (("areas", areas, 1), ("images_per_area", images_per_area, 1),
                               ("size", size, 64)):  # fmt: skip
        if value < least:
            raise ValueError(f"{name}={value} is too small; give {least} or more")
    names = [_area_name(area) for area in range(areas)]
    samples = {
        Sample(name=f"{names[area]}/{number + 1:02d}", area=names[area]): (area, number)
        for area in range(areas)
        for number in range(images_per_area)
    }
    columns = next(n for n in range(1, images_per_area + 1) if n * n >= images_per_area)
    rows = -(-images_per_area // columns)

    drawing = threading.Lock()  # readers of one area wait for its drawing instead of repeating it

    @functools.lru_cache(maxsize=2)
    def drawn(area: int) -> Ground:
        rng = np.random.default_rng(np.random.SeedSequence([seed, area]))
        character = CHARACTERS[area % len(CHARACTERS)]
        return draw_area(rng, character, (rows * size, columns * size))

    def read(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
        area, number = samples[sample]
        with drawing:
            whole = drawn(area)
        y, x = number // columns * size, number % columns * size
        piece = (slice(y, y + size), slice(x, x + size))
        rng = np.random.default_rng(np.random.SeedSequence([seed, area, number]))
        return photograph(whole.colour[piece], rng), whole.classes[piece].copy()

    def fingerprint() -> str:
        recipe = json.dumps([VERSION, seed, areas, images_per_area, size])
        return hashlib.sha256(recipe.encode()).hexdigest()

    return Dataset(facts=FACTS, samples=tuple(samples), read=read, fingerprint=fingerprint)


def _area_name(area: int) -> str:
    """The area's character, numbered from its second coming on."""
    again, index = divmod(area, len(CHARACTERS))
    return CHARACTERS[index].name + (f" {again + 1}" if again else "")


def main(
    arguments: Sequence[str] | None = None,
    *,
    opened: Callable[[int], Dataset] = lambda seed: open_scenes(seed=seed),
) -> int:
    """Draws the contact sheet of a seed of what `opened` gives for it."""
    parser = argparse.ArgumentParser(description="Draws a contact sheet of the scenes.")
    parser.add_argument("--sheet", type=Path, required=True, help="PNG file to write")
    parser.add_argument("--seed", type=int, default=0, help="seed of the scenes")
    given = parser.parse_args(arguments)
    write_sheet(given.sheet, opened(given.seed))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
