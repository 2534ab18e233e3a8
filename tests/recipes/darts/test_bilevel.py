"""The architecture's gradient against a problem done by hand, and torch.func."""

import pytest
import torch
from torch import nn
from torch.func import functional_call, grad

from aerial_nni.recipes.darts.bilevel import first_order, second_order

TRAIN, VAL = (torch.tensor(0.0), torch.tensor(0.0)), (torch.tensor(1.0), torch.tensor(1.0))


def liu_problem(w, alpha):
    """Liu et al. 2019, figure 2: the losses of two scalars."""

    def loss(batch):
        if batch is TRAIN:
            return w * w - 2 * alpha * w + alpha * alpha
        return alpha * w - 2 * alpha + 1

    return loss


def scalars():
    return (
        nn.Parameter(torch.tensor(-2.0, dtype=torch.float64)),
        nn.Parameter(torch.tensor(2.0, dtype=torch.float64)),
    )


def test_first_order_is_the_partial_derivative():
    w, alpha = scalars()
    (found,) = first_order([alpha], liu_problem(w, alpha)(VAL))
    assert found.item() == pytest.approx(-2.0 - 2.0)  # w - 2


def test_second_order_is_the_total_derivative_by_hand():
    w, alpha = scalars()
    optimizer = torch.optim.SGD([w], lr=0.1)
    (found,) = second_order(
        liu_problem(w, alpha), TRAIN, VAL, optimizer=optimizer, rate=0.1, alphas=[alpha]
    )
    # w' = w - 0.1 (2w - 2 alpha) = -1.2, dw'/dalpha = 0.2; d/dalpha (alpha w' - 2 alpha + 1)
    assert found.item() == pytest.approx(-1.2 - 2 + 2.0 * 0.2)
    assert w.item() == -2.0


def test_second_order_on_a_batch_that_says_nothing_of_the_weights_is_the_direct_gradient():
    w, alpha = scalars()

    def loss(batch):
        return alpha * alpha + 0 * w if batch is VAL else w * alpha

    optimizer = torch.optim.SGD([w], lr=0.1)
    (found,) = second_order(loss, TRAIN, VAL, optimizer=optimizer, rate=0.1, alphas=[alpha])
    assert found.item() == 4.0
    assert w.item() == -2.0


class Mixture(nn.Module):
    """Two layers, each a mixture of two by a softmax of alpha."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(4))
        self.double()

    def forward(self, x, alphas):
        for pair, alpha in ((self.layers[:2], alphas[0]), (self.layers[2:], alphas[1])):
            shares = alpha.softmax(0)
            x = torch.tanh(shares[0] * pair[0](x) + shares[1] * pair[1](x))
        return x


@pytest.mark.parametrize(("momentum", "nesterov"), [(0.0, False), (0.9, False), (0.9, True)])
@pytest.mark.parametrize("steps", [0, 2])
def test_second_order_agrees_with_torch_func(momentum, nesterov, steps):
    torch.manual_seed(0)
    model = Mixture()
    alphas = [nn.Parameter(torch.randn(2, dtype=torch.float64)) for _ in range(2)]
    optimizer = torch.optim.SGD(
        model.parameters(), lr=0.3, momentum=momentum, nesterov=nesterov, weight_decay=0.01
    )
    train, val = (
        (torch.randn(8, 4, dtype=torch.float64), torch.randn(8, 4, dtype=torch.float64))
        for _ in range(2)
    )

    def loss_of(weights, alphas, batch):
        x, y = batch
        return (functional_call(model, weights, (x, alphas)) - y).square().mean()

    weights = dict(model.named_parameters())
    for _ in range(steps):  # so that there is a momentum
        optimizer.zero_grad()
        loss_of(weights, alphas, val).backward()
        optimizer.step()
    plain = {name: weight.detach().clone() for name, weight in weights.items()}
    buffers = {
        name: optimizer.state[weight].get("momentum_buffer") for name, weight in weights.items()
    }

    def after_a_step(alphas):
        gradients = grad(loss_of)(plain, alphas, train)
        moved = {}
        for name, weight in plain.items():
            change = gradients[name] + 0.01 * weight
            buffer = buffers[name]
            velocity = change if buffer is None else momentum * buffer + change
            moved[name] = weight - 0.3 * (change + momentum * velocity if nesterov else velocity)
        return loss_of(moved, alphas, val)

    wanted = grad(after_a_step)([alpha.detach() for alpha in alphas])
    found = second_order(
        lambda batch: loss_of(weights, alphas, batch),
        train, val, optimizer=optimizer, rate=0.3, alphas=alphas,
    )  # fmt: skip
    partial = first_order(alphas, loss_of(weights, alphas, val))
    for a, b, c in zip(found, wanted, partial, strict=True):
        assert a == pytest.approx(b, rel=1e-3, abs=1e-7)
        assert a != pytest.approx(c, rel=1e-2)
    for name, weight in weights.items():
        assert torch.equal(weight, plain[name])
        assert weight.requires_grad
