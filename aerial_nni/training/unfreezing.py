"""DeepLabV3 training: two heads, and backbone stages unfrozen at given epochs."""

from collections.abc import Callable

from torch import Tensor, nn
from torch.optim import Optimizer

from aerial_nni.data.pipeline.batches import Batch
from aerial_nni.models.deeplab import DeepLab
from aerial_nni.training.callback import Callback
from aerial_nni.training.loss_meter import LABELS

Loss = Callable[[Tensor, Tensor], Tensor]


def both_heads(
    loss: Loss, weight: float, *, note: Callable[[dict[str, Tensor], Tensor], None] | None = None
) -> Callable[[nn.Module, Tensor, Tensor], Tensor]:
    """The loss of the classifier plus `weight` times that of the auxiliary head, on its logits.

    `note` is told the classifier's own loss and the masks, see `PartMeans`: that is the one that is
    validated.
    """

    def objective(model: nn.Module, images: Tensor, masks: Tensor) -> Tensor:
        assert isinstance(model, DeepLab)
        logits, auxiliary = model.both(images)
        main = loss(logits, masks)
        if note is not None:
            note({LABELS: main}, masks)
        return main + weight * loss(auxiliary, masks)

    return objective


class Thaw(Callback):
    """Lets the heads learn alone for `epochs` epochs. A function of the epoch, so a run goes on."""

    def __init__(self, model: DeepLab, epochs: int) -> None:
        self.model, self.epochs = model, epochs
        self.model.hold(epochs > 0)

    def before_update(self, epoch: int, batch: Batch, rate: float, optimizer: Optimizer) -> None:
        """Holds the stages, or lets them go."""
        self.model.hold(epoch < self.epochs)
