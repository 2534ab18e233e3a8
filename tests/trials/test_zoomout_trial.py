"""The zoom-out trial, by hand: two stages, resume, and what else takes its checkpoint."""

from pathlib import Path

import numpy as np
import pytest

from aerial_nni.config import run_folder
from aerial_nni.config.run_folder import (
    CHECKPOINT,
    EXAMPLES,
    HISTORY,
    LAST,
    METRICS,
    SAMPLES,
    read_history,
    read_json,
    sha256,
)
from aerial_nni.recipes.baseline import training_setup as baseline
from aerial_nni.recipes.distill import training_setup as distill
from aerial_nni.recipes.zoomout import training_setup as zoomout
from aerial_nni.recipes.zoomout.scores import OF_ALL, scores_of
from aerial_nni.run import main as run
from aerial_nni.training.checkpoint import load_checkpoint, read_header

DATA = ["--data", "folder", "--patch", "16", "--batch", "2", "--precision", "fp32"]
HEAD = ["--hidden", "6", "--epochs", "2", "--sample-epochs", "3", "--samples", "4"]


@pytest.fixture(scope="module")
def unet(imagery: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of a small U-Net on the same split."""
    folder = tmp_path_factory.mktemp("unet")
    flags = [*DATA, "--data-dir", str(imagery), "--width", "4", "--depth", "2", "--epochs", "1"]
    assert baseline.main([*flags, "--out", str(folder)]) == 0
    return folder / CHECKPOINT


def train(folder: Path, imagery: Path, weights: Path, *extra: str) -> int:
    flags = [*DATA, *HEAD, "--data-dir", str(imagery), "--backbone", "encoder",
             "--backbone-weights", str(weights), *extra]  # fmt: skip
    return zoomout.main([*flags, "--out", str(folder)])


@pytest.fixture(scope="module")
def trained(imagery: Path, unet: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zoomout") / "trial"
    assert train(folder, imagery, unet) == 0
    return folder


def test_both_stages_leave_their_folders(trained: Path, unet: Path):
    said = read_json(trained / METRICS)["zoomout"]
    assert said == read_header(trained / CHECKPOINT)["zoomout"]
    assert said["backbone"] == "encoder" and said["weights"]["sha256"] == sha256(unet)
    # Two convolutions in each of three blocks, and the picture.
    assert said["dimension"] == 3 + 2 * (4 + 8 + 16)
    assert sum(said["samples"]["training"].values()) > 0
    assert len(read_history(trained / SAMPLES / HISTORY)) == 3
    assert len(read_history(trained / HISTORY)) == 2
    model, _ = load_checkpoint(trained / SAMPLES / CHECKPOINT)
    assert model.channels == load_checkpoint(trained / CHECKPOINT)[0].head.channels


def test_the_second_stage_begins_with_what_the_first_has_learnt(
    imagery: Path, unet: Path, tmp_path: Path
):
    flags = ["--epochs", "1", "--lr", "1e-12", "--optimizer", "sgd"]
    assert train(tmp_path / "a", imagery, unet, *flags) == 0
    head, _ = load_checkpoint(tmp_path / "a" / SAMPLES / CHECKPOINT)
    whole, _ = load_checkpoint(tmp_path / "a" / CHECKPOINT)
    for name, value in head.state_dict().items():
        np.testing.assert_allclose(value, whole.head.state_dict()[name], atol=1e-6)
    encoder, _ = load_checkpoint(unet)
    first = next(iter(encoder.encoder.state_dict().values()))
    assert (first == next(iter(whole.encoder.state_dict().values()))).all()


def test_it_goes_on_where_it_stopped(imagery: Path, unet: Path, trained: Path, tmp_path: Path):
    folder = tmp_path / "cut off"
    assert train(folder, imagery, unet, "--budget", "1") == 0
    assert len(read_history(folder / HISTORY)) == 1
    options = read_json(folder / run_folder.OPTIONS)
    for name in ("TRIAL_BUDGET", "resumed_epochs", "resumed_from"):
        options.pop(name)
    run_folder.write_json(folder / run_folder.OPTIONS, options)
    assert train(folder, imagery, unet) == 0
    wanted, found = (read_history(place / HISTORY) for place in (trained, folder))
    for name in ("train_loss", "val_loss", "mean_iou"):
        assert [row[name] for row in wanted] == [row[name] for row in found]
    assert sha256(trained / CHECKPOINT) == sha256(folder / CHECKPOINT)
    assert read_json(folder / METRICS)["zoomout"]["samples"]["epochs"] == 3
    assert (folder / LAST).is_file()


def test_superpixels_learn_and_are_not_exported(
    imagery: Path, unet: Path, tmp_path: Path, capsys: pytest.CaptureFixture
):
    folder = tmp_path / "superpixels"
    assert train(folder, imagery, unet, "--superpixel", "4") == 0
    said = read_json(folder / METRICS)["zoomout"]
    assert said["superpixel"] == 4
    assert len(list((folder / EXAMPLES).glob("*-prediction.png"))) > 0
    assert run(["export", str(folder / CHECKPOINT), "--to", str(tmp_path / "a.onnx")]) == 1
    told = capsys.readouterr().err
    assert "scikit-image" in told and "Traceback" not in told
    image = next((imagery / "images").iterdir())
    assert run(["predict", str(folder / CHECKPOINT), str(image), "--to", str(tmp_path)]) == 0


@pytest.mark.long
def test_what_takes_a_checkpoint_takes_this_one(
    imagery: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture
):
    checkpoint = str(trained / CHECKPOINT)
    assert run(["export", checkpoint, "--to", str(tmp_path / "a.onnx")]) == 0
    assert run(["export", checkpoint, "--to", str(tmp_path / "b.onnx"), "--int8"]) == 0
    image = str(next((imagery / "images").iterdir()))
    for number, model in enumerate((checkpoint, str(tmp_path / "a.onnx"))):
        place = str(tmp_path / str(number))
        assert run(["predict", model, image, "--to", place]) == 0
    flags = [*DATA, "--data-dir", str(imagery), "--width", "2", "--depth", "1", "--epochs", "1"]
    student = [*flags, "--teacher", checkpoint, "--out", str(tmp_path / "student")]
    assert distill.main(student) == 0
    assert distill.main([*student, "--kind", "pair", "--layers", "encoder",
                         "--out", str(tmp_path / "pair")]) == 0  # fmt: skip
    capsys.readouterr()


def test_a_trial_by_hand_has_its_document(trained: Path, tmp_path: Path):
    from aerial_nni.recipes.documents import write_report

    text = write_report([trained], tmp_path).read_text(encoding="utf-8")
    assert "# Building footprints: zoom-out features on Imagery" in text
    assert "was not recorded" in text
    assert "trained as part of a U-Net on the dataset `imagery" in text
    assert "frequency-weighted IoU" in text


def test_the_scores_of_the_reference_work():
    # Its four scores, rebuilt from the one confusion matrix of two classes that has them.
    confusion = [[918_700, 32_500], [3_900, 44_900]]
    found = scores_of({"confusion": confusion, "data": {"classes": ["Background", "Building"]}})
    assert [found[name] for name in OF_ALL] == pytest.approx(
        [0.9637, 0.9427, 0.757, 0.942], abs=2e-3
    )
    assert found["building IoU"] == pytest.approx(0.552, abs=2e-3)
    assert found["building precision"] == pytest.approx(0.58, abs=2e-3)
    assert found["building recall"] == pytest.approx(0.92, abs=2e-3)
    assert "building IoU" not in scores_of(
        {"confusion": confusion, "data": {"classes": ["a", "b"]}}
    )


def test_an_encoder_of_another_split_is_refused(
    imagery: Path, unet: Path, tmp_path: Path, capsys: pytest.CaptureFixture
):
    assert train(tmp_path / "a", imagery, unet, "--split-seed", "3") == 1
    assert "may know what validates" in capsys.readouterr().err
