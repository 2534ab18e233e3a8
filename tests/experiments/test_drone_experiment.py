"""Drone scenes as an experiment: what is planned, and a small one under a real NNI server."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fast_experiments import free_port

from aerial_nni.drone.names import COMPARED, LOSSES, SAID
from aerial_nni.drone.options import DroneOptions
from aerial_nni.experiments import records, usual
from aerial_nni.experiments.drone import (
    SPACE,
    Plan,
    drone,
    grid_points,
    plan_of,
    searched_space,
)
from aerial_nni.experiments.methods import METHODS
from aerial_nni.options import BUILT_IN, BadOption, changed
from aerial_nni.results import LR_FINDER
from aerial_nni.training.checkpoint import read_header
from aerial_nni.tuners.space import BadSpace
from aerial_nni.verbs.drone import weights_of

PLAN = Plan(trials=2, seeds=(1, 2), epochs=3, losses=("focal", "inverse-ce"), find_lr=5)
OPTIONS = DroneOptions(backbone_weights="random")


def test_each_loss_is_trained_from_each_seed_with_all_else_fixed():
    points = grid_points(PLAN)
    assert [(point["loss"], point["class_weights"], point["seed"]) for point in points] == [
        ("focal", "none", 1), ("focal", "none", 2), ("ce", "inverse", 1), ("ce", "inverse", 2),
    ]  # fmt: skip
    assert [point["find_lr"] for point in points] == [5, 0, 5, 0]
    for point in points:
        given = {name: value for name, value in point.items() if not name.startswith("_")}
        differing = {name for name, value in vars(changed(OPTIONS, given)).items()
                     if value != getattr(OPTIONS, name)}  # fmt: skip
        assert differing <= {"loss", "class_weights", "seed", "epochs", "find_lr"}
    assert LOSSES.keys() == SAID.keys() and set(COMPARED) <= LOSSES.keys()


def test_the_search_follows_and_its_best_is_trained_alike():
    definition = drone(OPTIONS, METHODS["random"], PLAN)
    arguments = definition.tuner["class_args"]
    assert definition.trials == 4 + 2 + 2 and arguments["grid"] == grid_points(PLAN)
    assert [(p["seed"], p["epochs"]) for p in arguments["finals"]] == [(1, 3), (2, 3)]
    assert not {"loss", "class_weights", "trained"} & definition.space.keys()
    with pytest.raises(BadOption, match="is the search's"):
        drone(changed(OPTIONS, {"seed": 2}), METHODS["random"], PLAN)


def test_the_u_net_is_refused():
    with pytest.raises(BadOption, match="aerial_nni.run hpo"):
        drone(changed(OPTIONS, {"model": "unet"}), METHODS["random"], PLAN)


@pytest.mark.parametrize("name, value", [("width", 8), ("depth", 3), ("space_to_depth", 2)])
def test_an_option_of_the_u_net_alone_is_refused(name: str, value: int):
    with pytest.raises(BadOption, match=f"{name}={value} is of the U-Net"):
        changed(OPTIONS, {name: value})
    assert changed(OPTIONS, {name: value, "model": "unet"}).model == "unet"


def test_what_is_given_is_not_searched():
    definition = drone(OPTIONS, METHODS["random"], PLAN, given=["lr", "schedule", "batch"])
    assert not {"lr", "schedule"} & definition.space.keys() and "optimizer" in definition.space
    assert definition.method["given"] == {"lr": OPTIONS.lr, "schedule": OPTIONS.schedule}
    with pytest.raises(BadOption, match="give --losses"):
        drone(OPTIONS, METHODS["random"], PLAN, given=["loss"])


def test_stages_are_searched_where_there_is_something_to_freeze(tmp_path: Path):
    assert "trained" in searched_space(DroneOptions(), SPACE)
    space = tmp_path / "space.yaml"
    space.write_text("loss: {_type: choice, _value: [ce, dice]}\n")
    with pytest.raises(BadSpace, match="give --losses"):
        searched_space(OPTIONS, space)


def test_without_a_search_the_losses_are_all_there_is():
    definition = drone(OPTIONS, METHODS["gp"], Plan(trials=0, seeds=(0,), epochs=3))
    assert definition.tuner["class_args"]["points"] == grid_points(
        Plan(trials=0, seeds=(0,), epochs=3)
    )
    assert definition.trials == len(COMPARED) and definition.space_file is None


def test_what_is_built_in_needs_no_download(tmp_path: Path):
    for data in BUILT_IN:
        assert usual.drone(data)["backbone_weights"] == "random"
        assert plan_of(data, seed=0).trials < plan_of("aeroscapes", seed=0).trials
    assert "backbone_weights" not in usual.drone("aeroscapes")
    assert weights_of(DroneOptions(), tmp_path) == "coco"
    file = changed(OPTIONS, {"backbone_weights": "w.pth"})
    assert weights_of(file, tmp_path) == str(Path("w.pth").resolve())


def run(verb: str, *arguments: object, cwd: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "aerial_nni.run", verb, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=290)


def test_from_the_losses_over_a_search_to_the_document(imagery: Path, runs: Path):
    cwd = runs.parent
    space = cwd / "space.yaml"
    space.write_text(
        "auxiliary: {_type: choice, _value: [0.0, 0.4]}\n"
        "lr: {_type: loguniform, _value: [0.0001, 0.01]}\n"
    )
    ran = run("drone", "--data", "folder", "--data-dir", imagery, "--split", "image", "--patch",
              16, "--batch", 2, "--backbone", "mobilenet_v3_large", "--backbone-weights", "random",
              "--lr", 0.002, "--head", 8, "--losses", "focal", "dice", "--trials", 1,
              "--search-space", space, "--seeds", 5, "--epochs", 1, "--final-epochs", 1,
              "--find-lr", 3, "--exit", "--json", "--port", free_port(), "--docs", cwd / "docs",
              "--runs", os.path.relpath(runs, cwd), cwd=cwd)  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert "Traceback" not in ran.stderr
    assert "given, so not searched: lr=0.002\n" in ran.stderr
    said = json.loads(ran.stdout)
    folder = Path(said["folder"])
    record = records.load(folder)
    assert (record.kind, record.state) == ("drone", "DONE")
    phases = [trial.parameters["_phase"] for trial in record.trials]
    assert phases == ["loss: focal", "loss: dice", "search", "retrain best"]
    assert set(said["compared"]) == {"focal", "dice", "retrain best"}
    grid, searched, best = record.trials[:2], record.trials[2], record.trials[3]
    winner = max(grid, key=lambda trial: trial.score or 0.0).parameters["loss"]
    assert searched.parameters["loss"] == best.parameters["loss"] == winner
    assert [(folder / trial.id / LR_FINDER).is_file() for trial in record.trials] == [
        True, True, False, False,
    ]  # fmt: skip
    assert read_header(folder / best.id / "checkpoint.safetensors")["model"]["model"] == "deeplab"
    text = Path(said["report"]).read_text(encoding="utf-8")
    assert Path(said["report"]).name == "drone-scenes.md"
    for part in ("DeepLabV3", "−log Dice", "what the search found", "lr-finder.png",
                 "presence.png", "Dice over the data set", "The most memory",
                 "so not searched: `lr` 0.002", "--lr 0.002"):  # fmt: skip
        assert part in text
