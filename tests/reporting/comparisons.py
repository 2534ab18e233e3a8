"""Fabricated experiments of the kinds `zoomout` and `drone`: every file a report reads."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from aerial_nni.config import run_folder
from aerial_nni.config.options import as_dict, changed, option_value
from aerial_nni.recipes.drone.options import DroneOptions
from aerial_nni.recipes.zoomout.options import ZoomOutOptions

NAMES = ["Background", "Building"]
ZOOMOUT, SUPERPIXELS, UNET = "zoom-out", "superpixels", "control: U-Net"
SCORES = {ZOOMOUT: (0.50, 0.52), SUPERPIXELS: (0.55, 0.57), UNET: (0.60, 0.62)}
LOSSES = {"focal": (0.41, 0.44), "dice": (0.50, 0.52), "inverse-ce": (0.38, 0.47)}
FOUND = (0.53, 0.55)
SPACE = {
    "lr": {"_type": "loguniform", "_value": [0.0001, 0.02]},
    "optimizer": {"_type": "choice", "_value": ["adamw", "sgd"]},
}
SEARCHED = ((0.001, "adamw", 0.45), (0.004, "sgd", 0.48), (0.002, "adamw", 0.51),
            (0.009, "sgd", None))  # fmt: skip
"""Learning rate, optimiser and score of each trial of a search."""
GP = {
    "index": 8,
    "name": "gp",
    "title": "Gaussian process",
    "class_name": "aerial_nni.tuners.gp.GPTuner",
    "class_args": {"optimize_mode": "maximize", "seed": 0, "trials": 4, "startup": 2},
}

COMMANDS = {
    ("zoomout", False): "python -m aerial_nni.run zoomout --trials 0 --concurrency 1 --seeds 1 2 "
    "--final-epochs 3 --unet-epochs 4 --superpixel 12 --split tile --split-seed 3 --data buildings "
    "--data-dir /a/private/place --epochs 3 --batch 8 --lr 0.001 --backbone vgg16 "
    "--backbone-weights /a/private/place/vgg16.pth --hidden 1024 --samples 3 --sample-epochs 40",
    ("zoomout", True): "python -m aerial_nni.run zoomout --trials 4 --method-index 8 --seed 0 "
    "--concurrency 1 --seeds 1 2 --final-epochs 3 --unet-epochs 4 --superpixel 12 --split tile "
    "--split-seed 3 --data buildings --data-dir /a/private/place --epochs 3 --batch 8 "
    "--backbone vgg16 --backbone-weights /a/private/place/vgg16.pth --hidden 1024 --samples 3 "
    "--sample-epochs 40",
    ("drone", False): "python -m aerial_nni.run drone --trials 0 --concurrency 1 --losses focal "
    "dice inverse-ce --seeds 1 2 --final-epochs 3 --split tile --split-seed 3 --epochs 3 "
    "--batch 8 --accumulate 1 --lr 0.001 --backbone resnet101 "
    "--backbone-weights /a/private/place/w.pth --head 256 --find-lr 8",
    ("drone", True): "python -m aerial_nni.run drone --trials 4 --method-index 8 --seed 0 "
    "--concurrency 1 --losses focal dice inverse-ce --seeds 1 2 --final-epochs 3 --split tile "
    "--split-seed 3 --epochs 3 --batch 8 --accumulate 1 --backbone resnet101 "
    "--backbone-weights /a/private/place/w.pth --head 256 --find-lr 8",
}
"""Kind, and whether it has a search -> the command as it was typed."""

MakeTrial = Callable[..., float]
Facts = Callable[[Any, str], dict[str, Any]]


def make_zoomout(
    runs: Path,
    make_trial: MakeTrial,
    *,
    weights: Mapping[str, Any] | None = None,
    scores: Mapping[str, Sequence[float]] = SCORES,
    searched: bool = False,
    name: str = "zoomout0",
) -> Path:
    """The folder of an experiment with two seeds of each way in `scores`."""
    base = changed(ZoomOutOptions(), {
        "epochs": 3, "data": "buildings", "data_dir": "/a/private/place",
        "backbone_weights": "/a/private/place/vgg16.pth",
    })  # fmt: skip
    plain = {"model": "unet", "batch": 16, "epochs": 4}
    own = {ZOOMOUT: {"superpixel": 0}, SUPERPIXELS: {"superpixel": 12, "sample_epochs": 8},
           UNET: plain}  # fmt: skip
    points = _search_points() if searched else []
    for way, reached in scores.items():
        points += [({"_phase": way, **own[way], "seed": seed}, score)
                   for seed, score in enumerate(reached, start=1)]  # fmt: skip

    def facts(options: ZoomOutOptions, phase: str) -> dict[str, Any]:
        if phase == UNET:
            return {}
        samples = {"training": {"Background": 300, "Building": 240}, "patches": 1015,
                   "left_out": 0, "epochs": 40, "epoch": 7, "mean_iou": 0.61}  # fmt: skip
        return {"zoomout": {"backbone": "vgg16", "convolutions": "all", "dimension": 4227,
                            "frozen_parameters": 14_714_688, "spacing": 4, "samples": samples,
                            "superpixel": option_value(options, "superpixel"),
                            "weights": weights or {"kind": "random"}}}  # fmt: skip

    method = {**(GP if searched else {"name": "none", "title": "No search"}),
              "search_trials": len(SEARCHED) if searched else 0, "own_space": False,
              "seeds": [1, 2], "final_epochs": 3, "unet_epochs": 4, "unet": {}, "superpixel": 12,
              "given": {}}  # fmt: skip
    folder = _experiment(runs / name, make_trial, "zoomout", base, points, method, facts)
    for path in folder.glob(f"*/{run_folder.METRICS}"):
        own_folder, trial = path.parent, run_folder.read_json(path)
        if "zoomout" in trial:
            stage = {"samples": trial["zoomout"]["samples"], "seconds": 30.0}
            run_folder.write_json(own_folder / run_folder.SAMPLES / run_folder.METRICS, stage)
            rows = [{"epoch": 1, "train_loss": 0.9, "val_loss": 0.8},
                    {"epoch": 2, "train_loss": 0.5, "val_loss": 0.6}]  # fmt: skip
            run_folder.write_history(own_folder / run_folder.SAMPLES / run_folder.HISTORY, rows)
    return folder


def make_drone(
    runs: Path, make_trial: MakeTrial, *, searched: bool = False, name: str = "drone000"
) -> Path:
    """The folder of an experiment with two seeds of each loss; with a search of what it found."""
    base = changed(DroneOptions(), {"epochs": 3, "data": "drone-scenes", "auxiliary": 0.4,
                                    "backbone_weights": "/a/private/place/w.pth"})  # fmt: skip
    losses = {"focal": ("focal", "none"), "dice": ("log-dice", "none"),
              "inverse-ce": ("ce", "inverse")}  # fmt: skip
    points = []
    for loss, reached in LOSSES.items():
        term, balance = losses[loss]
        points += [
            ({"_phase": f"loss: {loss}", "loss": term, "class_weights": balance, "seed": seed,
              "find_lr": 8 * (seed == 1)}, score)
            for seed, score in enumerate(reached, start=1)
        ]  # fmt: skip
    if searched:
        chosen = {"loss": "log-dice", "class_weights": "none"}
        points += [({**point, **chosen}, score) for point, score in _search_points()]
        best = {"_phase": "retrain best", "lr": 0.002, "optimizer": "adamw", **chosen}
        points += [({**best, "seed": seed}, score) for seed, score in enumerate(FOUND, start=1)]

    def facts(options: DroneOptions, phase: str) -> dict[str, Any]:
        del phase
        weights = {"kind": "file", "file": "w.pth", "sha256": "7" * 64, "heads": ["classifier"]}
        more = {"lr_finder": {"steps": 8, "suggested": 0.003}} if options.find_lr else {}
        return {"deeplab": {"backbone": "resnet50", "weights": weights, "frozen": ["layer1"],
                            "thaw": 2}, **more}  # fmt: skip

    method = {**(GP if searched else {"name": "none", "title": "No search"}),
              "search_trials": len(SEARCHED) if searched else 0, "own_space": False,
              "losses": list(LOSSES), "seeds": [1, 2], "final_epochs": 3, "find_lr": 8,
              "given": {}}  # fmt: skip
    return _experiment(runs / name, make_trial, "drone", base, points, method, facts)


def _search_points() -> list[tuple[dict[str, Any], float | None]]:
    return [
        ({"_phase": "search", "_origin": "start-up" if number < 2 else "guided", "lr": lr,
          "optimizer": optimizer}, score)
        for number, (lr, optimizer, score) in enumerate(SEARCHED)
    ]  # fmt: skip


def _experiment(
    folder: Path,
    make_trial: MakeTrial,
    kind: str,
    base: Any,
    points: Sequence[tuple[dict[str, Any], float | None]],
    method: Mapping[str, Any],
    facts: Facts,
) -> Path:
    """A trial for each point (parameters, wanted score), and the record."""
    rows = []
    for number, (point, wanted) in enumerate(points):
        own = folder / f"t{number:02d}"
        row = {"id": own.name, "sequence": number, "state": "SUCCEEDED", "parameters": point,
               "score": None, "folder": own.name, "start": None, "end": None}  # fmt: skip
        rows.append(row)
        if wanted is None:
            own.mkdir(parents=True)
            (own / run_folder.FAILURE).write_text("the loss is not a finite number at step 3\n")
            row["state"] = "FAILED"
            continue
        given = {key: value for key, value in point.items() if not key.startswith("_")}
        options = changed(base, given)
        # The fabricated checkpoint is a small U-Net whatever the trial is.
        plain = changed(options, {"model": "unet", "width": 4, "depth": 2})
        row["score"] = make_trial(own, plain, NAMES, absent=None, void=False, rule="tile",
                                  examples=3, wanted=wanted)  # fmt: skip
        run_folder.write_json(own / run_folder.OPTIONS, as_dict(options))
        metrics = run_folder.read_json(own / run_folder.METRICS)
        metrics["final"]["image_dice"] = metrics["final"]["f1"] + 0.1
        metrics["cost"]["peak_memory_bytes"] = 1_230_000_000
        metrics["split"]["shown"] = {"train": {"Background": 56, "Building": 40},
                                     "val": {"Background": 16, "Building": 12}}  # fmt: skip
        metrics |= facts(options, str(point["_phase"]))
        run_folder.write_json(own / run_folder.METRICS, metrics)
        if given.get("find_lr"):
            rates = np.geomspace(1e-5, 1.0, 8)
            sweep = [{"lr": float(rate), "loss": 2.0 - 0.1 * n} for n, rate in enumerate(rates)]
            run_folder.write_history(own / run_folder.LR_FINDER, sweep)
    best = max((row for row in rows if row["score"]), key=lambda row: row["score"])
    run_folder.write_json(
        folder / run_folder.EXPERIMENT,
        {"id": folder.name, "kind": kind, "options": as_dict(base), "state": "DONE", "reason": "",
         "command_line": COMMANDS[kind, bool(method["search_trials"])],
         "created": "2025-01-01T10:00:00", "ended": "2025-01-01T11:00:00",
         "space": SPACE if method["search_trials"] else {}, "trials": rows,
         "limits": {"trials": len(rows), "concurrency": 1, "max_minutes": 60},
         "method": dict(method),
         "best": {key: best[key] for key in ("id", "score", "folder")}},
    )  # fmt: skip
    return folder
