"""The learning-rate finder."""

import pytest
import torch
from torch import nn

from aerial_nni.options import TrialOptions
from aerial_nni.training.lr_finder import HIGHEST, LOWEST, Sweep, sweep

X = torch.randn(64, 3, generator=torch.Generator().manual_seed(0))
Y = X @ torch.tensor([1.0, -2.0, 0.5])


def found(model: nn.Module, steps: int = 40) -> Sweep:
    return sweep(
        model,
        TrialOptions(optimizer="sgd", momentum=0.0, weight_decay=0.0),
        lambda net, x, y: (net(x).squeeze(1) - y).square().mean(),
        lambda epoch: iter([(X, Y)] * 7),
        steps=steps,
        device=torch.device("cpu"),
        precision="fp32",
    )


def test_rates_rise_and_the_suggestion_is_one_that_learns():
    result = found(nn.Linear(3, 1))
    assert result.rates[0] == pytest.approx(LOWEST) and result.rates[-1] <= HIGHEST
    assert list(result.rates) == sorted(result.rates)
    assert 1e-3 < result.suggested < 1
    assert min(result.losses) < result.losses[0]


def test_the_model_and_the_random_state_stay_as_they_were():
    model = nn.Linear(3, 1)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.random.get_rng_state()
    found(model)
    assert torch.random.get_rng_state().equal(state)
    assert all(value.equal(before[name]) for name, value in model.state_dict().items())


def test_the_steepest_fall_is_taken_and_the_beginning_is_not():
    rates = tuple(10.0**-k for k in range(20, 0, -1))
    losses = [5.0, 1.0, *([1.0] * 10), 0.9, 0.4, 0.1, *([0.1] * 5)]
    assert Sweep(rates=rates, losses=tuple(losses)).suggested == rates[13]
    assert Sweep(rates=rates[:1], losses=(1.0,)).suggested == rates[0]
