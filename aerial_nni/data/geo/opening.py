"""A dataset of scenes of any size: each sample is a window of one, read when it is asked for."""

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from rasterio.crs import CRS

from aerial_nni.data.dataset import Dataset, DatasetMissing, Sample
from aerial_nni.data.digests import file_digests
from aerial_nni.data.geo.labels import Labels, usable_labels
from aerial_nni.data.geo.listing import EXAMPLE, FILE, Area, Listing, read_listing
from aerial_nni.data.geo.plane import plane_of
from aerial_nni.data.geo.problems import Problem
from aerial_nni.data.geo.scenes import Box, Scene, read_window, scene_at, windows
from aerial_nni.data.pictures import with_void

VERSION = "geo 1"
"""Changed whenever files are read in another way."""

BESIDE = (".dbf", ".shx", ".prj", ".cpg")
"""Files that a Shapefile consists of, besides its own."""


@dataclass(frozen=True, kw_only=True)
class Town:
    """All scenes of a dataset, and the labels of each area once they were asked for."""

    listing: Listing
    scenes: Mapping[str, tuple[Scene, Area]]
    """By name."""
    plane: CRS
    problems: Sequence[Problem]
    """Scenes that cannot be used."""
    known: dict[str, Labels] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    """One thread at a time: rasterio silences warnings, which Python does for all threads."""

    def scenes_of(self, area: Area) -> list[Scene]:
        """Those of an area."""
        return [scene for scene, own in self.scenes.values() if own is area]

    def labels(self, area: Area) -> Labels:
        """The labels of an area, read once. Raises `LabelsUnusable`."""
        with self.lock:
            if area.name not in self.known:
                scenes = self.scenes_of(area)
                self.known[area.name] = usable_labels(area, self.listing, scenes, self.plane)
            return self.known[area.name]


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
        fingerprint=partial(_fingerprint, town, tuple(places)),
        problems={problem.where: f"{problem.text}; {problem.mend}" for problem in town.problems},
    )


def open_town(data_dir: Path) -> Town:
    """The scenes of a folder with a `scenes.yaml`, or of such a file; labels are not read yet.

    Raises:
        DatasetMissing: there is none, or no scene can be used.
        ClassListInvalid: it cannot be used.
    """
    path = data_dir if data_dir.is_file() else data_dir / FILE
    if not path.is_file():
        missing = "does not exist" if not data_dir.exists() else f"has no {FILE}"
        raise DatasetMissing(
            f"{data_dir} {missing}, which says where scenes and labels are and what these mean. "
            f"Save this there, changed to your files:\n\n{EXAMPLE}"
        )
    listing = read_listing(path)
    scenes: dict[str, tuple[Scene, Area]] = {}
    problems: list[Problem] = []
    for area in listing.areas:
        for raster in area.scenes:
            found = scene_at(raster)
            if isinstance(found, Problem):
                problems.append(found)
            else:
                scenes[_name(raster, listing.root, scenes)] = found, area
    if not scenes:
        raise DatasetMissing(f"no scene of {path} can be used: {'; '.join(map(str, problems))}")
    plane = plane_of([scene.middle for scene, _ in scenes.values()])
    return Town(listing=listing, scenes=scenes, plane=plane, problems=problems)


def _name(path: Path, root: Path, taken: Mapping[str, object]) -> str:
    """A scene's name: its path in the folder, without ending; numbered where there is another."""
    inside = path.is_relative_to(root)
    plain = (path.relative_to(root) if inside else Path(path.name)).with_suffix("").as_posix()
    again = (f"{plain}-{k}" for k in range(2, len(taken) + 3))
    return plain if plain not in taken else next(name for name in again if name not in taken)


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
