"""A dataset of scenes of any size: each sample is a window of one, read when it is asked for."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from aerial_nni.data.dataset import Dataset, Sample
from aerial_nni.data.digests import file_digests
from aerial_nni.data.geo.examination import examine
from aerial_nni.data.geo.listing import Area
from aerial_nni.data.geo.scenes import Box, Scene, read_window, windows
from aerial_nni.data.geo.town import Town, open_town
from aerial_nni.data.pictures import with_void

VERSION = "geo 1"
"""Changed whenever files are read in another way."""

BESIDE = (".dbf", ".shx", ".prj", ".cpg")
"""Files that a Shapefile consists of, besides its own."""


def open_geo(data_dir: Path) -> Dataset:
    """The dataset that the `scenes.yaml` in a folder, or a file like it, describes.

    Raises:
        DatasetMissing: there is none, or no scene can be used.
        ClassListInvalid: it cannot be used.
        LabelsUnusable: an area of interest cannot be used.
    """
    town = open_town(data_dir)
    places: dict[Sample, tuple[Scene, Area, Box]] = {}
    for name, (scene, area) in town.scenes.items():
        for box in windows(scene.height, scene.width, town.listing.window):
            if area.inside is not None and not town.labels(area).meets(scene, box):
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

    return Dataset(
        facts=town.listing.facts,
        samples=tuple(places),
        read=read,
        valid=valid,
        examine=partial(examine, town),
        fingerprint=partial(_fingerprint, town, tuple(places)),
        problems={problem.where: f"{problem.text}; {problem.mend}" for problem in town.problems},
    )


def _fingerprint(town: Town, samples: Sequence[Sample]) -> str:
    """Hex digest of all files, of where the scenes lie, and of what the list says."""
    listing, lines = town.listing, [VERSION]
    digests = file_digests(list(dict.fromkeys(_files(town))), listing.root)
    lines += sorted(digests.values())
    facts, values = listing.facts, dict(listing.values)
    meaning = [facts.classes, facts.bands, values, listing.background, listing.all_touched]
    meaning += [listing.overlaps, listing.window]
    lines.append(json.dumps(meaning))
    for area in listing.areas:
        for label in (*area.labels, *([area.inside] if area.inside else [])):
            told = [digests[label.path], label.layer, label.attribute, label.of_class]
            lines.append(json.dumps([area.name, *told, label.width, label.crs]))
    for name, (scene, _) in town.scenes.items():
        place = [digests[scene.path], scene.crs.to_wkt(), list(scene.transform)[:6]]
        lines.append(json.dumps([name, *place]))
    lines += [json.dumps([sample.name, sample.area]) for sample in samples]
    return hashlib.sha256("\n".join(lines).encode("utf-8")).hexdigest()


def _files(town: Town) -> Iterator[Path]:
    """Every file whose content matters."""
    for area in town.listing.areas:
        for label in (*area.labels, *([area.inside] if area.inside else [])):
            yield label.path
            if label.path.suffix.lower() == ".shp":
                yield from (p for end in BESIDE if (p := label.path.with_suffix(end)).is_file())
    for scene, _ in town.scenes.values():
        yield scene.path
        if (beside := scene.path.with_name(f"{scene.path.name}.msk")).is_file():
            yield beside
