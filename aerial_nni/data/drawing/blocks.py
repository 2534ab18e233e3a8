"""The table of what can fill a block between streets; an area picks from it by weight."""

from collections.abc import Callable

import numpy as np

from aerial_nni.data.drawing import grounds, quarters
from aerial_nni.data.drawing.canvas import Canvas
from aerial_nni.data.drawing.plan import Box
from aerial_nni.data.drawing.roofs import Taste

USES: dict[str, Callable[[Canvas, np.random.Generator, Box, Taste], None]] = {
    "villas": quarters.villas,
    "dense": quarters.dense,
    "towers": quarters.towers,
    "sheds": quarters.sheds,
    "stacks": quarters.stacks,
    "compound": quarters.compound,
    "parking": quarters.parking,
    "park": grounds.park,
    "golf": grounds.golf,
    "farm": grounds.farm,
    "pitch": grounds.pitch,
    "empty": grounds.empty,
}
