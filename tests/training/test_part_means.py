import torch

from aerial_nni.training.part_means import PartMeans


def test_the_mean_of_what_is_noted_begins_anew_each_time():
    parts = PartMeans()
    for value in (1.0, 2.0, 6.0):
        loss = torch.tensor(value, requires_grad=True)
        parts.note({"labels": loss, "soft": 2 * loss})
    assert parts.columns() == {"train_loss/labels": 3.0, "train_loss/soft": 6.0}
    assert parts.columns() == {}
    parts.note({"labels": torch.tensor(5.0)})
    assert parts.columns() == {"train_loss/labels": 5.0}
