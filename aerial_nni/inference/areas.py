"""Square metres of each class in a mask."""

import csv
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

import numpy as np

from aerial_nni.config.run_folder import atomic, no_formula
from aerial_nni.data.dataset import VOID
from aerial_nni.inference.georeference import check_placed, ground, utm
from aerial_nni.inference.model_card import Card
from aerial_nni.rasters import RasterUnusable as SceneUnusable
from aerial_nni.rasters import gdal, open_raster

STRETCH = 0.01
"""Largest relative difference of an area on the map to that on the ground."""


@dataclass(frozen=True, kw_only=True)
class Area:
    """How much of a scene is of one class."""

    name: str
    pixels: int
    square_metres: float


def pixel_area(path: Path, dataset: Any) -> float:
    """Square metres that a pixel of an opened raster covers.

    Raises:
        SceneUnusable: its CRS or its transform is missing, or its CRS is geographic or does not
            keep areas there (Mercator shows them larger with the latitude). The message says what
            to do.
    """
    check_placed(path, dataset)
    crs = dataset.crs
    if not (crs.is_projected or crs.is_geographic):
        raise SceneUnusable(
            f"{path} is in {crs.to_string()}, which says nothing of the ground; leave --areas out "
            "for the mask alone"
        )
    middle = ground(path, dataset)
    system = utm(middle.longitude, middle.latitude)
    warped = f"rio warp {quote(str(path))} projected.tif --dst-crs {system}"
    hint = f"leave --areas out for the mask alone, or project it: {warped}"
    if crs.is_geographic:
        raise SceneUnusable(
            f"{path} is in {crs.to_string()}, which is geographic: its pixels have no one area; "
            + hint
        )
    mapped = grid_area(dataset)
    if abs(mapped / middle.square_metres - 1) > STRETCH:
        raise SceneUnusable(
            f"{path} is in {crs.to_string()}, in which areas are "
            f"{mapped / middle.square_metres:.2f} times those on the ground here; {hint}"
        )
    return mapped


def grid_area(dataset: Any) -> float:
    """Square metres of a pixel of an opened raster in its own, projected system."""
    square_metres: float = (
        abs(dataset.transform.determinant) * dataset.crs.linear_units_factor[1] ** 2
    )
    return square_metres


def measure_areas(mask: Path, card: Card, square_metres: float) -> list[Area]:
    """The area of each class in a mask whose pixels cover `square_metres` each."""
    counts = np.zeros(256, np.int64)
    with gdal(), open_raster(mask) as dataset:
        for _, window in dataset.block_windows(1):
            classes = card.written.classes_of(dataset.read(1, window=window))
            counts += np.bincount(classes.ravel(), minlength=256)
    assert counts[len(card.classes) : VOID].sum() == 0
    return [
        Area(name=name, pixels=int(count), square_metres=float(count) * square_metres)
        for name, count in zip(card.classes, counts, strict=False)
    ]


def write_areas(target: Path, areas: list[Area]) -> None:
    """Writes areas as CSV, a class a row."""
    everything = max(1, sum(area.pixels for area in areas))
    with atomic(target) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["class", "pixels", "square_metres", "share"])
        for area in areas:
            share = f"{area.pixels / everything:.6f}"
            writer.writerow(
                [no_formula(area.name), area.pixels, f"{area.square_metres:.3f}", share]
            )
