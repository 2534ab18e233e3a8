"""What an architecture search found, and how it did beside its controls: for `darts --json`."""

from pathlib import Path
from statistics import fmean
from typing import Any

from aerial_nni.config import run_folder
from aerial_nni.models.genotype import read_genotype
from aerial_nni.nni_backend.records import Record
from aerial_nni.recipes.darts.phases import DERIVED, HAND_MADE, OTHERS, RANDOM
from aerial_nni.recipes.engine.recipe import Conclusion
from aerial_nni.tuners.trial import PHASE, SEARCH


def conclude(record: Record, folder: Path) -> Conclusion:
    """What `found` has, and the same in lines."""
    values = found(record, folder)
    nothing = "" if values["genotype"] else "no search trial found an architecture"
    return values, "\n".join(filter(None, (nothing, said(values))))


def found(record: Record, folder: Path) -> dict[str, Any]:
    """The genotype of the best search trial, its best retrained checkpoint, and all scores.

    One that no run reached its end with is passed over while there is another. `genotype` is None
    where nothing was found, `retrained` where no run of any reached its end. `derived` lists each
    genotype's scores, that which is reported first; `controls` those of the random architectures
    and of the U-Net.
    """
    ended = [trial for trial in record.trials if trial.score is not None and trial.folder]
    ended.sort(key=lambda trial: trial.score or 0.0, reverse=True)
    genotypes: dict[str, dict[str, Any]] = {}
    for trial in ended:
        path = folder / str(trial.folder) / run_folder.GENOTYPE
        if trial.parameters.get(PHASE, SEARCH) == SEARCH and path.is_file():
            genotype = read_genotype(path.read_text(encoding="utf-8"))
            one: dict[str, Any] = {"genotype": genotype._asdict(), "searched": trial.score}
            genotypes.setdefault(genotype.text(), {**one, "scores": []})
    controls: dict[str, list[float]] = {RANDOM: [], HAND_MADE: []}
    checkpoints: dict[str, str] = {}
    for trial in ended:
        phase = trial.parameters.get(PHASE)
        if phase in controls and trial.score is not None:
            controls[phase].append(trial.score)
        elif phase in (DERIVED, OTHERS) and (text := trial.parameters["genotype"]) in genotypes:
            genotypes[text]["scores"].append(trial.score)
            checkpoints.setdefault(text, str(folder / str(trial.folder) / run_folder.CHECKPOINT))
    ranked = sorted(genotypes, key=lambda text: not genotypes[text]["scores"])
    return {
        "genotype": genotypes[ranked[0]]["genotype"] if ranked else None,
        "retrained": checkpoints.get(ranked[0]) if ranked else None,
        "derived": [genotypes[text] for text in ranked],
        "controls": controls,
    }


def said(values: dict[str, Any]) -> str:
    """Means over the runs, in a line for each kind of network."""
    first = values["derived"][0]["scores"] if values["derived"] else []
    groups = {DERIVED: first, **values["controls"]}
    lines = [
        f"{name}: mean IoU {fmean(scores):.4f} (runs: {len(scores)})"
        for name, scores in groups.items()
        if scores
    ]
    return "\n".join(lines)
