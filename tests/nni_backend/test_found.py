"""What `darts --json` says of a search."""

import json
from pathlib import Path

import numpy as np

from aerial_nni.config import run_folder
from aerial_nni.config.run_folder_schema import Limits, TrialRow
from aerial_nni.models.genotype import random_genotype
from aerial_nni.nni_backend.records import Record
from aerial_nni.recipes.darts.summary import conclude, found, said

LIMITS = Limits(trials=1, concurrency=1, max_minutes=1)

GENOTYPES = [random_genotype(np.random.default_rng(i), depth=1, nodes=2) for i in range(2)]


def recorded(folder: Path, *rows: tuple[str, int, float | None]) -> Record:
    """Trials of a phase with a genotype and a score."""
    trials = []
    for number, (phase, which, score) in enumerate(rows):
        parameters = {"_phase": phase}
        if phase == "search" and score is not None:
            run_folder.write_json(
                folder / str(number) / run_folder.GENOTYPE, GENOTYPES[which]._asdict()
            )
        elif phase in ("derived", "other find", "control: random"):
            parameters["genotype"] = GENOTYPES[which].text()
        trials.append(TrialRow(id=str(number), sequence=number, state="", score=score,
                            parameters=parameters, folder=str(number)))  # fmt: skip
    return Record(id="x", kind="darts", name="", options={}, space={}, limits=LIMITS, port=0,
                  url="", nni_directory="", module="", created="", trials=trials)  # fmt: skip


def test_a_genotype_its_checkpoint_and_the_scores_of_all(tmp_path: Path):
    record = recorded(
        tmp_path, ("search", 0, 0.3), ("search", 1, 0.4), ("search", 0, None),
        ("other find", 0, 0.9), ("derived", 1, 0.5), ("derived", 1, 0.7), ("derived", 1, None),
        ("control: random", 0, 0.2), ("control: U-Net", 0, 0.6), ("control: U-Net", 0, 0.8),
    )  # fmt: skip
    values = json.loads(json.dumps(found(record, tmp_path)))
    assert values["genotype"] == json.loads(GENOTYPES[1].text())
    assert values["retrained"] == str(tmp_path / "5" / run_folder.CHECKPOINT)
    assert [one["scores"] for one in values["derived"]] == [[0.7, 0.5], [0.9]]
    assert [one["searched"] for one in values["derived"]] == [0.4, 0.3]
    assert values["controls"] == {"control: random": [0.2], "control: U-Net": [0.8, 0.6]}
    assert "derived: mean IoU 0.6000 (runs: 2)" in said(values)


def test_where_nothing_was_found_the_control_has_its_score(tmp_path: Path):
    record = recorded(tmp_path, ("search", 0, None), ("control: U-Net", 0, 0.6))
    values = found(record, tmp_path)
    assert (values["genotype"], values["retrained"], values["derived"]) == (None, None, [])
    nothing, line = conclude(record, tmp_path)[1].splitlines()
    assert nothing == "no search trial found an architecture"
    assert line == "control: U-Net: mean IoU 0.6000 (runs: 1)"
