"""The table of what can fill a block between streets; an area picks from it by weight."""

from collections.abc import Callable

import numpy as np

from aerial_nni.data.synthetic import districts, land_cover
from aerial_nni.data.synthetic.canvas import Canvas
from aerial_nni.data.synthetic.plan import Box
from aerial_nni.data.synthetic.roofs import Taste

USES: dict[str, Callable[[Canvas, np.random.Generator, Box, Taste], None]] = {
    "villas": districts.villas,
    "dense": districts.dense,
    "towers": districts.towers,
    "sheds": districts.sheds,
    "stacks": districts.stacks,
    "compound": districts.compound,
    "parking": districts.parking,
    "park": land_cover.park,
    "golf": land_cover.golf,
    "farm": land_cover.farm,
    "pitch": land_cover.pitch,
    "empty": land_cover.empty,
}
