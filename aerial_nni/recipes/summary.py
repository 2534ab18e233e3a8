"""What an experiment found beside its best trial: for `--json`, and in lines for a person."""

import dataclasses
import statistics
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aerial_nni.config import run_folder
from aerial_nni.nni_backend.records import Record
from aerial_nni.recipes.darts.summary import found, said
from aerial_nni.recipes.distill import gain as by_seed
from aerial_nni.recipes.distill.gain import STUDENT
from aerial_nni.recipes.drone import scores as drone
from aerial_nni.recipes.drone.loss_presets import LOSSES, PREFIX
from aerial_nni.recipes.zoomout import scores as zoomout
from aerial_nni.recipes.zoomout.phases import PHASES
from aerial_nni.tuners.trial import BEST, CONTROL, PHASE

Conclusion = tuple[dict[str, Any], str]
"""Values for `--json`, and the same as text; both empty where there is nothing more to say."""


def conclude(record: Record, folder: Path) -> Conclusion:
    """What the final trials of an experiment say, by its kind."""
    kind = KINDS.get(record.kind)
    return kind(record, folder) if kind else ({}, "")


def _architectures(record: Record, folder: Path) -> Conclusion:
    values = found(record, folder)
    nothing = "" if values["genotype"] else "no search trial found an architecture"
    return values, "\n".join(filter(None, (nothing, said(values))))


def _teacher(record: Record, folder: Path) -> Conclusion:
    """What the teacher is worth: the fields of `Worth`, None where no seed has both scores."""
    scores: dict[str, dict[int, float]] = {STUDENT: {}, CONTROL: {}}
    for trial in record.trials:
        if trial.score is not None and (phase := trial.parameters.get(PHASE)) in scores:
            scores[phase][trial.parameters["seed"]] = trial.score
    worth = by_seed.worth(scores[STUDENT], scores[CONTROL])
    if worth is None:
        return {"worth": None}, ""
    spread = f" ± {worth.spread:.4f}" if worth.seeds > 1 else ""
    text = f"student {worth.student:.4f}, control {worth.control:.4f}"
    text += f": {worth.difference:+.4f}{spread} over {_seeds(worth.seeds)}"
    return {"worth": dataclasses.asdict(worth)}, text


def _footprints(record: Record, folder: Path) -> Conclusion:
    """Zoom-out, superpixels and U-Net."""
    names = {phase: phase for phase in PHASES}
    compared = _compared(record, folder, names, zoomout.scores_of)
    return _over_seeds(compared, ("mean IoU", "building IoU"))


def _losses(record: Record, folder: Path) -> Conclusion:
    """The losses, and the best configuration."""
    losses = record.method.get("losses", LOSSES)
    names = {BEST: BEST, **{f"{PREFIX}{loss}": loss for loss in losses}}
    return _over_seeds(_compared(record, folder, names, drone.scores_of))


Scores = dict[str, dict[str, list[float]]]
"""Whose -> name of a score -> its values, of the runs that reached the end."""


def _compared(
    record: Record,
    folder: Path,
    names: Mapping[str, str],
    scores_of: Callable[[Mapping[str, Any]], Mapping[str, float]],
) -> Scores:
    """Scores of the phases in `names`, under the names there."""
    compared: Scores = {}
    for trial in record.trials:
        phase = str(trial.parameters.get(PHASE, ""))
        if phase in names and trial.score is not None and trial.folder:
            metrics = run_folder.read_json(folder / trial.folder / run_folder.METRICS)
            for name, value in scores_of(metrics).items():
                compared.setdefault(names[phase], {}).setdefault(name, []).append(value)
    return compared


def _over_seeds(compared: Scores, shown: tuple[str, ...] = ()) -> Conclusion:
    """Means over seeds in a line each, of the scores that are `shown`, else of all."""
    lines = []
    for name, scores in compared.items():
        means = [
            f"{score} {statistics.fmean(values):.4f}"
            for score, values in scores.items()
            if not shown or score in shown
        ]
        lines.append(f"{name}: {', '.join(means)} ({_seeds(max(map(len, scores.values())))})")
    return {"compared": compared}, "\n".join(lines)


def _seeds(count: int) -> str:
    return f"{count} seed{'s' if count > 1 else ''}"


KINDS: dict[str, Callable[[Record, Path], Conclusion]] = {
    "darts": _architectures,
    "distill": _teacher,
    "zoomout": _footprints,
    "drone": _losses,
}
"""Kind of an experiment -> what it says beside its best trial."""
