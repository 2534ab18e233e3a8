"""Where labels contradict each other, or lie where no scene is."""

from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from rasterio.crs import CRS

from aerial_nni.data.dataset import VOID, Problem
from aerial_nni.data.datasets.geo.listing import Listing
from aerial_nni.data.datasets.geo.plane import carried
from aerial_nni.data.datasets.geo.scenes import Scene
from aerial_nni.data.datasets.geo.vectors import Shapes

SLIVER = 0.5
"""Pixels of the finest scene that two shapes may share: borders are never drawn quite alike."""

CHUNK = 5000
"""Pairs that are compared at once, since what makes it fast takes memory."""

ELSEWHERE = "is its reference system right? say another in scenes.yaml: `crs:`"
"""What to do with labels that lie on no scene."""


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
    ground = ground_of(scenes, plane)
    yield from _outside(found, ground)
    if listing.overlaps != "fail" or not len(shapes):
        return
    pairs, places = _shared(shapes, classes, min(_pixel(s, plane) for s in scenes))
    drawn = is_shown(places, ground)
    (first, second), shared = pairs[:, drawn], shapely.area(places[drawn])
    both = np.sort(np.column_stack([classes[first], classes[second]]), axis=1)
    for one, other in sorted(set(map(tuple, both.tolist()))):
        here = (both == (one, other)).all(axis=1)
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


def _shared(shapes: np.ndarray, classes: np.ndarray, pixel: float) -> tuple[np.ndarray, np.ndarray]:
    """Pairs (2, n) of shapes of different classes that overlap, and what they share."""
    first, second = shapely.STRtree(shapes).query(shapes)
    keep = (first < second) & (classes[first] != classes[second])
    keep &= (classes[first] != VOID) & (classes[second] != VOID)
    first, second = first[keep], second[keep]
    meet = _meeting(shapes, first, second)
    first, second = first[meet], second[meet]
    shared = shapely.intersection(shapes[first], shapes[second])
    enough = shapely.area(shared) > SLIVER * pixel
    return np.stack([first, second])[:, enough], shared[enough]


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


def _outside(found: Sequence[Shapes], ground: shapely.STRtree) -> Iterator[Problem]:
    """Shapes that no scene of their area shows."""
    for one in found:
        seen = is_shown(one.shapes, ground)
        if seen.all():
            continue
        none = not seen.any()
        count = "all" if none else f"{int((~seen).sum())} of {len(seen)}"
        text = f"{count} features lie outside every scene of their area"
        mend = ELSEWHERE if none else "they are left out; nothing needs to be done if that is meant"
        yield Problem(where=str(one.path), text=text, mend=mend, fatal=none)


def ground_of(scenes: Sequence[Scene], plane: CRS) -> shapely.STRtree:
    """The ground of some scenes in the plane, to be asked by `is_shown`."""
    return shapely.STRtree([outline(scene, plane) for scene in scenes])


def is_shown(shapes: np.ndarray, ground: shapely.STRtree) -> np.ndarray:
    """Which shapes of the plane lie on some of the ground, (n,) bool."""
    seen = np.zeros(len(shapes), bool)
    seen[ground.query(shapes, predicate="intersects")[0]] = True
    return seen


def outline(scene: Scene, plane: CRS, *, around: float | None = None) -> shapely.Polygon:
    """The ground of a scene in the plane; its sides bend with the plane.

    `around` is that of `carried`.
    """
    ring = shapely.segmentize(
        shapely.Polygon(scene.corners((0, 0, scene.height, scene.width))),
        max(scene.height, scene.width) / 16 * np.hypot(scene.transform.a, scene.transform.d),
    )
    return shapely.transform(ring, lambda points: carried(scene.crs, plane, points, around=around))
