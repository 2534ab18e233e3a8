"""A mixed operation by hand: which candidates run, and by how much each counts."""

import pytest
import torch
from torch import Tensor, nn

from aerial_nni.recipes.darts.operation_timing import _milliseconds, _wait
from aerial_nni.recipes.darts.supernet import MixedOp


class Times(nn.Module):
    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor, self.runs = nn.Parameter(torch.tensor(factor)), 0

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        self.runs += 1
        return self.factor * x + y


class Choice(dict):
    """What `MixedOp` asks of NNI's choice of layers, which exists within a space alone."""

    label = "here"
    names = ("two", "five", "nine")


def mixed(*, recompute: bool = False) -> MixedOp:
    factors = zip(Choice.names, (2.0, 5.0, 9.0), strict=True)
    choice = Choice({name: Times(factor) for name, factor in factors})
    return MixedOp(choice, recompute=recompute)  # type: ignore[arg-type]


X, Y = torch.tensor([1.0, 3.0]), torch.tensor([10.0, 20.0])


def runs(one: MixedOp) -> list[int]:
    return [candidate.runs for candidate in one.candidates.values()]


def test_a_fresh_one_passes_on_its_first_candidate():
    one = mixed()
    assert (one.label, one.names) == ("here", ["two", "five", "nine"])
    assert one(X, Y).tolist() == [12, 26]
    assert runs(one) == [1, 0, 0]


def test_a_name_and_a_draw_run_one_candidate():
    one = mixed()
    one.weights = "nine"
    assert one(X, Y).tolist() == [19, 47]
    one.weights = (1, torch.tensor(0.5))
    assert one(X, Y).tolist() == [7.5, 17.5]
    assert runs(one) == [0, 1, 1]


@pytest.mark.parametrize("recompute", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_weights_mix_all_candidates(recompute: bool, training: bool):
    one = mixed(recompute=recompute).train(training)
    one.weights = torch.tensor([0.5, 0.3, 0.2], requires_grad=True)
    y = one(X, Y)
    assert y.tolist() == pytest.approx([4.3 + 10, 12.9 + 20])  # 0.5 * 2 + 0.3 * 5 + 0.2 * 9
    (slope,) = torch.autograd.grad(y.sum(), one.weights)
    assert slope.tolist() == pytest.approx([2 * 4 + 30, 5 * 4 + 30, 9 * 4 + 30])
    again = 2 if recompute and training else 1  # kept, or worked out once more for the gradient
    assert runs(one) == [again] * 3


def test_the_shortest_of_several_times_counts(monkeypatch: pytest.MonkeyPatch):
    ticks = iter([0.0, 0.5, 1.0, 1.25, 2.0, 2.75, *range(100)])
    monkeypatch.setattr(
        "aerial_nni.recipes.darts.operation_timing.time.perf_counter", lambda: next(ticks)
    )
    monkeypatch.setattr("aerial_nni.recipes.darts.operation_timing.REPEATS", 3)
    timed = Times(2.0)
    assert _milliseconds(timed, (X, Y)) == pytest.approx(250)
    assert timed.runs == 3


def test_a_gpu_is_waited_for_and_a_processor_is_not(monkeypatch: pytest.MonkeyPatch):
    waited: list[int] = []
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device: waited.append(1))
    _wait(torch.device("cpu"))
    assert not waited
    _wait(torch.device("cuda"))
    assert waited
