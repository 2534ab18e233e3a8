import random

import nni
import numpy as np
import pytest
import torch
from nni.mutable import Categorical

from aerial_nni.config.run_folder import LATENCY, read_json
from aerial_nni.models import ModelSpec, parameter_count
from aerial_nni.models.genotype import from_choices, places, random_genotype
from aerial_nni.models.operations import EDGES
from aerial_nni.recipes.darts import operation_timing
from aerial_nni.recipes.darts.architecture import Architecture, skip_share
from aerial_nni.recipes.darts.cost import Cost, parameters
from aerial_nni.recipes.darts.operation_timing import latency, time_operations
from aerial_nni.recipes.darts.space import AerialSpace
from aerial_nni.recipes.darts.supernet import Supernet

SIZES = {"width": 4, "depth": 2, "nodes": 2, "space_to_depth": 2}


def made(*, recompute=False, variant="softmax", seed=0, **sizes):
    torch.manual_seed(seed)
    supernet = Supernet(AerialSpace(3, 5, **{**SIZES, **sizes}), recompute=recompute)
    generator = torch.Generator().manual_seed(seed)
    architecture = Architecture(supernet.tables(), generator=generator, variant=variant)
    supernet.follow(architecture)
    return supernet, architecture


def drawn(seed=0, nodes=2):
    return random_genotype(np.random.default_rng(seed), depth=SIZES["depth"], nodes=nodes)


def alone(supernet, genotype):
    """The network in which only the genotype's operations run, on the supernet's weights."""
    for label, name in genotype.choices().items():
        supernet.mixed[label].weights = name
    return supernet.network


@pytest.mark.long
@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("nodes", [1, 3])
def test_a_derived_network_equals_the_supernet_with_one_operation_per_edge(parts, nodes):
    supernet, _ = made(parts=parts, nodes=nodes)
    supernet(torch.randn(4, 3, 16, 16))  # so that batch norm has seen something
    genotype = drawn(nodes=nodes)
    derived = ModelSpec.of(
        model="derived", bands=3, classes=5, width=4, depth=2, norm="batch", dropout=0.0,
        upsampling="transposed", space_to_depth=2, genotype=genotype.text(), parts=parts,
    ).build()  # fmt: skip
    derived.load_state_dict(supernet.inherited(genotype))
    x = torch.randn(2, 3, 19, 30)
    for mode in (False, True):
        derived.train(mode), supernet.train(mode)
        torch.testing.assert_close(alone(supernet, genotype)(x), derived(x))


def test_one_hot_weights_equal_one_operation_per_edge():
    supernet, architecture = made()
    genotype = drawn()
    with torch.no_grad():
        for label, name in genotype.choices().items():
            architecture.alphas[label].fill_(-1e4)
            architecture.alphas[label][supernet.tables()[label].index(name)] = 0
    x = torch.randn(2, 3, 16, 16)
    mixed = supernet(x)
    torch.testing.assert_close(mixed, alone(supernet, genotype)(x))
    assert architecture.genotype(depth=2, nodes=2) == genotype
    assert architecture.entropy() == pytest.approx(0, abs=1e-6)


def test_recomputing_changes_no_gradient():
    x = torch.randn(2, 3, 16, 16)
    found = []
    for recompute in (False, True):
        supernet, architecture = made(recompute=recompute)
        supernet(x).square().mean().backward()
        found.append([p.grad for p in (*supernet.parameters(), *architecture.parameters())])
    for kept, again in zip(*found, strict=True):
        torch.testing.assert_close(kept, again)


def test_alpha_is_no_weight_and_every_alpha_has_a_gradient():
    supernet, architecture = made()
    assert len(architecture.alphas) == len(list(places(2, 2)))
    ids = {id(p) for p in architecture.parameters()}
    assert not ids & {id(p) for p in supernet.parameters()}
    supernet(torch.randn(2, 3, 16, 16)).square().mean().backward()
    assert all(alpha.grad.abs().sum() > 0 for alpha in architecture.parameters())


@pytest.mark.long
def test_gumbel_draws_one_operation_as_often_as_its_weight_says():
    _, architecture = made(variant="gumbel")
    label = "encoder0_1_0"
    with torch.no_grad():
        architecture.alphas[label][2] = 1.5
    shares = architecture.alphas[label].softmax(0).detach()
    drawn = [architecture.draw()[label] for _ in range(2000)]
    counts = torch.bincount(torch.tensor([place for place, _ in drawn]), minlength=len(shares))
    torch.testing.assert_close(counts / 2000, shares, atol=0.04, rtol=0)
    assert all(weight.item() == 1 for _, weight in drawn)
    drawn[0][1].backward()
    assert architecture.alphas[label].grad.abs().sum() > 0


def test_derivation_never_keeps_none_and_keeps_the_two_strongest_edges():
    _, architecture = made(nodes=3)
    with torch.no_grad():
        for label, names in architecture.tables.items():
            if "none" in names:
                architecture.alphas[label][names.index("none")] = 3
        for source, strength in ((0, 0.1), (1, 2.0), (2, 1.0)):
            names = architecture.tables[f"decoder1_3_{source}"]
            architecture.alphas[f"decoder1_3_{source}"][names.index("skip")] = strength
    genotype = architecture.genotype(depth=2, nodes=3)
    assert genotype.decoder[1][2] == (("skip", 1), ("skip", 2))
    assert 0 < skip_share(genotype) < 0.3


def test_the_same_seed_gives_the_same_start():
    for first, second in zip(made()[1].parameters(), made()[1].parameters(), strict=True):
        assert torch.equal(first, second)
        assert first.abs().max() < 0.01


def test_nni_s_own_tools_take_the_space():
    space = AerialSpace(3, 5, **SIZES)
    found = space.simplify()
    assert {label: len(one.values) for label, one in found.items()} == {
        label: len(table) for label, table in places(2, 2)
    }
    assert all(isinstance(one, Categorical) for one in found.values())
    genotype = drawn()
    frozen = space.freeze(genotype.choices())
    assert frozen(torch.zeros(1, 3, 17, 9)).shape == (1, 5, 17, 9)
    sample: dict = {}
    space.random(sample, random_state=np.random.RandomState(0))
    for label, table in places(2, 2):
        if table is EDGES and sample[label] == "none":  # a node may have no edge: not a network
            sample[label] = random.Random(0).choice(["skip", "conv3"])
    assert from_choices(sample, depth=2, nodes=2).choices() == sample


@pytest.mark.long
def test_a_strategy_of_nni_s_explores_the_space():
    # Here: importing them warns unless our space was imported before.
    from nni.nas.evaluator import FunctionalEvaluator
    from nni.nas.execution import SequentialExecutionEngine
    from nni.nas.space import RawFormatModelSpace
    from nni.nas.strategy import RegularizedEvolution

    sizes = []

    def evaluate(network):
        with torch.no_grad():
            assert network.eval()(torch.zeros(1, 3, 17, 9)).shape == (1, 5, 17, 9)
        sizes.append(parameter_count(network))
        nni.report_final_result(-float(sizes[-1]))

    space = RawFormatModelSpace(AerialSpace(3, 5, **SIZES), FunctionalEvaluator(evaluate))
    engine = SequentialExecutionEngine(max_model_count=6)
    strategy = RegularizedEvolution(population_size=3, sample_size=2, mutation_prob=0.5, seed=0)
    strategy(space, engine)
    assert len(sizes) == 6 and len(set(sizes)) > 1
    (best,) = strategy.list_models(limit=1)
    assert parameter_count(best.executable_model()) == min(sizes)


def descend(architecture, cost, target):
    """Sixty steps down the penalty alone; the expected cost before and after."""
    begun = cost.expected(architecture).item()
    optimizer = torch.optim.Adam(architecture.parameters(), lr=0.1)
    for _ in range(60):
        optimizer.zero_grad()
        cost.penalty(architecture, target).backward()
        optimizer.step()
    return begun, cost.expected(architecture).item()


def test_the_size_penalty_pulls_towards_small_operations():
    supernet, architecture = made()
    cost = parameters(3, 5, **SIZES)
    begun, ended = descend(architecture, cost, 3000)
    assert begun > 3000 and ended < 0.6 * begun
    assert cost.penalty(architecture, 10**9).item() == 0


def test_a_latency_penalty_pulls_towards_fast_operations():
    supernet, architecture = made()
    fast = {"sep3", "strided", "shuffle", "sum"}
    costs = {label: {name: 0.1 if name in fast else 1.0 for name in names}
             for label, names in supernet.tables().items()}  # fmt: skip
    begun, ended = descend(architecture, Cost(costs, 0.5), 2.5)
    assert begun > 0.8 * len(costs) and ended < 0.4 * begun
    chosen = set(architecture.genotype(depth=2, nodes=2).choices().values())
    assert chosen == fast


def test_a_met_target_moves_nothing():
    supernet, architecture = made()
    before = [alpha.clone() for alpha in architecture.parameters()]
    costs = {label: dict.fromkeys(names, 1.0) for label, names in supernet.tables().items()}
    cost = Cost(costs, 0.5)
    assert cost.expected(architecture).item() == pytest.approx(len(costs) + 0.5)
    descend(architecture, cost, len(costs) + 1.0)
    assert all(map(torch.equal, before, architecture.parameters()))


def test_every_operation_is_timed_and_nothing_is_learnt_from_it():
    supernet, architecture = made(parts=2)
    before = {name: tensor.clone() for name, tensor in supernet.state_dict().items()}
    images = torch.randn(2, 3, 20, 12)
    operations, fixed = time_operations(supernet, images, precision="fp32")
    assert {label: list(found) for label, found in operations.items()} == supernet.tables()
    assert fixed > 0 and all(ms > 0 for found in operations.values() for ms in found.values())
    # Built alike, in the same place of the U: one measurement.
    assert operations["encoder0_1_0"] == operations["decoder0_2_1"]
    assert all(torch.equal(before[name], tensor) for name, tensor in supernet.state_dict().items())
    assert supernet.training and not any(m._forward_pre_hooks for m in supernet.modules())


def test_what_was_timed_once_is_read_again(tmp_path, monkeypatch):
    supernet, architecture = made()
    images = torch.randn(2, 3, 16, 16)
    first = latency(supernet, images, precision="fp32", folder=tmp_path)
    monkeypatch.setattr(operation_timing, "time_operations", None)
    again = latency(supernet, images, precision="fp32", folder=tmp_path)
    assert torch.equal(again.expected(architecture), first.expected(architecture))
    kept = read_json(tmp_path / LATENCY)
    assert (kept["batch"], kept["shape"], kept["precision"]) == (2, [3, 16, 16], "fp32")


@pytest.mark.parametrize("parts", [1, 2])
def test_edges_that_a_derived_network_drops_do_not_count_and_all_channels_do(parts):
    supernet, architecture = made(nodes=4, parts=parts)
    with torch.no_grad():
        for label, names in architecture.tables.items():
            architecture.alphas[label].fill_(-1e4)
            chosen = names.index("sep5") if "sep5" in names else 0
            architecture.alphas[label][chosen] = 0
    derived = ModelSpec.of(
        model="derived", bands=3, classes=5, width=4, depth=2, norm="batch", dropout=0.0,
        upsampling="transposed", space_to_depth=2,
        genotype=architecture.genotype(depth=2, nodes=4).text(),
    ).build()  # fmt: skip
    assert size_of(architecture, nodes=4) == sum(p.numel() for p in derived.parameters())


def test_sizes_are_those_of_the_derived_network():
    supernet, architecture = made()
    genotype = drawn()
    with torch.no_grad():
        for label, name in genotype.choices().items():
            architecture.alphas[label].fill_(-1e4)
            architecture.alphas[label][supernet.tables()[label].index(name)] = 0
    derived = sum(p.numel() for p in Supernet(AerialSpace(3, 5, **SIZES)).parameters())
    wanted = sum(
        tensor.numel()
        for name, tensor in supernet.inherited(genotype).items()
        if "running" not in name and "tracked" not in name
    )
    assert size_of(architecture) == wanted < derived


def size_of(architecture, **sizes):
    return round(parameters(3, 5, **{**SIZES, **sizes}).expected(architecture).item())
