"""An ONNX file in 8-bit integers, calibrated on training patches, its loss measured.

Static quantisation by ONNX Runtime: weights in 8 bits per output channel, activations in 8 bits
with ranges seen on calibration patches. Two choices:

- Weights use 7 of their 8 bits. With all 8, processors without VNNI instructions overflow, so that
  the same file would answer worse on them than where its loss was measured.
- The last convolution stays in floating point: it is little work, and its rounding would decide
  between classes directly.
"""

import contextlib
import io
import logging
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import Tensor, nn

from aerial_nni.config.run_folder import atomic
from aerial_nni.data.pipeline.batches import Batches, Normalisation, measure_normalisation, shown
from aerial_nni.data.pipeline.prepared import Prepared
from aerial_nni.inference.export import export
from aerial_nni.inference.onnx_model import OnnxModel
from aerial_nni.inference.training_data import own_data
from aerial_nni.training.evaluation import evaluate

PATCHES = 64
"""Calibration patches at most, evenly taken from all that may be used."""

QUANTISED = ("Conv", "ConvTranspose", "Relu", "MaxPool", "Concat")
"""Operations in integers; normalisation and the changes of size around them stay as they are."""


@dataclass(frozen=True, kw_only=True)
class Quantised:
    """What quantisation cost: mean IoU on the checkpoint's own validation patches."""

    mean_iou: float
    floating: float
    """That of the same ONNX file before."""
    patches: int
    """Validation patches."""


def export_int8(
    checkpoint: Path, target: Path, *, options: Path | None = None, data_dir: str = ""
) -> Quantised:
    """Writes a checkpoint as an ONNX file in 8-bit integers and measures what that costs.

    It is calibrated on the patches that trained the checkpoint: see `own_data`.

    Raises:
        BadCheckpoint, BadModelFile, ExportDiffers: the checkpoint cannot be exported.
        DataUnknown, DatasetMissing, SplitMismatch: its patches are not known or not there.
    """
    prepared, split = own_data(checkpoint, options=options, data_dir=data_dir)
    with tempfile.TemporaryDirectory(prefix="aerial-int8-") as folder:
        floating = Path(folder) / "floating.onnx"
        export(checkpoint, floating, format="onnx")
        with atomic(target) as integers:
            quantise(floating, integers, calibration_patches(prepared, split.train))
            return Quantised(
                mean_iou=mean_iou(integers, prepared, split.val),
                floating=mean_iou(floating, prepared, split.val),
                patches=len(split.val),
            )


def quantise(source: Path, target: Path, patches: Sequence[np.ndarray]) -> None:
    """Writes the ONNX file `source` in 8-bit integers to `target`.

    `patches` are raw pixels (1, bands, h, w) on which the ranges of activations are measured.
    """
    with tempfile.TemporaryDirectory(prefix="aerial-int8-") as folder, _quiet():
        ready = Path(folder) / "ready.onnx"
        quant_pre_process(str(source), str(ready), skip_symbolic_shape=True)
        graph = onnx.load(str(ready)).graph
        convolutions = [node.name for node in graph.node if node.op_type == "Conv"]
        with atomic(target) as temporary:
            quantize_static(
                str(ready),
                str(temporary),
                _Patches(patches),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=list(QUANTISED),
                nodes_to_exclude=convolutions[-1:],
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                per_channel=True,
                reduce_range=True,
            )


class _Patches(CalibrationDataReader):
    """Patches one by one, as ONNX Runtime asks for them."""

    def __init__(self, patches: Sequence[np.ndarray]) -> None:
        self.left = iter(patches)

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next patch by the input's name; None after the last."""
        patch = next(self.left, None)
        return None if patch is None else {"pixels": patch}


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the remarks that ONNX Runtime's tools make through the root logger and print."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(before)


def calibration_patches(prepared: Prepared, indices: Sequence[int]) -> list[np.ndarray]:
    """Up to `PATCHES` of the patches `indices`, evenly taken, each (1, bands, h, w).

    They are as a model that learnt from all of them is shown them.
    """
    count = min(PATCHES, len(indices))
    chosen = np.array([indices[i * len(indices) // count] for i in range(count)])
    images = shown(prepared, chosen, measure_normalisation(prepared, indices).mean)
    # (h, w, bands) -> (1, bands, h, w)
    return [np.ascontiguousarray(image.transpose(2, 0, 1)[None]) for image in images]


def mean_iou(path: Path, prepared: Prepared, indices: Sequence[int]) -> float:
    """Mean IoU of an ONNX file on the patches `indices`, by the numeric policy of all scores."""
    model = OnnxModel(path)
    bands = len(model.card.bands)
    raw = Batches(
        prepared=prepared,
        indices=tuple(indices),
        batch=8,
        device=torch.device("cpu"),
        normalisation=Normalisation(mean=(0.0,) * bands, std=(1.0,) * bands),
        neutral=model.card.mean,
    )
    classes = len(model.card.classes)
    result = evaluate(
        _Module(model), raw.in_order(), classes=classes, device=raw.device, precision="fp32"
    )
    return result.scores()["mean_iou"]


class _Module(nn.Module):
    """An ONNX file where a module is expected."""

    def __init__(self, model: OnnxModel) -> None:
        super().__init__()
        self.onnx = model

    def forward(self, images: Tensor) -> Tensor:
        """Raw pixels (b, bands, h, w) as floats -> logits (b, classes, h, w)."""
        pixels = images.contiguous().numpy().astype(self.onnx.card.pixels)
        return torch.from_numpy(self.onnx.batch(pixels))
