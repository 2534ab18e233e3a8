"""Headers that somebody changed: an error that names the file and the place, before anything."""

import json
import math
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from aerial_nni.config.errors import Damaged, UserError
from aerial_nni.config.options import TrialOptions, changed
from aerial_nni.inference.model_card import read_card
from aerial_nni.models import model_spec
from aerial_nni.training.checkpoint import BadCheckpoint, load_checkpoint, save_checkpoint
from aerial_nni.training.header import demand

WHOLE: dict[str, Any] = {
    "classes": ["a", "b"],
    "palette": [[1, 2, 3], [4, 5, 6]],
    "bands": ["red", "green", "blue"],
    "mean": [1.5, 2.0, 3.0],
    "std": [1.0, 2.0, 3.0],
    "pixels": "uint8",
    "size": [32, 32],
    "data": "town",
    "score": 0.5,
    "epoch": 3,
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    options = changed(TrialOptions(), {"width": 4, "depth": 1})
    spec = model_spec(options, bands=3, classes=2)
    path = tmp_path_factory.mktemp("whole") / "checkpoint.safetensors"
    save_checkpoint(path, spec.build(), spec, header=WHOLE)
    return path


def rewritten(whole: Path, target: Path, text: str, **tensors: torch.Tensor) -> Path:
    """`whole` with another header, and with these tensors in place."""
    with safe_open(whole, framework="pt") as file:
        found = {name: file.get_tensor(name) for name in file.keys()}
    save_file({**found, **tensors}, target, metadata={"aerial_nni": text})
    return target


def header_of(whole: Path) -> dict[str, Any]:
    with safe_open(whole, framework="pt") as file:
        return json.loads(file.metadata()["aerial_nni"])


def without(key: str) -> Callable[[dict], None]:
    return lambda header: header.pop(key)


def put(value: Any, *keys: Any) -> Callable[[dict], None]:
    def change(header: dict) -> None:
        for key in keys[:-1]:
            header = header[key]
        header[keys[-1]] = value

    return change


CHANGES = {
    "another format": (put(2, "format"), "format 2"),
    "a deep network": (put(60, "model", "depth"), "depth"),
    "a wide network": (put(60_000, "model", "width"), "shape"),
    "a network of no width": (put(-3, "model", "width"), "width"),
    "a width beyond all numbers": (put(10**40, "model", "width"), "width"),
    "a width in words": (put("16", "model", "width"), "width"),
    "a width that is true": (put(True, "model", "width"), "width"),
    "a depth with a fraction": (put(1.5, "model", "depth"), "depth"),
    "an unknown model": (put("vit", "model", "model"), "vit"),
    "a model that is a list": (put([], "model"), "model"),
    "a model that is missing": (without("model"), "model"),
    "a genotype of nothing": (put("derived", "model", "model"), "genotype"),
    "a fold of the whole picture": (put(10**6, "model", "space_to_depth"), "space_to_depth"),
    "more of what a U-Net has not": (put({"a": [[[]] * 99]}, "model", "more"), "no 'a'"),
    "a mean that is no number": (put(math.nan, "mean", 1), "mean"),
    "a mean that is infinite": (put(math.inf, "mean", 1), "mean"),
    "a mean that is missing": (put([1.0, 2.0], "mean"), "mean"),
    "a mean in words": (put("123", "mean"), "mean"),
    "a deviation of nothing": (put(0.0, "std", 2), "std"),
    "a deviation below nothing": (put(-1.0, "std", 2), "std"),
    "a deviation that is null": (put(None, "std", 2), "std"),
    "a colour beyond 255": (put(256, "palette", 0, 1), "palette"),
    "a colour of two parts": (put([1, 2], "palette", 0), "palette"),
    "a colour too many": (put([[1, 2, 3]] * 3, "palette"), "palette"),
    "a class too few": (put(["a"], "classes"), "classes"),
    "a class twice": (put(["a", "a"], "classes"), "classes"),
    "a class too many": (put(["a", "b", "c"], "classes"), "classes"),
    "a class without a name": (put(["a", ""], "classes"), "classes"),
    "a class that moves the cursor": (put(["a", "\x1b[2Jb"], "classes"), "classes"),
    "a class on two lines": (put(["a", "b\nc"], "classes"), "classes"),
    "a class of a million letters": (put(["a", "b" * 10**6], "classes"), "classes"),
    "classes in words": (put("ab", "classes"), "classes"),
    "pixels of a type of its own": (put("float128", "pixels"), "pixels"),
    "a size below nothing": (put([-1, 4], "size"), "size"),
    "a split with a command to the terminal": (put("\x1b[2J", "split"), "split"),
    "a score beyond all numbers": (put(10**400, "score"), "300 digits"),
    "a score beyond a float": (put(2**1001, "score"), "300 digits"),
    "an epoch in words": (put("three", "epoch"), "epoch"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_header_is_refused_with_its_place(whole: Path, tmp_path: Path, change: str):
    header = header_of(whole)
    edit, place = CHANGES[change]
    edit(header)
    path = rewritten(whole, tmp_path / "changed.safetensors", json.dumps(header))
    with pytest.raises(UserError) as caught:
        read_card(load_checkpoint(path)[1], path)
    said = str(caught.value)
    assert str(path) in said and place in said and len(said) < 1000 and said.isprintable()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ('{"format": 1,', "no JSON"),
        ("[]", "keys with values"),
        ("null", "keys with values"),
        ('{"format": 1, "format": 1}', "twice"),
        ('{"format": 1, "model": ' + "[" * 200 + "]" * 200 + "}", "deep"),
        ('{"format": 1, "model": ' + "[" * 100_000 + "]" * 100_000 + "}", "no JSON"),
        ('{"format": 1, "model": ' + "9" * 5000 + "}", "no JSON"),
        ('{"format": 1, "x": "' + "y" * (16 << 20) + '"}', "letters"),
    ],
    ids=["empty", "half", "list", "null", "twice", "deep", "deeper", "long number", "huge"],
)
def test_a_header_that_is_no_json_is_refused(whole: Path, tmp_path: Path, text: str, said: str):
    path = rewritten(whole, tmp_path / "changed.safetensors", text)
    with pytest.raises(BadCheckpoint, match=said):
        load_checkpoint(path)


def test_weights_that_are_no_numbers_are_refused(whole: Path, tmp_path: Path):
    with safe_open(whole, framework="pt") as file:
        name = next(key for key in file.keys() if key.endswith("weight"))
        weight = file.get_tensor(name)
    weight.view(-1)[0] = math.nan
    text = json.dumps(header_of(whole))
    path = rewritten(whole, tmp_path / "nan.safetensors", text, **{name: weight})
    with pytest.raises(BadCheckpoint, match="no finite numbers"):
        load_checkpoint(path)


@pytest.mark.parametrize("width", [4096, 60_000])
def test_a_large_network_is_refused_before_it_has_memory(whole: Path, tmp_path: Path, width: int):
    header = header_of(whole)
    header["model"] |= {"width": width, "depth": 7}
    path = rewritten(whole, tmp_path / "large.safetensors", json.dumps(header))
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    with pytest.raises(BadCheckpoint, match="do not fit"):
        load_checkpoint(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB
    assert time.process_time() - started < 10


def test_a_whole_header_is_a_card(whole: Path):
    model, header = load_checkpoint(whole)
    card = read_card(header, whole)
    assert card.classes == ("a", "b") and card.std == (1.0, 2.0, 3.0) and card.pixels == "uint8"
    assert not any(parameter.is_meta for parameter in model.parameters())


def test_keys_of_a_later_version_are_left_alone(whole: Path, tmp_path: Path):
    text = json.dumps({**header_of(whole), "unheard_of": {"a": [1]}})
    assert load_checkpoint(rewritten(whole, tmp_path / "later.safetensors", text))[1]["unheard_of"]


def test_a_model_of_other_classes_than_its_header_names_is_refused(whole: Path):
    header = header_of(whole) | {"classes": ["a"], "palette": [[1, 2, 3]]}
    with pytest.raises(Damaged, match="2 classes, its header names 1"):
        read_card(header, whole)


def test_what_a_reader_demands_is_named_where_it_is_missing():
    header = {"epoch": 0, "score": None, "mean": []}
    demand(header, ("epoch", "mean"), "a.safetensors")
    with pytest.raises(Damaged, match="the header of a.safetensors lacks score, std$"):
        demand(header, ("epoch", "score", "std"), "a.safetensors")


def test_a_tensor_that_the_model_lacks_is_refused(whole: Path, tmp_path: Path):
    text, more = json.dumps(header_of(whole)), {"more": torch.ones(2)}
    path = rewritten(whole, tmp_path / "more.safetensors", text, **more)
    with pytest.raises(BadCheckpoint, match=r"more has the shape \[2\] F in the file and None"):
        load_checkpoint(path)
