"""DeepLabV3: torchvision's own network, and what is ours in it."""

import pytest
import torch
from torchvision.models import segmentation

from aerial_nni.config.families.deeplab import BACKBONES
from aerial_nni.models import deeplab
from aerial_nni.models.deeplab import DeepLab
from aerial_nni.reporting.folder import LABEL_LOSS
from aerial_nni.training.deeplab_weights import renamed
from aerial_nni.training.loss_meter import LABELS, PartMeans
from aerial_nni.training.unfreezing import both_heads

SMALL = "mobilenet_v3_large"


def small(**more) -> DeepLab:
    return DeepLab(3, 5, backbone=SMALL, head=8, **more)


def test_names_are_written_twice_and_alike():
    assert BACKBONES == tuple(deeplab.BUILT)
    assert PartMeans.PREFIX + LABELS == LABEL_LOSS


@pytest.mark.parametrize("backbone", ["resnet101", "resnet50", SMALL])
def test_it_has_the_parameters_of_torchvision(backbone: str):
    with torch.device("meta"):
        build = getattr(segmentation, f"deeplabv3_{backbone}")
        theirs = build(weights=None, weights_backbone=None, num_classes=12, aux_loss=True)
        ours = DeepLab(3, 12, backbone=backbone)
    count = [sum(p.numel() for p in model.parameters()) for model in (theirs, ours)]
    assert count[0] == count[1]


def test_a_resnet_answers_as_that_of_torchvision():
    torch.manual_seed(0)
    theirs = segmentation.deeplabv3_resnet50(
        weights=None, weights_backbone=None, num_classes=5, aux_loss=True
    ).eval()
    ours = DeepLab(3, 5, backbone="resnet50").eval()
    state = {renamed(name, "resnet50"): value for name, value in theirs.state_dict().items()}
    left_out = ours.load_state_dict(state, strict=False)
    assert left_out.missing_keys == ["gain", "shift"] and not left_out.unexpected_keys
    picture = torch.randn(1, 3, 65, 97)
    with torch.no_grad():
        wanted, (out, auxiliary) = theirs(picture), ours.both(picture)
    for one, other in ((out, wanted["out"]), (auxiliary, wanted["aux"])):
        assert other.std() > 0.01
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4 * float(other.std()))


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (90, 16)])
def test_any_size_comes_out_as_it_went_in(size: tuple[int, int]):
    model = small().eval()
    assert model(torch.zeros(1, 3, *size)).shape == (1, 5, *size)


def test_other_bands_and_no_auxiliary_head():
    model = DeepLab(5, 2, backbone=SMALL, head=8, auxiliary=False).eval()
    assert model(torch.zeros(1, 5, 32, 32)).shape == (1, 2, 32, 32)
    assert model.aux_classifier is None


def test_a_batch_of_one_can_be_learnt_from_and_every_parameter_gets_a_gradient():
    model = small().train()
    logits, auxiliary = model.both(torch.randn(1, 3, 64, 64))
    (logits.square().mean() + auxiliary.square().mean()).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize(("trained", "frozen"), [("all", 0), ("layer1", 1), ("layer4", 4),
                                                 ("heads", 5)])  # fmt: skip
def test_frozen_stages_stay_as_they_are(trained: str, frozen: int):
    torch.manual_seed(0)
    model = small(trained=trained).train()
    assert len(model.frozen) == frozen
    before = {name: value.clone() for name, value in model.state_dict().items()}
    rule = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    logits, auxiliary = model.both(torch.randn(2, 3, 32, 32))
    (logits.square().mean() + auxiliary.square().mean()).backward()
    rule.step()
    for name, value in model.state_dict().items():
        if name.startswith(tuple(f"backbone.{stage}." for stage in model.frozen)):
            assert value.equal(before[name]), name
    assert not model.classifier.state_dict()["4.weight"].equal(before["classifier.4.weight"])


def test_held_stages_learn_nothing_and_join_in_later():
    model = small().train()
    model.hold(True)
    model.train()
    assert not any(stage.training for stage in model.backbone.values())
    model.both(torch.randn(2, 3, 32, 32))[0].sum().backward()
    assert all(p.grad is None for p in model.backbone.parameters())
    model.hold(False)
    assert all(stage.training for stage in model.backbone.values())
    model.both(torch.randn(2, 3, 32, 32))[0].sum().backward()
    assert all(p.grad is not None for p in model.backbone["layer4"].parameters())


def test_computed_twice_gives_the_same_gradients_and_norms():
    torch.manual_seed(0)
    plain, twice = small().train(), small(recompute=True).train()
    twice.load_state_dict(plain.state_dict())
    x = torch.randn(2, 3, 32, 32)
    for model in (plain, twice):
        torch.manual_seed(1)  # dropout of the pyramid
        logits, auxiliary = model.both(x)
        (logits.square().mean() + auxiliary.square().mean()).backward()
    for (name, one), other in zip(plain.named_parameters(), twice.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, msg=name)
    for name, value in plain.state_dict().items():
        assert value.equal(twice.state_dict()[name]), name


def test_exported_equals_eager():
    model = small().eval()
    x = torch.randn(1, 3, 40, 56)
    exported = torch.export.export(model, (x,)).module()
    assert torch.allclose(exported(x), model(x), atol=1e-5)


def test_the_auxiliary_head_has_its_share_of_the_loss():
    model, images = small().eval(), torch.randn(1, 3, 32, 32)
    masks = torch.zeros(1, 32, 32)

    def loss(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (logits - target.unsqueeze(1)).square().mean()

    with torch.no_grad():
        main, auxiliary = (loss(logits, masks) for logits in model.both(images))
        noted = PartMeans()
        got = both_heads(loss, 0.4, note=noted.note)(model, images, masks)
    torch.testing.assert_close(got, main + 0.4 * auxiliary)
    assert auxiliary > 0
    assert noted.columns() == {LABEL_LOSS: pytest.approx(float(main))}
