"""Predictions carry the values and colours of the user's own masks, whatever these are."""

import dataclasses
import json

import numpy as np
import pytest
import rasterio
from made_scenes import CLASSES, PALETTE, drawn, png, save
from PIL import Image

from aerial_nni.config.errors import Damaged
from aerial_nni.data import open_dataset
from aerial_nni.data.dataset import VOID
from aerial_nni.data.pipeline.class_codes import TYPES, Written, indices
from aerial_nni.data.pipeline.class_list import read_class_list
from aerial_nni.inference.model_card import read_card
from aerial_nni.inference.polygons import PolygonOptions
from aerial_nni.inference.prediction import Wanted, segment
from aerial_nni.inference.submission import write_submission
from aerial_nni.rasters import gdal, open_raster


class Told:
    """Answers the classes that the noise of a drawn picture has below it, as far as it shows."""

    def __init__(self, card):
        self.card = card

    def __call__(self, pixels):
        distance = ((pixels[..., None, :].astype(float) - np.array(PALETTE)) ** 2).sum(axis=-1)
        return -distance.transpose(2, 0, 1).astype(np.float32)


def told(card, written):
    return Told(dataclasses.replace(card, written=written))


def values_of(path):
    with gdal(), open_raster(path) as file:
        return file.read(1)


@pytest.mark.parametrize("seed", range(30))
def test_any_code_comes_back(tmp_path, seed):
    """From a mask of the user's to classes and on to a mask that is written: the same values."""
    rng = np.random.default_rng(seed)
    bits = int(rng.choice([8, 12, 16, 31]))
    low = 0 if bits == 8 else -(2**bits)
    count, voids = int(rng.integers(2, 40)), int(rng.integers(0, 3))
    drawn_values = rng.choice(2**bits - low, count + voids, replace=False) + low
    values, void = drawn_values[:count], drawn_values[count:]
    lines = "".join(f"  c{k}: {value}\n" for k, value in enumerate(values))
    path = tmp_path / "classes.yaml"
    path.write_text(f"masks: index\nclasses:\n{lines}void: {void.tolist()}\n")
    found = read_class_list(path)
    own = rng.choice(drawn_values[: count + min(voids, 1)], (9, 11))
    written = found.facts.written
    classes = found.code().classes_of(own, path)
    assert (written.encoded(classes) == own).all()
    assert (written.classes_of(written.encoded(classes)) == classes).all()
    assert written.encoded(np.uint8([VOID]))[0] not in values


@pytest.mark.parametrize(
    "values, void, dtype",
    [
        ((0, 1, 2), 255, "uint8"),
        ((0, 1, 256), 255, "uint16"),
        ((0, 1, 2), -1, "int16"),
        ((40000, 1, 2), -1, "int32"),
        ((-(2**31), 2**31 - 1, 2), 0, "int32"),
    ],
)
def test_a_mask_has_the_smallest_type_with_room(values, void, dtype):
    assert Written(values=values, void=void).dtype == dtype


CODES = {
    "indices": indices(3),
    "a byte": Written(values=(7, 200, 0), void=9),
    "more than a byte": Written(values=(111, 512, 7), void=0),
    "negative": Written(values=(111, 7, -3), void=-1),
    "far": Written(values=(2**31 - 1, -(2**31), 0), void=255),
}


@pytest.mark.parametrize("cog", [False, True], ids=["plain", "cog"])
@pytest.mark.parametrize("name", CODES)
def test_a_geotiff_has_the_user_s_values_and_the_rest_the_classes(card, tmp_path, name, cog):
    pixels = drawn(90, 120, 7)[0].clip(1, 255)
    pixels[:, :20] = 0
    image = save(tmp_path / "a.tif", pixels, nodata=0)
    polygons = PolygonOptions(min_area=10.0)
    everything = Wanted(overlay=True, polygons=polygons, areas=True, cog=cog)
    plain = segment(told(card, indices(3)), image, tmp_path / "plain", wanted=everything)
    own = segment(told(card, CODES[name]), image, tmp_path / "own", wanted=everything)
    written, classes = CODES[name], values_of(plain.files["mask"])
    assert set(np.unique(classes)) == {0, 1, 2, VOID}
    with rasterio.open(own.files["mask"]) as file:
        values = file.read(1)
        assert file.dtypes == (written.dtype,) and written.dtype in TYPES
        assert file.nodata == written.void
        tags = file.tags(1)
    assert (values == np.array([*written.values, *[written.void] * 253])[classes]).all()
    for value, label in zip(written.values, CLASSES, strict=True):
        assert tags[f"class_{value}"] == label
    assert tags[f"colour_{written.values[1]}"] == "#1E3CC8"
    assert own.areas == plain.areas
    assert own.files["overlay"].read_bytes() == plain.files["overlay"].read_bytes()
    features = [json.loads(one.files["polygons"].read_text())["features"] for one in (own, plain)]
    for each, same in zip(*features, strict=True):
        index = same["properties"]["value"]
        assert each["properties"] == {**same["properties"], "value": written.values[index]}
        assert each["geometry"] == same["geometry"]
    assert {each["properties"]["class"] for each in features[0]} == set(CLASSES)


@pytest.mark.parametrize("name", CODES)
def test_a_png_has_the_user_s_values_where_they_fit(card, tmp_path, name):
    written = CODES[name]
    image = png(tmp_path / "a.png", 60, 80)
    mask = segment(told(card, written), image, tmp_path / "b").files["mask"]
    assert mask.suffix == (".tif" if min(*written.values, written.void) < 0 else ".png")
    classes = segment(told(card, indices(3)), image, tmp_path / "c").files["mask"]
    assert (values_of(mask) == np.array(written.values)[values_of(classes)]).all()


def test_the_class_list_reads_what_was_predicted_by_values(card, tmp_path):
    (tmp_path / "classes.yaml").write_text(
        "masks: index\nclasses: {Land: [300, 9], Water: 7, Wood: 0}\nvoid: 5\n"
    )
    read_back(card, tmp_path)


def test_the_class_list_reads_what_was_predicted_by_colours(card, tmp_path):
    colours = [list(colour) for colour in PALETTE]
    (tmp_path / "classes.yaml").write_text(
        f"classes: {{Land: {colours[0]}, Water: {colours[1]}, Wood: {colours[2]}}}\n"
        'void: ["#FF00FF", "#000000"]\n'
    )
    mask = read_back(card, tmp_path)
    with Image.open(mask) as picture:
        shown = np.asarray(picture.convert("RGB"))
    found = {tuple(colour) for colour in shown.reshape(-1, 3).tolist()}
    assert found == {*PALETTE, (255, 0, 255)}


def read_back(card, root):
    """The mask that is predicted; reading it with the list of the folder gives the classes."""
    pixels = drawn(60, 80, 7)[0]
    clear = np.full((60, 80, 1), 255, np.uint8)
    clear[:7] = 0
    (root / "images").mkdir()
    (root / "masks").mkdir()
    Image.fromarray(np.dstack([pixels, clear])).save(root / "images/a.png")
    Image.fromarray(pixels).save(root / "plain.png")
    written = read_class_list(root / "classes.yaml").facts.written
    predicted = segment(told(card, written), root / "images/a.png", root / "a").files["mask"]
    plain = segment(told(card, indices(3)), root / "plain.png", root / "b").files["mask"]
    mask = root / "masks/a.png"
    predicted.rename(mask)
    dataset = open_dataset("folder", str(root))
    classes = dataset.read(dataset.samples[0])[1]
    assert (classes[:7] == VOID).all() and (classes[7:] == values_of(plain)[7:]).all()
    return mask


def test_void_has_no_class_s_colour(card, tmp_path):
    palette = ((0, 0, 0), (255, 255, 255), (1, 2, 3))
    image = save(tmp_path / "a.tif", drawn(40, 60, 1)[0])
    model = Told(dataclasses.replace(card, palette=palette))
    mask = segment(model, image, tmp_path / "b").files["mask"]
    with rasterio.open(mask) as file:
        assert file.colormap(1)[VOID] == (255, 0, 255, 0)


def test_a_submission_has_the_user_s_values(card, tmp_path):
    written = Written(values=(300, 7, 0), void=5)
    image = png(tmp_path / "a.png", 60, 80)
    masks = {"a": segment(told(card, written), image, tmp_path / "b").files["mask"]}
    write_submission(tmp_path / "s.csv", masks, values=written.values)
    rows = (tmp_path / "s.csv").read_text().splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == ["a_300", "a_7", "a_0"]
    plain = {"a": segment(told(card, indices(3)), image, tmp_path / "c").files["mask"]}
    write_submission(tmp_path / "p.csv", plain, values=(0, 1, 2))
    runs = [row.split(",")[1] for row in (tmp_path / "p.csv").read_text().splitlines()[1:]]
    assert [row.split(",")[1] for row in rows] == runs


HEADER = {
    "classes": ["a", "b"],
    "palette": [[1, 2, 3], [4, 5, 6]],
    "bands": ["red"],
    "mean": [1.0],
    "std": [1.0],
}


def test_an_older_checkpoint_gives_indices():
    assert read_card(HEADER, "here").written == indices(2)
    own = {"values": [9, -3], "void": 4, "void_colour": [1, 2, 3]}
    read = read_card({**HEADER, "written": own}, "here").written
    assert read == Written(values=(9, -3), void=4, void_colour=(1, 2, 3))


@pytest.mark.parametrize(
    "written, problem",
    [
        ({"values": [1, 1]}, "twice"),
        ({"values": [1, 255]}, "of a class and of void"),
        ({"values": [1, 2, 3]}, "3 values for 2 classes"),
        ({"values": [1, 2**31]}, "from -2.14748e"),
        ({"values": [1, 2], "void_colour": [1, 2, 256]}, "void_colour"),
        ({"values": [1, 1.5]}, "written.values"),
        ([1, 2], "keys with values"),
        ({}, "written.values is missing"),
    ],
)
def test_a_header_with_values_that_cannot_be(written, problem):
    with pytest.raises(Damaged, match=problem):
        read_card({**HEADER, "written": written}, "here")
