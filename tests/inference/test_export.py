"""Exported files compute what the checkpoint computes, for pictures of any number and size."""

import json
import logging
import os
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from made_scenes import CLASSES, HEADER, SPEC, drawn

from aerial_nni.config.options import BadOption
from aerial_nni.inference import open_model
from aerial_nni.inference.export import (
    EXTRA,
    ExportDiffers,
    _without_torchvision,
    compare,
    export,
    format_of,
)
from aerial_nni.inference.export_wrapper import Deployed, folded
from aerial_nni.inference.model_card import BadModelFile, read_card
from aerial_nni.inference.torch_model import TorchModel
from aerial_nni.training.checkpoint import load_checkpoint, read_header, save_checkpoint

SIZES = [(1, 64, 64), (1, 1, 1), (3, 37, 64), (2, 64, 50), (2, 5, 131)]


def wanted(checkpoint: Path, pixels: np.ndarray) -> np.ndarray:
    """Logits of raw pixels (b, bands, h, w) by the model as training leaves it."""
    model, header = load_checkpoint(checkpoint)
    with torch.inference_mode():
        return Deployed(model, read_card(header, checkpoint))(torch.from_numpy(pixels)).numpy()


@pytest.mark.parametrize("sizes", SIZES)
def test_onnx_takes_pictures_of_any_number_and_size(checkpoint: Path, onnx_file: Path, sizes):
    count, height, width = sizes
    pixels = np.stack([drawn(height, width, seed)[0].transpose(2, 0, 1) for seed in range(count)])
    session = onnxruntime.InferenceSession(onnx_file)
    (logits,) = session.run(None, {"pixels": pixels})
    np.testing.assert_allclose(logits, wanted(checkpoint, pixels), atol=1e-4)


def test_onnx_runtime_leaves_and_sends_nothing(onnx_file: Path, tmp_path: Path):
    code = "import sys, pathlib, aerial_nni.inference as i; i.open_model(pathlib.Path(sys.argv[1]))"
    quiet = ("CI", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS")  # each silences it too
    environment = {name: value for name, value in os.environ.items() if name not in quiet}
    environment |= {"XDG_CACHE_HOME": str(tmp_path), "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code, str(onnx_file)], env=environment, check=True)
    assert not list(tmp_path.rglob("*onnxruntime*"))


def test_onnx_refuses_pixels_that_were_normalised(onnx_file: Path):
    session = onnxruntime.InferenceSession(onnx_file)
    with pytest.raises(Exception, match="expected: .tensor.uint8"):
        session.run(None, {"pixels": np.zeros((1, 3, 8, 8), np.float32)})


def test_onnx_names_its_axes_and_says_what_it_is(onnx_file: Path):
    session = onnxruntime.InferenceSession(onnx_file)
    (pixels,), (logits,) = session.get_inputs(), session.get_outputs()
    assert (pixels.name, pixels.shape) == ("pixels", ["batch", 3, "height", "width"])
    assert (logits.name, logits.shape) == ("logits", ["batch", 3, "height", "width"])
    header = json.loads(session.get_modelmeta().custom_metadata_map["aerial_nni"])
    assert read_card(header, onnx_file) == read_card(HEADER, "")


def test_an_onnx_file_and_its_checkpoint_answer_alike(model: TorchModel, onnx_file: Path):
    image = drawn(75, 90, 3)[0]
    from_file = open_model(onnx_file)
    assert from_file.card == model.card
    np.testing.assert_allclose(from_file(image), model(image), atol=1e-4)


@pytest.mark.long
@pytest.mark.parametrize("format", ["torchscript", "exported"])
def test_files_for_torch(checkpoint: Path, tmp_path: Path, format: str):
    path = tmp_path / "model"
    assert export(checkpoint, path, format=format) < 1e-4
    extra = {EXTRA: ""}
    if format == "torchscript":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch calls TorchScript outdated
            run = torch.jit.load(path, _extra_files=extra)
    else:
        with path.open("rb") as file:
            run = torch.export.load(file, extra_files=extra).module()
    assert json.loads(extra[EXTRA])["classes"] == list(CLASSES)
    for count, height, width in SIZES:
        if format == "exported" and height <= 4:
            continue  # torch.export knows no axis of 1, at the bottom of the network
        pixels = np.zeros((count, 3, height, width), np.uint8)
        with torch.inference_mode():
            logits = run(torch.from_numpy(pixels)).numpy()
        np.testing.assert_allclose(logits, wanted(checkpoint, pixels), atol=1e-4)


@pytest.mark.long
def test_a_model_of_sixteen_bits(tmp_path: Path):
    header = {**HEADER, "pixels": "uint16", "mean": (9e3,) * 3, "std": (5e3,) * 3}
    checkpoint = tmp_path / "deep.safetensors"
    more = {"norm": "group", "upsampling": "bilinear", "space_to_depth": 2}
    bilinear = replace(SPEC, options={**SPEC.options, **more})
    save_checkpoint(checkpoint, bilinear.build().eval(), bilinear, header=header)
    assert export(checkpoint, tmp_path / "deep.onnx", format="onnx") < 1e-3
    pixels = np.random.default_rng(0).integers(0, 20000, (1, 3, 33, 47)).astype(np.uint16)
    session = onnxruntime.InferenceSession(tmp_path / "deep.onnx")
    (logits,) = session.run(None, {"pixels": pixels})
    np.testing.assert_allclose(logits, wanted(checkpoint, pixels), atol=1e-3)


def test_safetensors_is_the_checkpoint_itself(checkpoint: Path, tmp_path: Path):
    assert export(checkpoint, tmp_path / "copy.safetensors", format="safetensors") == 0
    assert (tmp_path / "copy.safetensors").read_bytes() == checkpoint.read_bytes()


@pytest.mark.long
def test_what_differs_is_not_kept(checkpoint: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("aerial_nni.inference.export.compare", lambda *_: (0.5, 3.0))
    with pytest.raises(ExportDiffers, match="differs from the model by 0.5"):
        export(checkpoint, tmp_path / "a.pt2", format="exported")
    assert not list(tmp_path.iterdir())


def test_a_difference_is_found(checkpoint: Path):
    card = read_card(read_header(checkpoint), checkpoint)
    model = Deployed(load_checkpoint(checkpoint)[0], card)
    with torch.inference_mode():
        difference, largest = compare(checkpoint, card, lambda pixels: model(pixels) + 0.25)
    assert difference == pytest.approx(0.25, abs=1e-4)
    assert largest > 1


def test_normalisations_are_merged_into_convolutions(checkpoint: Path):
    plain, merged = (load_checkpoint(checkpoint)[0] for _ in range(2))
    folded(merged)
    kinds = [type(module) for module in merged.modules()]
    assert torch.nn.BatchNorm2d not in kinds
    x = torch.randn(1, 3, 40, 40)
    with torch.inference_mode():
        torch.testing.assert_close(merged(x), plain(x), atol=1e-4, rtol=1e-4)


def test_the_format_is_that_of_the_ending_unless_given():
    assert format_of(Path("a.onnx"), None) == "onnx"
    assert format_of(Path("a"), "exported") == format_of(Path("a.pt2"), "exported") == "exported"
    with pytest.raises(BadOption, match="leave --format out"):
        format_of(Path("a.pt"), "exported")
    with pytest.raises(BadOption, match="add --format onnx"):
        format_of(Path("a.bin"), None)


def test_an_onnx_file_that_cannot_be_used(onnx_file: Path, tmp_path: Path):
    with pytest.raises(BadModelFile, match="is not a file"):
        open_model(tmp_path / "none.onnx")
    (tmp_path / "cut.onnx").write_bytes(onnx_file.read_bytes()[:999])
    with pytest.raises(BadModelFile, match="cannot be opened as an ONNX file"):
        open_model(tmp_path / "cut.onnx")
    with pytest.raises(BadOption, match="runs on the processor"):
        open_model(onnx_file, device="cuda")
    with pytest.raises(BadOption, match="has its own"):
        open_model(onnx_file, precision="bf16")


def test_nothing_is_said_of_torchvision_and_all_else_is(caplog: pytest.LogCaptureFixture):
    log = logging.getLogger("torch.onnx._internal.exporter._registration")
    with _without_torchvision():
        log.warning("torchvision is not installed. Skipping %s", "torchvision::nms")
        log.warning("something else")
    log.warning("torchvision is not installed. Skipping %s", "torchvision::nms")
    said = ["something else", "torchvision is not installed. Skipping torchvision::nms"]
    assert caplog.messages == said
