"""Callback of the training loop for what learns beside the weights, an architecture say."""

from collections.abc import Mapping

from torch import nn
from torch.optim import Optimizer

from aerial_nni.data.pipeline.batches import Batch
from aerial_nni.models import ModelSpec


class Callback:
    """Learns nothing: what a trial has where it says nothing else."""

    def owners(self) -> Mapping[str, nn.Module | Optimizer]:
        """Whose tensors are kept beside the model's, so that a run can go on; by names."""
        return {}

    def before_update(self, epoch: int, batch: Batch, rate: float, optimizer: Optimizer) -> None:
        """Its own step, before `optimizer` updates the weights by `batch` at the rate `rate`."""

    def delivered(self, model: nn.Module, spec: ModelSpec) -> tuple[nn.Module, ModelSpec]:
        """What is scored and kept after an epoch, and how it is built again."""
        return model, spec

    def keeps(self, score: float, best: float) -> bool:
        """Whether what `delivered` gave is kept, when what is kept has the score `best`."""
        return score > best

    def columns(self) -> Mapping[str, float]:
        """Asked after `delivered`: further columns of the epoch's row in the history."""
        return {}

    def report(self) -> Mapping[str, str]:
        """Asked at the end: what the trial reports beside its scores."""
        return {}

    def halted(self) -> str:
        """Why training should end after this epoch; nothing where it should go on."""
        return ""
