"""xBD, the building footprints of the xView2 challenge, as downloaded.

    images/   guatemala-volcano_00000003_pre_disaster.png    1024×1024, RGB     ...
    labels/   guatemala-volcano_00000003_pre_disaster.json   polygons in pixels ...

These two folders may lie in several folders, such as `train`, `tier3` and `hold`. Only pictures of
before a disaster are read, and their classes are ground and building. A picture without a label
has no building. The name begins with the event, which is the area: `--split tile` holds out whole
events, `--split image` some pictures of each. Patches of 256 cut a picture into 16.

`--data xbd:border=2` makes each polygon smaller, by that many pixels toward its centre, and gives
what is left of an overlap to the ground, so that houses side by side stay apart.

Source: https://xview2.org. Gupta et al. 2019, "xBD: A Dataset for Assessing Building Damage from
Satellite Imagery". The licence, CC BY-NC-SA 4.0, forbids commercial use.
"""

import json
import logging
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from aerial_nni.config.options import BadOption
from aerial_nni.data.dataset import Dataset, DatasetMissing, Facts, Sample
from aerial_nni.data.datasets import buildings
from aerial_nni.data.pipeline.hashing import fingerprint
from aerial_nni.data.pipeline.image_reading import read_image, valid_pixels, with_void
from aerial_nni.data.pipeline.matching import hidden, natural

log = logging.getLogger(__name__)

SOURCE = "https://xview2.org"

FACTS = Facts(
    name="xbd",
    classes=buildings.FACTS.classes,
    palette=buildings.FACTS.palette,
    patch=256,
    resolution="about 0.5 m per pixel and less",
    licence="CC BY-NC-SA 4.0: not for commercial use",
    source=SOURCE,
    description="Satellite pictures of before disasters with building footprints (xBD, xView2)",
)

BEFORE = "*_pre_disaster.png"

ONE = r"\(\s*\([^()]+\)(?:\s*,\s*\([^()]+\))*\s*\)"
"""A polygon's brackets in well-known text: a ring in brackets, or several."""

PART = rf"(?:EMPTY|{ONE})"
"""A part of several polygons."""

WELL_KNOWN = re.compile(
    rf"\s*(POLYGON\s*Z?\s*(EMPTY|{ONE})"
    rf"|MULTIPOLYGON\s*Z?\s*(EMPTY|\(\s*{PART}(\s*,\s*{PART})*\s*\)))\s*",
    re.IGNORECASE,
)
"""A whole polygon, or several."""

Ring = list[tuple[float, float]]
Polygon = list[Ring]
"""The outer ring first, then those of its holes; points are x, y in pixels."""


def open_xbd(data_dir: Path, *, border: str = "0") -> Dataset:
    """The dataset in `data_dir`, with polygons made `border` pixels smaller.

    Raises:
        DatasetMissing: there are no pictures of before a disaster, or no label for any of them.
        BadOption: `border` is no number from 0 on.
    """
    pixels = _pixels(border)
    whole = [
        path
        for path in data_dir.rglob(f"images/{BEFORE}")
        if not hidden(path.relative_to(data_dir))
    ]
    found = sorted(whole, key=lambda path: natural(str(path)))
    if not data_dir.exists():
        raise DatasetMissing(f"{data_dir} does not exist; --data-dir must name the unpacked xBD")
    if not found:
        inside = data_dir.name == "images"
        raise DatasetMissing(
            f"{data_dir} has no images/{BEFORE}; give "
            f"{f'{data_dir.parent}, in which images is' if inside else 'the unpacked xBD'} "
            f"(get it from {SOURCE})"
        )
    samples = tuple(_sample(path, data_dir) for path in found)
    without = sum(sample.mask is None for sample in samples)
    if without == len(samples):
        raise DatasetMissing(
            f"{data_dir} has {without} pictures and no label for any of them; each needs "
            f"labels/NAME.json beside images/NAME.png, such as labels/{found[0].stem}.json"
        )
    if without:
        log.info(
            "%d of %d pictures have no label: taken as without a building", without, len(samples)
        )
    return Dataset(
        facts=FACTS,
        samples=samples,
        read=partial(_read, border=pixels),
        fingerprint=partial(fingerprint, samples, data_dir, reader=f"xbd 2, border {pixels}"),
        valid=valid_pixels,
    )


def _pixels(border: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", border):
        raise BadOption(f"border={border!r} is no number of pixels; give for example xbd:border=2")
    return float(border)


def _sample(image: Path, root: Path) -> Sample:
    """A picture with its label, if it has one."""
    label = image.parents[1] / "labels" / f"{image.stem}.json"
    return Sample(
        name=image.relative_to(root).with_suffix("").as_posix().replace("images/", ""),
        area=image.name.split("_", maxsplit=1)[0],
        image=image,
        mask=label if label.is_file() else None,
    )


def _read(sample: Sample, *, border: float) -> tuple[np.ndarray, np.ndarray]:
    """Image (h, w, 3) uint8 and mask (h, w) uint8 of a sample."""
    assert sample.image is not None
    image, valid = read_image(sample.image)
    polygons = list(polygons_of(sample.mask)) if sample.mask else []
    return image, with_void(footprints(polygons, image.shape[:2], border=border), valid)


def polygons_of(label: Path) -> Iterator[Polygon]:
    """The polygons of a label file.

    Raises:
        ValueError: it holds something else.
    """
    try:
        for feature in json.loads(label.read_text(encoding="utf-8"))["features"]["xy"]:
            yield from parse_wkt(feature["wkt"])
    except (ValueError, TypeError, LookupError) as error:
        raise ValueError(f"{label} is no label of xBD: {error}") from error


def parse_wkt(text: str) -> Iterator[Polygon]:
    """The polygons in well-known text, `POLYGON ((…), (…))` or `MULTIPOLYGON (((…)), …)`.

    With a `Z` after the kind points have heights; `EMPTY` instead of brackets is no polygon, and no
    part of several.

    Raises:
        ValueError: it is something else, or not whole.
    """
    if not WELL_KNOWN.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is no polygon in well-known text, or not a whole one")
    for part in re.findall(ONE, text):
        yield [_ring(points) for points in re.findall(r"\(([^()]*)\)", part)]


def _ring(points: str) -> Ring:
    """`x y, x y, …` as numbers; a third one of a point is its height, which is left out."""
    pairs = [point.split()[:2] for point in points.split(",")]
    return [(float(x), float(y)) for x, y in pairs]


def footprints(
    polygons: list[Polygon], size: tuple[int, ...], *, border: float = 0.0
) -> np.ndarray:
    """1 where the centre of a pixel lies inside a polygon, shape `size`, uint8, else 0.

    A hole is not inside. With a `border` outer rings are made smaller, holes stay as they are, and
    pixels inside more than one polygon are 0.
    """
    inside = _rings_around([shrunk(one[0], border) for one in polygons if len(one) == 1], size)
    for outer, *holes in polygons:
        if holes:  # apart: what was made smaller may cross a hole
            block = _rings_around([shrunk(outer, border)], size)
            inside += np.where(_rings_around(holes, size), 0, block)
    return ((inside == 1) if border else (inside > 0)).astype(np.uint8)


def _rings_around(rings: list[Ring], size: tuple[int, ...]) -> np.ndarray:
    """How many of the rings each pixel is inside of, shape `size`."""
    from rasterio.enums import MergeAlg  # slow to import
    from rasterio.features import rasterize

    count = np.zeros(size, dtype=np.int32)
    shapes = [{"type": "Polygon", "coordinates": [ring]} for ring in rings if len(ring) > 3]
    if shapes:
        rasterize(shapes, out=count, merge_alg=MergeAlg.add)
    return count


def shrunk(ring: Ring, border: float) -> Ring:
    """A ring with every point moved `border` pixels toward the centre of the area inside it.

    A point nearer to the centre than that ends there.
    """
    if not border:
        return ring
    points = np.asarray(ring)  # (n, 2)
    offsets = points - centroid(points)
    lengths = np.linalg.norm(offsets, axis=1, keepdims=True)
    kept = np.clip(1 - border / np.maximum(lengths, 1e-9), 0, None)
    return [(float(x), float(y)) for x, y in centroid(points) + offsets * kept]


def centroid(ring: np.ndarray) -> np.ndarray:
    """Centre of the area inside a ring (n, 2); the mean of its points where it encloses none."""
    after = np.roll(ring, -1, axis=0)
    cross = ring[:, 0] * after[:, 1] - after[:, 0] * ring[:, 1]
    if abs(cross.sum()) < 1e-9:
        mean: np.ndarray = ring.mean(axis=0)
        return mean
    middle: np.ndarray = ((ring + after) * cross[:, None]).sum(axis=0) / (3 * cross.sum())
    return middle
