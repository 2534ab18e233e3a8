"""Building scenes: the built-in scenes with two classes, building and everything else.

What building footprints are tried on where no imagery is given. The pictures are those of
`aerial_nni.data.datasets.scenes`, smaller, and so are the masks but for their classes.
"""

import dataclasses
from collections.abc import Callable

import numpy as np

from aerial_nni.data.dataset import VOID, Dataset, Facts, Sample
from aerial_nni.data.datasets import buildings, scenes

SIZE = 128
"""Height and width of an image in pixels."""

FACTS = Facts(
    name="building-scenes",
    classes=buildings.FACTS.classes,
    palette=buildings.FACTS.palette,
    patch=SIZE,
    resolution=scenes.FACTS.resolution,
    licence=scenes.FACTS.licence,
    source="aerial_nni.data.datasets.building_scenes",
    description="Aerial pictures of no real place with their building footprints, drawn by this "
    "package from a seed.",
)


def open_building_scenes(*, seed: int = 0) -> Dataset:
    """The building scenes of `seed`: eight areas of nine images."""
    whole = scenes.open_scenes(seed=seed, size=SIZE)
    return dataclasses.replace(whole, facts=FACTS, read=_footprints_of(whole.read))


def _footprints_of(
    read: Callable[[Sample], tuple[np.ndarray, np.ndarray]],
) -> Callable[[Sample], tuple[np.ndarray, np.ndarray]]:
    """What reads image and mask of a scene, with the mask as a footprint: 1 where a building is."""
    building = scenes.FACTS.classes.index("Building")

    def footprint(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
        image, mask = read(sample)
        return image, np.where(mask == VOID, np.uint8(VOID), (mask == building).astype(np.uint8))

    return footprint
