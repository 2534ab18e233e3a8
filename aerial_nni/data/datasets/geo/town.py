"""All scenes of a dataset, where they lie, and the labels of each area once they are asked for."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rasterio.crs import CRS

from aerial_nni.data.dataset import DatasetMissing, Problem
from aerial_nni.data.datasets.geo.areas import Area
from aerial_nni.data.datasets.geo.labels import Labels, usable_labels
from aerial_nni.data.datasets.geo.listing import EXAMPLE, FILE, Listing, read_listing
from aerial_nni.data.datasets.geo.plane import plane_of
from aerial_nni.data.datasets.geo.scenes import Scene, scene_at


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
