"""Scenes per minute and peak memory of a teacher and its student, through `predict` and without.

One scene of real size, a mosaic of the dataset's pictures, is read from a GeoTIFF, segmented and
written, by every contestant in turn, round after round, so that a machine that slows down slows all
of them down. The figure is the median over rounds. Each contestant is a process of its own, whose
peak of resident memory holds the interpreter and its libraries too.

Without checkpoints the weights are fresh: what a model has learnt does not change its speed.
"""

import argparse
import contextlib
import itertools
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
import torch
from rasterio.windows import Window

from aerial_nni.bench.table import Part, Table
from aerial_nni.bench.train import in_turns
from aerial_nni.bench.worker import Worker
from aerial_nni.config.options import TrialOptions, changed
from aerial_nni.data import open_dataset
from aerial_nni.data.dataset import Dataset
from aerial_nni.inference.export import export
from aerial_nni.inference.model_card import Card, read_card
from aerial_nni.inference.quantisation import quantise
from aerial_nni.inference.scene import open_scene
from aerial_nni.inference.tiles import TILE, Tiling
from aerial_nni.models import model_spec, parameter_count
from aerial_nni.training.checkpoint import load_checkpoint, read_header, save_checkpoint
from aerial_nni.training.seeds import derived_seed

SIZE = (1479, 2149)
"""Height and width of the scene in pixels, unless asked otherwise."""

FRESH = {"teacher": (16, 4), "student": (8, 3)}
"""Width and depth of the U-Nets that stand in for checkpoints."""

PATCH = 256
"""Pixels: the pictures of the mosaic, and of what the integers are calibrated on."""


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """A model file at work."""

    name: str
    model: Path
    precision: str
    plain: bool = False
    """Whether in a loop of non-overlapping tiles, as anybody would write it."""


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of this benchmark."""
    for role, (width, depth) in FRESH.items():
        text = f"default: fresh weights of width {width} and depth {depth}"
        parser.add_argument(f"--{role}", type=Path, metavar="CHECKPOINT", help=text)
    parser.add_argument("--space-to-depth", type=int, default=1, help="of fresh weights")
    parser.add_argument("--tile", type=int, default=Tiling.tile, help="as in predict")
    parser.add_argument("--overlap", type=int, default=Tiling.overlap, help="as in predict")
    parser.add_argument("--size", type=int, nargs=2, default=SIZE, metavar=("H", "W"))
    parser.add_argument(
        "--large", type=int, nargs="+", default=[], metavar="SIDE",
        help="also segment square scenes of such sides, once each, by the student",
    )  # fmt: skip
    parser.add_argument("--rounds", type=int, default=5, help="turns of each (default: 5)")
    parser.add_argument("--threads", type=int, default=2, help="of each (default: 2)")


def measure(given: argparse.Namespace) -> Table:
    """The table of all contestants; the last column is the ratio to the teacher's plain loop."""
    tiling = Tiling(tile=given.tile, overlap=given.overlap)
    with tempfile.TemporaryDirectory(prefix="aerial-bench-") as place:
        folder = Path(place)
        scene, contestants = _lay_out(given, folder)
        with contextlib.ExitStack() as stack:
            workers = {
                one.name: stack.enter_context(_worker(one, scene, tiling, given.threads))
                for one in contestants
            }
            seconds = in_turns(workers, given.rounds)
            peaks = {name: worker.peak() for name, worker in workers.items()}
        large = [_large(side, folder, tiling, given.threads) for side in given.large]
        parameters = {
            role: parameter_count(load_checkpoint(folder / f"{role}.safetensors")[0])
            for role in FRESH
        }
    plain = next(iter(seconds.values()))
    return Table(
        title="Speed and memory of predict",
        columns=(
            "Model", "Seconds per scene", "Scenes per minute", "Peak memory (MB)",
            "Times the teacher's plain loop",
        ),
        rows=tuple(
            (name, value, 60 / value, peaks[name] / 1e6, plain / value)
            for name, value in seconds.items()
        ),
        notes=(
            f"A GeoTIFF of {given.size[1]} x {given.size[0]} pixels of {given.data}, read, "
            f"segmented and written; {given.threads} threads; median of {given.rounds} turns.",
            f"Teacher: {parameters['teacher']:,} parameters; student: {parameters['student']:,}.",
            f"Plain: tiles of {given.tile or TILE} pixels without overlap; all others: predict "
            + (f"with tiles of {given.tile} pixels" if given.tile else "with its usual tiles")
            + f" that overlap by {given.overlap} and are blended.",
        ),
        device=torch.device("cpu"),
        parts=(
            Part(
                title="Larger scenes, by the student alone",
                columns=("Pixels", "Seconds", "Peak memory (MB)"),
                rows=tuple(large),
            ),
        ) if large else (),
    )  # fmt: skip


def _large(side: int, folder: Path, tiling: Tiling, threads: int) -> tuple[str, float, float]:
    """A row: the scene repeated to a square of this side, segmented once in a new process."""
    scene = folder / f"{side}.tif"
    with rasterio.open(folder / "scene.tif") as file:
        _save(scene, file.read().transpose(1, 2, 0), shape=(side, side))
    model = folder / "student.safetensors"
    student = Contestant(name=f"student, {side}", model=model, precision="auto")
    with _worker(student, scene, tiling, threads) as worker:
        seconds = worker()
        peak = worker.peak()
    scene.unlink()
    return f"{side} x {side}", seconds, peak / 1e6


def _worker(one: Contestant, scene: Path, tiling: Tiling, threads: int) -> Worker:
    words = [str(one.model), one.precision, str(scene)]
    words += [str(tiling.tile), str(tiling.overlap), str(int(one.plain))]
    return Worker(one.name, "aerial_nni.bench.predict_worker", words, threads=threads)


def _lay_out(given: argparse.Namespace, folder: Path) -> tuple[Path, list[Contestant]]:
    """Writes the scene and all model files into `folder`."""
    dataset = open_dataset(given.data, given.data_dir)
    pixels = mosaic(dataset, *given.size)
    scene = folder / "scene.tif"
    _save(scene, pixels)
    for role in FRESH:
        checkpoint = folder / f"{role}.safetensors"
        if getattr(given, role):
            export(getattr(given, role), checkpoint, format="safetensors")
        else:
            _save_fresh(checkpoint, role, given.space_to_depth, dataset, pixels)
    teacher, student = (folder / f"{role}.safetensors" for role in FRESH)
    floating, integers = folder / "student.onnx", folder / "student-int8.onnx"
    export(student, floating, format="onnx")
    quantise(floating, integers, _calibration(scene, read_card(read_header(student), student)))
    return scene, [
        Contestant(name="teacher, plain loop, fp32", model=teacher, precision="fp32", plain=True),
        Contestant(name="teacher, fp32", model=teacher, precision="fp32"),
        Contestant(name="teacher, bf16", model=teacher, precision="bf16"),
        Contestant(name="student, plain loop, fp32", model=student, precision="fp32", plain=True),
        Contestant(name="student, fp32", model=student, precision="fp32"),
        Contestant(name="student, bf16", model=student, precision="bf16"),
        Contestant(name="student, ONNX fp32", model=floating, precision="auto"),
        Contestant(name="student, ONNX int8", model=integers, precision="auto"),
    ]


def mosaic(dataset: Dataset, height: int, width: int) -> np.ndarray:
    """Corners of a dataset's pictures side by side, (height, width, bands)."""
    samples = itertools.cycle(dataset.samples)
    rows = []
    for _ in range(0, height, PATCH):
        row = [_corner(dataset.read(next(samples))[0]) for _ in range(0, width, PATCH)]
        rows.append(np.concatenate(row, axis=1))
    return np.concatenate(rows)[:height, :width]


def _corner(image: np.ndarray) -> np.ndarray:
    """The first `PATCH` rows and columns of a picture, which is mirrored where it is smaller."""
    short = [(0, max(0, PATCH - side)) for side in image.shape[:2]]
    return np.pad(image, (*short, (0, 0)), mode="symmetric")[:PATCH, :PATCH]


def _save(path: Path, pixels: np.ndarray, shape: tuple[int, int] | None = None) -> None:
    """Writes pixels (h, w, bands), repeated to `shape`, as a GeoTIFF that lies in Dubai."""
    height, width = shape or pixels.shape[:2]
    bands, columns = pixels.shape[2], np.arange(width) % pixels.shape[1]
    with rasterio.open(
        path, "w", driver="GTiff", height=height, width=width, count=bands, dtype=pixels.dtype,
        crs="EPSG:32640", transform=rasterio.Affine(0.5, 0, 326000, 0, -0.5, 2779000),
        tiled=True, compress="deflate",
    ) as file:  # fmt: skip
        for y in range(0, height, PATCH):
            rows = np.arange(y, min(y + PATCH, height)) % pixels.shape[0]
            part = pixels[rows][:, columns].transpose(2, 0, 1)  # (h, w, bands) -> (bands, h, w)
            file.write(part, window=Window(0, y, width, len(rows)))


def _save_fresh(
    path: Path, role: str, space_to_depth: int, dataset: Dataset, pixels: np.ndarray
) -> None:
    width, depth = FRESH[role]
    options = changed(
        TrialOptions(), {"width": width, "depth": depth, "space_to_depth": space_to_depth}
    )
    facts = dataset.facts
    spec = model_spec(options, bands=len(facts.bands), classes=len(facts.classes))
    header = {
        "classes": facts.classes,
        "palette": facts.palette,
        "bands": facts.bands,
        "mean": pixels.mean((0, 1)).tolist(),
        "std": (pixels.std((0, 1)) + 1).tolist(),
        "pixels": str(pixels.dtype),
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derived_seed(0, "weights"))
        save_checkpoint(path, spec.build(), spec, header=header)


def _calibration(scene: Path, card: Card) -> list[np.ndarray]:
    """Some patches of the scene, each (1, bands, h, w)."""
    with open_scene(scene, card) as opened:
        height, width = opened.dataset.shape
        corners = [(y, x) for y in range(0, height, PATCH) for x in range(0, width, PATCH)][:8]
        patches = [
            opened.read(y, x, min(PATCH, height - y), min(PATCH, width - x))[0] for y, x in corners
        ]
    # (h, w, bands) -> (1, bands, h, w)
    return [np.ascontiguousarray(patch.transpose(2, 0, 1)[None]) for patch in patches]
