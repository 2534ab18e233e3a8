"""Labels of an area: its shapes and rasters, drawn onto a window of a scene."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from affine import Affine
from rasterio.crs import CRS
from rasterio.features import rasterize

from aerial_nni.data.dataset import VOID, Problem
from aerial_nni.data.datasets.geo.areas import Area, LabelFile
from aerial_nni.data.datasets.geo.label_raster import LabelRaster, open_labels
from aerial_nni.data.datasets.geo.listing import Listing
from aerial_nni.data.datasets.geo.overlaps import ELSEWHERE, find_overlaps, ground_of, is_shown
from aerial_nni.data.datasets.geo.plane import carried, carry_shapes
from aerial_nni.data.datasets.geo.problems import LabelsUnusable
from aerial_nni.data.datasets.geo.scenes import Box, Scene
from aerial_nni.data.datasets.geo.vectors import Shapes, Unreadable, is_vector, read_shapes

MANY = 1000
"""Points of a shape above which only its part around the window is drawn."""


@dataclass(frozen=True, kw_only=True)
class Labels:
    """What is known of the ground of an area, in the dataset's plane."""

    listing: Listing
    plane: CRS
    shapes: np.ndarray
    """(n,) polygons, those drawn first in front."""
    classes: np.ndarray
    """(n,) uint8, the class of each, or `VOID`."""
    tree: shapely.STRtree
    inside: shapely.Geometry | None
    """Outside of it all is void."""
    raster: LabelRaster | None

    def mask(self, scene: Scene, box: Box) -> np.ndarray:
        """Class indices or `VOID` of a window of a scene, (h, w) uint8.

        Raises:
            ValueError: a raster of labels has a value that is no class.
        """
        mask = np.full(box[2:], self.listing.background, np.uint8)
        if self.raster is not None:
            mask = self.raster.mask(scene, box)
        window = shapely.Polygon(carried(scene.crs, self.plane, scene.corners(box)))
        found = np.sort(self.tree.query(window))
        shapes = self._on(scene, box, self.shapes[found])
        transform = scene.transform @ Affine.translation(box[1], box[0])
        self._draw(mask, shapes, self.classes[found], transform)
        if self.inside is not None:
            area = self._on(scene, box, np.array([self.inside], object))
            mask[~_drawn(area, box[2:], transform, touched=False)] = VOID
        return mask

    def meets(self, scene: Scene, box: Box) -> bool:
        """Whether a window shows some of the area of interest."""
        corners = carried(scene.crs, self.plane, scene.corners(box))
        return self.inside is None or bool(self.inside.intersects(shapely.Polygon(corners)))

    def _on(self, scene: Scene, box: Box, shapes: np.ndarray) -> np.ndarray:
        """Shapes in the scene's system; of large ones what lies around the window."""
        shapes = carry_shapes(self.plane, scene.crs, shapes, around=scene.middle[1])
        corners = scene.corners(box)
        low, high = corners.min(axis=0), corners.max(axis=0)
        margin = (high - low) / 16
        large = shapely.get_num_coordinates(shapes) > MANY
        edges = (*(low - margin), *(high + margin))
        shapes[large] = shapely.clip_by_rect(shapes[large], *edges)
        return shapes

    def _draw(
        self, mask: np.ndarray, shapes: np.ndarray, classes: np.ndarray, transform: Affine
    ) -> None:
        """Draws shapes of one class after the other; void comes last, so that it counts."""
        touched = self.listing.all_touched
        before = np.zeros(mask.shape, bool)
        for index in sorted(set(classes.tolist())):
            here = _drawn(shapes[classes == index], mask.shape, transform, touched=touched)
            mask[here] = index
            if self.listing.overlaps == "void":
                mask[here & before] = VOID
                before |= here


def _drawn(
    shapes: np.ndarray, size: tuple[int, ...], transform: Affine, *, touched: bool
) -> np.ndarray:
    """Which pixels some shapes cover, `size`, bool."""
    shapes = shapes[~shapely.is_empty(shapes)]
    if not len(shapes):
        return np.zeros(size, bool)
    drawn: np.ndarray = rasterize(
        list(shapes), out_shape=size, transform=transform, all_touched=touched, dtype="uint8"
    ).astype(bool)
    return drawn


def load_labels(
    area: Area, listing: Listing, scenes: list[Scene], plane: CRS
) -> tuple[Labels, list[Problem]]:
    """The labels of an area, and all that is wrong with them."""
    problems: list[Problem] = []
    files = [label for label in area.labels if is_vector(label.path)]
    rasters = [label for label in area.labels if not is_vector(label.path)]
    raster = _only_raster(rasters, listing, scenes, problems)
    found = list(_read_all(files, listing, plane, problems))
    problems += find_overlaps(found, listing, scenes, plane)
    inside = _inside(area, listing, scenes, plane, problems)
    classes = np.concatenate([np.empty(0, np.uint8), *(one.classes for one in found)])
    shapes = np.concatenate([np.empty(0, object), *(one.shapes for one in found)])
    order = np.argsort(classes, kind="stable")
    labels = Labels(
        listing=listing,
        plane=plane,
        shapes=shapes[order],
        classes=classes[order],
        tree=shapely.STRtree(shapes[order]),
        inside=inside,
        raster=raster,
    )
    return labels, problems


def _inside(
    area: Area, listing: Listing, scenes: list[Scene], plane: CRS, problems: list[Problem]
) -> shapely.Geometry | None:
    """The area of interest, if there is one that can be read."""
    if area.inside is None:
        return None
    whole = LabelFile(path=area.inside.path, layer=area.inside.layer, of_class=0,
                      crs=area.inside.crs)  # fmt: skip
    for one in _read_all([whole], listing, plane, problems):
        if scenes and not is_shown(one.shapes, ground_of(scenes, plane)).any():
            problems.append(Problem(
                where=str(one.path), fatal=not area.shared,
                text="the area of interest lies outside every scene of "
                f"{f'the area {area.name}' if area.shared else 'its area'}, so that all of them "
                "are void",
                mend="nothing needs to be done if that is meant" if area.shared else
                "is its reference system right? say another in scenes.yaml: "
                "`inside: {file: ..., crs: ...}`",
            ))  # fmt: skip
        inside = shapely.union_all(one.shapes)
        shapely.prepare(inside)
        return inside
    return None


def usable_labels(area: Area, listing: Listing, scenes: list[Scene], plane: CRS) -> Labels:
    """The labels of an area.

    Raises:
        LabelsUnusable: something is wrong with them, and nobody but their maker can say what is
            right.
    """
    labels, problems = load_labels(area, listing, scenes, plane)
    fatal = [problem for problem in problems if problem.fatal]
    if fatal:
        raise LabelsUnusable(fatal)
    return labels


def _read_all(
    files: list[LabelFile], listing: Listing, plane: CRS, problems: list[Problem]
) -> Iterator[Shapes]:
    """The shapes of each file that can be read."""
    for label in files:
        try:
            yield read_shapes(label, values=listing.values, plane=plane, problems=problems)
        except Unreadable as error:
            problems.append(error.problem)


def _only_raster(
    files: list[LabelFile], listing: Listing, scenes: list[Scene], problems: list[Problem]
) -> LabelRaster | None:
    """The raster of labels that can be used; what is wrong is added to `problems`."""
    for label in files[1:]:
        problems.append(Problem(where=str(label.path), text="there is a raster of labels already, "
                        "and which of the two is right is not said",
                        mend="keep one for each area"))  # fmt: skip
    if not files:
        return None
    try:
        raster = open_labels(files[0], listing)
    except Unreadable as error:
        problems.append(error.problem)
        return None
    missed = sum(not raster.shows(scene) for scene in scenes)
    if missed:
        every = missed == len(scenes)
        where = "every scene" if every else f"{missed} of {len(scenes)} scenes"
        text = f"it lies outside {where} of its area"
        problems.append(Problem(where=str(files[0].path), text=text, fatal=every,
                        mend=ELSEWHERE if every else "they are void but for what shapes say; "
                        "nothing needs to be done if that is meant"))  # fmt: skip
    return raster
