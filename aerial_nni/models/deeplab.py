"""DeepLabV3: a backbone, parallel atrous convolutions on its last map, and an auxiliary head.

Chen, Papandreou, Schroff, Adam 2017, "Rethinking Atrous Convolution for Semantic Image
Segmentation". Backbone and heads are torchvision's, with heads for other classes, so that its
weights fit: https://docs.pytorch.org/vision/stable/models/deeplabv3.html
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from itertools import pairwise
from typing import Annotated, Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint
from torchvision.models import mobilenet_v3_large, resnet50, resnet101
from torchvision.models.segmentation.deeplabv3 import DeepLabHead
from torchvision.models.segmentation.fcn import FCNHead

from aerial_nni.config.families.deeplab import STAGES
from aerial_nni.config.schema import Between

CUTS = (0, 2, 5, 7, 13, 17)
"""Blocks of MobileNetV3 (large) at which the stem and each stage begin, and their number.

The first stage ends where torchvision has the auxiliary head.
"""


def _resnet(build: Callable[..., nn.Module]) -> tuple[nn.ModuleDict, int, int]:
    """Stem and stages of a ResNet with atrous last two, and channels of layer3 and layer4."""
    network = build(weights=None, replace_stride_with_dilation=[False, True, True])
    parts = {name: getattr(network, name) for name in STAGES}
    stem = nn.Sequential()
    for name in ("conv1", "bn1", "relu", "maxpool"):
        stem.add_module(name, getattr(network, name))
    return nn.ModuleDict({"stem": stem, **parts}), 1024, 2048


def _mobilenet() -> tuple[nn.ModuleDict, int, int]:
    """Stem and stages of MobileNetV3 with an atrous last one, and channels of two maps."""
    blocks = list(mobilenet_v3_large(weights=None, dilated=True).features)
    parts = {
        name: nn.Sequential(*blocks[first:last])
        for name, (first, last) in zip(("stem", *STAGES), pairwise(CUTS), strict=True)
    }
    for block in blocks:
        for norm in block.modules():
            if isinstance(norm, nn.BatchNorm2d):
                norm.momentum = 0.1  # torchvision's 0.01 wants thousands of steps
    return nn.ModuleDict(parts), blocks[CUTS[2] - 1].out_channels, blocks[-1].out_channels


BUILT: dict[str, Callable[[], tuple[nn.ModuleDict, int, int]]] = {
    "resnet101": partial(_resnet, resnet101),
    "resnet50": partial(_resnet, resnet50),
    "mobilenet_v3_large": _mobilenet,
}


class OnePixelNorm(nn.BatchNorm2d):
    """Batch normalisation that in training takes its running figures for a single value.

    A batch of one picture has one value of each channel after global pooling, and no deviation.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(b, channels, 1, 1) -> the same."""
        if not self.training or len(x) > 1:
            return super().forward(x)
        return functional.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
        )


class DeepLab(nn.Module):
    """Pictures of any size, (b, bands, h, w) in, logits (b, classes, h, w) out.

    `gain` and `shift` turn the bands as they come into those that the backbone was trained on.
    Stages before `trained` are frozen: their weights do not learn and their norms do not move. With
    `held`, no stage learns for the time being. With `recompute` training keeps the maps between
    blocks only.
    """

    gain: Tensor
    shift: Tensor

    def __init__(
        self,
        bands: int,
        classes: int,
        *,
        backbone: str = "resnet101",
        head: Annotated[int, Between(1, 1 << 16)] = 256,
        auxiliary: bool = True,
        trained: str = "all",
        recompute: bool = False,
    ) -> None:
        super().__init__()
        self.backbone, middle, last = BUILT[backbone]()
        self.aux_stage = "layer3" if backbone.startswith("resnet") else "layer1"
        if bands != 3:
            replace_first(self.backbone["stem"], bands)
        self.classifier = atrous_head(last, classes, channels=head)
        self.aux_classifier = FCNHead(middle, classes) if auxiliary else None
        self.recompute, self.held = recompute, False
        order = ("stem", *STAGES)
        frozen = len(order) if trained == "heads" else 0 if trained == "all" else (
            order.index(trained)
        )  # fmt: skip
        self.frozen = order[:frozen]
        for name in self.frozen:
            self.backbone[name].requires_grad_(False)
        self.register_buffer("gain", torch.ones(1, bands, 1, 1))
        self.register_buffer("shift", torch.zeros(1, bands, 1, 1))

    def train(self, mode: bool = True) -> "DeepLab":
        """As of any module, but for what is frozen or held."""
        super().train(mode)
        for name, stage in self.backbone.items():
            if self.held or name in self.frozen:
                stage.eval()
        return self

    def hold(self, held: bool) -> None:
        """Whether the backbone learns nothing from now on."""
        if held != self.held:
            self.held = held
            self.train(self.training)

    def forward(self, x: Tensor) -> Tensor:
        """(b, bands, h, w) -> (b, classes, h, w)."""
        return self._enlarged(self.classifier(self.features(x)[-1]), x)

    def both(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The logits of the classifier and of the auxiliary head, (b, classes, h, w) each."""
        assert self.aux_classifier is not None
        middle, last = self.features(x)
        heads = (self.classifier(last), self.aux_classifier(middle))
        return self._enlarged(heads[0], x), self._enlarged(heads[1], x)

    def features(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The maps that the auxiliary head and the classifier take."""
        x = x * self.gain + self.shift
        middle = x
        with torch.no_grad() if self.held else nullcontext():
            for name, stage in self.backbone.items():
                for block in list(stage.children()) if name in STAGES else [stage]:
                    x = self._through(block, x) if name not in self.frozen else block(x)
                middle = x if name == self.aux_stage else middle
        return middle, x

    def _through(self, block: nn.Module, x: Tensor) -> Tensor:
        if not (self.recompute and self.training and torch.is_grad_enabled()):
            kept: Tensor = block(x)
            return kept

        def contexts() -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
            return nullcontext(), still_norms(block)

        features: Tensor = checkpoint(block, x, use_reentrant=False, context_fn=contexts)
        return features

    @staticmethod
    def _enlarged(logits: Tensor, x: Tensor) -> Tensor:
        return functional.interpolate(
            logits, size=x.shape[-2:], mode="bilinear", align_corners=False
        )


def atrous_head(channels_in: int, classes: int, *, channels: int) -> nn.Sequential:
    """The head of torchvision, of another width where asked for, and for batches of one picture."""
    head: nn.Sequential = DeepLabHead(channels_in, classes)
    if channels != 256:
        from torchvision.models.segmentation.deeplabv3 import ASPP

        head = nn.Sequential(
            ASPP(channels_in, [12, 24, 36], channels),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, classes, 1),
        )
    atrous: Any = head[0]
    pooling = atrous.convs[-1]  # global pooling, convolution, norm, ReLU
    pooling[2] = OnePixelNorm(channels)
    return head


def replace_first(stem: nn.Module, bands: int) -> None:
    """Gives the first convolution inside `stem` another number of bands."""
    for parent in stem.modules():
        for name, child in parent.named_children():
            if isinstance(child, nn.Conv2d):
                first = nn.Conv2d(
                    bands,
                    child.out_channels,
                    child.kernel_size[0],
                    child.stride[0],
                    int(child.padding[0]),
                    bias=child.bias is not None,
                )
                setattr(parent, name, first)
                return


@contextmanager
def still_norms(module: nn.Module) -> Iterator[None]:
    """Keeps the running figures of batch norms where they are: the batch was counted already."""
    norms = [norm for norm in module.modules() if isinstance(norm, nn.BatchNorm2d)]
    before = [(norm.momentum, norm.num_batches_tracked) for norm in norms]
    for norm in norms:
        norm.momentum, norm.num_batches_tracked = 0.0, None
    try:
        yield
    finally:
        for norm, (momentum, batches) in zip(norms, before, strict=True):
            norm.momentum, norm.num_batches_tracked = momentum, batches
