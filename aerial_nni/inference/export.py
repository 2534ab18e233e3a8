"""A checkpoint in other formats, each checked against the model it was made from.

| Format | File | Runs with |
|---|---|---|
| safetensors | the checkpoint itself | this package |
| onnx | .onnx | ONNX Runtime, without torch |
| torchscript | .pt | torch, also from C++ |
| exported | .pt2 | torch, `torch.export.load` |

The last three take raw pixels (b, bands, h, w), of the type the model was trained on, any number
and size of pictures, and answer logits (b, classes, h, w). The checkpoint's header lies in them as
JSON under the key `aerial_nni`.
"""

import contextlib
import io
import json
import logging
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aerial_nni.config.errors import UserError
from aerial_nni.config.options import BadOption
from aerial_nni.config.run_folder import atomic
from aerial_nni.inference.export_wrapper import Deployed, deploy
from aerial_nni.inference.model_card import KEY, Card
from aerial_nni.training.checkpoint import load_checkpoint, read_header

SUFFIXES = {
    "safetensors": ".safetensors",
    "onnx": ".onnx",
    "torchscript": ".pt",
    "exported": ".pt2",
}

EXTRA = f"{KEY}.json"
"""Name of the file with the header inside a TorchScript or an exported file."""

NAMES = {0: "batch", 2: "height", 3: "width"}
"""The axes of the input and of the output that may have any size."""

CHECKED = ((1, 96, 160), (3, 75, 101), (2, 64, 101))
"""Batch, height and width of the pictures that are compared: none is that of the example."""

TOLERANCE = 1e-3
"""Largest difference of two logits, as a share of the largest logit (at least 1)."""

Run = Callable[[Tensor], Tensor]


class ExportDiffers(UserError):
    """What was written does not compute what the model computes."""


def format_of(target: Path, given: str | None) -> str:
    """The format that was asked for, else the one that the file's ending means.

    Raises:
        BadOption: neither says it, or each says another.
    """
    ending = target.suffix.lower()
    meant = next((name for name, suffix in SUFFIXES.items() if suffix == ending), given)
    if given and meant != given:
        raise BadOption(
            f"--to {target} ends like {meant}, and --format is {given}; give "
            f"--to {target.with_suffix(SUFFIXES[given])}, or leave --format out"
        )
    if meant:
        return meant
    endings = ", ".join(SUFFIXES.values())
    raise BadOption(f"--to {target} has none of the endings {endings}; add --format onnx")


def export(checkpoint: Path, target: Path, *, format: str) -> float:
    """Writes `target`; returns the largest difference of a logit to those of the checkpoint.

    Raises:
        BadCheckpoint, BadModelFile: the checkpoint cannot be used.
        ExportDiffers: the file was not written, as it would compute something else.
    """
    if format == "safetensors":
        read_header(checkpoint)
        with atomic(target) as temporary:
            shutil.copyfile(checkpoint, temporary)
        return 0.0
    module, header, card = deploy(checkpoint)
    with atomic(target) as temporary:
        run = WRITERS[format](module, temporary, header, _pictures(card, 2, 67, 131))
        difference, largest = compare(checkpoint, card, run)
        if not difference <= TOLERANCE * max(1.0, largest):
            raise ExportDiffers(
                f"the {format} file differs from the model by {difference:.3g} where logits reach "
                f"{largest:.3g}, so it was not kept; export to another format"
            )
    return difference


def compare(checkpoint: Path, card: Card, run: Run) -> tuple[float, float]:
    """Largest difference of the logits of `run` to those of a checkpoint, and the largest logit."""
    model = Deployed(load_checkpoint(checkpoint)[0], card)
    difference = largest = 0.0
    with torch.inference_mode():
        for sizes in CHECKED:
            pixels = _pictures(card, *sizes)
            wanted = model(pixels)
            difference = max(difference, float((run(pixels) - wanted).abs().max()))
            largest = max(largest, float(wanted.abs().max()))
    return difference, largest


def _pictures(card: Card, count: int, height: int, width: int) -> Tensor:
    """Noise with the mean and deviation of the training images, (count, bands, height, width)."""
    noise = np.random.default_rng(0).normal(size=(count, height, width, len(card.bands)))
    values = noise * card.std + card.mean
    limits = np.iinfo(card.pixels)
    pixels = values.clip(limits.min, limits.max).astype(card.pixels)
    return torch.from_numpy(pixels.transpose(0, 3, 1, 2).copy())


def _write_onnx(module: Deployed, path: Path, header: dict[str, Any], example: Tensor) -> Run:
    import onnx
    from torch.export import Dim

    from aerial_nni.inference.onnx_model import open_session

    with _without_torchvision():
        program = torch.onnx.export(
            module,
            (example,),
            dynamo=True,
            dynamic_shapes={"pixels": dict.fromkeys(NAMES, Dim.DYNAMIC)},
            input_names=["pixels"],
            output_names=["logits"],
            opset_version=18,  # of 2022: older runtimes read the file too
            verbose=False,
        )
    assert program is not None
    proto = program.model_proto
    for value in (*proto.graph.input, *proto.graph.output):
        for axis, name in NAMES.items():  # the exporter writes formulas of the input's sizes
            value.type.tensor_type.shape.dim[axis].dim_param = name
    onnx.helper.set_model_props(proto, {KEY: json.dumps(header)})
    onnx.save(proto, str(path))
    session = open_session(path)
    return lambda pixels: torch.from_numpy(session.run(None, {"pixels": pixels.numpy()})[0])


@contextlib.contextmanager
def _without_torchvision() -> Iterator[None]:
    """The exporter warns of each operation of torchvision that it cannot write: we use none."""
    log = logging.getLogger("torch.onnx._internal.exporter._registration")

    def of_others(record: logging.LogRecord) -> bool:
        return not record.getMessage().startswith("torchvision is not installed")

    log.addFilter(of_others)
    try:
        yield
    finally:
        log.removeFilter(of_others)


def _write_torchscript(
    module: Deployed, path: Path, header: dict[str, Any], example: Tensor
) -> Run:
    with warnings.catch_warnings():
        # torch calls it outdated; there are programs in C++ that read nothing else.
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(module, (example,), check_trace=False)
        file = io.BytesIO()  # what torch says of a full disk names neither it nor the file
        torch.jit.save(traced, file, _extra_files={EXTRA: json.dumps(header)})
        path.write_bytes(file.getvalue())
        loaded: Run = torch.jit.load(str(path))
        return loaded


def _write_exported(module: Deployed, path: Path, header: dict[str, Any], example: Tensor) -> Run:
    from torch.export import Dim, export, load, save

    sizes = {"pixels": dict.fromkeys(NAMES, Dim.DYNAMIC)}
    program = export(module, (example,), dynamic_shapes=sizes)
    file = io.BytesIO()
    save(program, file, extra_files={EXTRA: json.dumps(header)})
    path.write_bytes(file.getvalue())
    with path.open("rb") as written:
        return load(written).module()


WRITERS = {"onnx": _write_onnx, "torchscript": _write_torchscript, "exported": _write_exported}
"""Format -> what writes it to a path and returns the written file as a function."""
