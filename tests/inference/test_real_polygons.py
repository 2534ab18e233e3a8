"""Polygons of true masks: how many corners remain, and what becomes of the areas."""

from pathlib import Path

import numpy as np
import pytest
import shapely
from PIL import Image

from aerial_nni.data.dataset import VOID
from aerial_nni.inference.tracing import traced

COLOURS = ((60, 16, 152), (132, 41, 246), (110, 193, 228), (254, 221, 58), (226, 169, 41))


@pytest.mark.parametrize("part", [1, 7])
def test_a_dubai_scene_keeps_its_areas_with_a_fifth_of_the_corners(dubai_dir: Path, part: int):
    (path,) = dubai_dir.glob(f"**/Tile 3/masks/image_part_00{part}.png")
    colours = np.asarray(Image.open(path).convert("RGB"))
    mask = np.full(colours.shape[:2], VOID, np.uint8)
    for index, colour in enumerate(COLOURS):
        mask[(colours == colour).all(-1)] = index
    ringed, sure = np.pad(mask, 1, constant_values=VOID), np.ones(mask.shape, np.float32)
    before, after = (
        traced(ringed, sure, row=0, column=0, tolerance=tolerance) for tolerance in (0, 3)
    )
    pixels = np.bincount(mask[mask != VOID], minlength=len(COLOURS))
    areas = [
        np.bincount(one.classes, shapely.area(one.outlines), minlength=len(COLOURS))
        for one in (before, after)
    ]
    np.testing.assert_array_equal(areas[0], pixels)
    np.testing.assert_allclose(areas[1], pixels, rtol=0.01)
    assert shapely.is_valid(after.outlines).all()
    assert shapely.coverage_is_valid(after.outlines)
    corners = [shapely.get_num_coordinates(one.outlines).sum() for one in (before, after)]
    assert corners[1] <= corners[0] / 5
