import json

import pytest
import torch
from safetensors.torch import save_file

from aerial_nni.config.options import TrialOptions, changed
from aerial_nni.models import model_spec
from aerial_nni.training.checkpoint import (
    BadCheckpoint,
    _state_of,
    load_checkpoint,
    load_state,
    pack_state,
    read_header,
    save_checkpoint,
    save_tensors,
)


@pytest.fixture
def saved(tmp_path):
    options = changed(TrialOptions(), {"width": 4, "depth": 1})
    spec = model_spec(options, bands=3, classes=2)
    model = spec.build().to(memory_format=torch.channels_last)
    path = tmp_path / "checkpoint.safetensors"
    save_checkpoint(path, model, spec, header={"classes": ["a", "b"], "mean": [1.5, 2.0, 3.0]})
    return path, model


def test_what_was_saved_comes_back(saved):
    path, model = saved
    loaded, header = load_checkpoint(path)
    x = torch.randn(1, 3, 8, 8)
    assert torch.allclose(loaded(x), model.eval()(x), atol=1e-6)
    assert not loaded.training
    assert header["mean"] == [1.5, 2.0, 3.0]
    assert read_header(path) == header


def test_a_missing_file_a_broken_file_and_a_foreign_file(saved, tmp_path):
    path, _ = saved
    with pytest.raises(BadCheckpoint, match=r"is not a file; give .*run list\)$"):
        load_checkpoint(tmp_path / "none.safetensors")
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BadCheckpoint, match="not a whole safetensors file"):
        load_checkpoint(cut)
    foreign = tmp_path / "foreign.safetensors"
    save_file({"x": torch.zeros(1)}, foreign)
    with pytest.raises(BadCheckpoint, match="not written by this package"):
        load_checkpoint(foreign)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [("width", 8, "do not fit the header"), ("bands", "x", r"model\.bands is 'x'")],
)
def test_weights_that_do_not_fit_the_header_are_refused(saved, tmp_path, key, value, said):
    path, model = saved
    header = read_header(path)
    header["model"][key] = value
    other = tmp_path / "other.safetensors"
    save_file(
        {k: v.contiguous() for k, v in model.state_dict().items()},
        other,
        metadata={"aerial_nni": json.dumps(header)},
    )
    with pytest.raises(BadCheckpoint, match=said):
        load_checkpoint(other)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64, torch.int64])
def test_weights_of_another_precision_are_cast_and_of_another_kind_refused(saved, tmp_path, dtype):
    path, model = saved
    other = tmp_path / "other.safetensors"
    save_file(
        {
            name: (tensor.to(dtype) if tensor.is_floating_point() else tensor).contiguous()
            for name, tensor in model.state_dict().items()
        },
        other,
        metadata={"aerial_nni": json.dumps(read_header(path))},
    )
    if dtype == torch.int64:
        with pytest.raises(BadCheckpoint, match="do not fit the header"):
            load_checkpoint(other)
        return
    loaded, _ = load_checkpoint(other)
    x = torch.randn(1, 3, 8, 8)
    assert torch.allclose(loaded(x), model.eval()(x), atol=0.1)


def test_an_optimiser_that_has_not_the_same_of_each_parameter_is_refused():
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.ones(2)) for _ in range(3)])
    whole = {f"{i}/{name}": torch.ones(2) for i in range(3) for name in ("exp_avg", "exp_avg_sq")}
    assert {*_state_of(optimizer, whole)} == {0, 1, 2}
    with pytest.raises(ValueError, match="not the same of each parameter"):
        _state_of(optimizer, {name: value for name, value in whole.items() if name != "1/exp_avg"})


def test_a_state_that_does_not_fit_changes_nothing(tmp_path):
    model, other = (
        torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, n)) for n in (2, 3)
    )
    for one in (model, other):
        optimizer = torch.optim.AdamW(one.parameters())
        one(torch.ones(1, 2)).sum().backward()
        optimizer.step()
        if one is model:
            save_tensors(
                tmp_path / "last",
                pack_state({"model": model, "optimizer": optimizer}),
                {"options": {}, "history": [], "best_epoch": 0, "best_score": 0.0, "scaler": {}},
            )
    before = {name: tensor.clone() for name, tensor in other.state_dict().items()}
    for owners in ({"model": other}, {"optimizer": optimizer}):
        with pytest.raises(BadCheckpoint, match="does not hold the state"):
            load_state(tmp_path / "last", owners)
    assert all(torch.equal(before[name], tensor) for name, tensor in other.state_dict().items())
