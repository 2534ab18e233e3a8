"""Select validation patches to show: every class, every difficulty, many images.

Showing the patches with the best scores would flatter the model, and they are mostly one plain
class (empty desert is easy). The rule here looks at the truth and at the ranks of the scores only:

1. Patches are ranked by their mean IoU and cut into `count` equal groups, easiest to hardest.
2. While a class is shown by fewer than two chosen patches, one patch with the rarest such class
   is added.
3. Then one patch is added from each group that has none yet.

Wherever several patches would do, one of a group and an image not shown yet is taken, with more
than one class in it where there is one; what is still equal is decided by the seed.
"""

from collections.abc import Sequence

import numpy as np

TWICE = 2
"""Chosen patches that should show each class."""


def choose_examples(
    iou: np.ndarray,
    present: np.ndarray,
    *,
    count: int = 10,
    seed: int = 0,
    images: Sequence[object] | None = None,
) -> list[int]:
    """Indices of `count` patches to show, the best predicted first; fewer if there are fewer.

    Args:
        iou: mean IoU of each patch, shape (n,); NaN (nothing but void) is never chosen.
        present: shape (n, classes), bool: the class fills at least 1 % of the patch in the truth.
        count: how many patches to choose.
        seed: decides between patches that are equally good to show.
        images: the image each patch was cut from, n long; without it, one image is assumed.

    Raises:
        ValueError: when the lengths differ or `count` is below 1.
    """
    if count < 1:
        raise ValueError(f"count={count}; choose 1 patch or more")
    if present.ndim != 2 or len(iou) != len(present):
        raise ValueError(
            f"iou has shape {iou.shape}, present {present.shape}; give (n,) and (n, classes)"
        )
    if images is not None and len(images) != len(iou):
        raise ValueError(f"{len(images)} images for {len(iou)} patches; give one per patch")
    names: list[object] = list(images) if images is not None else [0] * len(iou)
    usable = np.flatnonzero(np.isfinite(iou) & present.any(axis=1))
    if len(usable) <= count:
        chosen = usable.tolist()
    else:
        chosen = _Choice(iou, present, names, usable=usable, count=count, seed=seed).run()
    return sorted(chosen, key=lambda index: (-float(iou[index]), index))


class _Choice:
    """The state of one choice: what is chosen, and which groups and images are used."""

    def __init__(
        self,
        iou: np.ndarray,
        present: np.ndarray,
        names: list[object],
        *,
        usable: np.ndarray,
        count: int,
        seed: int,
    ) -> None:
        self.present, self.names, self.usable, self.count = present, names, usable, count
        self.chosen: list[int] = []
        self.luck = np.random.default_rng(seed).random(len(iou))
        ranked = usable[np.argsort(iou[usable], kind="stable")]
        self.group = np.full(len(iou), -1)  # 0 hardest .. count - 1 easiest
        self.group[ranked] = np.arange(len(ranked)) * count // len(ranked)

    def run(self) -> list[int]:
        """The chosen indices, in the order in which they were chosen."""
        while len(self.chosen) < self.count:
            wanted = self._rarest_wanted()
            if wanted is not None:
                self._add(self._left()[self.present[self._left(), wanted]])
                continue
            used = set(self.group[self.chosen].tolist())
            groups = [group for group in range(self.count) if group not in used]
            # The first of these is the farthest from every group that is used already.
            groups.sort(key=lambda group: -min((abs(group - other) for other in used), default=0))
            left = self._left()
            self._add(left[self.group[left] == groups[0]])
        return self.chosen

    def _left(self) -> np.ndarray:
        """Usable indices that are not chosen."""
        return np.setdiff1d(self.usable, self.chosen)

    def _rarest_wanted(self) -> int | None:
        """The class in the fewest patches of those that should, and can, be shown once more."""
        shown = self.present[self.chosen].sum(axis=0)
        available = self.present[self.usable].sum(axis=0)
        wanted = np.flatnonzero(shown < np.minimum(available, TWICE))
        return int(min(wanted, key=lambda c: (available[c], c))) if len(wanted) else None

    def _add(self, candidates: np.ndarray) -> None:
        """Adds the candidate that repeats least of what is shown."""
        groups = self.group[self.chosen].tolist()
        images = [self.names[index] for index in self.chosen]

        def repeats(index: int) -> tuple[float, ...]:
            plain = self.present[index].sum() < 2
            image = images.count(self.names[index])
            return (groups.count(self.group[index]), plain, image, self.luck[index])

        self.chosen.append(int(min(candidates.tolist(), key=repeats)))
