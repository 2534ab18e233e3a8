"""A teacher, a student and its control side by side: what each says of the same patches, and costs.

No trial measures this, and the document of a distillation shows it. It lies in the experiment's
folder: `costs.json`, `answers.npz`, and the student in 8-bit integers.
"""

import dataclasses
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import torch

from aerial_nni import __version__
from aerial_nni.config.errors import UserError
from aerial_nni.config.run_folder import (
    ANSWERS,
    CHECKPOINT,
    COSTS,
    EXAMPLE_LIST,
    INT8,
    atomic,
    read_json,
    sha256,
    write_json,
)
from aerial_nni.data.pipeline.batches import Batches, Normalisation
from aerial_nni.data.pipeline.prepared import Prepared
from aerial_nni.inference.cost import measure_cost
from aerial_nni.inference.model_card import read_card
from aerial_nni.inference.training_data import own_data
from aerial_nni.rasters import gdal
from aerial_nni.training.checkpoint import load_checkpoint
from aerial_nni.training.device import machine_name

SCENE = (1479, 2149)
"""Height and width in pixels of the scene that is timed: a large one of the Dubai imagery."""


def compare(folder: Path, *, teacher: Path, student: Path, control: Path | None) -> None:
    """Measures what the document of the distillation in `folder` shows and no trial measured.

    `teacher` is a checkpoint, `student` and `control` are the result folders of trials. Its last
    file is `costs.json`; it holds the hashes of the checkpoints that all of this is about.

    Raises:
        DataUnknown, DatasetMissing, SplitMismatch: the patches of the trials are not there.
        BadCheckpoint, BadModelFile, NotMeasured: a model cannot be used.
    """
    checkpoints = {"teacher": teacher, "student": student / CHECKPOINT}
    if control is not None:
        checkpoints["control"] = control / CHECKPOINT
    prepared, split = own_data(checkpoints["student"])
    _write_answers(folder / ANSWERS, checkpoints, prepared, read_json(student / EXAMPLE_LIST))
    int8 = _quantise(checkpoints["student"], folder / INT8)
    timed = {name: checkpoints[name] for name in ("teacher", "student")}
    if "mean_iou" in int8:
        timed["int8"] = folder / INT8
    with tempfile.TemporaryDirectory(prefix="aerial-scene-") as place:
        scene = Path(place) / "scene.tif"
        _write_scene(scene, prepared, split.val)
        costs = {name: measure_cost(path, scene, patch=prepared.patch)
                 for name, path in timed.items()}  # fmt: skip
    write_json(
        folder / COSTS,
        {
            "checkpoints": {name: sha256(path) for name, path in checkpoints.items()},
            "costs": {name: dataclasses.asdict(cost) for name, cost in costs.items()},
            "int8": int8,
            "patch": prepared.patch,
            "scene": SCENE,
            "machine": machine_name(torch.device("cpu")),
            "versions": {"aerial_nni": __version__, "torch": torch.__version__},
        },
    )


def _write_answers(
    path: Path,
    checkpoints: Mapping[str, Path],
    prepared: Prepared,
    examples: Sequence[Mapping[str, Any]],
) -> None:
    """Writes each model's logits of the student's example patches, (n, classes, h, w) float16."""
    places = {(p.image, p.y, p.x): index for index, p in enumerate(prepared.patches)}
    indices = tuple(places[facts["image"], facts["y"], facts["x"]] for facts in examples)
    answers: dict[str, Any] = {
        name: _logits(model, prepared, indices) for name, model in checkpoints.items()
    }
    answers["numbers"] = np.array([facts["number"] for facts in examples])
    with atomic(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **answers)


def _logits(checkpoint: Path, prepared: Prepared, indices: tuple[int, ...]) -> np.ndarray:
    model, header = load_checkpoint(checkpoint)
    card = read_card(header, checkpoint)
    batches = Batches(
        prepared=prepared,
        indices=indices,
        batch=2,
        device=torch.device("cpu"),
        normalisation=Normalisation(mean=card.mean, std=card.std),
    )
    with torch.inference_mode():
        found = [model.eval()(images).half().numpy() for images, _ in batches.in_order()]
    return np.concatenate(found)


def _quantise(checkpoint: Path, target: Path) -> dict[str, Any]:
    """Writes the student in 8-bit integers; its mean IoU and that before, or why there is none."""
    try:
        from aerial_nni.inference.quantisation import export_int8

        return dataclasses.asdict(export_int8(checkpoint, target))
    except (ImportError, UserError) as error:
        target.unlink(missing_ok=True)
        return {"missing": str(error)}


def _write_scene(path: Path, prepared: Prepared, indices: Sequence[int]) -> None:
    """Writes a mosaic of patches as a GeoTIFF of the size `SCENE`."""
    side, (height, width) = prepared.patch, SCENE
    down, across = -(-height // side), -(-width // side)
    chosen = [indices[i % len(indices)] for i in range(down * across)]
    rows = [
        np.concatenate([prepared.images[i] for i in chosen[row * across : (row + 1) * across]], 1)
        for row in range(down)
    ]
    mosaic = np.concatenate(rows)[: max(height, side), : max(width, side)].transpose(2, 0, 1)
    bands, height, width = mosaic.shape
    with gdal(), rasterio.open(path, "w", driver="GTiff", height=height, width=width, count=bands,
                               dtype=str(mosaic.dtype)) as file:  # fmt: skip
        file.write(mosaic)
