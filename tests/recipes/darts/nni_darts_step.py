"""A step of NNI's own DARTS strategy, in a process of its own: it leaves its home folder behind.

python nni_darts_step.py OUT.safetensors
"""

import sys

import numpy as np
import torch
from nni.nas.evaluator.pytorch import DataLoader, Lightning, LightningModule, Trainer
from nni.nas.experiment import NasExperiment
from nni.nas.oneshot.pytorch.supermodule.differentiable import DifferentiableMixedLayer
from nni.nas.strategy import DARTS
from safetensors.torch import save_file
from torch import nn

from aerial_nni.recipes.darts.space import AerialSpace

RATE, ARCH_RATE = 0.05, 0.01


def batch(seed):
    """Images (4, 3, 8, 8) and masks of two classes."""
    draw = np.random.default_rng(seed)
    images = torch.from_numpy(draw.normal(size=(4, 3, 8, 8)).astype(np.float32))
    return images, torch.from_numpy(draw.integers(0, 2, (4, 8, 8)))


def made():
    """A small space, always with the same weights."""
    torch.manual_seed(0)
    return AerialSpace(3, 2, width=2, depth=1, nodes=1)


class Segmentation(LightningModule):
    """What NNI's strategy trains."""

    def on_train_start(self):
        """Keeps what the search starts from."""
        mixed = [m for m in self.modules() if isinstance(m, DifferentiableMixedLayer)]
        self.alphas = {m.label: m._arch_alpha for m in mixed}
        self.start = {label: alpha.detach().clone() for label, alpha in self.alphas.items()}

    def training_step(self, batch, index):
        """The loss of a batch."""
        images, masks = batch
        return nn.functional.cross_entropy(self.model(images), masks)

    def configure_optimizers(self):
        """Of the weights."""
        return torch.optim.SGD(self.parameters(), lr=RATE)


def main():
    """One batch of each half."""
    quiet = {"enable_progress_bar": False, "logger": False, "enable_checkpointing": False}
    module = Segmentation()
    evaluator = Lightning(
        module,
        Trainer(max_epochs=1, accelerator="cpu", enable_model_summary=False, **quiet),
        train_dataloaders=DataLoader([batch(1)], batch_size=None),
        val_dataloaders=DataLoader([batch(2)], batch_size=None),
    )
    NasExperiment(made(), evaluator, DARTS(arc_learning_rate=ARCH_RATE)).run()
    tensors = {f"start/{label}": alpha for label, alpha in module.start.items()}
    tensors |= {f"end/{label}": alpha.detach().clone() for label, alpha in module.alphas.items()}
    weights = module.model.network.state_dict()
    tensors |= {f"weight/{name}": value.clone() for name, value in weights.items()}
    save_file(tensors, sys.argv[1])


if __name__ == "__main__":
    main()
