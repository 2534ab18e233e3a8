"""Where labels contradict each other, or lie where no scene is."""

from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from rasterio.crs import CRS

from aerial_nni.data.dataset import VOID, Problem
from aerial_nni.data.geo.listing import Listing
from aerial_nni.data.geo.plane import carried
from aerial_nni.data.geo.scenes import Scene
from aerial_nni.data.geo.vectors import Shapes

SLIVER = 0.5
"""Pixels of the finest scene that two shapes may share: borders are never drawn quite alike."""


CHUNK = 5000
"""Pairs that are compared at once, since what makes it fast takes memory."""


def find_overlaps(
    found: Sequence[Shapes], listing: Listing, scenes: Sequence[Scene], plane: CRS
) -> Iterator[Problem]:
    """Shapes of different classes on the same ground, and shapes on no scene."""
    if not found or not scenes:
        return
    shapes = np.concatenate([one.shapes for one in found])
    classes = np.concatenate([one.classes for one in found])
    owners = np.concatenate([np.full(len(one.shapes), k) for k, one in enumerate(found)])
    numbers = np.concatenate([one.numbers for one in found])
    yield from _outside(found, scenes, plane)
    if listing.overlaps != "fail" or not len(shapes):
        return
    first, second, shared = _shared(shapes, classes, min(_pixel(s, plane) for s in scenes))
    pairs = np.column_stack([classes[first], classes[second]])
    for one, other in sorted(set(map(tuple, np.sort(pairs, axis=1).tolist()))):
        here = (np.sort(pairs, axis=1) == (one, other)).all(axis=1)
        worst = int(np.flatnonzero(here)[shared[here].argmax()])
        a, b = first[worst], second[worst]
        names = listing.facts.classes
        yield Problem(
            where=str(found[owners[a]].path),
            text=f"{names[one]} and {names[other]} overlap in {int(here.sum())} place(s), "
            f"{shared[here].sum():.1f} m² in all, most where number {numbers[a]} and number "
            f"{numbers[b]} of {found[owners[b]].path.name} meet",
            mend="cut one from the other, or write in scenes.yaml `overlaps: order` (the class "
            "further down counts) or `overlaps: void`",
        )


def _shared(
    shapes: np.ndarray, classes: np.ndarray, pixel: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of shapes of different classes that overlap, and the area that they share."""
    first, second = shapely.STRtree(shapes).query(shapes)
    keep = (first < second) & (classes[first] != classes[second])
    keep &= (classes[first] != VOID) & (classes[second] != VOID)
    first, second = first[keep], second[keep]
    meet = _meeting(shapes, first, second)
    first, second = first[meet], second[meet]
    shared = shapely.area(shapely.intersection(shapes[first], shapes[second]))
    enough = shared > SLIVER * pixel
    return first[enough], second[enough], shared[enough]


def _meeting(shapes: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Which pairs have more than a border in common, (pairs,) bool."""
    points = shapely.get_num_coordinates(shapes)
    swapped = points[first] < points[second]
    larger, smaller = np.where(swapped, second, first), np.where(swapped, first, second)
    order = np.argsort(larger, kind="stable")
    meet = np.zeros(len(order), bool)
    for start in range(0, len(order), CHUNK):
        part = order[start : start + CHUNK]
        one, other = shapes[larger[part]], shapes[smaller[part]]
        shapely.prepare(one)  # once for all pairs of a shape: ten times as fast
        meet[part] = ~shapely.disjoint(one, other) & ~shapely.touches(one, other)
        shapely.destroy_prepared(one)
    return meet


def _pixel(scene: Scene, plane: CRS) -> float:
    """Square metres of one pixel."""
    a, b, _, d, e, _ = scene.ground((0, 0, scene.height, scene.width), plane)
    return abs(a * e - b * d)


def _outside(found: Sequence[Shapes], scenes: Sequence[Scene], plane: CRS) -> Iterator[Problem]:
    """Shapes that no scene of their area shows."""
    outlines = [outline(scene, plane) for scene in scenes]
    tree = shapely.STRtree(outlines)
    for one in found:
        seen = np.zeros(len(one.shapes), bool)
        seen[tree.query(one.shapes, predicate="intersects")[0]] = True
        if seen.all():
            continue
        none = not seen.any()
        count = "all" if none else f"{int((~seen).sum())} of {len(seen)}"
        text = f"{count} features lie outside every scene of their area"
        mend = (
            "is its reference system right? say another in scenes.yaml: `crs:`"
            if none
            else "they are left out; nothing needs to be done if that is meant"
        )
        yield Problem(where=str(one.path), text=text, mend=mend, fatal=none)


def outline(scene: Scene, plane: CRS) -> shapely.Polygon:
    """The ground of a scene in the plane; its sides bend with the plane."""
    ring = shapely.segmentize(
        shapely.Polygon(scene.corners((0, 0, scene.height, scene.width))),
        max(scene.height, scene.width) / 16 * np.hypot(scene.transform.a, scene.transform.d),
    )
    return shapely.transform(ring, lambda points: carried(scene.crs, plane, points))
