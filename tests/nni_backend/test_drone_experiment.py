"""Drone scenes as an experiment: what is planned, and a small one under a real NNI server."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from fast_experiments import free_port

from aerial_nni.cli.checkpoints import with_weights
from aerial_nni.config.options import BUILT_IN, BadOption, changed, option_value
from aerial_nni.config.run_folder import LR_FINDER, SPLIT
from aerial_nni.nni_backend import records
from aerial_nni.recipes.drone.loss_presets import COMPARED, LOSSES, SAID, VARIED, loss_name, said_of
from aerial_nni.recipes.drone.options import DroneOptions
from aerial_nni.recipes.drone.recipe import DRONE
from aerial_nni.recipes.drone.study import (
    SPACE,
    Plan,
    drone,
    loss_arms,
    plan_of,
    searched_space,
)
from aerial_nni.recipes.engine.prepare_data import prepare_data
from aerial_nni.recipes.engine.study import points_of
from aerial_nni.run import main
from aerial_nni.training.checkpoint import read_header
from aerial_nni.training.pretrained import BackboneUnfit
from aerial_nni.tuners.methods import METHODS
from aerial_nni.tuners.space import BadSpace


def grid_points(plan: Plan) -> list[dict]:
    return points_of(loss_arms(plan), plan)


PLAN = Plan(trials=2, seeds=(1, 2), epochs=3, losses=("focal", "inverse-ce"), find_lr=5)
OPTIONS = DroneOptions.of(backbone_weights="random")


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
    assert all(options.keys() == {*VARIED} for options in LOSSES.values())


def test_a_loss_may_be_an_expression_which_is_its_name():
    own = "log-dice+5*focal"
    plan = Plan(trials=2, seeds=(1,), epochs=3, losses=("focal", "log-dice + 5*focal", own))
    definition = drone(OPTIONS, METHODS["random"], plan)
    assert definition.method["losses"] == ["focal", own] and definition.trials == 2 + 2 + 1
    point = definition.tuner["class_args"]["grid"][1]
    assert (point["_phase"], point["loss"], point["class_weights"]) == (f"loss: {own}", own, "none")
    assert "*" not in said_of(own)
    assert [loss_name(text) for text in ("dice", "log-dice", "focal+log-dice", "ce")] == [
        "dice", "dice", "sum", "ce",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "dise", "log-dice+", "-1*ce", "0*ce", "inverse-ce+dice"])
def test_what_is_no_loss_is_refused_with_names_and_form(text: str):
    with pytest.raises(BadOption, match=r"inverse-ce.*lovasz.*such as log-dice\+5\*focal"):
        grid_points(Plan(trials=0, seeds=(0,), epochs=3, losses=(text,)))


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
    with pytest.raises(BadOption, match=f"{name}={value} is of unet and derived"):
        changed(OPTIONS, {name: value})
    assert changed(OPTIONS, {name: value, "model": "unet"}).model == "unet"


def test_a_genotype_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture):
    with pytest.raises(BadOption, match="genotype='{}' is of derived"):
        changed(OPTIONS, {"genotype": "{}"})
    file = tmp_path / "options.yaml"
    for text, said in (("width: 8", "width=8 is of unet"), ("model: unet", "run hpo"),
                       ("genotype: '{}'", "genotype='{}' is of")):  # fmt: skip
        file.write_text(text)
        assert main(["drone", "--options", str(file), "--runs", str(tmp_path)]) == 1
        assert said in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["model", "genotype", "width", "depth", "norm", "dropout", "loss",
                                  "upsampling", "space-to-depth", "class-weights"])  # fmt: skip
def test_what_always_ended_in_an_error_has_no_flag(flag: str, capsys: pytest.CaptureFixture):
    with pytest.raises(SystemExit):
        main(["drone", f"--{flag}", "1"])
    said = capsys.readouterr().err
    assert f"there is no flag --{flag}" in said
    assert flag != "loss" or "did you mean --losses?" in said


def test_epochs_of_a_search_that_is_not_made_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture
):
    where = ["--runs", str(tmp_path)]
    assert main(["drone", "--trials", "0", "--epochs", "7", *where]) == 1
    assert "--trials 0 has none; give --final-epochs 7" in (capsys.readouterr().err)
    with pytest.raises(SystemExit):
        main(["drone", "--help"])
    assert "training patches, of a trial of the search" in " ".join(capsys.readouterr().out.split())


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


def test_stages_of_a_space_of_ones_own_are_dropped_aloud_where_all_weights_are_drawn(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    assert "trained" not in searched_space(OPTIONS, SPACE) and not caplog.messages
    space = tmp_path / "space.yaml"
    trained = "trained: {_type: choice, _value: [all, heads]}\n"
    space.write_text(trained + "lr: {_type: loguniform, _value: [0.001, 0.01]}\n")
    assert [*searched_space(OPTIONS, space)] == ["lr"]
    (said,) = caplog.messages
    assert f"trained of {space} is not searched: with backbone_weights=random" in said
    assert [*searched_space(DroneOptions(), space)] == ["trained", "lr"] and len(
        caplog.records
    ) == 1
    space.write_text(trained)
    with pytest.raises(BadSpace, match="holds `trained` alone, .*add other options"):
        searched_space(OPTIONS, space)


def test_weights_of_another_network_are_refused_before_anything_starts(
    imagery: Path, tmp_path: Path
):
    torch.save({"conv1.weight": torch.zeros(64, 3, 7, 7)}, tmp_path / "w.pth")
    given = {"data": "folder", "data_dir": str(imagery), "split": "image", "patch": 16}
    options = changed(DroneOptions.of(backbone="mobilenet_v3_large"), {
        **given, "backbone_weights": str(tmp_path / "w.pth"),
    })  # fmt: skip
    with pytest.raises(BackboneUnfit, match=r"w\.pth has no weights of mobilenet.*--backbone as"):
        prepare_data(options, tmp_path)
    assert not (tmp_path / SPLIT).exists()
    drawn = changed(options, {"backbone_weights": "random"})
    assert prepare_data(drawn, tmp_path).split == str(tmp_path / SPLIT)


def test_without_a_search_the_losses_are_all_there_is():
    definition = drone(OPTIONS, METHODS["gp"], Plan(trials=0, seeds=(0,), epochs=3))
    assert definition.tuner["class_args"]["points"] == grid_points(
        Plan(trials=0, seeds=(0,), epochs=3)
    )
    assert definition.trials == len(COMPARED) and definition.space_file is None


def test_what_is_built_in_needs_no_download(tmp_path: Path):
    for data in BUILT_IN:
        assert DRONE.preset(data)["backbone_weights"] == "random"
        assert plan_of(data, seed=0).trials < plan_of("aeroscapes", seed=0).trials
    assert "backbone_weights" not in DRONE.preset("aeroscapes")
    assert with_weights(DroneOptions(), tmp_path) == DroneOptions()
    file = changed(OPTIONS, {"backbone_weights": "w.pth"})
    found = option_value(with_weights(file, tmp_path), "backbone_weights")
    assert found == str(Path("w.pth").resolve())


def run(verb: str, *arguments: object, cwd: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "aerial_nni.run", verb, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=840)


@pytest.mark.slow
def test_from_the_losses_over_a_search_to_the_document(imagery: Path, runs: Path):
    cwd = runs.parent
    space = cwd / "space.yaml"
    space.write_text(
        "auxiliary: {_type: choice, _value: [0.0, 0.4]}\n"
        "lr: {_type: loguniform, _value: [0.0001, 0.01]}\n"
    )
    ran = run("drone", "--data", "folder", "--data-dir", imagery, "--split", "image", "--patch",
              16, "--batch", 2, "--backbone", "mobilenet_v3_large", "--backbone-weights", "random",
              "--lr", 0.002, "--head", 8, "--losses", "focal", "dice+5*focal", "--trials", 1,
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
    assert phases == ["loss: focal", "loss: dice+5*focal", "search", "retrain best"]
    assert set(said["compared"]) == {"focal", "dice+5*focal", "retrain best"}
    grid, searched, best = record.trials[:2], record.trials[2], record.trials[3]
    winner = max(grid, key=lambda trial: trial.score or 0.0).parameters["loss"]
    assert searched.parameters["loss"] == best.parameters["loss"] == winner
    assert [(folder / trial.id / LR_FINDER).is_file() for trial in record.trials] == [
        True, True, False, False,
    ]  # fmt: skip
    assert read_header(folder / best.id / "checkpoint.safetensors")["model"]["model"] == "deeplab"
    text = Path(said["report"]).read_text(encoding="utf-8")
    assert Path(said["report"]).name == "drone-scenes.md"
    for part in ("DeepLabV3", "dice + 5 · focal", "what the search found", "lr-finder.png",
                 "presence.png", "Dice over the data set", "The most memory",
                 "so not searched: `lr` 0.002", "--lr 0.002"):  # fmt: skip
        assert part in text
