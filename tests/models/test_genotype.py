import json

import numpy as np
import pytest
import torch

from aerial_nni.models import ModelSpec, parameter_count
from aerial_nni.models.genotype import (
    BadGenotype,
    Genotype,
    from_choices,
    places,
    random_genotype,
    read_genotype,
    space_size,
)
from aerial_nni.models.operations import DOWN, EDGES, NONE, SKIPS, UP


def drawn(seed=0, *, depth=2, nodes=2):
    return random_genotype(np.random.default_rng(seed), depth=depth, nodes=nodes)


def derived(genotype, **values):
    spec = {"bands": 3, "classes": 5, "width": 4, "space_to_depth": 1, **values}
    return ModelSpec.of(
        model="derived", depth=genotype.depth, norm="batch", dropout=0.0, upsampling="transposed",
        genotype=genotype.text(), **spec,
    ).build()  # fmt: skip


@pytest.mark.parametrize(("depth", "nodes"), [(1, 1), (2, 3), (4, 2)])
def test_a_genotype_prints_pastes_and_survives_json(depth, nodes):
    genotype = drawn(depth=depth, nodes=nodes)
    assert eval(repr(genotype), {"Genotype": Genotype}) == genotype
    assert read_genotype(genotype.text()) == genotype
    assert from_choices(genotype.choices(), depth=depth, nodes=nodes) == genotype


def test_the_size_of_the_space_by_hand():
    # One node a block: 9 operations on each of 3 edges; 2 ways down, 3 up, 3 skips.
    assert space_size(1, 1) == 9**3 * 2 * 3 * 3


def test_a_node_has_two_edges_and_all_operations_come_up():
    found = {name for seed in range(40) for name in drawn(seed, nodes=4).choices().values()}
    assert found == {*EDGES, *DOWN, *UP, *SKIPS}
    for block in drawn(nodes=4).encoder:
        assert [len(node) for node in block] == [1, 2, 2, 2]


def changed_json(**parts):
    return json.dumps({**json.loads(drawn().text()), **parts})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("genotype.json", "give the JSON"),
        ("{}", "give the JSON"),
        (changed_json(down=["pool", "pull"]), "choose one of pool, strided"),
        (changed_json(down=["pool"]), "do not fit"),
        (changed_json(decoder=[[[["conv3", 0]], []], [[["conv3", 0]], []]]), "has no edge"),
        (changed_json(decoder=[[[["conv3", 0]], [["conv3", 2]]]] * 2), "has no edge"),
    ],
)
def test_what_is_no_genotype_is_refused(text, says):
    with pytest.raises(BadGenotype, match=says):
        read_genotype(text)


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (1, 5)])
@pytest.mark.parametrize("fold", [1, 2])
def test_any_size_comes_out_as_it_went_in(size, fold):
    model = derived(drawn(), space_to_depth=fold, bands=4).eval()
    assert model(torch.zeros(2, 4, *size)).shape == (2, 5, *size)


@pytest.mark.parametrize("operation", [name for name in EDGES if name != NONE])
@pytest.mark.parametrize(("up", "skip"), [("transposed", "concat"), ("bilinear", "sum"),
                                          ("shuffle", "drop")])  # fmt: skip
@pytest.mark.parametrize("down", DOWN)
def test_every_operation_learns(operation, up, skip, down):
    choices = {label: operation for label, table in places(1, 2) if table is EDGES}
    choices |= {"down0": down, "up0": up, "skip0": skip}
    model = derived(from_choices(choices, depth=1, nodes=2))
    model(torch.randn(2, 3, 8, 8)).square().sum().backward()
    assert parameter_count(model)
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "[]",
        '{"encoder": [[[["conv3", 1e999]]]], "decoder": [], "down": [], "up": [], "skip": []}',
        json.dumps({"encoder": [[[]] * 5000], "decoder": [], "down": [], "up": [], "skip": []}),
        json.dumps({"encoder": [[]], "decoder": [], "down": ["pool"] * 99, "up": [], "skip": []}),
    ],
    ids=["deep", "list", "infinite", "many nodes", "many levels"],
)
def test_a_text_that_is_no_genotype_is_refused_at_once(text: str):
    with pytest.raises(BadGenotype, match="no genotype"):
        read_genotype(text)
