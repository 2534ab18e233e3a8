"""What each validation patch scores by itself, in memory that does not grow with their number."""

import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from aerial_nni.data.dataset import VOID
from aerial_nni.training.metrics import confusion_matrix
from aerial_nni.trials.patch_scores import by_image, count_into


def test_each_patch_has_its_own_matrix_in_the_order_of_the_batches():
    draw = torch.Generator().manual_seed(0)
    target = torch.randint(0, 3, (5, 8, 8), generator=draw)
    target[:, 0] = VOID
    predicted = torch.randint(0, 3, (5, 8, 8), generator=draw)
    confusions = torch.zeros(5, 3, 3, dtype=torch.int64)
    count = count_into(confusions)
    for part in (slice(0, 2), slice(2, 4), slice(4, 5)):
        count(predicted[part], target[part])
    for number in range(5):
        assert confusions[number].equal(confusion_matrix(target[number], predicted[number], 3))
    assert confusions.sum() == 5 * 56


def test_patches_of_one_image_are_one_image():
    patches = [SimpleNamespace(image=name) for name in ("a", "b", "a")]
    context = SimpleNamespace(
        split=SimpleNamespace(val=(0, 1, 2)), prepared=SimpleNamespace(patches=patches)
    )
    confusions = torch.stack([torch.full((2, 2), value) for value in (1, 5, 10)])
    summed = by_image(context, confusions)  # type: ignore[arg-type]
    assert summed[:, 0, 0].tolist() == [11, 5]


GROWTH = """
import torch
from aerial_nni.training.memory import keep_freed_memory
from aerial_nni.trials.patch_scores import count_into

def own():
    with open("/proc/self/smaps_rollup") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith("Anonymous:"))

keep_freed_memory()
confusions = torch.zeros(4000, 4, 4, dtype=torch.int64)
count = count_into(confusions)
for number in range(100):
    patches = torch.randint(0, 4, (4, 256, 256))
    count(patches, patches.flip(0))
    if number == 9:
        before = own()
print(own() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's account of memory")
def test_memory_does_not_grow_with_the_number_of_patches():
    """As the allocator of a trial is set, what stays small between large blocks would cost most."""
    done = subprocess.run(
        [sys.executable, "-c", GROWTH], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 8_000  # KiB; with matrices and predictions kept it grew by 180,288
