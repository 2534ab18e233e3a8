"""What a failure tells a user to type."""

from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from aerial_nni.config.options import TrialOptions, changed
from aerial_nni.training.failures import NotFinite, _advice


@pytest.mark.parametrize(
    ("values", "advice"),
    [
        ({"clip": 0.0, "precision": "bf16"}, "--lr 0.01, or --clip 1, or --precision fp32, by"),
        ({"clip": 0.0, "precision": "fp32"}, "--lr 0.01, or --clip 1, by"),
        ({"clip": 1.0, "precision": "fp16"}, "--lr 0.01, or --precision fp32, by"),
        ({"clip": 1.0, "precision": "fp32"}, "try --lr 0.01, by"),
    ],
    ids=str,
)
def test_what_to_try_where_the_loss_is_no_number(values: dict, advice: str):
    options = changed(TrialOptions(), {"lr": 0.03, **values})
    said = str(NotFinite(epoch=2, step=7, options=options))
    assert advice in said and "at step 7 of epoch 2 (lr=0.03, precision=" in said


@pytest.mark.parametrize(
    ("fits", "said"),
    [
        (4, "--batch 4 --accumulate 4,"),
        (3, "--batch 2 --accumulate 8,"),
        (1, "--batch 1 --accumulate 16,"),
        (0, "not even one patch fits into the memory (why); try --width 8 or --patch 12"),
    ],
)
def test_the_largest_half_that_fits_is_named(fits: int, said: str):
    def objective(model: nn.Module, images: Tensor, masks: Tensor) -> Tensor:
        assert len(images) == len(masks)
        if len(images) > fits:
            raise RuntimeError("out of memory")
        return model(images).sum()

    model = nn.Conv2d(3, 1, 1)
    trainer = SimpleNamespace(
        options=changed(TrialOptions(), {"batch": 8, "accumulate": 2, "width": 16}), model=model,
        optimizer=torch.optim.SGD(model.parameters(), 0.1), device=torch.device("cpu"),
        precision="fp32",
    )  # fmt: skip
    batch = torch.zeros(8, 3, 24, 24), torch.zeros(8, 24, 24)
    found = _advice(trainer, batch, SimpleNamespace(objective=objective), "why")  # type: ignore
    assert said in found
