"""A trained model at work: whole scenes of any size, and files that run without this package."""

import os
from pathlib import Path
from typing import Protocol

import numpy as np

from aerial_nni.inference.model_card import BadModelFile, Card

# From 1.29 on ONNX Runtime notes an identifier of this machine in ~/.cache and reports its use to
# Microsoft, unless this says no before it is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")


class Segmenter(Protocol):
    """A model that was opened: raw pixels (h, w, bands) in, logits (classes, h, w) float32 out."""

    card: Card

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """The logits of one tile. The caller may change the array."""


def open_model(path: Path, *, device: str = "auto", precision: str = "auto") -> Segmenter:
    """The model in a checkpoint or in an ONNX file that `export` wrote.

    An ONNX file runs on the processor, in the precision it was written with, and without torch.

    Raises:
        BadCheckpoint, BadModelFile: the file cannot be used.
        BadOption: the device is not there, or an ONNX file was asked to use it.
    """
    if path.suffix.lower() == ".onnx":
        from aerial_nni.inference.onnx_model import OnnxModel

        return OnnxModel(path, device=device, precision=precision)
    if path.suffix.lower() in (".pt", ".pt2"):
        raise BadModelFile(
            f"{path} is for use without this package; give the checkpoint or an ONNX file"
        )
    from aerial_nni.inference.torch_model import TorchModel

    return TorchModel.load(path, device=device, precision=precision)
