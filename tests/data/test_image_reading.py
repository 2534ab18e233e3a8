"""Files to arrays: depths and bands kept exactly, damaged files named."""

import numpy as np
import pytest
import tifffile
from made_pictures import png16
from PIL import Image

from aerial_nni.data.pipeline.image_reading import read_colours, read_image, read_indices
from aerial_nni.rasters import whole


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def fault(read, path):
    with pytest.raises(ValueError) as caught:
        read(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("bands", [3, 4])
def test_a_16_bit_png_keeps_all_bits(tmp_path, rng, bands):
    pixels = rng.integers(0, 65536, (20, 30, bands), dtype=np.uint16)
    path = tmp_path / "deep.png"
    pixels[:5, ..., 3:] = 0
    path.write_bytes(png16(pixels))
    image, valid = read_image(path)
    assert image.dtype == np.uint16 and (image == pixels[..., :3]).all()
    assert (valid is None) if bands == 3 else (valid == (pixels[..., 3] > 0)).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(
    "shape, options",
    [
        ((20, 30, 3), {"photometric": "rgb"}),
        ((20, 30, 3), {"photometric": "rgb", "compression": "zlib"}),
        ((20, 30, 5), {"photometric": "minisblack", "planarconfig": "contig"}),
        ((5, 20, 30), {"photometric": "minisblack", "planarconfig": "separate"}),
        ((5, 20, 30), {}),
    ],
)
def test_tiffs_of_any_layout(tmp_path, rng, dtype, shape, options):
    pixels = rng.integers(0, np.iinfo(dtype).max, shape, dtype=dtype)
    path = tmp_path / "image.tif"
    tifffile.imwrite(path, pixels, **options)
    image, valid = read_image(path)
    wanted = pixels if shape[:2] == (20, 30) else np.moveaxis(pixels, 0, -1)
    assert image.dtype == dtype and valid is None and (image == wanted).all()


def test_the_transparency_of_a_tiff_is_told_from_a_fourth_band(tmp_path, rng):
    pixels = rng.integers(0, 255, (20, 30, 4), dtype=np.uint8)
    pixels[:4, :, 3] = 0
    for kind, split in (("unassalpha", True), ("unspecified", False)):
        path = tmp_path / f"{kind}.tif"
        tifffile.imwrite(path, pixels, photometric="rgb", extrasamples=[kind])
        image, valid = read_image(path)
        assert image.shape[2] == (3 if split else 4)
        assert (valid is not None) == split
        image, valid = read_image(path, bands=4)  # a band that is read decides nothing
        assert (image == pixels).all() and valid is None


def test_compressions_of_pillow(tmp_path, rng):
    pixels = rng.integers(0, 255, (20, 30, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "lzw.tif", compression="tiff_lzw")
    assert (read_image(tmp_path / "lzw.tif")[0] == pixels).all()


def test_palette_and_grey_images(tmp_path, rng):
    pixels = rng.integers(0, 2, (20, 30, 3), dtype=np.uint8) * 255
    Image.fromarray(pixels).quantize(8).save(tmp_path / "palette.png")
    assert (read_image(tmp_path / "palette.png")[0] == pixels).all()
    Image.fromarray(pixels[..., 0]).save(tmp_path / "grey.png")
    assert read_image(tmp_path / "grey.png")[0].shape == (20, 30, 1)


@pytest.mark.parametrize("share", [0.999, 0.9, 0.5, 0.02])
@pytest.mark.parametrize("ending, read", [("jpg", read_image), ("png", read_image),
                                          ("png", read_colours), ("tif", read_image)])  # fmt: skip
def test_a_truncated_picture_is_not_read_in_part(town, ending, read, share):
    town.image(f"whole.{ending}")
    content = (town.root / f"whole.{ending}").read_bytes()
    path = town.root / f"part.{ending}"
    path.write_bytes(content[: int(len(content) * share)])
    assert "cannot be used" in fault(read, path)


def test_a_flipped_bit_in_a_png_is_found(town):
    path = town.save("mask.png", np.zeros((64, 64, 3), dtype=np.uint8))
    content = bytearray(path.read_bytes())
    content[content.index(b"IDAT") + 12] ^= 1
    path.write_bytes(content)
    assert "cannot be used" in fault(read_colours, path)


def test_an_empty_file_and_one_that_is_no_picture(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"")
    for read in (read_image, read_colours, read_indices):
        assert fault(read, path) == f"{path} cannot be used: it is empty, 0 bytes"
    path.write_text("<html>not found</html>")
    assert "not recognized as being in a supported file format" in fault(read_image, path)
    (tmp_path / "a.tif").write_text("<html>not found</html>")
    fault(read_image, tmp_path / "a.tif")
    fault(read_image, tmp_path / "absent.png")


def test_what_is_not_read_says_what_to_do(tmp_path, rng, town):
    town.image("mask.jpg")
    assert "save it as PNG" in fault(read_colours, town.root / "mask.jpg")
    town.image("mask.png", (64, 64, 4))
    assert "partly transparent" in fault(read_colours, town.root / "mask.png")
    assert "no indices" in fault(read_indices, town.root / "mask.png")
    path = tmp_path / "deep.png"
    path.write_bytes(png16(rng.integers(0, 65536, (20, 30, 3), dtype=np.uint16)))
    assert "8-bit RGB" in fault(read_colours, path)
    tifffile.imwrite(tmp_path / "f.tif", np.zeros((20, 30, 3), np.float32), photometric="rgb")
    assert "float32; save it as" in fault(read_image, tmp_path / "f.tif")
    tifffile.imwrite(tmp_path / "t.tif", np.zeros((2, 20, 30, 3), np.uint8), photometric="rgb")
    assert "one image per file" in fault(read_image, tmp_path / "t.tif")
    picture = Image.fromarray(np.zeros((20, 30, 3), np.uint8))
    picture.convert("CMYK").save(tmp_path / "cmyk.jpg")
    assert "save it as RGB" in fault(read_image, tmp_path / "cmyk.jpg")
    exif = Image.Exif()
    exif[274] = 6
    picture.save(tmp_path / "turned.jpg", exif=exif)
    assert "save it upright" in fault(read_image, tmp_path / "turned.jpg")


def test_a_picture_too_large_to_be_decoded(town, monkeypatch):
    town.image("large.png")
    monkeypatch.setattr(whole, "LARGE", 1000)
    monkeypatch.setattr(whole, "SWELLING", 0.1)
    said = fault(read_image, town.root / "large.png")
    assert "unpack to 12288 bytes; cut it into smaller" in said


def test_index_values_are_those_of_the_file(tmp_path):
    values = np.arange(200, dtype=np.uint8).reshape(10, 20)
    palette = Image.fromarray(values)
    palette.putpalette(list(range(256)) * 3)
    for name, picture in (("grey", Image.fromarray(values)), ("palette", palette)):
        picture.save(tmp_path / f"{name}.png")
        assert (read_indices(tmp_path / f"{name}.png") == values).all()
    Image.fromarray(values.astype(np.uint16) + 300).save(tmp_path / "deep.png")
    assert (read_indices(tmp_path / "deep.png") == values.astype(int) + 300).all()
    Image.fromarray(values > 100).save(tmp_path / "bits.png")
    assert (read_indices(tmp_path / "bits.png") == (values > 100)).all()
