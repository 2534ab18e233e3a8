"""Which options of a search cannot go together, and what is said to type instead."""

from dataclasses import fields

import pytest

from aerial_nni.config.options import BadOption, TrialOptions
from aerial_nni.recipes.darts import phases as names
from aerial_nni.recipes.darts.options import SearchOptions
from aerial_nni.recipes.darts.phases import ORDERS, VARIANTS

NAMES = {field.name for field in fields(TrialOptions)}
SECOND = {"order": "second", "optimizer": "sgd"}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"order": "second"}, "--optimizer sgd"),
        ({"patience": 3}, "leave --patience out"),
        ({"arch_lr": 0.0}, "--arch-lr 0.003"),
        ({"recompute": True, "variant": "gumbel"}, "leave --recompute out"),
        ({"precision": "fp16"}, "too coarse for a search of first order; give one of bf16, fp32"),
        ({**SECOND, "precision": "bf16"}, "give one of fp32"),
        ({"parts": 3, "width": 16}, "parts=3 does not divide width=16"),
        ({"parts": 2, "target_milliseconds": 1.0}, "--parts 1 or --target-params"),
        ({"warmup": 6, "epochs": 6}, "--warmup 2 or more --epochs"),
        ({"norm": "group"}, "norm='group'"),
    ],
    ids=lambda part: "-".join(part) if isinstance(part, dict) else "",
)
def test_what_cannot_go_together_is_refused_of_a_search_alone(values: dict, said: str):
    with pytest.raises(BadOption, match=said):
        SearchOptions.of(search=True, **values)
    SearchOptions.of(**values)


@pytest.mark.parametrize(
    "values",
    [
        {},
        SECOND,
        {"variant": "gumbel"},
        {"recompute": True},
        {"precision": "bf16"},
        {**SECOND, "precision": "fp32"},
        {"parts": 4, "width": 16, "target_params": 5},
        {"parts": 1, "target_milliseconds": 1.0},
        {"warmup": 5, "epochs": 6},
        {"warmup": 0, "epochs": 1},
    ],
    ids=str,
)
def test_what_can_go_together_is_not_refused(values: dict):
    SearchOptions.of(search=True, **values)


def test_the_defaults_and_their_limits():
    own = [field for field in fields(SearchOptions) if field.name not in NAMES]
    assert {field.name: field.default for field in own} == {
        "search": False, "order": "first", "nodes": 2, "arch_lr": 0.003, "arch_weight_decay": 0.001,
        "warmup": 2, "variant": "softmax", "parts": 1, "recompute": False, "max_skips": 0.75,
        "target_params": 0, "target_milliseconds": 0.0, "size_weight": 0.5,
    }  # fmt: skip
    for name, inside, outside in (
        ("nodes", (1, 6), (0, 7)), ("arch_lr", (0.0,), (-1e-9,)), ("warmup", (0,), (-1,)),
        ("arch_weight_decay", (0.0,), (-1e-9,)), ("parts", (1,), (0,)),
        ("max_skips", (0.0, 1.0), (-1e-9, 1.001)), ("target_params", (0,), (-1,)),
        ("target_milliseconds", (0.0,), (-1e-9,)), ("size_weight", (0.0,), (-1e-9,)),
        ("order", ORDERS, ("third",)), ("variant", VARIANTS, ("hard",)),
    ):  # fmt: skip
        for value in inside:
            SearchOptions.of(**{name: value})
        for value in outside:
            with pytest.raises(BadOption, match=name):
                SearchOptions.of(**{name: value})


def test_words_that_records_of_experiments_hold_stay():
    assert ORDERS == ("first", "second") and VARIANTS == ("softmax", "gumbel")
    phases = (names.DERIVED, names.OTHERS, names.RANDOM, names.HAND_MADE)
    assert phases == ("derived", "other find", "control: random", "control: U-Net")


def test_precisions():
    assert SearchOptions.of(search=True).precisions() == ("bf16", "fp32")
    assert SearchOptions.of(search=True, **SECOND).precisions() == ("fp32",)
    assert "fp16" in SearchOptions().precisions()
