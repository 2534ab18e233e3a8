import torch

from aerial_nni.data.dataset import VOID
from aerial_nni.training.loss_meter import PartMeans

FULL = torch.zeros(1, 2, 2, dtype=torch.uint8)


def test_the_mean_of_what_is_noted_begins_anew_each_time():
    parts = PartMeans()
    for value in (1.0, 2.0, 6.0):
        loss = torch.tensor(value, requires_grad=True)
        parts.note({"labels": loss, "soft": 2 * loss}, FULL)
    assert parts.columns() == {"train_loss/labels": 3.0, "train_loss/soft": 6.0}
    assert parts.columns() == {}
    parts.note({"labels": torch.tensor(5.0)}, FULL)
    assert parts.columns() == {"train_loss/labels": 5.0}


def test_batches_weigh_by_their_valid_pixels():
    parts = PartMeans()
    masks = torch.tensor([[[0, VOID], [VOID, VOID]]], dtype=torch.uint8)
    parts.note({"labels": torch.tensor(5.0)}, masks)
    assert parts.columns() == {"train_loss/labels": 5.0}  # of a single pixel
    parts.note({"labels": torch.tensor(5.0)}, masks)
    parts.note({"labels": torch.tensor(0.0)}, FULL)
    assert parts.columns() == {"train_loss/labels": 1.0}
    parts.note({"labels": torch.tensor(0.0)}, torch.full_like(masks, VOID))
    assert parts.columns() == {"train_loss/labels": 0.0}
