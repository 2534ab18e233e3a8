"""Patches without pictures."""

import numpy as np

from aerial_nni.data.datasets.dubai import FACTS
from aerial_nni.data.pipeline.patches import Patch
from aerial_nni.data.pipeline.prepared import Prepared


def made(layout, *, counts=None, stride=32, digests=None) -> Prepared:
    """Patches of 32 pixels without pictures; `layout` gives area -> patches per image."""
    patches = []
    for area, images in layout.items():
        for number, size in enumerate(images):
            name = f"{area}/{number}"
            digest = (digests or {}).get(name, name)
            patches += [
                Patch(image=name, area=area, y=0, x=stride * k, height=32, width=32, digest=digest)
                for k in range(size)
            ]
    if counts is None:
        counts = np.random.default_rng(5).integers(1, 170, (len(patches), 7))
    empty = np.zeros((len(patches), 0, 0), dtype=np.uint8)
    return Prepared(
        facts=FACTS, images=empty, masks=empty, patches=tuple(patches), counts=counts, patch=32,
        stride=stride, edge="cut", fingerprint="f", skipped={},
    )  # fmt: skip
