"""`--data geo`: scenes of any size, their labels drawn onto their grid."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from made_ground import BASIC, EAST, NORTH, UTM, box, line, scene, town, vectors
from PIL import Image
from rasterio import Affine
from rasterio.warp import transform_geom

from aerial_nni.data import open_dataset
from aerial_nni.data.dataset import VOID, DatasetMissing
from aerial_nni.data.datasets.geo.meridian import unwrapped
from aerial_nni.data.pipeline.class_list import ClassListInvalid
from aerial_nni.data.pipeline.prepared import prepare

HOUSE, ROAD, LAND = 0, 1, 2


def mask_of(folder: Path) -> np.ndarray:
    """The mask of a folder with one scene of one window."""
    dataset = open_dataset("geo", str(folder))
    (sample,) = dataset.samples
    return dataset.read(sample)[1]


def expected() -> np.ndarray:
    """What the labels of `town` mean."""
    mask = np.full((64, 96), LAND)
    mask[20:24, 10:18] = HOUSE
    mask[:, 40:46] = ROAD
    mask[10:20, 80:90] = VOID
    return mask


def write(folder: Path, before: str, after: str) -> None:
    """Changes the list of a folder."""
    assert before in BASIC
    (folder / "scenes.yaml").write_text(BASIC.replace(before, after))


def test_polygons_are_drawn_where_they_lie(tmp_path: Path):
    assert (mask_of(town(tmp_path)) == expected()).all()


def test_facts_are_those_of_the_list(tmp_path: Path):
    facts = open_dataset("geo", str(town(tmp_path / "alpha"))).facts
    assert (facts.name, facts.classes, facts.patch) == ("alpha", ("House", "Road", "Land"), 32)
    assert facts.palette[1] == (0x6E, 0xC1, 0xE4)


@pytest.mark.parametrize("name", ["labels.gpkg", "labels.geojson", "labels.shp", "labels.fgb"])
def test_labels_in_any_file_and_system_are_the_same_ground(tmp_path: Path, name: str):
    town(tmp_path)
    # A pixel's centre is half a metre from its edge, and a round trip moves less than that.
    shapes = [box(10, 20, 8, 4), box(40, 0, 6, 64), box(80, 10, 10, 10)]
    there = [shapely.geometry.shape(transform_geom(UTM, "EPSG:4326", s)) for s in shapes]
    vectors(tmp_path / name, there, crs="EPSG:4326", kind="Polygon",
            **{"class": ["house", "road", "unsure"]})  # fmt: skip
    write(tmp_path, "labels.gpkg", name)
    assert (mask_of(tmp_path) == expected()).all()


def test_numbers_in_the_column_mean_what_the_list_says(tmp_path: Path):
    town(tmp_path)
    vectors(tmp_path / "labels.gpkg", [box(0, 0, 5, 5)], **{"class": [7]})
    assert (mask_of(tmp_path)[:5, :5] == ROAD).all()


def test_lines_have_their_width_in_metres(tmp_path: Path):
    town(tmp_path)
    scene(tmp_path / "a.tif", pixel=0.5)
    vectors(tmp_path / "roads.geojson", [line((0, 10), (48, 10))], kind="LineString", crs=UTM,
            metres=[3.0])  # fmt: skip
    for width in ("6", "metres"):
        write(tmp_path, "labels.gpkg", f"[{{file: roads.geojson, class: Road, width: {width}}}]")
        rows = np.flatnonzero((mask_of(tmp_path) == ROAD)[:, 48])
        assert rows.tolist() == list(range(14, 26) if width == "6" else range(17, 23))


def test_a_width_is_metres_in_a_system_of_degrees_too(tmp_path: Path):
    town(tmp_path)
    turned = Affine(1e-5, 0, 55.2, 0, -1e-5, 25.1)  # a row is 1.108 m
    scene(tmp_path / "a.tif", crs="EPSG:4326", transform=turned)
    road = shapely.LineString([(55.2, 25.1 - 32e-5), (55.201, 25.1 - 32e-5)])
    vectors(tmp_path / "roads.gpkg", [road], crs="EPSG:4326", kind="LineString", n=[1])
    write(tmp_path, "labels.gpkg", "[{file: roads.gpkg, class: Road, width: 22.16}]")
    assert (mask_of(tmp_path) == ROAD)[:, 48].sum() == 20


@pytest.mark.parametrize("touched, pixels", [("false", 0), ("true", 4)])
def test_pixels_that_are_touched_count_on_request(tmp_path: Path, touched: str, pixels: int):
    town(tmp_path)
    vectors(tmp_path / "labels.gpkg", [box(10.6, 10.6, 0.8, 0.8)], **{"class": ["house"]})
    (tmp_path / "scenes.yaml").write_text(f"{BASIC}all_touched: {touched}\n")
    assert (mask_of(tmp_path) == HOUSE).sum() == pixels


@pytest.mark.parametrize("overlaps, here", [("order", ROAD), ("void", VOID)])
def test_overlaps_are_what_the_list_says(tmp_path: Path, overlaps: str, here: int):
    town(tmp_path)
    vectors(tmp_path / "labels.gpkg", [box(0, 0, 20, 20), box(10, 0, 20, 20)],
            **{"class": ["road", "house"]})  # fmt: skip
    (tmp_path / "scenes.yaml").write_text(f"{BASIC}overlaps: {overlaps}\n")
    mask = mask_of(tmp_path)
    assert (mask[:20, :10] == ROAD).all() and (mask[:20, 20:30] == HOUSE).all()
    assert (mask[:20, 10:20] == here).all()


def test_outside_the_area_of_interest_all_is_void(tmp_path: Path):
    town(tmp_path)
    vectors(tmp_path / "area.gpkg", [box(0, 0, 50, 30)], n=[1])
    (tmp_path / "scenes.yaml").write_text(f"{BASIC}inside: area.gpkg\n")
    mask = mask_of(tmp_path)
    assert (mask[:30, :50] == expected()[:30, :50]).all()
    assert (mask[30:] == VOID).all() and (mask[:, 50:] == VOID).all()


def test_windows_outside_the_area_of_interest_are_no_samples(tmp_path: Path):
    town(tmp_path)
    scene(tmp_path / "a.tif", size=(64, 256))
    vectors(tmp_path / "area.gpkg", [box(70, 0, 20, 30)], n=[1])
    (tmp_path / "scenes.yaml").write_text(f"{BASIC}inside: area.gpkg\n")
    assert [s.name for s in open_dataset("geo", str(tmp_path)).samples] == ["a/0-64"]


def test_without_a_background_what_no_shape_covers_is_void(tmp_path: Path):
    town(tmp_path)
    write(tmp_path, "background: Land\n", "")
    assert (mask_of(tmp_path) == np.where(expected() == LAND, VOID, expected())).all()


def test_nodata_and_transparency_are_void(tmp_path: Path):
    town(tmp_path)
    with rasterio.open(tmp_path / "a.tif", "r+") as file:
        file.nodata = 0
        file.write(np.zeros((3, 5, 96), np.uint8), window=((30, 35), (0, 96)))
    mask = mask_of(tmp_path)
    assert (mask[30:35] == VOID).all() and (mask[:30] == expected()[:30]).all()


def test_a_raster_of_labels_may_have_another_grid_and_system(tmp_path: Path):
    town(tmp_path)
    classes = np.full((32, 48), 7, np.uint8)  # pixels of 2 m
    classes[:, 24:] = 3
    classes[0, 0] = 255
    place = Affine(2, 0, EAST, 0, -2, NORTH)
    with rasterio.open(tmp_path / "cover.tiff", "w", driver="GTiff", height=32, width=40, count=1,
                       dtype="uint8", crs=UTM, transform=place, nodata=255) as file:  # fmt: skip
        file.write(classes[:, :40], 1)
    write(tmp_path, "labels: labels.gpkg", "labels: cover.tiff")
    text = (tmp_path / "scenes.yaml").read_text().replace("House: house", "House: 3")
    (tmp_path / "scenes.yaml").write_text(text)
    mask = mask_of(tmp_path)
    assert (mask[2:, :48] == ROAD).all() and (mask[2:, 48:80] == HOUSE).all()
    assert (mask[:, 80:] == VOID).all() and (mask[:2, :2] == VOID).all()


def test_a_turned_scene_has_its_labels_where_they_lie(tmp_path: Path):
    town(tmp_path)
    turned = Affine.translation(EAST, NORTH - 50) @ Affine.rotation(30) @ Affine.scale(1, -1)
    scene(tmp_path / "a.tif", transform=turned)
    mask = mask_of(tmp_path)
    for row, column in ((10, 20), (30, 45), (40, 60), (5, 47)):
        x, y = turned @ (column + 0.5, row + 0.5)
        inside = 40 <= x - EAST <= 46 and 0 <= NORTH - y <= 64
        assert (mask[row, column] == ROAD) == inside


FINE = 1e-5
"""Degrees of a pixel of the scenes around the 180th meridian."""


def around(folder: Path, left: float, shapes: list) -> np.ndarray:
    """The mask of a scene in degrees from `left` on, south of 17° south, with houses on it."""
    town(folder)
    scene(folder / "a.tif", crs="EPSG:4326", transform=Affine(FINE, 0, left, 0, -FINE, -17))
    vectors(folder / "labels.gpkg", shapes, crs="EPSG:4326", **{"class": ["house"] * len(shapes)})
    problems = open_dataset("geo", str(folder)).examine()
    assert [one.text for one in problems if one.fatal or "outside" in one.text] == []
    return mask_of(folder)


def degrees(column: float, row: float, width: float, height: float, left: float) -> shapely.Polygon:
    """A rectangle in pixels of a scene from `left` on."""
    x, y = left + column * FINE, -17 - row * FINE
    return shapely.box(x, y - height * FINE, x + width * FINE, y)


@pytest.mark.parametrize("left", [180 - 48 * FINE, -180 - 48 * FINE])
def test_shapes_beyond_the_180th_meridian_are_drawn(tmp_path: Path, left: float):
    east, west = -180 - 48 * FINE, 180 - 48 * FINE
    found = around(tmp_path, left, [degrees(10, 5, 20, 8, west), degrees(60, 20, 20, 8, east)])
    right = np.full((64, 96), LAND)
    right[5:13, 10:30] = right[20:28, 60:80] = HOUSE
    assert (found == right).all()


@pytest.mark.parametrize("left", [180 - 48 * FINE, -180 - 48 * FINE])
@pytest.mark.parametrize("corners", [4, 4000])
def test_a_shape_split_at_the_180th_meridian_is_one(tmp_path: Path, left: float, corners: int):
    parts = shapely.MultiPolygon([degrees(30, 20, 18, 8, 180 - 48 * FINE),
                                  degrees(48, 20, 22, 8, -180 - 48 * FINE)])  # fmt: skip
    parts = shapely.segmentize(parts, 120 * FINE / corners)  # large ones are clipped
    right = np.full((64, 96), LAND)
    right[20:28, 30:70] = HOUSE
    assert (around(tmp_path, left, [parts]) == right).all()


def test_longitudes_up_to_360_are_those_beyond_180(tmp_path: Path):
    found = around(tmp_path, 200.0, [degrees(10, 5, 20, 8, -160)])
    right = np.full((64, 96), LAND)
    right[5:13, 10:30] = HOUSE
    assert (found == right).all()


def test_windows_together_are_the_whole_scene(tmp_path: Path):
    town(tmp_path)
    pixels = scene(tmp_path / "a.tif", size=(200, 150))
    dataset = open_dataset("geo", str(tmp_path))
    assert [s.name for s in dataset.samples] == [
        "a/0-0", "a/0-64", "a/64-0", "a/64-64", "a/128-0", "a/128-64"
    ]  # fmt: skip
    seen = np.zeros((200, 150), int)
    for sample in dataset.samples:
        y, x = map(int, sample.name.split("/")[1].split("-"))
        image, mask = dataset.read(sample)
        assert (image == pixels[y : y + image.shape[0], x : x + image.shape[1]]).all()
        assert sample.ground == (1, 0, EAST + x, 0, -1, NORTH - y)
        assert image.shape[:2] == mask.shape and max(mask.shape) < 128
        seen[y : y + image.shape[0], x : x + image.shape[1]] += 1
    assert (seen == 1).all()


def test_several_areas_have_their_own_labels(tmp_path: Path):
    town(tmp_path)
    scene(tmp_path / "b.tif", shift=(0, 500))
    vectors(tmp_path / "other.gpkg", [box(0, 500, 96, 64)], **{"class": ["house"]})
    areas = """areas:
  north: {scenes: a.tif, labels: labels.gpkg}
  south: {scenes: b.tif, labels: other.gpkg}
"""
    write(tmp_path, 'scenes: "*.tif"\nlabels: labels.gpkg\n', areas)
    dataset = open_dataset("geo", str(tmp_path))
    assert [sample.area for sample in dataset.samples] == ["north", "south"]
    north, south = (dataset.read(sample)[1] for sample in dataset.samples)
    assert (north == expected()).all() and (south == HOUSE).all()


def test_patches_know_where_they_lie(tmp_path: Path):
    prepared = prepare(open_dataset("geo", str(town(tmp_path))))
    again = prepare(open_dataset("geo", str(tmp_path)))  # from the cache
    for patch in (*prepared.patches, *again.patches):
        assert patch.ground == (1, 0, EAST, 0, -1, NORTH)


def test_what_changes_a_mask_changes_the_fingerprint(tmp_path: Path):
    town(tmp_path)
    prints = [open_dataset("geo", str(tmp_path)).fingerprint()]
    for line_ in ("all_touched: true", "overlaps: void", "overlaps: order"):
        (tmp_path / "scenes.yaml").write_text(f"{BASIC}{line_}\n")
        prints.append(open_dataset("geo", str(tmp_path)).fingerprint())
    (tmp_path / "scenes.yaml").write_text(BASIC)
    assert open_dataset("geo", str(tmp_path)).fingerprint() == prints[0]
    vectors(tmp_path / "labels.gpkg", [box(0, 0, 5, 5)], **{"class": ["house"]})
    prints.append(open_dataset("geo", str(tmp_path)).fingerprint())
    assert len(set(prints)) == len(prints)


def test_files_beside_a_raster_change_the_fingerprint(tmp_path: Path):
    town(tmp_path)
    scene(tmp_path / "cover.tiff")
    write(tmp_path, "labels.gpkg", "cover.tiff")
    prints = [open_dataset("geo", str(tmp_path)).fingerprint()]
    beside = ["a.tif.aux.xml", "cover.tiff.aux.xml", "a.tif.msk", "cover.tiff.msk"]
    for name in beside:
        if name.endswith("xml"):
            (tmp_path / name).write_text("<PAMDataset/>")
        else:
            scene(tmp_path / name, bands=1)
        prints.append(open_dataset("geo", str(tmp_path)).fingerprint())
        (tmp_path / name).unlink()
    assert len(set(prints)) == len(prints)
    assert open_dataset("geo", str(tmp_path)).fingerprint() == prints[0]


def test_the_list_may_be_named_itself(tmp_path: Path):
    town(tmp_path)
    (tmp_path / "scenes.yaml").rename(tmp_path / "mine.yaml")
    assert len(open_dataset("geo", str(tmp_path / "mine.yaml")).samples) == 1
    with pytest.raises(DatasetMissing, match=r"has no scenes\.yaml.*Save this"):
        open_dataset("geo", str(tmp_path))


@pytest.mark.parametrize(
    "before, after, said",
    [
        ("patch: 32", "patches: 32", "no key 'patches'"),
        ("House: house", "House: road", "the same value road"),
        ("House: house", "House: 1.5", "no text and no whole number"),
        ("House: house", "7: house", "put it in quotes"),
        ("background: Land", "background: Sea", "'Sea' is no class"),
        ("window: 64", "window: 3", "64 to 16384"),
        ("labels: labels.gpkg", "labels: 5", "5 must be a file"),
        ("labels: labels.gpkg", "labels: {file: a.gpkg, class: Sea}", "'Sea' is no class"),
        ("labels: labels.gpkg", "labels: {file: a.gpkg, width: -1}", "must be metres"),
        ('scenes: "*.tif"', 'scenes: "*.jp2"', "names no file"),
        ("patch: 32", "overlaps: perhaps", "write fail, void, order"),
        ("patch: 32", "areas: {a: {scenes: a.tif}}", "stands beside areas"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused(tmp_path: Path, before: str, after: str, said: str):
    write(town(tmp_path), before, after)
    with pytest.raises(ClassListInvalid, match=said):
        open_dataset("geo", str(tmp_path))


@pytest.mark.parametrize("left", [180 - 48 * FINE, -180 - 48 * FINE])
def test_a_shape_that_is_not_split_at_the_180th_meridian_goes_the_short_way(
    tmp_path: Path, left: float
):
    west = 180 - 48 * FINE
    whole = degrees(30, 20, 40, 8, west)
    hole = degrees(40, 22, 4, 4, west), degrees(60, 22, 4, 4, west)
    shape = shapely.Polygon(whole.exterior, [ring.exterior for ring in hole])
    jumping = shapely.transform(shape, lambda at: np.where(at > 180, at - [360, 0], at))
    assert jumping.bounds[2] - jumping.bounds[0] > 359
    right = np.full((64, 96), LAND)
    right[20:28, 30:70] = HOUSE
    right[22:26, 40:44] = right[22:26, 60:64] = LAND
    assert (around(tmp_path, left, [jumping]) == right).all()
    findings = [one for one in open_dataset("geo", str(tmp_path)).examine() if "180th" in one.text]
    assert [one.text.split(":")[0] for one in findings] == [
        "1 feature whose border jumps across the 180th meridian; it is taken the short way "
        "around the Earth"
    ]


def test_a_shape_around_the_earth_is_left_as_it_is():
    world, hemisphere = shapely.box(-180, -90, 180, 90), shapely.box(-170, 0, 20, 9)
    pole = shapely.Polygon([(-120, -70), (0, -70), (120, -70)])
    hemisphere = shapely.segmentize(hemisphere, 5)
    shapes = np.array([world, hemisphere, pole, shapely.Point(0, 0), None, shapely.Polygon()])
    found, crosses = unwrapped(shapes, 360)
    assert not crosses.any() and (found == shapes).all()
    edge = shapely.Polygon([(179, 0), (180, 0), (-180, 0), (-179, 0), (-179, 1), (179, 1)])
    assert unwrapped(np.array([edge]), 360)[0][0].equals(shapely.box(179, 0, 181, 1))
    line_, many = shapely.LineString([(179, 0), (-179, 1)]), shapely.box(-179, 0, 179, 1)
    several = shapely.MultiPolygon([many, shapely.box(3, 3, 4, 4)])
    found, crosses = unwrapped(np.array([line_, several]), 360)
    assert crosses.all() and found[0].equals(shapely.LineString([(179, 0), (181, 1)]))
    assert found[1].geoms[0].equals(shapely.box(179, 0, 181, 1)) and found[1].area == 3


def test_an_area_of_interest_for_several_areas_may_leave_one_of_them_out(tmp_path: Path):
    town(tmp_path)
    scene(tmp_path / "b.tif", shift=(0, 500))
    areas = """areas:
  north: {scenes: a.tif, labels: labels.gpkg}
  south: {scenes: b.tif, labels: labels.gpkg}
inside: area.gpkg
"""
    write(tmp_path, 'scenes: "*.tif"\nlabels: labels.gpkg\n', areas)
    vectors(tmp_path / "labels.gpkg", [box(0, 0, 9, 9), box(0, 500, 9, 9)],
            **{"class": ["house"] * 2})  # fmt: skip
    vectors(tmp_path / "area.gpkg", [box(0, 0, 96, 32), box(0, 500, 48, 64)], n=[1, 2])
    dataset = open_dataset("geo", str(tmp_path))
    north, south = (dataset.read(sample)[1] for sample in dataset.samples)
    assert (north[32:] == VOID).all() and (north[:32] != VOID).all()
    assert (south[:, 48:] == VOID).all() and (south[:, :48] != VOID).all()

    vectors(tmp_path / "area.gpkg", [box(0, 0, 96, 32)], n=[1])
    dataset = open_dataset("geo", str(tmp_path))
    assert [sample.area for sample in dataset.samples] == ["north"]
    assert prepare(dataset).counts[:, HOUSE].sum() == 81
    said = [one for one in dataset.examine() if "interest" in one.text]
    assert [one.fatal for one in said] == [False] and "the area south" in said[0].text

    vectors(tmp_path / "area.gpkg", [box(9000, 0, 96, 32)], n=[1])
    with pytest.raises(DatasetMissing, match="every scene of .* lies outside its area of interest"):
        open_dataset("geo", str(tmp_path))


def test_a_world_file_of_labels_changes_the_fingerprint(tmp_path: Path):
    town(tmp_path)
    pixels = scene(tmp_path / "cover.tif", bands=1)
    (tmp_path / "cover.tif").unlink()
    write(tmp_path, 'scenes: "*.tif"\nlabels: labels.gpkg',
          f'scenes: a.tif\nlabels: {{file: FILE, crs: "{UTM}"}}')  # fmt: skip
    text = (tmp_path / "scenes.yaml").read_text()
    for name, worlds in (("cover.tiff", ("cover.tfw", "cover.wld")), ("cover.png", ("cover.pgw",))):
        Image.fromarray(pixels[..., 0]).save(tmp_path / name)
        (tmp_path / "scenes.yaml").write_text(text.replace("FILE", name))
        for world in worlds:
            prints = []
            for east in (EAST, EAST + 3):
                (tmp_path / world).write_text(f"1\n0\n0\n-1\n{east + 0.5}\n{NORTH - 0.5}\n")
                prints.append(open_dataset("geo", str(tmp_path)).fingerprint())
            assert prints[0] != prints[1], world
            (tmp_path / world).unlink()
