"""A block of a mask as polygons that meet along shared borders, without gaps and overlaps.

GDAL traces the edges of pixels. A vertex is then put at every corner of a pixel, so that where two
polygons meet both have the same vertices, and GEOS thins these out for all polygons together
(`coverage_simplify`, Visvalingam and Whyatt's method on shared edges): a border is simplified once,
for both of its sides. With a tolerance of 0 the vertices on straight lines alone go, but for those
where a third polygon begins.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from affine import Affine
from rasterio.features import shapes
from skimage.measure import label

from aerial_nni.data.dataset import VOID

SIDES = (slice(0, 1), slice(None)), (slice(-1, None), slice(None)), \
    (slice(1, -1), slice(0, 1)), (slice(1, -1), slice(-1, None))  # fmt: skip
"""The four sides of the ring around a block: above, below, left and right."""


@dataclass(frozen=True, kw_only=True)
class Patches:
    """Connected areas of one class, n of them."""

    outlines: np.ndarray
    """Polygons of shapely, in columns (x) and rows (y) of the mask."""
    classes: np.ndarray
    """The class of each, uint8."""
    pixels: np.ndarray
    """How many each was traced from, int64."""
    confidence: np.ndarray
    """Mean of each over its pixels, float64."""

    def __getitem__(self, which: np.ndarray) -> "Patches":
        return Patches(
            outlines=self.outlines[which],
            classes=self.classes[which],
            pixels=self.pixels[which],
            confidence=self.confidence[which],
        )


def traced(
    ringed: np.ndarray, confidence: np.ndarray, *, row: int, column: int, tolerance: float
) -> Patches:
    """The patches of a block, void left out.

    Args:
        ringed: the classes of its pixels and of the ring of pixels around them, (h + 2, w + 2)
            uint8. Patches end at the ring; a corner of what lies beyond stays a vertex here.
        confidence: a number for each pixel, (h, w), NaN where it counts for nothing.
        row: the mask's row of the first pixel of the block.
        column: its column.
        tolerance: corners are left out whose triangle covers less than a square of this side, in
            pixels.
    """
    classes = ringed[1:-1, 1:-1]
    ids = label(classes.astype(np.int16), background=-1, connectivity=1).astype(np.int32)
    count = int(ids.max())
    place = Affine.translation(column - 1, row - 1)
    numbers, outlines = _outlines(_framed(ids, ringed), tolerance, place)
    class_of = np.empty(count + 1, np.uint8)
    class_of[ids] = classes
    every = Patches(
        outlines=outlines[np.argsort(numbers)[:count]],  # those of the ring have higher numbers
        classes=class_of[1:],
        pixels=np.bincount(ids.ravel(), minlength=count + 1)[1:],
        confidence=_means(ids, confidence, count),
    )
    return every[every.classes != VOID]


def _framed(ids: np.ndarray, ringed: np.ndarray) -> np.ndarray:
    """Numbers of patches with a ring of others around them, which differ from side to side.

    The corners of the block and what begins beyond it are thereby vertices of three polygons.
    """
    framed = np.zeros(ringed.shape, np.int32)
    framed[1:-1, 1:-1] = ids
    for side, place in enumerate(SIDES):
        framed[place] = ids.max() + 1 + 256 * side + ringed[place]
    return framed


def _outlines(framed: np.ndarray, tolerance: float, place: Affine) -> tuple[np.ndarray, np.ndarray]:
    """The number of each patch, and its polygon."""
    found = [
        (int(number), shapely.Polygon(rings[0], rings[1:]))
        for shape, number in shapes(framed, transform=place)
        if (rings := shape["coordinates"])
    ]
    numbers = np.array([number for number, _ in found])
    outlines = np.array([outline for _, outline in found])
    corners = shapely.transform(shapely.segmentize(outlines, 1.0), np.round)
    return numbers, shapely.coverage_simplify(corners, tolerance)


def _means(ids: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """The mean of each patch, shape (count,); NaN where no pixel counts."""
    counts = ~np.isnan(values)
    pixels = np.bincount(ids[counts] - 1, minlength=count)
    sums = np.bincount(ids[counts] - 1, weights=values[counts], minlength=count)
    with np.errstate(invalid="ignore"):
        return sums / pixels
