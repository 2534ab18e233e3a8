"""TensorBoard event files: losses, scores and sample pictures, an epoch a step."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
import torch
from torch import nn

from aerial_nni.data.pipeline.batches import Normalisation, known_type
from aerial_nni.data.pipeline.prepared import Prepared
from aerial_nni.data.visualisation import coloured, rgb_view

PICTURES = 4
"""Validation patches whose prediction is shown."""

GROUPS = {
    "train_loss": "loss/training",
    "val_loss": "loss/validation",
    "mean_iou": "score/mean IoU",
    "soft_jaccard": "score/soft Jaccard",
    "precision": "score/precision",
    "recall": "score/recall",
    "f1": "score/F1",
    "pixel_accuracy": "score/pixel accuracy",
    "lr": "run/learning rate",
    "patches_per_second": "run/patches per second",
    "entropy": "search/entropy of alpha",
    "skip_share": "search/share of skips",
    "expected_parameters": "search/expected parameters",
    "expected_milliseconds": "search/expected milliseconds of a patch",
}
"""Columns of the history and their names in TensorBoard; the last are of a search alone."""

ALPHA = "alpha/"
"""Columns of a search that begin so are `alpha/<place>/<operation>`, and so are their tags."""


class Events:
    """A writer of event files; use it in a `with` block."""

    def __init__(
        self, folder: Path, prepared: Prepared, indices: Sequence[int], normal: Normalisation
    ) -> None:
        from torch.utils.tensorboard import SummaryWriter  # slow to import

        self.writer = SummaryWriter(str(folder))
        self.prepared, self.normal = prepared, normal
        step = max(1, len(indices) // PICTURES)
        self.shown = np.asarray(indices[::step][:PICTURES])
        self._laid_out = False

    def __enter__(self) -> "Events":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.writer.close()

    def add(self, row: Mapping[str, float], model: nn.Module, device: torch.device) -> None:
        """Writes an epoch's row, and pictures after epochs 1, 2, 4, 8, … and every tenth."""
        epoch = int(row["epoch"])
        for column, tag in GROUPS.items():
            if math.isfinite(row.get(column, math.nan)):
                self.writer.add_scalar(tag, row[column], epoch)
        self._lay_out(row)
        for column, value in row.items():
            if column.startswith("iou/") and math.isfinite(value):
                self.writer.add_scalar(f"IoU by class/{column[4:]}", value, epoch)
            if column.startswith("train_loss/"):
                self.writer.add_scalar(f"loss/training, {column[11:]}", value, epoch)
            if column.startswith(ALPHA):
                self.writer.add_scalar(column, value, epoch)
        if epoch % 10 == 0 or epoch & (epoch - 1) == 0:
            self.writer.add_image(
                "validation/image, truth, prediction",
                self._pictures(model, device),
                epoch,
                dataformats="HWC",
            )
        self.writer.flush()

    def _lay_out(self, row: Mapping[str, float]) -> None:
        """Under "Custom Scalars": the alpha of each place as the lines of one chart."""
        places = dict.fromkeys(name.split("/")[1] for name in row if name.startswith(ALPHA))
        if places and not self._laid_out:
            charts = {place: ["Multiline", [f"{ALPHA}{place}/.*"]] for place in places}
            self.writer.add_custom_scalars({"alpha": charts})
            self._laid_out = True

    def _pictures(self, model: nn.Module, device: torch.device) -> np.ndarray:
        images = self.prepared.images[self.shown]
        was_training = model.training
        model.eval()
        with torch.inference_mode():
            batch = torch.from_numpy(known_type(images)).permute(0, 3, 1, 2).to(device)
            predicted = model(self.normal(batch)).argmax(1).cpu().numpy().astype(np.uint8)
        model.train(was_training)
        palette = self.prepared.facts.palette
        rows = [
            np.hstack([rgb_view(image), coloured(truth, palette), coloured(guess, palette)])
            for image, truth, guess in zip(
                images, self.prepared.masks[self.shown], predicted, strict=True
            )
        ]
        return np.vstack(rows)
