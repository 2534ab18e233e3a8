"""A fabricated experiment that has every file a report reads, small, with known numbers."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from aerial_nni.config import run_folder
from aerial_nni.config.options import TrialOptions, as_dict, changed
from aerial_nni.data.dataset import VOID
from aerial_nni.data.visualisation import save_image, save_mask
from aerial_nni.models import model_spec
from aerial_nni.training.checkpoint import save_checkpoint

COLOURS = [(60, 16, 152), (132, 41, 246), (110, 193, 228), (254, 221, 58), (226, 169, 41)]
NAMES = ["Building", "Land", "Road", "Vegetation", "Water"]
SIDE = 32

Fabricate = Callable[..., Path]


@pytest.fixture
def fabricate(tmp_path: Path) -> Fabricate:
    """`fabricate(name, classes=3, epochs=4, seeds=(0,), ...)`: the experiment's folder."""
    return partial(make_experiment, tmp_path / "runs")


@pytest.fixture(scope="session")
def fabricate_trial() -> Callable[..., float]:
    """`fabricate_trial(folder, options, names, ...)`: a trial's complete folder; its score."""
    return make_trial


@pytest.fixture(scope="session")
def fabricate_once(tmp_path_factory: pytest.TempPathFactory) -> Fabricate:
    """As `fabricate`, for what is read by many tests and changed by none."""
    return partial(make_experiment, tmp_path_factory.mktemp("runs"))


def make_experiment(
    runs: Path,
    name: str = "abcd1234",
    *,
    classes: int = 3,
    epochs: int = 4,
    seeds: Sequence[int] = (0,),
    rule: str = "image",
    absent: int | None = None,
    void: bool = False,
    examples: int = 10,
    data: str = "dubai",
    options: dict[str, Any] | None = None,
) -> Path:
    """An experiment under `runs` with one trial per seed; returns its folder."""
    folder = runs / name
    trials = []
    for sequence, seed in enumerate(seeds):
        trial = folder / f"trial{seed}"
        given = {"width": 4, "depth": 2, "epochs": epochs, "seed": seed, "data": data,
                 "data_dir": "/a/private/place", "split": str(folder / "split.json"),
                 **(options or {})}  # fmt: skip
        score = make_trial(trial, changed(TrialOptions(), given), NAMES[:classes], absent=absent,
                           void=void, examples=examples, rule=rule)  # fmt: skip
        trials.append(
            {"id": trial.name, "sequence": sequence, "state": "SUCCEEDED",
             "parameters": {"seed": seed}, "score": score, "folder": trial.name,
             "start": None, "end": None}
        )  # fmt: skip
    best = max(trials, key=lambda row: row["score"])
    run_folder.write_json(
        folder / run_folder.EXPERIMENT,
        {"id": name, "kind": "baseline", "name": "baseline", "state": "DONE", "reason": "",
         "created": "2025-01-01T10:00:00", "ended": "2025-01-01T11:00:00",
         "command_line": f"python -m aerial_nni.run baseline --seeds {' '.join(map(str, seeds))} "
                         f"--split {rule} --split-seed 3 --data {data} --data-dir "
                         f"/a/private/place --width 4 --depth 2 --epochs {epochs}",
         "options": {}, "space": {}, "trials": trials,
         "limits": {"trials": len(trials), "concurrency": 1, "max_minutes": 60},
         "best": {key: best[key] for key in ("id", "score", "folder")}},
    )  # fmt: skip
    return folder


def make_trial(
    folder: Path,
    options: TrialOptions,
    names: list[str],
    *,
    absent: int | None,
    void: bool,
    examples: int,
    rule: str,
    wanted: float | None = None,
) -> float:
    """A trial's complete folder; returns its score, which is close to `wanted` if that is given."""
    rng = np.random.default_rng(options.seed)
    palette, count = COLOURS[: len(names)], len(names)
    confusion = rng.integers(100, 90_000, (count, count))
    np.fill_diagonal(confusion, rng.integers(200_000, 900_000, count))
    if wanted is not None:  # IoU of each class = right / (2 all - right)
        wrong = int(1e6 * (1 - 2 * wanted / (1 + wanted)) / (count - 1))
        confusion = np.full((count, count), wrong) + rng.integers(0, 99, (count, count))
        np.fill_diagonal(confusion, int(1e6 * 2 * wanted / (1 + wanted)))
    if absent is not None:
        confusion[absent] = confusion[:, absent] = 0
    per_class, average = _class_scores(confusion, rng)
    history = _history(options.epochs, names, per_class, rng)
    best = max(history, key=lambda row: row["mean_iou"])
    run_folder.write_json(folder / run_folder.OPTIONS, as_dict(options))
    run_folder.write_history(folder / run_folder.HISTORY, history)
    spec = model_spec(options, bands=3, classes=count)
    torch.manual_seed(options.seed)
    model = spec.build()
    header = {"classes": names, "palette": palette, "score": best["mean_iou"]}
    save_checkpoint(folder / run_folder.CHECKPOINT, model, spec, header=header)
    thresholds = np.linspace(0, 1, 50, endpoint=False)
    recall = np.tile(1 - thresholds**2, (count, 1))
    precision = 0.4 + 0.6 * np.tile(thresholds, (count, 1))
    if absent is not None:
        recall[absent] = np.nan
    np.savez_compressed(folder / run_folder.CURVES, thresholds=thresholds, precision=precision,
                        recall=recall, average_precision=average)  # fmt: skip
    _write_examples(folder, names, palette, rng, count=examples, void=void)
    pixels = {name: int(confusion[i].sum()) for i, name in enumerate(names)}
    parts = {"train": {**{name: 4 * n for name, n in pixels.items()}, "void": 77 * void},
             "val": {**pixels, "void": 33 * void}}  # fmt: skip
    rows = dict(zip(names, per_class, strict=True))
    run_folder.write_json(
        folder / run_folder.METRICS,
        {"score": best["mean_iou"], "epoch": int(best["epoch"]), "epochs_run": len(history),
         "stopped": f"reached {len(history)} epochs",
         "final": {"loss": best["val_loss"], **{key: best[key] for key in (
             "mean_iou", "soft_jaccard", "precision", "recall", "f1", "pixel_accuracy")}},
         "per_class": rows, "confusion": confusion.tolist(),
         "split": {"rule": rule, "leaky": rule == "patch", "seed": 3, "val_fraction": 0.2,
                   "file": "/a/private/place/split.json", "train_patches": 1015,
                   "val_patches": 290, "train_images": 56, "val_images": 16, "pixels": parts},
         "data": {"name": options.data, "fingerprint": "f" * 64, "patch": SIDE, "stride": SIDE,
                  "edge": "cut", "classes": names, "palette": palette,
                  "bands": ["red", "green", "blue"], "resolution": "unknown", "licence": "CC0 1.0",
                  "source": "https://example.org/data", "description": "Pictures from above",
                  "skipped": {}},
         "checkpoint": {"file": run_folder.CHECKPOINT,
                        "sha256": run_folder.sha256(folder / run_folder.CHECKPOINT)},
         "model": {"parameters": sum(p.numel() for p in model.parameters()),
                   "multiply_adds": 123_456_789, "input": [3, SIDE, SIDE]},
         "cost": {"training_seconds": 754.0, "seconds_per_epoch": 188.5,
                  "patches_per_second": 42.25, "device": "cpu", "precision": "bf16", "threads": 2,
                  "machine": "A Processor, 2 threads"},
         "versions": {"aerial_nni": "0.1.0", "torch": "2.9.9", "python": "3.12.0"}},
    )  # fmt: skip
    return best["mean_iou"]


def _class_scores(
    confusion: np.ndarray, rng: np.random.Generator
) -> tuple[list[dict[str, float]], np.ndarray]:
    """Scores of each class by the numeric policy, NaN where absent, and average precisions."""
    right = np.diag(confusion).astype(float)
    with np.errstate(invalid="ignore"):
        iou = right / (confusion.sum(0) + confusion.sum(1) - right)
        precision, recall = right / confusion.sum(0), right / confusion.sum(1)
        f1 = 2 * right / (confusion.sum(0) + confusion.sum(1))
    average = np.where(np.isnan(iou), np.nan, rng.uniform(0.3, 0.9, len(iou)))
    columns = {"iou": iou, "precision": precision, "recall": recall, "f1": f1,
               "average_precision": average, "pixels": confusion.sum(1)}  # fmt: skip
    rows = [{key: column[i].item() for key, column in columns.items()} for i in range(len(iou))]
    return rows, average


def _history(
    epochs: int, names: list[str], per_class: list[dict[str, float]], rng: np.random.Generator
) -> list[dict[str, float]]:
    """Rows of a history that rises to the scores in its last but one epoch, if there is one."""
    rows = []
    for epoch in range(1, epochs + 1):
        share = 1.0 if epoch == max(1, epochs - 1) else 0.9 * epoch / epochs
        means = {key: share * float(np.nanmean([row[key] for row in per_class]))
                 for key in ("iou", "precision", "recall", "f1")}  # fmt: skip
        row = {"epoch": epoch, "train_loss": 2 / epoch, "val_loss": 2.2 / epoch + 0.1 * epoch,
               "mean_iou": means.pop("iou"), "soft_jaccard": 0.6 * share, **means,
               "pixel_accuracy": 0.8 * share, "lr": 0.003 * (1 - (epoch - 1) / epochs),
               "seconds": 188.5, "patches_per_second": 40 + float(rng.random())}  # fmt: skip
        for name, scores in zip(names, per_class, strict=True):
            for key in ("iou", "precision", "recall"):
                value = scores[key]
                row[f"{key}/{name}"] = "" if np.isnan(value) else share * value
        rows.append(row)
    return rows


def _write_examples(
    folder: Path,
    names: list[str],
    palette: list[tuple[int, int, int]],
    rng: np.random.Generator,
    *,
    count: int,
    void: bool,
) -> None:
    listed = []
    for number in range(1, count + 1):
        truth = np.repeat(np.arange(SIDE) * len(names) // SIDE, SIDE).reshape(SIDE, SIDE)
        predicted = np.roll(truth, number, axis=0).astype(np.uint8)
        truth = truth.astype(np.uint8)
        if void:
            truth[:8, :12] = VOID
        stem = folder / run_folder.EXAMPLES / f"{number:02d}"
        picture = rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
        save_image(Path(f"{stem}-image.png"), picture)
        save_mask(Path(f"{stem}-truth.png"), truth, palette)
        save_mask(Path(f"{stem}-prediction.png"), predicted, palette)
        listed.append({"number": number, "image": f"Tile {number}/image", "y": 0, "x": 32,
                       "mean_iou": 0.9 - 0.05 * number, "pixel_accuracy": 0.95 - 0.05 * number,
                       "classes": names})  # fmt: skip
    run_folder.write_json(folder / run_folder.EXAMPLE_LIST, listed)
