"""A dataset of scenes of any size: each sample is a window of one, read when it is asked for."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np

from aerial_nni.data.dataset import Dataset, DatasetMissing, Sample
from aerial_nni.data.datasets.geo.areas import Area, LabelFile
from aerial_nni.data.datasets.geo.examination import examine, shapes_found
from aerial_nni.data.datasets.geo.labels import Labels
from aerial_nni.data.datasets.geo.problems import LabelsUnusable
from aerial_nni.data.datasets.geo.scenes import Box, Scene, read_window, windows
from aerial_nni.data.datasets.geo.town import Town, open_town
from aerial_nni.data.datasets.geo.vectors import is_vector
from aerial_nni.data.pipeline.hashing import file_digests
from aerial_nni.data.pipeline.image_reading import with_void
from aerial_nni.rasters import files_of

VERSION = "geo 2"
"""Changed whenever files are read in another way."""

BESIDE = (".dbf", ".shx", ".prj", ".cpg")
"""Files that a Shapefile consists of, besides its own."""


def open_geo(data_dir: Path) -> Dataset:
    """The dataset that the `scenes.yaml` in a folder, or a file like it, describes.

    Raises:
        DatasetMissing: there is none, or no scene can be used or lies in an area of interest.
        ClassListInvalid: it cannot be used.
    """
    town = open_town(data_dir)
    places: dict[Sample, tuple[Scene, Area, Box]] = {}
    chosen = {area.name: _chosen(town, area) for area in town.listing.areas}
    for name, (scene, area) in town.scenes.items():
        for box in windows(scene.height, scene.width, town.listing.window):
            labels = chosen[area.name]
            if labels is not None and not labels.meets(scene, box):
                continue
            sample = Sample(
                name=f"{name}/{box[0]}-{box[1]}",
                area=area.name or name,
                image=scene.path,
                mask=area.labels[0].path,
                ground=scene.ground(box, town.plane),
            )
            places[sample] = scene, area, box

    def read(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
        scene, area, box = places[sample]
        with town.lock:
            image, valid = read_window(scene, box, town.listing.facts.bands)
            mask = town.labels(area).mask(scene, box)
        return image, with_void(mask, valid)

    def valid(sample: Sample) -> np.ndarray | None:
        scene, _, box = places[sample]
        with town.lock:
            return read_window(scene, box, town.listing.facts.bands)[1]

    if not places:  # an area of interest of one area alone is a finding of its own
        raise DatasetMissing(
            f"every scene of {data_dir} lies outside its area of interest; is the reference system "
            "of that right? say another in scenes.yaml: `inside: {file: ..., crs: ...}`"
        )
    return Dataset(
        facts=town.listing.facts,
        samples=tuple(places),
        read=read,
        valid=valid,
        examine=partial(examine, town),
        found=partial(shapes_found, town),
        fingerprint=partial(_fingerprint, town, tuple(places)),
        problems={problem.where: f"{problem.text}; {problem.mend}" for problem in town.problems},
    )


def _chosen(town: Town, area: Area) -> Labels | None:
    """The labels of an area of interest, which choose windows; None where all are taken.

    So they are where the labels cannot be used: `examine` says why, as does reading a mask.
    """
    if area.inside is None:
        return None
    try:
        return town.labels(area)
    except LabelsUnusable:
        return None


def _fingerprint(town: Town, samples: Sequence[Sample]) -> str:
    """Hex digest of all files, of where the scenes lie, and of what the list says."""
    listing, lines = town.listing, [VERSION]
    files = dict(_files(town))
    digests = file_digests(list(dict.fromkeys(chain(*files.values()))), listing.root)
    lines += sorted(digests.values())
    facts, values = listing.facts, dict(listing.values)
    meaning = [facts.classes, facts.bands, values, listing.background, listing.all_touched]
    meaning += [listing.overlaps, listing.window]
    lines.append(json.dumps(meaning))
    for area in listing.areas:
        for label in (*area.labels, *([area.inside] if area.inside else [])):
            own = [digests[path] for path in files[label.path]]
            told = [own, label.layer, label.attribute, label.of_class]
            lines.append(json.dumps([area.name, *told, label.width, label.crs]))
    for name, (scene, _) in town.scenes.items():
        own = [digests[path] for path in files[scene.path]]
        lines.append(json.dumps([name, own, scene.crs.to_wkt(), list(scene.transform)[:6]]))
    lines += [json.dumps([sample.name, sample.area]) for sample in samples]
    return hashlib.sha256("\n".join(lines).encode("utf-8")).hexdigest()


def _files(town: Town) -> Iterator[tuple[Path, list[Path]]]:
    """Every scene and file of labels, with all files whose content matters for it."""
    for area in town.listing.areas:
        for label in (*area.labels, *([area.inside] if area.inside else [])):
            yield label.path, _label_files(label)
    for scene, _ in town.scenes.values():
        yield scene.path, files_of(scene.path)


def _label_files(label: LabelFile) -> list[Path]:
    """A file of labels, and those beside it that belong to it."""
    if label.path.suffix.lower() == ".shp":
        beside = (label.path.with_suffix(ending) for ending in BESIDE)
        return [label.path, *(path for path in beside if path.is_file())]
    return [label.path] if is_vector(label.path) else files_of(label.path)
