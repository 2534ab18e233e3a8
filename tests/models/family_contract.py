"""The contract every family of networks keeps; a subclass names it and its smallest network."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from aerial_nni.config.families import FAMILIES
from aerial_nni.config.families.family import resolve
from aerial_nni.config.options import BadOption, TrialOptions, as_dict, changed
from aerial_nni.inference.export import export
from aerial_nni.models import ModelSpec, model_spec
from aerial_nni.training.checkpoint import load_checkpoint, save_checkpoint

HEADER = {"classes": ["a", "b"], "palette": [[1, 2, 3], [4, 5, 6]], "bands": ["r", "g", "b"],
          "mean": [100.0, 90.0, 80.0], "std": [50.0, 40.0, 30.0], "pixels": "uint8"}  # fmt: skip


class FamilyContract:
    """Subclass with the name of a family and options of its smallest network."""

    name: str
    small: dict[str, Any]
    encoder: dict[str, Any] = {}
    """What the network is built from beside its options."""

    @property
    def options(self) -> TrialOptions:
        return TrialOptions.of(model=self.name, **self.small)

    def spec(self) -> ModelSpec:
        spec = model_spec(self.options, bands=3, classes=2)
        return dataclasses.replace(spec, options={**spec.options, **self.encoder})

    def model(self) -> torch.nn.Module:
        torch.manual_seed(0)
        return self.spec().build().eval()

    @pytest.mark.parametrize("size", [(16, 16), (17, 31)])
    def test_any_size_comes_out_as_it_went_in(self, size: tuple[int, int]):
        with torch.no_grad():
            assert self.model()(torch.rand(2, 3, *size)).shape == (2, 2, *size)

    def test_its_shape_is_that_of_its_network(self):
        shape = FAMILIES[self.name].shape(self.spec().options)
        assert shape.stride == getattr(self.model(), "stride", shape.stride)
        assert shape.stride % shape.fold == 0

    def test_moved_by_its_stride_it_says_the_same(self):
        shape = FAMILIES[self.name].shape(self.spec().options)
        if shape.sees_all:
            pytest.skip("its answer depends on the whole picture")
        step, side = shape.stride, 24 * shape.stride
        picture = torch.rand(1, 3, side, side + step)
        model = self.model()
        with torch.no_grad():
            one, other = model(picture[..., :side]), model(picture[..., step:])
        inner = slice(8 * step, 12 * step)
        moved = slice(7 * step, 11 * step)
        torch.testing.assert_close(
            one[..., inner, inner], other[..., inner, moved], atol=1e-4, rtol=1e-4
        )

    def test_a_checkpoint_is_built_again(self, tmp_path: Path):
        model, spec = self.model(), self.spec()
        save_checkpoint(tmp_path / "c.safetensors", model, spec, header=HEADER)
        again, header = load_checkpoint(tmp_path / "c.safetensors")
        assert ModelSpec.read(header["model"], "it") == spec
        picture = torch.rand(1, 3, 16, 16)
        with torch.no_grad():
            assert torch.equal(again(picture), model(picture))

    def test_it_is_exported(self, tmp_path: Path):
        save_checkpoint(tmp_path / "c.safetensors", self.model(), self.spec(), header=HEADER)
        assert export(tmp_path / "c.safetensors", tmp_path / "m.onnx", format="onnx") < 1e-2

    def test_its_options_are_flat_outside_and_refused_elsewhere(self):
        assert changed(TrialOptions(), as_dict(self.options)) == self.options
        assert dataclasses.asdict(self.options.network).items() <= as_dict(self.options).items()
        with pytest.raises(BadOption, match="there is no option"):
            changed(self.options, {"hexes": 1})

    def test_what_it_names_is_there(self):
        family = FAMILIES[self.name]
        for place in filter(None, (family.network, family.setup, family.weights)):
            assert callable(resolve(place))
        model = self.model()
        for layer in family.feature_layers:
            assert isinstance(getattr(model, layer), torch.nn.Module)

    def test_every_pixel_is_learnt_from(self):
        model = self.model()
        picture: Tensor = torch.rand(2, 3, 32, 32)
        model.train()(picture).square().mean().backward()
        learning = [p for p in model.parameters() if p.requires_grad and p.grad is not None]
        assert learning and all(p.grad.isfinite().all() for p in learning if p.grad is not None)
