"""A step of the search against NNI's own first-order strategy: same space, weights and batches."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from aerial_nni.recipes.darts.architecture import Architecture
from aerial_nni.recipes.darts.bilevel import first_order
from aerial_nni.recipes.darts.supernet import Supernet

pytest.importorskip("pytorch_lightning")
SCRIPT = Path(__file__).with_name("nni_darts_step.py")


@pytest.mark.long
def test_a_first_order_step_is_nni_s(tmp_path: Path):
    from nni_darts_step import ARCH_RATE, RATE, batch, made

    out = tmp_path / "step.safetensors"
    environment = {**os.environ, "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", SCRIPT, out],
        cwd=tmp_path, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    theirs = load_file(out)

    supernet = Supernet(made())
    architecture = Architecture(supernet.tables(), generator=torch.Generator())
    supernet.follow(architecture)
    with torch.no_grad():
        for label, alpha in architecture.alphas.items():
            alpha.copy_(theirs[f"start/{label}"])

    def loss(one):
        return nn.functional.cross_entropy(supernet(one[0]), one[1])

    alphas = list(architecture.parameters())
    adam = torch.optim.Adam(alphas, ARCH_RATE, betas=(0.5, 0.999), weight_decay=1e-3)
    for alpha, gradient in zip(alphas, first_order(alphas, loss(batch(2))), strict=True):
        alpha.grad = gradient
    adam.step()
    sgd = torch.optim.SGD(supernet.parameters(), lr=RATE)
    loss(batch(1)).backward()
    sgd.step()

    for label, alpha in architecture.alphas.items():
        assert not torch.equal(alpha, theirs[f"start/{label}"])
        torch.testing.assert_close(alpha.detach(), theirs[f"end/{label}"])
    weights = supernet.network.state_dict()
    assert len(weights) > 100
    for name, weight in weights.items():
        torch.testing.assert_close(weight, theirs["weight/" + name.replace("candidates.", "")])
