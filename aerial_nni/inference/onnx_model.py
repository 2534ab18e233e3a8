"""An exported ONNX file as a function from pixels to logits, on the processor, without torch."""

import os
from pathlib import Path

import numpy as np
import onnxruntime

from aerial_nni.config.errors import is_memory
from aerial_nni.config.options import BadOption
from aerial_nni.inference.model_card import KEY, BadModelFile, read_card
from aerial_nni.training.header import parse_header


class OnnxModel:
    """A file that `export` wrote. Its graph normalises the pixels itself."""

    def __init__(self, path: Path, *, device: str = "auto", precision: str = "auto") -> None:
        if device not in ("auto", "cpu"):
            raise BadOption(f"device={device!r}: an ONNX file runs on the processor; give cpu")
        if precision != "auto":
            raise BadOption(f"precision={precision!r}: an ONNX file has its own; leave it out")
        if not path.is_file():
            raise BadModelFile(f"{path} is not a file; give what export wrote")
        self.session = open_session(path)
        metadata = self.session.get_modelmeta().custom_metadata_map
        if KEY not in metadata:
            raise BadModelFile(
                f"{path} says nothing of classes and bands; write it with: "
                f"python -m aerial_nni.run export CHECKPOINT --to {path.name}"
            )
        self.path, self.card = path, read_card(parse_header(metadata[KEY], path), path)
        found = {one.name: (one.type, len(one.shape)) for one in self.session.get_inputs()}
        wanted = {"pixels": (f"tensor({self.card.pixels})", 4)}
        if found != wanted:
            raise BadModelFile(f"{path} takes {found}, not {wanted}; give what export wrote")

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """Raw pixels (h, w, bands) -> logits (classes, h, w) float32."""
        # (h, w, bands) -> (1, bands, h, w)
        logits: np.ndarray = self.batch(np.ascontiguousarray(pixels.transpose(2, 0, 1))[None])[0]
        return logits

    def batch(self, pixels: np.ndarray) -> np.ndarray:
        """Raw pixels (b, bands, h, w) -> logits (b, classes, h, w) float32."""
        try:
            logits: np.ndarray = self.session.run(None, {"pixels": pixels})[0]
        except Exception as error:  # its own exceptions have no base class but this
            if is_memory(error):
                raise MemoryError(str(error)) from error
            raise BadModelFile(f"{self.path} cannot be run: {error}") from error
        shape = (len(pixels), len(self.card.classes), *pixels.shape[2:])
        if logits.shape != shape:
            raise BadModelFile(f"{self.path} answers {logits.shape} where {shape} is due")
        return logits


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """A session that uses the processors this process may use.

    Raises:
        BadModelFile: the file is no ONNX file.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads()
    options.log_severity_level = 3  # errors only
    try:
        return onnxruntime.InferenceSession(
            path, sess_options=options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # its own exceptions have no base class but this
        raise BadModelFile(
            f"{path} cannot be opened as an ONNX file: {error}; write one with: "
            "python -m aerial_nni.run export CHECKPOINT --to model.onnx"
        ) from error


def threads() -> int:
    """Processors this process may use; as ONNX Runtime comes, it takes all of the machine."""
    affinity = getattr(os, "sched_getaffinity", None)
    allowed = len(affinity(0)) if affinity else os.cpu_count() or 1
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return min(allowed, int(asked)) if asked.isdecimal() and int(asked) else allowed
