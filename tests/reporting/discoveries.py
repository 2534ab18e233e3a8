"""Fabricated experiments of the kind `darts`: every file a report reads, with known scores."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from aerial_nni.config import run_folder
from aerial_nni.config.options import as_dict, changed
from aerial_nni.models.genotype import Genotype, places, random_genotype
from aerial_nni.recipes.darts.options import SearchOptions
from aerial_nni.recipes.darts.phases import DERIVED, HAND_MADE, RANDOM
from aerial_nni.tuners.trial import CONTROL, ORIGIN, STARTUP

NAMES = ["Building", "Land", "Road"]
DEPTH, NODES, EPOCHS = 1, 3, 4
SPACE = {"arch_lr": {"_type": "loguniform", "_value": [0.001, 0.03]}}


@dataclass(frozen=True)
class Made:
    """What is fabricated."""

    searches: Sequence[float | None] = (0.40, 0.50, None)
    """Scores of the search trials; None: it failed. The second is the best by default."""
    derived: Sequence[float] = (0.60, 0.61, 0.62)
    """Of the genotype that the best search trial found; each other one has 0.1 less."""
    randoms: Sequence[float] = (0.55, 0.57, 0.56, 0.54)
    random_seeds: int = 1
    """Of each random architecture: so many of the scores, one after the other, are its runs."""
    hand_made: Sequence[float] = (0.50, 0.51, 0.52)
    options: dict[str, Any] = field(default_factory=dict)
    rule: str = "image"
    reason: str = ""


def genotype(seed: int) -> Genotype:
    """One that is drawn from the seed."""
    return random_genotype(np.random.default_rng(seed), depth=DEPTH, nodes=NODES)


def make_discovery(
    runs: Path, make_trial: Callable[..., float], made: Made, *, name: str = "darts000"
) -> Path:
    """The experiment's folder under `runs`."""
    folder = runs / name
    base = changed(SearchOptions(), {"width": 4, "depth": DEPTH, "nodes": NODES, "epochs": EPOCHS,
                                     "warmup": 1, "data": "dubai", "search": True,
                                     "data_dir": "/a/private/place", **made.options})  # fmt: skip
    rows: list[dict[str, Any]] = []

    def add(phase: str, wanted: float | None, examples: int = 0, **parameters: Any) -> Path:
        own = folder / f"t{len(rows):03d}"
        row = {"id": own.name, "sequence": len(rows), "state": "SUCCEEDED", "score": None,
               "parameters": {**parameters, "_phase": phase}, "folder": own.name, "start": None,
               "end": None}  # fmt: skip
        rows.append(row)
        if wanted is None:
            own.mkdir(parents=True)
            row["state"] = "FAILED"
            return own
        given = {key: value for key, value in parameters.items() if not key.startswith("_")}
        row["score"] = make_trial(own, changed(base, given), NAMES, absent=None, void=False,
                                  rule=made.rule, wanted=wanted, examples=examples)  # fmt: skip
        return own

    for number, score in enumerate(made.searches):
        own = add("search", score, arch_lr=0.002 * (number + 1), **{ORIGIN: STARTUP})
        if score is not None:
            _search(own, genotype(number))
    top = max((s, n) for n, s in enumerate(made.searches) if s is not None)[1]
    final = {"search": False, "epochs": 5}
    for number, found in enumerate(made.searches):
        network = {"model": "derived", "genotype": genotype(number).text()}
        for seed, score in enumerate(made.derived if found is not None else (), start=1):
            lower = 0.0 if number == top else 0.1
            add(DERIVED, score - lower, 10, **final, **network, seed=seed)
    for number, score in enumerate(made.randoms):
        drawn = genotype(100 + number // made.random_seeds)
        network = {"model": "derived", "genotype": drawn.text()}
        add(RANDOM, score, **final, **network, seed=number % 3 + 1)
    for seed, score in enumerate(made.hand_made, start=1):
        add(HAND_MADE, score, **final, model="unet", seed=seed)
    good = [row for row in rows if row["score"]]
    best = max((row for row in good if not row["parameters"]["_phase"].startswith(CONTROL)),
               key=lambda row: row["score"])  # fmt: skip
    run_folder.write_json(
        folder / run_folder.EXPERIMENT,
        {"id": name, "kind": "darts",
         "command_line": "python -m aerial_nni.run darts --data dubai --data-dir /a/private/place "
                         "--trials 3 --random 4",
         "name": "architecture search", "state": "DONE", "reason": "",
         "created": "2025-01-01T10:00:00", "ended": "2025-01-01T11:00:00",
         "options": as_dict(base), "space": SPACE, "trials": rows,
         "limits": {"trials": len(rows), "concurrency": 1, "max_minutes": 60},
         "method": {"name": "gp", "title": "DARTS", "class_args": {"seed": 0},
                    "search_trials": len(made.searches), "seeds": [1, 2, 3],
                    "randoms": len(made.randoms) // made.random_seeds, "reason": made.reason,
                    "random_seeds": made.random_seeds, "final_epochs": 5},
         "best": {key: best[key] for key in ("id", "score", "folder")}},
    )  # fmt: skip
    return folder


def _search(folder: Path, found: Genotype) -> None:
    """What a search trial adds to its folder: the genotype is what alpha leads to."""
    run_folder.write_json(folder / run_folder.GENOTYPE, found._asdict())
    metrics = run_folder.read_json(folder / run_folder.METRICS)
    search = {"weights_patches": 507, "architecture_patches": 508}
    run_folder.write_json(folder / run_folder.METRICS, {**metrics, "search": search})
    chosen = found.choices()
    rows = run_folder.read_history(folder / run_folder.HISTORY)
    for row in rows:
        lead = 0.5 * (row["epoch"] - 1) / EPOCHS
        row |= {"entropy": 1 - lead, "skip_share": lead / 2, "expected_parameters": 5000.0,
                "expected_milliseconds": 6.25}  # fmt: skip
        for label, table in places(DEPTH, NODES):
            for name in table:
                ahead = lead if name == chosen[label] else 0.0
                row[f"alpha/{label}/{name}"] = ahead + (1 - lead) / len(table)
    run_folder.write_history(folder / run_folder.HISTORY, rows)
