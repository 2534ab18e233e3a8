"""The same training step inside a Lightning Trainer, for comparison."""

import logging
import time
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from aerial_nni.config.options import TrialOptions
from aerial_nni.training.losses import build_loss
from aerial_nni.training.optim import build_optimizer
from aerial_nni.trials.run_trial import DataContext

PRECISIONS: dict[str, Any] = {"bf16": "bf16-mixed", "fp16": "16-mixed", "fp32": "32-true"}


def lightning_turn(
    model: nn.Module, options: TrialOptions, context: DataContext, loader: DataLoader[Any]
) -> Callable[[], float]:
    """A turn of `Trainer.fit` over one pass of `loader`; the clock runs from batch to batch."""
    import lightning

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    loss = build_loss(options.loss)

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.model = model.to(memory_format=torch.channels_last)

        def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
            images, masks = batch
            return loss(self.model(images.contiguous(memory_format=torch.channels_last)), masks)

        def configure_optimizers(self) -> Any:
            return build_optimizer(self.model, options)

    class Clock(lightning.Callback):
        """From before the loader makes its first batch to after the last update."""

        started = ended = 0.0

        def on_train_epoch_start(self, *_: Any) -> None:
            self.started = time.perf_counter()

        def on_train_epoch_end(self, *_: Any) -> None:
            if context.device.type == "cuda":
                torch.cuda.synchronize()
            self.ended = time.perf_counter()

    module = Module()

    def turn() -> float:
        clock = Clock()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # advice about loader workers, one per turn
            trainer = lightning.Trainer(
                max_epochs=1,
                precision=PRECISIONS[context.precision],
                accelerator="gpu" if context.device.type == "cuda" else "cpu",
                devices=1,
                callbacks=[clock],
                logger=False,
                enable_checkpointing=False,
                enable_progress_bar=False,
                enable_model_summary=False,
                gradient_clip_val=options.clip or None,
            )
            trainer.fit(module, loader)
        return clock.ended - clock.started

    return turn
