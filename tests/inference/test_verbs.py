"""`predict` and `export` as they are typed."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from made_scenes import CLASSES, png
from PIL import Image

from aerial_nni.run import main
from aerial_nni.training.checkpoint import load_checkpoint


def said(capsys: pytest.CaptureFixture) -> dict:
    return json.loads(capsys.readouterr().out)


def test_predict_names_what_fails_and_does_the_rest(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture
):
    good = [png(tmp_path / f"{name}.png", 40, 50) for name in "ab"]
    bad = tmp_path / "bad.png"
    bad.write_bytes(good[0].read_bytes()[:300])
    images = [str(good[0]), str(bad), str(good[1])]
    flags = ["--to", str(tmp_path / "out"), "--device", "cpu", "--overlay"]
    assert main(["predict", str(checkpoint), *images, *flags, "--json"]) == 1
    answer = said(capsys)
    assert [result["image"] for result in answer["results"]] == [images[0], images[2]]
    assert list(answer["errors"]) == [str(bad)]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "a-mask.png", "a-overlay.png", "b-mask.png", "b-overlay.png",
    ]  # fmt: skip


def test_predict_with_an_onnx_file_and_with_all_turns(
    checkpoint: Path, onnx_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture
):
    image = str(png(tmp_path / "a.png", 70, 100))
    masks = []
    for number, (model, *more) in enumerate(
        [(onnx_file,), (checkpoint, "--device", "cpu", "--precision", "fp32"), (onnx_file, "--tta")]
    ):
        flags = ["--tile", "64", "--overlap", "16", "--to", str(tmp_path / str(number))]
        assert main(["predict", str(model), image, *flags, *more]) == 0
        assert capsys.readouterr().out == f"{tmp_path / str(number) / 'a-mask.png'}\n"
        masks.append(np.asarray(Image.open(tmp_path / str(number) / "a-mask.png")))
    assert (masks[0] != masks[1]).mean() < 0.001
    assert 0 < (masks[0] != masks[2]).mean() < 0.1


def test_predict_replaces_no_file_unasked(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture
):
    images = [str(png(tmp_path / f"{name}.png", 40, 50)) for name in "ab"]
    own = png(tmp_path / "a-mask.png", 8, 8)  # a mask drawn by hand, beside its image
    before = own.read_bytes()
    words = ["predict", str(checkpoint), *images, "--to", str(tmp_path), "--device", "cpu"]
    assert main([*words, "--overlay", "--json"]) == 1
    answer = said(capsys)
    assert "add --overwrite" in answer["errors"][images[0]]
    assert own.read_bytes() == before and not (tmp_path / "a-overlay.png").exists()
    assert (tmp_path / "b-mask.png").exists() and (tmp_path / "b-overlay.png").exists()
    assert main([*words, "--overwrite"]) == 0
    assert own.read_bytes() != before


@pytest.mark.long
def test_a_killed_predict_leaves_nothing(checkpoint: Path, tmp_path: Path):
    image = png(tmp_path / "a.png", 1500, 1500)
    out = tmp_path / "out"
    words = ["predict", checkpoint, image, "--to", out, "--tile", "64", "--overlap", "32"]
    command = [sys.executable, "-m", "aerial_nni.run", *map(str, words)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        while not (out.exists() and list(out.iterdir())):
            assert process.poll() is None
            time.sleep(0.05)
        process.terminate()
        assert process.wait(60) == 128 + signal.SIGTERM
    assert not list(out.iterdir())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--device", "cuda:99"], "use --device auto"),
        (["--overlap", "999"], "; try --overlap 128"),
        (["--tile", "128"], "; try --tile 128 --overlap 32"),
        (["--bands", "1,2,9"], "has the bands 1 to 3"),
        (["--areas"], "leave --areas and --polygons out"),
    ],
)
def test_predict_says_what_to_type_next(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture, words: list[str], told: str
):
    image = str(png(tmp_path / "a.png", 40, 50))
    assert main(["predict", str(checkpoint), image, "--to", str(tmp_path / "out"), *words]) == 1
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_bands_that_are_no_numbers(capsys: pytest.CaptureFixture):
    with pytest.raises(SystemExit):
        main(["predict", "a.safetensors", "a.png", "--bands", "1-3"])
    assert "give numbers such as 4,3,2" in capsys.readouterr().err


def test_predict_with_a_file_for_other_programs(capsys: pytest.CaptureFixture):
    assert main(["predict", "a.pt2", "a.png"]) == 1
    assert "give the checkpoint or an ONNX file" in capsys.readouterr().err


def test_predict_without_a_model(tmp_path: Path, capsys: pytest.CaptureFixture):
    assert main(["predict", str(tmp_path / "none.safetensors"), "a.png"]) == 1
    assert "give the path of a checkpoint.safetensors" in capsys.readouterr().err


def test_export_of_a_checkpoint_by_its_path(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture
):
    target = tmp_path / "model.pt"
    assert main(["export", str(checkpoint), "--to", str(target), "--json"]) == 0
    answer = said(capsys)
    assert answer["format"] == "torchscript"
    assert answer["max_difference"] < 1e-4
    assert main(["export", str(checkpoint), "--to", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'checkpoint.safetensors'}\n"
    assert load_checkpoint(tmp_path / "checkpoint.safetensors")[1]["classes"] == list(CLASSES)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["--to", "a.onnx", "--format", "torchscript"],
            "a.onnx ends like onnx, and --format is torchscript",
        ),
        (["--to", "a.bin"], "add --format onnx"),
        (["--to", "a.pt", "--int8"], "--int8 is for ONNX"),
        (["--to", "a.onnx", "--int8"], "add: --options runs/ID/TRIAL/options.json"),
    ],
)
def test_export_says_what_to_type_next(
    checkpoint: Path, capsys: pytest.CaptureFixture, words: list[str], told: str
):
    assert main(["export", str(checkpoint), *words]) == 1
    assert told in capsys.readouterr().err


def test_export_replaces_no_file_unasked(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture
):
    target = tmp_path / "checkpoint.safetensors"
    target.write_text("of another experiment")
    for place in (target, tmp_path):  # in a folder, the file that would be written there
        words = ["export", str(checkpoint), "--to", str(place)]
        assert main(words) == 1
        told = capsys.readouterr().err
        assert f"error: {target} would be replaced; add --overwrite" in told
    assert target.read_text() == "of another experiment"
    assert main([*words, "--overwrite"]) == 0
    assert target.read_bytes() == checkpoint.read_bytes()


def test_export_never_replaces_its_own_checkpoint(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture
):
    source = tmp_path / "trained"
    source.write_bytes(checkpoint.read_bytes())
    assert main(["export", str(source), "--to", str(source), "--format", "onnx"]) == 1
    assert "is the checkpoint itself; give another name" in capsys.readouterr().err
    assert source.read_bytes() == checkpoint.read_bytes()
