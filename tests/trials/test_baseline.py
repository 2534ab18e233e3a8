import dataclasses
import json
import math

import numpy as np
import pytest
from PIL import Image

from aerial_nni.config.options import TrialOptions
from aerial_nni.config.run_folder import (
    CHECKPOINT,
    CURVES,
    EXAMPLE_LIST,
    EXAMPLES,
    METRICS,
    read_history,
    read_json,
    sha256,
)
from aerial_nni.recipes.baseline.training_setup import main
from aerial_nni.recipes.documents import write_report
from aerial_nni.training.checkpoint import read_header
from aerial_nni.trials import reporting
from aerial_nni.trials.reporting import KEYS, message

SMALL = ["--width", "4", "--depth", "2", "--epochs", "2", "--patch", "32", "--batch", "4"]


@pytest.fixture(scope="module")
def imagery(tmp_path_factory):
    """Eight 64-pixel pictures of two classes, 16 bits and four bands, with a little void."""
    import tifffile

    folder = tmp_path_factory.mktemp("imagery")
    rng = np.random.default_rng(0)
    (folder / "images").mkdir()
    (folder / "masks").mkdir()
    for i in range(8):
        mask = (np.add.outer(np.arange(64), np.arange(64)) > 40 + 6 * i).astype(np.uint8)
        image = rng.integers(800, 1200, (64, 64, 4)) + 900 * mask[..., None].astype(int)
        tifffile.imwrite(folder / "images" / f"a{i}.tif", image.astype(np.uint16))
        mask[:3] = 9
        Image.fromarray(mask).save(folder / "masks" / f"a{i}.png")
    (folder / "classes.yaml").write_text(
        "masks: index\nbands: [red, green, blue, nir]\nclasses:\n  low: 0\n  high: 1\nvoid: [9]\n"
    )
    return folder


def run(folder, imagery, *extra):
    return main(
        ["--out", str(folder), "--data", "folder", "--data-dir", str(imagery), *SMALL, *extra]
    )


def opened(path):
    with Image.open(path) as picture:
        return np.array(picture)


@pytest.fixture(scope="module")
def trained(imagery, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    assert run(folder, imagery) == 0
    return folder


def test_the_folder_is_complete_and_its_numbers_agree(trained):
    metrics, history = read_json(trained / METRICS), read_history(trained / "history.csv")
    best = history[int(metrics["epoch"]) - 1]
    assert metrics["score"] == best["mean_iou"] == max(row["mean_iou"] for row in history)
    assert metrics["final"]["mean_iou"] == pytest.approx(metrics["score"], abs=1e-9)
    assert metrics["checkpoint"]["sha256"] == sha256(trained / CHECKPOINT)
    assert metrics["model"]["input"] == [4, 32, 32]
    confusion = np.array(metrics["confusion"])
    assert confusion.sum() == sum(v for k, v in metrics["split"]["pixels"]["val"].items()
                                  if k != "void")  # fmt: skip
    assert [c["pixels"] for c in metrics["per_class"].values()] == confusion.sum(1).tolist()
    header = read_header(trained / CHECKPOINT)
    assert header["score"] == metrics["score"]
    assert header["classes"] == ["low", "high"]
    assert len(header["mean"]) == 4
    with np.load(trained / CURVES) as curves:
        assert curves["precision"].shape == curves["recall"].shape == (2, 500)
    assert list((trained / "tensorboard").glob("events*"))


def test_the_examples_show_what_was_scored(trained):
    listed = read_json(trained / EXAMPLE_LIST)
    assert 1 <= len(listed) <= 10
    for example in listed:
        stem = trained / EXAMPLES / f"{example['number']:02d}"
        picture, truth, guess = (
            opened(f"{stem}-{kind}.png") for kind in ("image", "truth", "prediction")
        )
        assert picture.shape == (*truth.shape, 3)
        valid = truth != 255
        assert np.mean(truth[valid] == guess[valid]) == pytest.approx(example["pixel_accuracy"])
        assert set(np.unique(truth)) <= {0, 1, 255}


def test_running_the_line_again_changes_nothing(trained, imagery):
    before = (trained / "history.csv").read_bytes(), sha256(trained / CHECKPOINT)
    assert run(trained, imagery) == 0
    assert before == ((trained / "history.csv").read_bytes(), sha256(trained / CHECKPOINT))
    scores = read_json(trained / METRICS)["confusion"]
    (trained / METRICS).unlink()  # as if it had been killed after its last epoch
    assert run(trained, imagery) == 0
    assert read_json(trained / METRICS)["confusion"] == scores


def test_the_same_seed_gives_the_same_curve_and_another_another(trained, imagery, tmp_path):
    assert run(tmp_path / "same", imagery) == 0
    assert run(tmp_path / "other", imagery, "--seed", "1") == 0
    curves = [
        [row["train_loss"] for row in read_history(folder / "history.csv")]
        for folder in (trained, tmp_path / "same", tmp_path / "other")
    ]
    assert curves[0] == curves[1] != curves[2]


def test_the_document_can_be_written_from_the_folder(trained, tmp_path):
    document = write_report([trained], tmp_path)
    assert f"{read_json(trained / METRICS)['score']:.3f}"[:5] in document.read_text()


def test_other_options_in_the_same_folder_are_refused(trained, imagery, capsys):
    assert run(trained, imagery, "--lr", "0.5") == 1
    assert "other options (lr)" in capsys.readouterr().err


def test_bad_input_is_an_error_without_a_traceback(tmp_path, capsys):
    assert main(["--out", str(tmp_path / "x"), "--loss", "huber"]) == 1
    assert main(["--out", str(tmp_path / "x"), "--data", "dubai", "--data-dir", "none"]) == 1
    err = capsys.readouterr().err
    assert "error:" in err
    assert "Traceback" not in err


def test_nni_is_told_finite_python_floats_once_per_epoch_and_once_at_the_end(
    imagery, tmp_path, monkeypatch
):
    import nni

    told = {"intermediate": [], "final": []}
    monkeypatch.setattr(nni, "get_next_parameter", lambda: {"lr": 0.002})
    monkeypatch.setattr(nni, "report_intermediate_result", told["intermediate"].append)
    monkeypatch.setattr(nni, "report_final_result", told["final"].append)
    monkeypatch.setattr("aerial_nni.trials.main.Nni", reporting.Nni)
    monkeypatch.setattr("aerial_nni.trials.main.under_nni", lambda: True)
    assert run(tmp_path / "trial", imagery) == 0
    assert len(told["intermediate"]) == 2
    assert len(told["final"]) == 1
    score = read_json(tmp_path / "trial" / METRICS)["score"]
    assert told["final"][0]["default"] == score
    assert json.loads((tmp_path / "trial" / "options.json").read_text())["lr"] == 0.002
    for values in (*told["intermediate"], *told["final"]):
        assert set(values) == {"default", "val_loss", "val_precision", "val_recall"}
        assert all(type(value) is float and math.isfinite(value) for value in values.values())


def test_a_score_that_is_no_number_is_reported_as_zero():
    row = {"mean_iou": math.nan, "val_loss": 1.0, "precision": math.nan, "recall": 0.5}
    assert message(row) == {"default": 0.0, "val_loss": 1.0, "val_recall": 0.5}


def test_no_metric_is_called_like_an_option():
    assert not set(KEYS) & {field.name for field in dataclasses.fields(TrialOptions)}
