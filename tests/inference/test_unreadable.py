"""One image that cannot be read is named, and the others are segmented."""

from pathlib import Path

import pytest
from made_scenes import png
from rasterio._err import CPLE_AppDefinedError

from aerial_nni.rasters import Picture
from aerial_nni.run import main


@pytest.mark.parametrize("error", [CPLE_AppDefinedError(1, 1, "no such line"), KeyError("odd")])
def test_what_a_decoder_raises_ends_one_image_alone(
    checkpoint: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
):
    images = [png(tmp_path / f"{name}.png", 64, 64) for name in "abc"]
    whole = Picture.values

    def values(picture, *given):
        if picture.path.name == "b.png":
            raise error
        return whole(picture, *given)

    monkeypatch.setattr(Picture, "values", values)
    words = ["predict", str(checkpoint), *map(str, images), "--to", str(tmp_path / "out")]
    assert main(words) == 1
    said = capsys.readouterr()
    assert f"error: {images[1]} cannot be used" in said.err
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "a-mask.png", "c-mask.png",
    ]  # fmt: skip


def test_a_fault_of_our_own_ends_one_image_alone(
    checkpoint: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
):
    images = [png(tmp_path / f"{name}.png", 64, 64) for name in "ab"]

    def broken(scene, *given):
        raise CPLE_AppDefinedError(1, 1, "no overlay")

    monkeypatch.setattr("aerial_nni.inference.prediction.write_overlay", broken)
    words = ["predict", str(checkpoint), *map(str, images), "--to", str(tmp_path / "out")]
    assert main([*words, "--overlay"]) == 1
    said = capsys.readouterr()
    assert said.err.count("error: ") == 2 and "no overlay" in said.err
    assert main([*words, "--overwrite"]) == 0
