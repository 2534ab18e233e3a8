import itertools

import pytest
import torch

from aerial_nni.config.families.unet import NORMS, UPSAMPLINGS
from aerial_nni.config.options import TrialOptions, changed
from aerial_nni.models import ModelSpec, build_model, parameter_count
from aerial_nni.models.unet import UNet


def spec(**values):
    return ModelSpec.of(
        **{
            "model": "unet",
            "bands": 3,
            "classes": 6,
            "width": 4,
            "depth": 2,
            "norm": "batch",
            "dropout": 0.0,
            "upsampling": "transposed",
            **values,
        }
    )


def test_reference_network_has_its_published_parameter_count():
    assert parameter_count(UNet(3, 6, width=16, depth=4, norm="none", dropout=0.2)) == 1_941_190


def test_reference_dropout_is_0_2_and_0_3_at_the_bottom():
    model = UNet(3, 6, width=4, depth=2, norm="none", dropout=0.2)
    rates = [m.p for m in model.modules() if isinstance(m, torch.nn.Dropout)]
    assert rates == pytest.approx([0.2, 0.2, 0.3, 0.2, 0.2])


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (1, 5), (16, 200)])
@pytest.mark.parametrize("fold", [1, 2, 3])
def test_any_size_comes_out_as_it_went_in(size, fold):
    model = spec(bands=4, classes=3, space_to_depth=fold).build().eval()
    assert model(torch.zeros(2, 4, *size)).shape == (2, 3, *size)


@pytest.mark.parametrize(("norm", "upsampling"), list(itertools.product(NORMS, UPSAMPLINGS)))
def test_every_option_builds_and_every_parameter_gets_a_gradient(norm, upsampling):
    options = changed(
        TrialOptions(), {"width": 6, "depth": 2, "norm": norm, "upsampling": upsampling}
    )
    model = build_model(options, bands=3, classes=5)
    model(torch.randn(2, 3, 16, 16)).square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


def test_space_to_depth_keeps_every_pixel():
    # With the network between replaced by nothing, folding and unfolding give the picture back.
    model = UNet(3, 3, width=4, depth=2, space_to_depth=2)
    x = torch.randn(1, 3, 8, 8)
    assert torch.equal(model.unfold(model.fold(x)), x)


def test_exported_equals_eager():
    model = spec().build().eval()
    x = torch.randn(1, 3, 24, 40)
    exported = torch.export.export(model, (x,)).module()
    assert torch.allclose(exported(x), model(x), atol=1e-5)
