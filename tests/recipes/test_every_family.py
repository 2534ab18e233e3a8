"""Trials of every recipe with every family that makes sense, by hand and as small as they come."""

from pathlib import Path

import numpy as np
import pytest

from aerial_nni.config.run_folder import CHECKPOINT, METRICS, read_json
from aerial_nni.models.genotype import random_genotype
from aerial_nni.recipes.baseline import training_setup as baseline
from aerial_nni.recipes.darts import training_setup as darts
from aerial_nni.recipes.distill import training_setup as distill
from aerial_nni.recipes.drone import training_setup as drone
from aerial_nni.recipes.zoomout import training_setup as zoomout
from aerial_nni.training.checkpoint import read_header

RECIPES = {"baseline": baseline, "distill": distill, "zoomout": zoomout, "drone": drone}

GENOTYPE = random_genotype(np.random.default_rng(0), depth=1, nodes=1).text()
SMALL = {
    "unet": ["--width", "2", "--depth", "1"],
    "derived": ["--width", "2", "--depth", "1", "--genotype", GENOTYPE],
    "deeplab": ["--backbone", "mobilenet_v3_large", "--head", "8", "--auxiliary", "0",
                "--backbone-weights", "random"],
    "zoomout": ["--backbone", "encoder", "--hidden", "4", "--sample-epochs", "1"],
}  # fmt: skip


def words(imagery: Path, out: Path, model: str) -> list[str]:
    return ["--data", "folder", "--data-dir", str(imagery), "--patch", "16", "--batch", "2",
            "--split", "image", "--precision", "fp32", "--epochs", "1", "--out", str(out),
            "--model", model, *SMALL[model]]  # fmt: skip


@pytest.fixture(scope="module")
def teacher(imagery: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("teacher")
    assert baseline.main(words(imagery, folder, "unet")) == 0
    return folder / CHECKPOINT


@pytest.mark.parametrize("model", SMALL)
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_trial_of_every_family(
    recipe: str, model: str, teacher: Path, imagery: Path, tmp_path: Path
):
    more = ["--backbone-weights", str(teacher)] if model == "zoomout" else []
    more += ["--teacher", str(teacher)] if recipe == "distill" else []
    assert RECIPES[recipe].main([*words(imagery, tmp_path, model), *more]) == 0
    assert read_json(tmp_path / METRICS)["epochs_run"] == 1
    assert read_header(tmp_path / CHECKPOINT)["model"]["model"] == model


@pytest.mark.parametrize(("recipe", "more", "said"), [
    (distill, ["--auxiliary", "0.4"], "without an auxiliary head; give --auxiliary 0"),
    (distill, ["--kind", "pair"], "DeepLabV3 has none; give --layers logits"),
    (darts, ["--search"], "searches the blocks of the U-Net; model=deeplab has none"),
    (baseline, ["--width", "4"], "width=4 is of unet and derived; model=deeplab has backbone"),
])  # fmt: skip
def test_what_makes_no_sense_is_refused(
    recipe, more: list[str], said: str, teacher: Path, imagery: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture,
):  # fmt: skip
    given = words(imagery, tmp_path, "deeplab")
    if recipe is distill:
        given += ["--teacher", str(teacher)]
    assert recipe.main([*given, *more]) == 1
    assert said in capsys.readouterr().err
