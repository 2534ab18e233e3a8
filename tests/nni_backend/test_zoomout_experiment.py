"""Zoom-out as an experiment: what is planned, and a small one under a real NNI server."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from fast_experiments import free_port
from PIL import Image
from torchvision.models import vgg

from aerial_nni.cli.checkpoints import with_weights
from aerial_nni.config import run_folder
from aerial_nni.config.options import BUILT_IN, BadOption, TrialOptions, changed, option_value
from aerial_nni.config.run_folder_schema import TrialRow
from aerial_nni.nni_backend import ranking, records
from aerial_nni.recipes.engine.search_space import load_space
from aerial_nni.recipes.zoomout.options import ZoomOutOptions
from aerial_nni.recipes.zoomout.phases import SUPERPIXEL, UNET
from aerial_nni.recipes.zoomout.recipe import ZOOMOUT
from aerial_nni.recipes.zoomout.study import SPACE, Plan, plan_of, prepare_with, zoomout
from aerial_nni.run import main
from aerial_nni.training.checkpoint import load_checkpoint, read_header
from aerial_nni.training.pretrained import BackboneUnfit
from aerial_nni.tuners.methods import METHODS
from aerial_nni.tuners.space import Space

PLAN = Plan(trials=2, seeds=(1, 2), epochs=3, unet_epochs=7)
OPTIONS = ZoomOutOptions.of(backbone_weights="random")
TRAINED = ZoomOutOptions()


def finals(definition) -> list[dict]:
    return definition.tuner["class_args"]["finals"]


def test_three_ways_are_trained_from_the_same_seeds():
    definition = zoomout(OPTIONS, METHODS["random"], PLAN)
    points = finals(definition)
    assert [(point["_phase"], point["seed"]) for point in points] == [
        ("zoom-out", 1), ("zoom-out", 2), ("superpixels", 1), ("superpixels", 2),
        ("control: U-Net", 1), ("control: U-Net", 2),
    ]  # fmt: skip
    assert [point.get("superpixel") for point in points[::2]] == [0, SUPERPIXEL, None]
    assert [point["epochs"] for point in points[::2]] == [3, 3, 7]
    assert points[2]["sample_epochs"] == option_value(OPTIONS, "sample_epochs") // 5
    assert definition.trials == 2 + 6


def test_the_unet_has_the_usual_options_of_any_trial():
    point = finals(zoomout(OPTIONS, METHODS["random"], PLAN))[-1]
    given = {name: value for name, value in point.items() if not name.startswith("_")}
    unet, usual = changed(OPTIONS, given), TrialOptions()
    same = ("model", "loss", "dropout", "lr", "optimizer", "weight_decay", "batch", "class_weights")
    assert {name: option_value(unet, name) for name in same} == {
        name: option_value(usual, name) for name in same
    }
    assert unet.epochs == 7 and unet.data == OPTIONS.data


ITS_OWN = {"schedule": "step", "clip": 0.0, "ema": 0.9, "lr": 0.5, "loss": "focal", "batch": 2,
           "dropout": 0.3, "accumulate": 3, "patience": 2}  # fmt: skip
OF_ALL = {"data": "buildings", "data_dir": "d", "patch": 64, "stride": 32, "split": "tile",
          "val_fraction": 0.3, "flip": False, "scale": 0.5, "device": "cpu",
          "precision": "fp32"}  # fmt: skip


def test_of_what_is_given_the_unet_has_what_it_stands_on_alone():
    options = changed(OPTIONS, {**ITS_OWN, **OF_ALL})
    point = finals(zoomout(options, METHODS["random"], PLAN))[-1]
    given = {name: value for name, value in point.items() if not name.startswith("_")}
    unet, usual = changed(options, given), TrialOptions()
    wanted = {**vars(usual), **OF_ALL, "epochs": 7, "seed": 2}
    assert {name: getattr(unet, name) for name in wanted} == wanted


def test_the_unet_can_have_options_of_its_own():
    own = ["width=8", "space-to-depth=2", "lr=0.002", "class_weights=inverse"]
    definition = zoomout(changed(OPTIONS, {"lr": 0.5}), METHODS["random"], PLAN, unet=own)
    wanted = {"width": 8, "space_to_depth": 2, "lr": 0.002, "class_weights": "inverse"}
    assert definition.method["unet"] == wanted
    unets = [point for point in finals(definition) if point["_phase"] == UNET]
    assert len(unets) == 2 and all(wanted.items() <= point.items() for point in unets)
    others = [point for point in finals(definition) if point["_phase"] != UNET]
    assert not any(wanted.keys() & point.keys() for point in others)


@pytest.mark.parametrize("word", ["epochs=3", "split=tile", "model=derived", "width=", "width",
                                  "width=4,8", "width=0"])  # fmt: skip
def test_what_the_unet_cannot_have_is_refused(word: str):
    with pytest.raises(BadOption, match="--unet|width"):
        zoomout(OPTIONS, METHODS["random"], PLAN, unet=[word])


@pytest.mark.parametrize("words", ["--epochs 3", "--method tpe", "--search-space space.yaml"])
def test_what_is_said_of_a_search_that_is_none_is_refused(
    words: str, capsys: pytest.CaptureFixture
):
    assert main(["zoomout", "--trials", "0", *words.split()]) != 0
    assert "--trials 0 has none" in capsys.readouterr().err


def test_the_sizes_of_a_u_net_are_the_controls_alone():
    with pytest.raises(BadOption, match="width=8 is of unet.*has dropout, backbone"):
        changed(OPTIONS, {"width": 8})
    assert changed(OPTIONS, {"width": 8, "model": "unet"}).network.width == 8


def test_the_u_net_is_refused_as_what_is_searched():
    with pytest.raises(BadOption, match="aerial_nni.run hpo"):
        zoomout(changed(OPTIONS, {"model": "unet"}), METHODS["random"], PLAN)


def test_the_space_is_that_of_the_reference():
    names = Space.parse(load_space(SPACE, OPTIONS)).names
    assert set(names) == {
        "backbone", "convolutions", "hidden", "dropout", "class_weights", "samples", "optimizer",
        "lr", "weight_decay",
    }  # fmt: skip


def test_weights_of_one_backbone_fix_it(tmp_path: Path):
    one = changed(OPTIONS, {"backbone_weights": str(tmp_path / "vgg.pth"), "backbone": "vgg11"})
    definition = zoomout(one, METHODS["random"], PLAN)
    assert "backbone" not in definition.space
    both = zoomout(TRAINED, METHODS["random"], PLAN)
    assert both.space["backbone"]["_value"] == ["vgg11", "vgg16"]


def test_of_networks_that_were_never_trained_the_larger_is_not_searched_unasked(tmp_path: Path):
    assert "backbone" not in zoomout(OPTIONS, METHODS["random"], PLAN).space
    own = tmp_path / "space.yaml"
    own.write_text(SPACE.read_text())
    assert "backbone" in zoomout(OPTIONS, METHODS["random"], PLAN, space_file=own).space


def test_what_is_given_is_not_searched():
    definition = zoomout(TRAINED, METHODS["gp"], PLAN, given=["hidden", "backbone", "epochs"])
    assert not {"hidden", "backbone"} & definition.space.keys() and "lr" in definition.space
    assert definition.method["given"] == {"backbone": "vgg16", "hidden": 1024}
    every = load_space(SPACE, TRAINED)
    with pytest.raises(BadOption, match="leave one out"):
        zoomout(TRAINED, METHODS["gp"], PLAN, given=list(every))


def test_the_side_of_superpixels_is_that_of_the_final_ones():
    definition = zoomout(changed(OPTIONS, {"superpixel": 8}), METHODS["gp"], PLAN)
    assert definition.options.network.superpixel == 0 and definition.method["superpixel"] == 8
    assert [point.get("superpixel") for point in finals(definition)[::2]] == [0, 8, None]


def test_the_best_trial_is_one_that_can_be_exported(tmp_path: Path):
    trials = []
    for phase, score in (("zoom-out", 0.5), ("superpixels", 0.6), ("control: U-Net", 0.7)):
        folder = tmp_path / phase[:5]
        folder.mkdir()
        for name in ranking.GOOD_FILES:
            (folder / name).touch()
        run_folder.write_json(folder / run_folder.METRICS, {"score": score})
        trials.append(TrialRow(id=phase[:5], sequence=None, state="SUCCEEDED", score=score,
                                    parameters={"_phase": phase}, folder=phase[:5]))  # fmt: skip
    best = ranking.best_of(trials, tmp_path, ZOOMOUT)
    assert best and best["id"] == "zoom-"


def test_without_a_search_all_is_as_asked():
    plan = Plan(trials=0, seeds=(0, 1), epochs=3, unet_epochs=7)
    definition = zoomout(OPTIONS, METHODS["gp"], plan)
    points = definition.tuner["class_args"]["points"]
    assert len(points) == 6 and definition.space_file is None
    assert all("_from" not in point for point in points)


def test_what_is_built_in_needs_no_download_and_nested_data_its_own_split():
    for data in BUILT_IN:
        assert ZOOMOUT.preset(data)["backbone_weights"] == "random"
        assert plan_of(data, seed=0).trials == 3
    assert ZOOMOUT.preset("buildings")["split"] == "tile"
    assert "split" not in ZOOMOUT.preset("xbd") and plan_of("xbd", seed=0).trials == 12


def test_an_encoder_needs_a_checkpoint(tmp_path: Path):
    with pytest.raises(BadOption, match="--backbone-weights"):
        ZoomOutOptions.of(backbone="encoder")
    assert with_weights(OPTIONS, tmp_path) == OPTIONS
    file = changed(OPTIONS, {"backbone_weights": "vgg.pth"})
    found = option_value(with_weights(file, tmp_path), "backbone_weights")
    assert found == str(Path("vgg.pth").resolve())


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six pictures of 32 pixels with bright squares as buildings."""
    folder = tmp_path_factory.mktemp("houses")
    draw = np.random.default_rng(3)
    for kind in ("images", "masks"):
        (folder / kind).mkdir()
    for number in range(6):
        mask = np.kron(draw.integers(0, 2, (4, 4)), np.ones((8, 8), int)).astype(np.uint8)
        image = (draw.integers(0, 60, (32, 32, 3)) + 150 * mask[..., None]).astype(np.uint8)
        Image.fromarray(image).save(folder / "images" / f"h{number}.png")
        Image.fromarray(mask).save(folder / "masks" / f"h{number}.png")
    return folder


def run(verb: str, *arguments: object, cwd: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "aerial_nni.run", verb, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=840)


SMALL = ["--patch", "32", "--batch", "2", "--hidden", "8", "--sample-epochs", "2"]


def test_a_missing_file_of_weights_costs_nothing(houses: Path, runs: Path):
    ran = run("zoomout", "--data", "buildings", "--data-dir", houses, *SMALL, "--split", "image",
              "--backbone-weights", "nowhere.pth", "--exit", "--port", free_port(),
              "--runs", runs, cwd=houses)  # fmt: skip
    assert ran.returncode == 1
    assert "there is no file" in ran.stderr and "vgg16-397923af.pth" in ran.stderr
    assert not list(runs.glob("*/experiment.json"))


def test_weights_of_another_backbone_cost_nothing(houses: Path, tmp_path: Path):
    file = tmp_path / "vgg11.pth"
    torch.save({f"features.{k}": v for k, v in vgg.make_layers(vgg.cfgs["A"]).state_dict().items()},
               file)  # fmt: skip
    options = changed(OPTIONS, {"data": "buildings", "data_dir": str(houses), "patch": 32,
                                "backbone_weights": str(file)})  # fmt: skip
    prepare = prepare_with(zoomout(options, METHODS["gp"], PLAN))
    with pytest.raises(BackboneUnfit, match="give --backbone vgg11"):
        prepare(options, tmp_path / "experiment")
    assert not (tmp_path / "experiment").exists()


@pytest.mark.slow
def test_from_a_search_to_footprints_and_their_document(houses: Path, runs: Path):
    cwd = runs.parent
    space = cwd / "space.yaml"
    space.write_text("dropout: {_type: choice, _value: [0.0, 0.2]}\n")
    ran = run("zoomout", "--data", "buildings", "--data-dir", houses, *SMALL, "--split", "image",
              "--backbone", "vgg11", "--backbone-weights", "random", "--convolutions",
              "before-pool", "--trials", 1, "--search-space", space, "--seeds", 5, "--epochs", 1,
              "--final-epochs", 1, "--unet-epochs", 2, "--superpixel", 8, "--exit", "--json",
              "--port", free_port(), "--docs", cwd / "docs",
              "--runs", os.path.relpath(runs, cwd), cwd=cwd)  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert "Traceback" not in ran.stderr
    said = json.loads(ran.stdout)
    folder = Path(said["folder"])
    record = records.load(folder)
    assert (record.kind, record.state) == ("zoomout", "DONE")
    phases = [trial.parameters["_phase"] for trial in record.trials]
    assert phases == ["search", "zoom-out", "superpixels", "control: U-Net"]
    assert set(said["compared"]) == set(phases[1:])
    for phase, trial in zip(phases[1:], record.trials[1:], strict=True):
        scores = run_folder.read_json(folder / trial.id / run_folder.METRICS)["per_class"][
            "Building"
        ]
        assert said["compared"][phase]["building IoU"] == [pytest.approx(scores["iou"])]
    assert record.best.id in [trial.id for trial in record.trials[:2]]
    zoom_out, over_superpixels, unet = (folder / trial.id for trial in record.trials[1:])
    assert read_header(zoom_out / run_folder.CHECKPOINT)["zoomout"]["superpixel"] == 0
    assert read_header(over_superpixels / run_folder.CHECKPOINT)["zoomout"]["superpixel"] == 8
    assert type(load_checkpoint(unet / run_folder.CHECKPOINT)[0]).__name__ == "UNet"
    text = Path(said["report"]).read_text(encoding="utf-8")
    assert Path(said["report"]).name == "building-footprints.md"
    for part in ("never trained", "building IoU", "superpixels", "U-Net", "frequency-weighted IoU",
                 "## 2. The search", "first-stage.png", "zoom-out.png"):  # fmt: skip
        assert part in text
    image = houses / "images" / "h1.png"
    predicted = run("predict", over_superpixels / run_folder.CHECKPOINT, image, "--to", cwd / "out",
                    "--json", cwd=cwd)  # fmt: skip
    assert predicted.returncode == 0, predicted.stderr
    assert Path(json.loads(predicted.stdout)["results"][0]["mask"]).is_file()
