"""A process of `bench drone`: steps of DeepLabV3 on a picture of noise.

python -m aerial_nni.bench.drone_worker BACKBONE RECOMPUTE HEIGHT WIDTH
"""

import sys

import torch
from torch.nn import functional

from aerial_nni.bench.worker import answer
from aerial_nni.models.deeplab import DeepLab
from aerial_nni.training.unfreezing import both_heads

CLASSES = 12
"""Of AeroScapes."""


def main() -> None:
    """Answers until its input ends."""
    backbone = sys.argv[1]
    recompute, height, width = map(int, sys.argv[2:])
    torch.manual_seed(0)
    model = DeepLab(3, CLASSES, backbone=backbone, recompute=bool(recompute))
    model = model.to(memory_format=torch.channels_last)
    picture = torch.randn(1, 3, height, width).to(memory_format=torch.channels_last)
    mask = torch.randint(CLASSES, (1, height, width))
    objective = both_heads(functional.cross_entropy, 0.4)

    def step() -> None:
        objective(model, picture, mask).backward()
        model.zero_grad()

    answer(step)


if __name__ == "__main__":
    main()
