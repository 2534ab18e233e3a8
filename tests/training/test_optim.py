import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

from aerial_nni.config.options import OPTIMIZERS, SCHEDULES, TrialOptions, changed
from aerial_nni.training.optim import build_optimizer, learning_rate

STEPS = 40


def rates(schedule):
    options = changed(TrialOptions(), {"schedule": schedule, "lr": 0.1})
    return [learning_rate(options, step, STEPS) for step in range(STEPS)]


def torchs(make):
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
    scheduler = make(optimizer)
    seen = []
    for _ in range(STEPS):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step() if len(seen) < STEPS else None
    return seen


@pytest.mark.parametrize(
    ("schedule", "make"),
    [
        ("one-cycle", lambda o: lr_scheduler.OneCycleLR(o, 0.1, STEPS, cycle_momentum=False)),
        ("cosine", lambda o: lr_scheduler.CosineAnnealingLR(o, STEPS)),
        ("poly", lambda o: lr_scheduler.PolynomialLR(o, STEPS, power=0.9)),
        ("constant", lambda o: lr_scheduler.ConstantLR(o, factor=1.0)),
    ],
)
def test_every_schedule_is_torchs(schedule, make):
    assert rates(schedule) == pytest.approx(torchs(make), rel=1e-6, abs=1e-13)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_the_shortest_runs_have_finite_rates(schedule, steps):
    options = changed(TrialOptions(), {"schedule": schedule})
    for step in range(steps):
        assert 0 <= learning_rate(options, step, steps) <= options.lr


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_biases_and_norms_do_not_decay(name):
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 2, bias=False))
    options = changed(TrialOptions(), {"optimizer": name, "weight_decay": 0.3})
    decaying, free = build_optimizer(model, options).param_groups
    assert [p.ndim for p in decaying["params"]] == [4, 2]
    assert decaying["weight_decay"] == 0.3
    assert [p.ndim for p in free["params"]] == [1, 1, 1]
    assert free["weight_decay"] == 0


@pytest.mark.parametrize(("momentum", "nesterov"), [(0.0, False), (0.8, True)])
def test_sgd_looks_ahead_where_it_has_a_momentum(momentum, nesterov):
    options = changed(TrialOptions(), {"optimizer": "sgd", "momentum": momentum, "lr": 0.3})
    optimizer = build_optimizer(nn.Linear(2, 2), options)
    assert isinstance(optimizer, torch.optim.SGD)
    for group in optimizer.param_groups:
        assert (group["momentum"], group["nesterov"], group["lr"]) == (momentum, nesterov, 0.3)


@pytest.mark.parametrize(
    ("name", "kind"), [("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW)]
)
def test_the_other_rules_by_name(name, kind):
    options = changed(TrialOptions(), {"optimizer": name, "lr": 0.3})
    optimizer = build_optimizer(nn.Linear(2, 2), options)
    assert type(optimizer) is kind and optimizer.param_groups[0]["lr"] == 0.3


def test_the_rate_falls_to_a_tenth_after_each_quarter():
    options = changed(TrialOptions(), {"schedule": "step", "lr": 1.0})
    found = [learning_rate(options, step, 8) for step in range(8)]
    assert found == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01, 0.001, 0.001])
