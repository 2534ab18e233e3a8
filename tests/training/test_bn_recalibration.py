"""Statistics of batch norm over given batches, by hand."""

import pytest
import torch
from torch import nn

from aerial_nni.training.bn_recalibration import recalibrate

CPU = torch.device("cpu")


def batch(*values: float) -> tuple[torch.Tensor]:
    return (torch.tensor(values).view(-1, 1, 1, 1),)


@pytest.mark.parametrize("training", [True, False])
def test_statistics_are_means_over_the_batches_and_nothing_else_changes(training: bool):
    norm = nn.BatchNorm2d(1, momentum=0.3)
    model = nn.Sequential(norm, nn.Dropout(0.5)).train(training)
    with torch.no_grad():
        norm.running_mean.fill_(100.0), norm.running_var.fill_(100.0)
        norm.num_batches_tracked.fill_(5)
    recalibrate(model, [batch(0.0, 2.0), batch(4.0, 10.0)], device=CPU, precision="fp32")
    assert norm.running_mean.item() == pytest.approx((1 + 7) / 2)
    assert norm.running_var.item() == pytest.approx((2 + 18) / 2)  # unbiased, as torch has it
    assert norm.momentum == 0.3
    assert all(module.training == training for module in model.modules())
    assert norm.weight.grad is None and norm.weight.item() == 1
