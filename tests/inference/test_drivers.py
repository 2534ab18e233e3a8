"""Images that are no images of their own: what names other files is read only when asked for."""

import os
import shutil
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
import rasterio
from made_scenes import drawn, png, save
from rasterio.windows import Window

from aerial_nni.data.pipeline.hashing import file_digests
from aerial_nni.data.pipeline.image_reading import read_image
from aerial_nni.inference.model_card import Card
from aerial_nni.inference.scene import SceneUnusable, open_scene
from aerial_nni.run import main

PIXELS = drawn(64, 64, 1)[0]


def virtual(path: Path, source: Path | str) -> Path:
    """A raster that is another file's pixels."""
    band = "".join(
        f'<VRTRasterBand dataType="Byte" band="{band}"><SimpleSource><SourceFilename '
        f'relativeToVRT="0">{source}</SourceFilename><SourceBand>{band}</SourceBand>'
        "</SimpleSource></VRTRasterBand>"
        for band in (1, 2, 3)
    )
    path.write_text(f'<VRTDataset rasterXSize="64" rasterYSize="64">{band}</VRTDataset>')
    return path


WMS = (
    '<GDAL_WMS><Service name="TMS"><ServerUrl>http://127.0.0.1:9/${z}/${x}/${y}.png</ServerUrl>'
    "</Service><DataWindow><UpperLeftX>0</UpperLeftX><UpperLeftY>1</UpperLeftY><LowerRightX>1"
    "</LowerRightX><LowerRightY>0</LowerRightY><SizeX>64</SizeX><SizeY>64</SizeY><TileLevel>1"
    "</TileLevel></DataWindow><BandsCount>3</BandsCount></GDAL_WMS>"
)


@pytest.mark.parametrize("name", ["a.vrt", "a.tif", "a.png"])
def test_a_virtual_raster_is_read_when_it_is_asked_for(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture, name: str
):
    source = save(tmp_path / "secret.tif", PIXELS)
    image = virtual(tmp_path / name, source)
    words = ["predict", str(checkpoint), str(image), "--to", str(tmp_path / "out")]
    assert main(words) == 1
    said = capsys.readouterr().err
    assert str(image) in said and "cannot be used" in said
    if name == "a.vrt":
        assert "--driver VRT" in said
    assert main([*words, "--driver", "VRT"]) == 0


def test_addresses_are_no_images(checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    (tmp_path / "a.xml").write_text(WMS)
    archive = shutil.make_archive(str(tmp_path / "a"), "zip", tmp_path, "a.xml")
    for image in (str(tmp_path / "a.xml"), f"/vsizip/{archive}/a.xml", f"zip://{archive}!a.xml",
                  "/vsicurl/http://127.0.0.1:9/a.tif", "http://127.0.0.1:9/a.tif"):  # fmt: skip
        assert main(["predict", str(checkpoint), image, "--to", str(tmp_path / "out")]) == 1
        assert "error:" in capsys.readouterr().err


def test_an_unknown_driver_is_named(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture
):
    image = png(tmp_path / "a.png")
    assert main(["predict", str(checkpoint), str(image), "--driver", "GTif"]) == 1
    assert "did you mean GTiff" in capsys.readouterr().err


@pytest.mark.parametrize("ending", [".msk", ".ovr"])
def test_files_beside_an_image_lead_nowhere_else(card: Card, tmp_path: Path, ending: str):
    image = save(tmp_path / "a.tif", PIXELS)
    virtual(tmp_path / f"a.tif{ending}", save(tmp_path / "secret.tif", PIXELS))
    with pytest.raises(SceneUnusable, match=ending), open_scene(image, card):
        pass


@pytest.mark.parametrize(
    "names", [("ovr", "ovr.ovr"), ("msk", "msk.OVR"), ("ovr", "ovr.msk"), ("OVR",), ("aux",)]
)
def test_files_beside_a_file_beside_an_image_lead_nowhere_else(
    card: Card, tmp_path: Path, names: tuple[str, ...]
):
    image = save(tmp_path / "a.tif", PIXELS)
    for name in names[:-1]:
        save(tmp_path / f"a.tif.{name}", PIXELS)
    virtual(tmp_path / f"a.tif.{names[-1]}", save(tmp_path / "secret.tif", PIXELS))
    with (
        pytest.raises(SceneUnusable, match="which GDAL would open with it.*--driver"),
        open_scene(image, card),
    ):
        pass


def test_genuine_files_beside_an_image_are_read(card: Card, tmp_path: Path):
    image = save(tmp_path / "a.tif", PIXELS)
    for name in ("a.tif.ovr", "b.tif.ovr"):
        save(tmp_path / name, PIXELS)
    (tmp_path / "b.tif.msk").write_text("of another image")
    with open_scene(image, card):
        pass


def test_nitf_whose_overviews_are_other_files_is_read_when_it_is_asked_for(
    card: Card, tmp_path: Path
):
    image = tmp_path / "a.ntf"
    size = {"width": 64, "height": 64, "count": 3, "dtype": "uint8"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(image, "w", "NITF", **size) as file:
            file.write(PIXELS.transpose(2, 0, 1))
    with pytest.raises(SceneUnusable, match="NITF"), open_scene(image, card):
        pass
    with open_scene(image, card, driver="NITF"):
        pass


def test_an_image_names_no_file_for_its_overviews(card: Card, tmp_path: Path):
    image = save(tmp_path / "a.tif", PIXELS)
    with rasterio.open(image, "r+") as file:
        file.update_tags(ns="OVERVIEWS", OVERVIEW_FILE=str(virtual(tmp_path / "b.vrt", image)))
    with pytest.raises(SceneUnusable, match="names another file"), open_scene(image, card):
        pass


@pytest.mark.parametrize("kind", ["pipe", "folder", "device"])
def test_what_is_no_regular_file_is_not_waited_for(
    checkpoint: Path, card: Card, tmp_path: Path, kind: str, capsys: pytest.CaptureFixture
):
    path = tmp_path / "a.png"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(SceneUnusable, match=str(path)), open_scene(path, card):
        pass
    with pytest.raises(ValueError, match="no regular file"):
        read_image(path)
    assert file_digests([path], tmp_path) == {path: "unreadable"}
    for words in (["export", str(path), "--to", str(tmp_path / "x.onnx")],
                  ["predict", str(path), str(path)],
                  ["baseline", "--options", str(path)],
                  ["hpo", "--method", "tpe", "--search-space", str(path)],
                  ["distill", "--teacher", str(path)]):  # fmt: skip
        assert main(words) == 1
        assert str(path) in capsys.readouterr().err


def bomb(path: Path, side: int) -> Path:
    """A PNG that says it is of this size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    data = zlib.compress(bytes(1 << 20), 9)
    size = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", size) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + parts)
    return path


def test_a_picture_that_unpacks_to_far_too_much_is_refused(card: Card, tmp_path: Path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match="smaller ones"):
            read_image(bomb(tmp_path / "a.png", 13_500))
    path = tmp_path / "a.tif"
    size = {"width": 60_000, "height": 60_000, "count": 3, "dtype": "uint8"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        size |= {"blockxsize": 512, "blockysize": 512, "compress": "deflate"}
        with rasterio.open(path, "w", "GTiff", tiled=True, sparse_ok=True, **size) as file:
            file.write(np.ones((3, 16, 16), np.uint8), window=Window(0, 0, 16, 16))
    with pytest.raises(ValueError, match="unpack to"):
        read_image(path)
    with pytest.raises(SceneUnusable, match="--driver GTiff"), open_scene(path, card):
        pass
