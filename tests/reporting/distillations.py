"""Fabricated experiments of the kind `distill`: every file a report reads, with known scores."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aerial_nni.config import run_folder
from aerial_nni.config.options import as_dict, changed
from aerial_nni.data.dataset import VOID
from aerial_nni.recipes.distill.gain import STUDENT
from aerial_nni.recipes.distill.options import DistillOptions
from aerial_nni.reporting.folder import Trial
from aerial_nni.tuners.trial import CONTROL, ORIGIN, STARTUP

NAMES = ["Building", "Land", "Road"]

SPACE = {
    "kind": {"_type": "choice", "_value": ["soft", "0.3*logits", "soft+10*pair"]},
    "temperature": {"_type": "loguniform", "_value": [1.0, 8.0]},
    "teacher_weight": {"_type": "loguniform", "_value": [0.1, 10.0]},
}
SEARCHED = [("soft", 3.0, 1.0, 0.52), ("0.3*logits", 2.0, 0.5, 0.5), ("soft", 5.0, 2.0, None)]
"""Kind, temperature, weight and score of each trial of the search."""


@dataclass(frozen=True)
class Made:
    """What is fabricated."""

    students: Sequence[float] = (0.60, 0.61, 0.62)
    controls: Sequence[float] = (0.55, 0.57, 0.56)
    kind: str = "soft"
    search: bool = True
    measured: bool = True
    int8: bool = True
    rule: str = "image"
    void: bool = True


def make_distillation(
    runs: Path, make_trial: Callable[..., float], made: Made, *, name: str = "distill0"
) -> Path:
    """The experiment's folder under `runs`."""
    folder = runs / name
    base = changed(DistillOptions(), {"width": 4, "depth": 2, "epochs": 4, "data": "dubai",
                                      "data_dir": "/a/private/place", "kind": made.kind,
                                      "teacher": "/a/private/place/t.safetensors"})  # fmt: skip
    rows: list[dict[str, Any]] = []

    def add(parameters: dict[str, Any], wanted: float | None, *, examples: int = 10) -> None:
        own = folder / f"t{len(rows):03d}"
        row = {"id": own.name, "sequence": len(rows), "state": "SUCCEEDED", "score": None,
               "parameters": parameters, "folder": own.name, "start": None,
               "end": None}  # fmt: skip
        rows.append(row)
        if wanted is None:
            own.mkdir(parents=True)
            row["state"] = "FAILED"
            return
        given = {key: value for key, value in parameters.items() if not key.startswith("_")}
        options = changed(base, given)
        row["score"] = make_trial(own, options, NAMES, absent=None, void=made.void,
                                  rule=made.rule, wanted=wanted, examples=examples)  # fmt: skip
        if options.teacher_weight:
            _teach(own, options, folder / run_folder.TEACHER)

    folder.mkdir(parents=True)
    (folder / run_folder.TEACHER).write_bytes(b"teacher")
    best: dict[str, Any] = {"kind": made.kind, "temperature": 3.0, "teacher_weight": 1.0}
    for kind, temperature, weight, score in SEARCHED if made.search else ():
        chosen = {"kind": kind, "temperature": temperature, "teacher_weight": weight}
        add({**chosen, "_phase": "search", ORIGIN: STARTUP}, score, examples=0)
    for phase, scores, more in (
        (STUDENT, made.students, {}),
        (CONTROL, made.controls, {"teacher_weight": 0.0}),
    ):
        for seed, score in enumerate(scores, start=1):
            add({**best, **more, "seed": seed, "epochs": 5, "_phase": phase}, score)
    good = [row for row in rows if row["score"] and row["parameters"].get("_phase") != CONTROL]
    top = max(good, key=lambda row: row["score"])
    run_folder.write_json(
        folder / run_folder.EXPERIMENT,
        {"id": name, "kind": "distill",
         "command_line": "python -m aerial_nni.run distill --teacher /a/private/place/t.pt "
                         "--data dubai --data-dir /a/private/place --trials 3",
         "name": "distillation", "state": "DONE", "reason": "",
         "created": "2025-01-01T10:00:00", "ended": "2025-01-01T11:00:00",
         "options": as_dict(base), "space": SPACE, "trials": rows,
         "limits": {"trials": len(rows), "concurrency": 1, "max_minutes": 60},
         "method": {**_method(made), "seeds": [1, 2, 3], "final_epochs": 5,
                    "student": {"width": 4}},
         "best": {key: top[key] for key in ("id", "score", "folder")}},
    )  # fmt: skip
    if made.measured:
        shown = max((row for row in rows if row["parameters"].get("_phase") == STUDENT),
                    key=lambda row: row["score"])  # fmt: skip
        controls = [row for row in rows if row["parameters"].get("_phase") == CONTROL]
        same = [r for r in controls if r["parameters"]["seed"] == shown["parameters"]["seed"]]
        control = same[0] if same else None
        measure(folder, shown["folder"], control["folder"] if control else None, made)
    return folder


def _method(made: Made) -> dict[str, Any]:
    if not made.search:
        return {"name": "none", "title": "No search", "search_trials": 0}
    return {"index": 8, "name": "gp", "title": "Gaussian process", "search_trials": len(SEARCHED),
            "class_args": {"seed": 0, "startup": 3}}  # fmt: skip


def _teach(folder: Path, options: DistillOptions, teacher: Path) -> None:
    """What a distillation trial adds to a trial's folder."""
    metrics = run_folder.read_json(folder / run_folder.METRICS)
    facts = {"file": "/a/private/place/t.safetensors", "sha256": run_folder.sha256(teacher),
             "spec": {"width": 16, "depth": 4}, "parameters": 1_940_000, "score": 0.66, "epoch": 9,
             "data": "dubai", "multiply_adds": 3_456_000_000, "input": [3, 32, 32]}  # fmt: skip
    layer = options.layers if "pair" in options.kind else ""
    lesson = {"kind": options.kind, "temperature": options.temperature, "layers": layer,
              "teacher_weight": options.teacher_weight, "teacher": facts}  # fmt: skip
    run_folder.write_json(folder / run_folder.METRICS, {**metrics, "distillation": lesson})
    rows = run_folder.read_history(folder / run_folder.HISTORY)
    run_folder.write_history(
        folder / run_folder.HISTORY,
        [{**row, "train_loss": row["train_loss"] + 7, "train_loss/labels": row["train_loss"]}
         for row in rows],
    )  # fmt: skip


def measure(folder: Path, student: str, control: str | None, made: Made) -> None:
    """Writes what is measured at the end of a distillation."""
    draw = np.random.default_rng(0)
    examples = Trial(folder / student).examples
    answers: dict[str, Any] = {"numbers": np.array([example.number for example in examples])}
    names = ["teacher", "student", *(["control"] if control else [])]
    for strength, name in zip((6.0, 4.0, 2.0), names, strict=False):
        truths = [np.where(e.truth == VOID, 0, e.truth) for e in examples]
        sharp = strength * np.eye(len(NAMES))[np.stack(truths)].transpose(0, 3, 1, 2)
        answers[name] = (sharp + draw.normal(size=sharp.shape)).astype(np.float16)
    np.savez_compressed(folder / run_folder.ANSWERS, **answers)
    places = {"student": folder / student / run_folder.CHECKPOINT}
    if control:
        places["control"] = folder / control / run_folder.CHECKPOINT
    places["teacher"] = folder / run_folder.TEACHER

    def cost(times: float) -> dict[str, float]:
        return {"file_bytes": int(times * 1e6), "patch_seconds": 0.01 * times,
                "scene_seconds": times, "peak_bytes": int((300 + times) * 1e6)}  # fmt: skip

    costs = {"teacher": cost(8.0), "student": cost(1.0)}
    int8: dict[str, Any] = {"missing": "no module named onnx"}
    if made.int8:
        costs["int8"] = cost(0.5)
        int8 = {"mean_iou": 0.615, "floating": 0.62, "patches": 290}
    run_folder.write_json(
        folder / run_folder.COSTS,
        {"checkpoints": {name: run_folder.sha256(path) for name, path in places.items()},
         "costs": costs, "int8": int8, "patch": 32, "scene": [1479, 2149],
         "machine": "A Processor, 2 threads", "versions": {"torch": "2.9.9"}},
    )  # fmt: skip
