"""A launcher to be killed or measured: an experiment of trials that train nothing, or its resume.

python -m aerial_nni.bench.fault_launcher RUNS PORT seeds TRIALS CONCURRENCY EPOCHS
python -m aerial_nni.bench.fault_launcher RUNS PORT search TRIALS CONCURRENCY EPOCHS
python -m aerial_nni.bench.fault_launcher RUNS PORT trained TRIALS CONCURRENCY EPOCHS
python -m aerial_nni.bench.fault_launcher RUNS PORT many TRIALS CONCURRENCY OPTIONS
python -m aerial_nni.bench.fault_launcher RUNS PORT resume ID

The first has a trial for each seed, the second a random search and its final trials. The third does
train, on pictures that it draws, and has a document. The last is a search by TPE from options in a
file, on their data, whose web UI stays open at the end.
"""

import dataclasses
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from aerial_nni.bench.fault_deck import SEARCH, TRAINED
from aerial_nni.config.options import TrialOptions, load_options
from aerial_nni.nni_backend import records
from aerial_nni.nni_backend.definition import Definition
from aerial_nni.nni_backend.launch import launch
from aerial_nni.nni_backend.lifecycle import Settings
from aerial_nni.nni_backend.stored_experiments import resume
from aerial_nni.recipes import RECIPES
from aerial_nni.recipes.baseline.study import baseline
from aerial_nni.recipes.engine.prepare_data import prepare_data
from aerial_nni.recipes.engine.search import Plan
from aerial_nni.recipes.hpo.study import hpo
from aerial_nni.tuners.methods import METHODS

PRETEND = "aerial_nni.trials.dummy_trial"


def main(words: list[str]) -> int:
    """0 when the experiment reached its end with a good trial."""
    runs, port, verb, *rest = words
    settings = Settings(runs=Path(runs), port=int(port), document=verb == TRAINED)
    settings = dataclasses.replace(settings, docs=settings.runs / "docs")
    if verb == "resume":
        folder = records.find(settings.runs, rest[0])
        trained = records.load(folder).module != PRETEND
        settings = dataclasses.replace(settings, document=trained)
        return int(not resume(settings, rest[0], kinds=RECIPES).good)
    trials, concurrency = map(int, rest[:2])
    settings = dataclasses.replace(settings, concurrency=concurrency, stay=verb == "many")
    prepare = prepare_data if verb in ("many", TRAINED) else _no_data
    definition = _definition(verb, trials, rest[2], settings.runs)
    if verb != TRAINED:
        definition = dataclasses.replace(definition, module=PRETEND)
    kind = RECIPES[definition.kind]
    return int(not launch(definition, settings, prepare=prepare, kind=kind).good)


def _definition(verb: str, trials: int, last: str, runs: Path) -> Definition:
    if verb == "many":
        plan = Plan(trials=trials, seeds=(), epochs=1)
        return hpo(load_options(Path(last)), METHODS["tpe"], plan)
    options = TrialOptions(epochs=int(last))
    if verb == SEARCH:
        plan = Plan(trials=trials, seeds=(1,), epochs=options.epochs)
        return hpo(options, METHODS["random"], plan)
    if verb == TRAINED:
        pictures = _pictures(runs.with_name("pictures"))
        options = dataclasses.replace(options, data="folder", data_dir=str(pictures), patch=64)
    return baseline(options, range(trials))


def _pictures(folder: Path) -> Path:
    """Twelve pictures of two classes, which are soon learnt."""
    draw = np.random.default_rng(0)
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    for number in range(12):
        mask = (np.add.outer(np.arange(128), np.arange(128)) > 60 + 10 * number).astype(np.uint8)
        picture = draw.integers(0, 120, (128, 128, 3)) + 100 * mask[..., None]
        Image.fromarray(picture.astype(np.uint8)).save(folder / "images" / f"{number}.png")
        Image.fromarray(mask).save(folder / "masks" / f"{number}.png")
    (folder / "classes.yaml").write_text("masks: index\nclasses:\n  low: 0\n  high: 1\n")
    return folder


def _no_data(options: TrialOptions, folder: Path) -> TrialOptions:
    folder.mkdir(parents=True)
    return options


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
