"""The learning-rate finder."""

import math

import pytest
import torch
from torch import nn

from aerial_nni.config.options import TrialOptions
from aerial_nni.training.failures import OutOfMemory
from aerial_nni.training.lr_finder import HIGHEST, LOWEST, Sweep, as_columns, sweep

X = torch.randn(64, 3, generator=torch.Generator().manual_seed(0))
Y = X @ torch.tensor([1.0, -2.0, 0.5])


def found(model: nn.Module, steps: int = 40, *, clip: float = 0.0, objective=None) -> Sweep:
    return sweep(
        model,
        TrialOptions.of(optimizer="sgd", momentum=0.0, weight_decay=0.0, clip=clip),
        objective or (lambda net, x, y: (net(x).squeeze(1) - y).square().mean()),
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


def told(*losses: float, steps: int | None = None) -> Sweep:
    """A sweep over losses that are written beforehand."""
    left = iter(losses)
    return found(
        nn.Linear(3, 1),
        len(losses) if steps is None else steps,
        objective=lambda net, x, y: 0 * net(x).sum() + next(left),
    )


def test_losses_are_smoothed_and_rates_rise_by_one_factor():
    sweep = told(4.0, 2.0, 1.0)
    one, two, three = 0.1 * 4, 0.9 * 0.1 * 4 + 0.1 * 2, 0.81 * 0.1 * 4 + 0.09 * 2 + 0.1 * 1
    assert sweep.losses == pytest.approx([one / 0.1, two / 0.19, three / 0.271], rel=1e-5)
    assert sweep.rates == pytest.approx([LOWEST, (LOWEST * HIGHEST) ** 0.5, HIGHEST])
    assert as_columns(sweep) == [
        {"lr": rate, "loss": loss} for rate, loss in zip(sweep.rates, sweep.losses, strict=True)
    ]


def test_a_sweep_ends_where_the_loss_is_lost():
    assert len(told(1.0, 2.0, math.nan, 1.0).losses) == 2
    assert len(told(1.0, 1.0, 1000.0, 1.0).losses) == 3  # four times the lowest
    assert len(told(1.0, 1.0, 8.0, 1.0).losses) == 4  # smoothed: (0.171 + 0.8) / 0.271 = 3.58
    assert len(told(1.0, 1.0, 9.5, 1.0).losses) == 3  # 4.14
    assert len(told(1.0, 2.0, steps=1).losses) == 1


def test_every_step_has_its_rate():
    seen: list[float] = []

    def slope(net: nn.Linear, *_: torch.Tensor) -> torch.Tensor:
        seen.append(float(net.bias.detach()))
        return net.bias.sum() + 1

    model = nn.Linear(3, 1)
    nn.init.zeros_(model.bias)
    rates = found(model, 4, objective=slope).rates
    wanted = [0.0, -rates[0], -rates[0] - rates[1], -sum(rates[:3])]
    assert seen == pytest.approx(wanted, rel=1e-4)


def test_gradients_are_scaled_in_fp16_alone():
    seen: list[float] = []

    def steep(net: nn.Linear, *_: torch.Tensor) -> torch.Tensor:
        seen.append(float(net.bias.detach()))
        return 1e34 * net.bias.sum() + 1

    model = nn.Linear(3, 1)
    nn.init.zeros_(model.bias)
    found(model, 2, objective=steep)
    assert seen[1] == pytest.approx(-1e34 * LOWEST)  # times 2**16 it would be infinite


def test_epochs_follow_each_other_and_the_seed_is_the_run_s():
    drawn: list[float] = []
    asked: list[int] = []

    def draw(net: nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        drawn.append(torch.rand(()).item())
        return 0 * net(x).sum() + 1

    def batches(epoch: int):
        asked.append(epoch)
        return iter([(X, Y)] * 2)

    for seed in (5, 5, 6):
        sweep(nn.Linear(3, 1), TrialOptions.of(seed=seed), draw, batches, steps=5,
              device=torch.device("cpu"), precision="fp32")  # fmt: skip
    assert asked[:3] == [0, 1, 2]
    assert drawn[:5] == drawn[5:10] != drawn[10:]


def test_without_enough_memory_it_says_what_to_type():
    def fail(*_: object) -> torch.Tensor:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    with pytest.raises(OutOfMemory, match="batch=16 .* --batch 8 --accumulate 2, .*--find-lr 0"):
        found(nn.Linear(3, 1), objective=fail)


def test_gradients_are_clipped_as_in_training():
    seen: list[float] = []

    def steep(net: nn.Linear, *_: torch.Tensor) -> torch.Tensor:
        seen.append(float(net.bias.detach()))
        return 1e6 * (net.bias.sum() + 1)

    model = nn.Linear(3, 1)
    nn.init.zeros_(model.bias)
    found(model, steps=3, clip=1.0, objective=steep)
    assert 0 < abs(seen[1] - seen[0]) <= 2e-7


def test_small_gradients_survive_fp16():
    seen: list[float] = []

    def faint(net: nn.Module, x: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        seen.append(float(net.weight.detach().abs().sum()))
        return 1e-7 * (1 + net(x).float().mean())  # above 0: a sweep ends where the loss multiplies

    model = nn.Conv2d(3, 1, 1, bias=False)
    nn.init.zeros_(model.weight)
    pictures = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    sweep(
        model, TrialOptions.of(optimizer="sgd", momentum=0.0, weight_decay=0.0), faint,
        lambda epoch: iter([(pictures, Y)] * 4), steps=4, device=torch.device("cpu"),
        precision="fp16",
    )  # fmt: skip
    assert seen[0] == 0 < seen[-1]
