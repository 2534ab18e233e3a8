"""What an interruption or a full disk left is finished by the same command."""

import os
from pathlib import Path

import pytest
import rasterio
from made_scenes import drawn, png, save
from PIL import Image

from aerial_nni.inference import prediction
from aerial_nni.inference.resume import TAG
from aerial_nni.run import main

ALL = ["--overlay", "--polygons", "--areas", "--confidence"]


@pytest.fixture
def words(checkpoint: Path, tmp_path: Path) -> list[str]:
    image = save(tmp_path / "a.tif", drawn(80, 96, 3)[0])
    return ["predict", str(checkpoint), str(image), "--to", str(tmp_path / "out")]


def stamps(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


@pytest.mark.parametrize("fails", ["write_overlay", "write_polygons", "write_areas"])
def test_what_is_missing_is_made_and_what_is_there_stays(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
):
    with monkeypatch.context() as patched:

        def full(*given, **more):
            raise OSError(28, "No space left on device")

        patched.setattr(prediction, fails, full)
        assert main([*words, *ALL]) == 1
    before = stamps(tmp_path / "out")
    assert {"a-mask.tif", "a-confidence.tif"} <= set(before) and len(before) < 5
    assert main([*words, *ALL]) == 0
    after = stamps(tmp_path / "out")
    assert len(after) == 5 and before.items() <= after.items()
    assert main([*words, *ALL]) == 1  # now all is there


def test_a_missing_overlay_of_a_picture_needs_no_model(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    words = ["predict", str(checkpoint), str(png(tmp_path / "a.png")), "--to", str(tmp_path)]
    assert main(words) == 0
    with Image.open(tmp_path / "a-mask.png") as mask:
        mask.load()
        assert len(mask.text[TAG]) == 41
    monkeypatch.setattr(prediction, "answered", None)
    assert main([*words, "--overlay"]) == 0
    assert (tmp_path / "a-overlay.png").is_file()


@pytest.mark.parametrize("other", ["options", "newer image", "no mark"])
def test_a_mask_of_other_work_is_not_gone_on_from(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture, other: str
):
    assert main([*words, "--tile", "64", "--overlap", "32"] if other == "options" else words) == 0
    mask = tmp_path / "out/a-mask.tif"
    if other == "newer image":
        later = mask.stat().st_mtime + 10
        os.utime(tmp_path / "a.tif", (later, later))
    elif other == "no mark":
        with rasterio.open(mask, "r+") as file:
            file.update_tags(**{TAG: ""})
    assert main([*words, "--overlay"]) == 1
    assert "would be replaced; add --overwrite" in capsys.readouterr().err
    assert not (tmp_path / "out/a-overlay.png").exists()


@pytest.mark.parametrize(
    ("first", "then", "kept"),
    [
        (["--confidence"], ["--confidence", "--dtype", "float32"], {"mask"}),
        (["--probabilities", "--areas"], ["--probabilities", "--areas", "--cog"], {"areas"}),
        (["--polygons", "--areas"], ["--polygons", "--areas", "--simplify", "3"],
         {"mask", "areas"}),
        (["--polygons"], ["--polygons", "--crs", "scene", "--overlay"], {"mask"}),
        (["--polygons", "--polygons-format", "gpkg"],
         ["--polygons", "--polygons-format", "gpkg", "--min-area", "9"], {"mask"}),
        (["--confidence", "--polygons"], ["--confidence", "--polygons", "--overlay"],
         {"mask", "confidence", "polygons"}),
        (["--polygons", "--polygons-format", "gpkg"],
         ["--polygons", "--polygons-format", "gpkg", "--areas"], {"mask", "polygons"}),
    ],
)  # fmt: skip
def test_what_was_made_with_other_options_is_made_again(
    words: list[str], tmp_path: Path, first: list[str], then: list[str], kept: set[str]
):
    assert main([*words, *first]) == 0
    before = stamps(tmp_path / "out")
    assert main([*words, *then]) == 0
    after = stamps(tmp_path / "out")
    same = {name for name in before if before[name] == after[name]}
    assert {Path(name).stem.removeprefix("a-") for name in same} == kept
    assert main([*words, *then]) == 1  # now all is there
