import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

from aerial_nni.options import OPTIMIZERS, SCHEDULES, TrialOptions, changed
from aerial_nni.training.optimisation import build_optimizer, learning_rate

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
    assert rates(schedule) == pytest.approx(torchs(make), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_the_shortest_runs_have_finite_rates(schedule, steps):
    options = changed(TrialOptions(), {"schedule": schedule})
    for step in range(steps):
        assert 0 <= learning_rate(options, step, steps) <= options.lr


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_biases_and_norms_do_not_decay(name):
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    options = changed(TrialOptions(), {"optimizer": name, "weight_decay": 0.3})
    decaying, free = build_optimizer(model, options).param_groups
    assert [p.ndim for p in decaying["params"]] == [4]
    assert decaying["weight_decay"] == 0.3
    assert [p.ndim for p in free["params"]] == [1, 1, 1]
    assert free["weight_decay"] == 0
