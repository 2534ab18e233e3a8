"""Weights of operations, what is derived from them and what it is expected to cost, by hand."""

import math

import pytest
import torch

from aerial_nni.models.genotype import from_choices
from aerial_nni.recipes.darts.architecture import Architecture, skip_share
from aerial_nni.recipes.darts.cost import Cost

TABLES = {"down0": ["pool", "strided"], "encoder0_1_0": ["none", "skip", "conv3", "sep3"]}


def made(*, tables=TABLES, variant: str = "softmax", seed: int = 0) -> Architecture:
    generator = torch.Generator().manual_seed(seed)
    return Architecture(tables, generator=generator, variant=variant)


def setting(one: Architecture, **shares: list[float]) -> Architecture:
    """With these softmax weights."""
    with torch.no_grad():
        for label, values in shares.items():
            one.alphas[label].copy_(torch.tensor(values).log())
    return one


def test_it_starts_even_but_for_a_thousandth_of_noise():
    labels = {f"down{level}": ["pool", "strided"] for level in range(500)}
    alphas = torch.stack(list(made(tables=labels).parameters()))
    assert alphas.std().item() == pytest.approx(1e-3, rel=0.1)
    assert alphas.mean().abs() < 2e-4
    assert torch.equal(alphas, torch.stack(list(made(tables=labels).parameters())))
    assert not torch.equal(alphas, torch.stack(list(made(tables=labels, seed=1).parameters())))


def test_probabilities_have_the_operations_names():
    one = setting(made(), down0=[0.25, 0.75], encoder0_1_0=[0.1, 0.2, 0.3, 0.4])
    found = one.probabilities()
    assert found["down0"] == pytest.approx({"pool": 0.25, "strided": 0.75})
    assert found["encoder0_1_0"] == pytest.approx(
        {"none": 0.1, "skip": 0.2, "conv3": 0.3, "sep3": 0.4}
    )
    assert one.draw()["down0"].tolist() == pytest.approx([0.25, 0.75])


def test_entropy_is_that_over_an_even_choice():
    one = setting(made(), down0=[0.25, 0.75], encoder0_1_0=[0.25] * 4)
    entropy = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75)) / math.log(2)
    assert one.entropy() == pytest.approx((entropy + 1) / 2)


def test_gumbel_draws_the_largest_noisy_logarithm_with_the_gradient_of_the_soft_one():
    one = setting(made(variant="gumbel"), down0=[0.3, 0.7], encoder0_1_0=[0.1, 0.2, 0.3, 0.4])
    one.temperature = 0.5
    again = torch.Generator()
    again.set_state(one.generator.get_state())
    found = one.draw()
    for label, alpha in one.alphas.items():
        uniform = torch.rand(len(alpha), generator=again)
        noisy = alpha.log_softmax(0) - (-uniform.log()).log()
        place, weight = found[label]
        assert place == int(noisy.argmax()) and weight.item() == 1
        (ours,) = torch.autograd.grad(weight, alpha, retain_graph=True)
        (wanted,) = torch.autograd.grad((noisy / 0.5).softmax(0)[place], alpha)
        torch.testing.assert_close(ours, wanted)


def test_an_edge_counts_as_much_as_its_best_operation_that_is_not_none():
    names = TABLES["encoder0_1_0"]
    labels = [f"encoder{level}_{node}_{source}" for level in (0, 1) for node in (1, 2, 3)
              for source in range(node)]  # fmt: skip
    labels += [label.replace("encoder0", "decoder0") for label in labels if "encoder0" in label]
    tables = {label: names for label in labels}
    tables |= {"down0": ["pool", "strided"], "up0": ["shuffle", "bilinear"], "skip0": ["sum"]}
    one = made(tables=tables)
    even = {label: [0.4, 0.3, 0.2, 0.1] for label in labels}
    even["encoder0_3_0"] = [0.0, 0.34, 0.33, 0.33]  # 0.34
    even["encoder0_3_1"] = [0.9, 0.0, 0.1, 0.0]  # 0.1, for none does not count
    even["encoder0_3_2"] = [0.1, 0.2, 0.3, 0.4]  # 0.4
    shares = {label: [max(value, 1e-6) for value in values] for label, values in even.items()}
    setting(one, down0=[0.2, 0.8], up0=[0.6, 0.4], skip0=[1.0], **shares)
    genotype = one.genotype(depth=1, nodes=3)
    choices = genotype.choices()
    assert [choices[f"encoder0_3_{source}"] for source in range(3)] == ["skip", "none", "sep3"]
    assert (choices["down0"], choices["up0"], choices["skip0"]) == ("strided", "shuffle", "sum")
    assert all("none" not in (choices[f"{block}_1_0"], choices[f"{block}_2_1"])
               for block in ("encoder0", "encoder1", "decoder0"))  # fmt: skip
    for block in ("encoder1", "decoder0"):  # of equal edges two are kept
        kept = [choices[f"{block}_3_{source}"] for source in range(3)]
        assert kept.count("none") == 1
    edges = 3 * (1 + 2 + 2)
    assert skip_share(genotype) == pytest.approx((edges - 1) / edges)
    assert from_choices(choices, depth=1, nodes=3) == genotype


def test_expected_cost_leaves_none_out_and_counts_the_edges_that_are_kept():
    tables = {"down0": ["pool", "strided"], "encoder0_1_0": ["none", "skip", "conv3"],
              "encoder0_3_1": ["none", "skip", "conv3"]}  # fmt: skip
    one = setting(made(tables=tables), down0=[0.25, 0.75], encoder0_1_0=[0.5, 0.1, 0.4],
                  encoder0_3_1=[0.2, 0.2, 0.6])  # fmt: skip
    costs = {"none": 1000.0, "skip": 2.0, "conv3": 10.0}
    cost = Cost({"down0": {"pool": 4.0, "strided": 8.0}, "encoder0_1_0": costs,
                 "encoder0_3_1": costs}, fixed=100.0)  # fmt: skip
    wanted = 100 + 0.25 * 4 + 0.75 * 8  # no none between blocks
    wanted += 1 * (0.2 * 2 + 0.8 * 10)  # the only edge of node 1
    wanted += 2 / 3 * (0.25 * 2 + 0.75 * 10)  # two of the three edges of node 3
    assert cost.expected(one).item() == pytest.approx(wanted)
    assert cost.penalty(one, wanted / 1.5).item() == pytest.approx(0.5, rel=1e-5)
    assert cost.penalty(one, wanted + 1).item() == 0
