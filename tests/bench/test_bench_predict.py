"""The benchmark of whole scenes: its table, and that every contestant does the same work."""

import argparse
from pathlib import Path

import numpy as np
import pytest
import rasterio

from aerial_nni.bench import predict, predict_worker
from aerial_nni.bench.worker import RunFailed
from aerial_nni.data.datasets.scenes import open_scenes
from aerial_nni.inference.tiles import Tiling
from aerial_nni.inference.torch_model import TorchModel


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> argparse.Namespace:
    """A small scene and small models."""
    scenes = open_scenes(areas=2, images_per_area=1, size=160)
    monkeypatch.setattr(predict, "open_dataset", lambda data, data_dir: scenes)
    monkeypatch.setattr(predict, "FRESH", {"teacher": (3, 2), "student": (2, 1)})
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", default="scenes")
    parser.add_argument("--data-dir", default="")
    predict.add_flags(parser)
    small = ["--size", "90", "130", "--tile", "64", "--overlap", "16"]
    return parser.parse_args([*small, "--rounds", "1", "--threads", "1", "--large", "200"])


@pytest.mark.long
def test_every_contestant_is_measured(
    given: argparse.Namespace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    chosen = predict._lay_out

    def three(given: argparse.Namespace, folder: Path):
        scene, all_of_them = chosen(given, folder)
        assert len(all_of_them) == 8
        return scene, [all_of_them[i] for i in (0, 5, 7)]  # each kind of worker once

    monkeypatch.setattr(predict, "_lay_out", three)
    table = predict.measure(given)
    assert [row[0] for row in table.rows] == [
        "teacher, plain loop, fp32", "student, bf16", "student, ONNX int8",
    ]  # fmt: skip
    for _, seconds, rate, megabytes, ratio in table.rows:
        assert min(seconds, rate, megabytes, ratio) > 0
    assert table.rows[0][-1] == 1
    ((pixels, seconds, megabytes),) = table.parts[0].rows
    assert pixels == "200 x 200" and seconds > 0 and megabytes > 0
    assert table.rows[2][3] < table.rows[0][3]  # an ONNX file needs no torch


def test_the_plain_loop_segments_the_scene(given: argparse.Namespace, tmp_path: Path):
    scene, contestants = predict._lay_out(given, tmp_path)
    predict_worker.plain_loop(contestants[0].model, scene, tmp_path / "mask.tif", tile=64)()
    with rasterio.open(scene) as source, rasterio.open(tmp_path / "mask.tif") as mask:
        assert (mask.crs, mask.bounds, mask.count) == (source.crs, source.bounds, 1)
        pixels, found = source.read().transpose(1, 2, 0), mask.read(1)
    model = TorchModel.load(contestants[0].model, device="cpu", precision="fp32")
    logits = model(np.ascontiguousarray(pixels[64:, 64:128]))
    top = np.sort(logits, axis=0)[-2:]
    same = found[64:, 64:128] == logits.argmax(0)
    assert same[top[1] - top[0] > 1e-4].all()


def test_a_worker_that_ends_says_why(given: argparse.Namespace, tmp_path: Path):
    lost = predict.Contestant(name="lost", model=tmp_path / "none.onnx", precision="auto")
    with predict._worker(lost, tmp_path / "a.tif", Tiling(), 1) as worker:
        with pytest.raises(RunFailed, match=r"(?s)lost ended:.*none\.onnx is not a file"):
            worker()
