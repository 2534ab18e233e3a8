"""Where whole images lie on the ground, so that no ground is on both sides of a split."""

from collections.abc import Sequence
from dataclasses import replace

from aerial_nni.data.dataset import Problem, Sample
from aerial_nni.data.datasets.geo.plane import plane_of
from aerial_nni.data.datasets.geo.scenes import Scene, scene_at


def placed(samples: Sequence[Sample]) -> list[Sample]:
    """The samples with their ground, where the file of every image says where it lies.

    The first one that does not ends the search: then nothing is known of the ground.
    """
    scenes: list[Scene] = []
    for sample in samples:
        found = scene_at(sample.image) if sample.image else None
        if found is None or isinstance(found, Problem):
            return list(samples)
        scenes.append(found)
    if not scenes:
        return []
    try:
        plane = plane_of([scene.middle for scene in scenes])
        grounds = [scene.ground((0, 0, scene.height, scene.width), plane) for scene in scenes]
    except ValueError:  # a reference system has no ground there: it is no help
        return list(samples)
    return [replace(sample, ground=own) for sample, own in zip(samples, grounds, strict=True)]
