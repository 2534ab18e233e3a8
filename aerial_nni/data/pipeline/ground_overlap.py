"""Find patches that show the same ground, from where they lie."""

from collections.abc import Hashable, Iterable, Sequence

import numpy as np
import shapely

from aerial_nni.data.pipeline.patches import Patch

TOUCHING = 0.5
"""Pixels at the rim of a patch that do not count: neighbours share a line, rounding moves it."""


def is_placed(patches: Sequence[Patch]) -> bool:
    """Whether it is known where all of these patches lie."""
    return bool(patches) and all(patch.ground for patch in patches)


def outlines(patches: Sequence[Patch], *, rim: float = 0.0) -> np.ndarray:
    """The ground of each patch in the dataset's plane, (n,) polygons, `rim` pixels smaller."""
    boxes = np.array([(p.x, p.y, p.x + p.width, p.y + p.height) for p in patches], float)
    left, top, right, bottom = (boxes + [rim, rim, -rim, -rim]).T
    xs = np.stack([left, right, right, left], axis=1)  # (n, 4)
    ys = np.stack([top, top, bottom, bottom], axis=1)
    a, b, c, d, e, f = np.array([patch.ground for patch in patches]).T[..., None]
    shapes: np.ndarray = shapely.polygons(
        np.stack([a * xs + b * ys + c, d * xs + e * ys + f], axis=-1)
    )
    return shapes


def same_ground(patches: Sequence[Patch]) -> list[tuple[int, int]]:
    """Pairs of patches of different images that show the same ground, by their numbers."""
    if not is_placed(patches):
        return []
    shapes = outlines(patches, rim=TOUCHING)
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pairs = np.stack([first, second], axis=1)[first < second].tolist()
    return [(i, j) for i, j in pairs if patches[i].digest != patches[j].digest]


def near(patches: Sequence[Patch], to: Sequence[int], *, metres: float) -> set[int]:
    """Numbers of the patches that lie within so many metres of those in `to`, and these too.

    Those that share ground with them are near whatever the distance.
    """
    tree = shapely.STRtree(outlines(patches, rim=TOUCHING))
    held = outlines([patches[i] for i in to], rim=TOUCHING)
    if metres:
        # The rim comes off on both sides, so that patches side by side are 0 m apart.
        held = shapely.buffer(held, metres, join_style="mitre")
    return set(tree.query(held, predicate="intersects")[1].tolist())


def overlap(
    patches: Sequence[Patch], train: Sequence[int], val: Sequence[int]
) -> tuple[int, int] | None:
    """A patch that trains and one that validates, of the same ground; None where there is none."""
    if not is_placed(patches) or not train or not val:
        return None
    tree = shapely.STRtree(outlines([patches[i] for i in train], rim=TOUCHING))
    held = outlines([patches[i] for i in val], rim=TOUCHING)
    first, second = tree.query(held, predicate="intersects")
    return (train[second[0]], val[first[0]]) if len(first) else None


def joined(keys: Sequence[Hashable], pairs: Iterable[tuple[int, int]]) -> list[Hashable]:
    """The key of each item, where the keys of both items of a pair become one."""
    parent = {key: key for key in keys}

    def root(key: Hashable) -> Hashable:
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for one, other in pairs:
        parent[root(keys[one])] = root(keys[other])
    return [root(key) for key in keys]
