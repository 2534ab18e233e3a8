"""An architecture search on tiny pictures, under NNI's server, from launch to the last control."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from fast_experiments import free_port, processes, wait_for

from aerial_nni.config import run_folder
from aerial_nni.nni_backend import records
from aerial_nni.recipes.darts.phases import HAND_MADE, RANDOM
from aerial_nni.training.checkpoint import load_checkpoint
from aerial_nni.tuners.trial import PHASE

PHASES = ["search", "derived", "control: random", "control: U-Net"]
SMALL = ["--patch", "16", "--batch", "2", "--width", "2", "--depth", "1", "--nodes", "1",
         "--epochs", "2", "--warmup", "1", "--trials", "1", "--seeds", "5",
         "--random", "1"]  # fmt: skip


def command(verb: str, runs: Path, *words: str) -> list[str]:
    place = ["--runs", str(runs), "--docs", str(runs), "--port", str(free_port())]
    return [sys.executable, "-m", "aerial_nni.run", verb, *words, *place, "--exit"]


def search(runs: Path, imagery: Path, *words: str) -> list[str]:
    data = ["--data", "folder", "--data-dir", str(imagery)]
    return command("darts", runs, *SMALL, *data, *words)


def folder_of(runs: Path) -> Path:
    """The experiment's, as soon as there is one."""
    return Path(wait_for(lambda: list(runs.glob(f"*/{run_folder.EXPERIMENT}")))[0].parent)


@pytest.mark.slow
def test_an_experiment_that_was_killed_while_it_retrains_goes_on_there(imagery: Path, runs: Path):
    with subprocess.Popen(search(runs, imagery, "--final-epochs", "60")) as launched:
        folder = folder_of(runs)

        def retrains() -> bool:
            return any(
                run_folder.read_json(path.parent / run_folder.OPTIONS)["model"] == "derived"
                for path in folder.glob(f"*/{run_folder.HISTORY}")
            )

        wait_for(retrains, seconds=600)
        running = processes(folder.name)
        launched.kill()
    psutil.wait_procs(running, timeout=60)
    cut = records.load(folder)
    assert [trial.parameters[PHASE] for trial in cut.trials] == PHASES[:2]

    line = command("resume", runs, folder.name, "--json")
    again = subprocess.run(line, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    record = records.load(folder)
    assert [trial.parameters[PHASE] for trial in record.trials] == PHASES
    assert all(trial.score is not None for trial in record.trials)
    assert [trial.id for trial in record.trials[:2]] == [trial.id for trial in cut.trials]
    found = run_folder.read_json(folder / record.trials[0].id / run_folder.GENOTYPE)
    assert json.loads(record.trials[1].parameters["genotype"]) == found
    assert (runs / "neural-arch-search.md").is_file()

    said = json.loads(again.stdout)
    assert said["genotype"] == found
    assert said["retrained"] == said["checkpoint"]
    _, header = load_checkpoint(Path(said["retrained"]))
    assert header["model"]["genotype"] == record.trials[1].parameters["genotype"]
    scores = {trial.parameters[PHASE]: [trial.score] for trial in record.trials}
    assert [one["scores"] for one in said["derived"]] == [scores["derived"]]
    assert said["controls"] == {name: scores[name] for name in (RANDOM, HAND_MADE)}


@pytest.mark.slow
def test_where_the_search_fails_the_hand_made_network_is_trained_and_it_says_so(
    imagery: Path, runs: Path
):
    words = ["--final-epochs", "2", "--lr", "1e30", "--schedule", "constant"]
    launched = [*search(runs, imagery, *words), "--json"]
    ended = subprocess.run(launched, capture_output=True, text=True)
    assert ended.returncode == 1, ended.stderr
    said: dict[str, Any] = json.loads(ended.stdout)
    assert (said["genotype"], said["retrained"]) == (None, None)
    assert len(said["controls"]["control: U-Net"]) == 1
    trials = records.load(folder_of(runs)).trials
    assert [trial.parameters[PHASE] for trial in trials] == ["search", "control: U-Net"]
    assert trials[0].state == "FAILED"
