"""What is wrong with scenes and labels is said, one finding each; nothing of it is guessed."""

import os
import sqlite3
from pathlib import Path

import numpy as np
import pytest
import rasterio
from made_ground import BASIC, EAST, NORTH, UTM, box, line, scene, spoil, town, vectors
from rasterio import Affine

from aerial_nni.cli.machine_checks import data
from aerial_nni.data import open_dataset
from aerial_nni.data.datasets.geo.problems import LabelsUnusable
from aerial_nni.data.pipeline.prepared import prepare


def findings(folder: Path) -> list[str]:
    """Every finding about a folder, those that keep it from being used with a star."""
    problems = list(open_dataset("geo", str(folder)).examine())
    return [f"{'*' * p.fatal}{Path(p.where).name}: {p.text}; {p.mend}" for p in problems]


def only(folder: Path) -> str:
    """The one finding about a folder."""
    (found,) = findings(folder)
    return found


def test_good_labels_have_no_findings(tmp_path: Path):
    assert findings(town(tmp_path)) == []


def test_every_fault_is_a_finding(tmp_path: Path):
    spoil(town(tmp_path))
    found = findings(tmp_path)
    for said in (
        "labels.gpkg: 1 feature without a geometry: number 9",
        "*labels.gpkg: 1 feature of points or of mixed kinds: number 7",
        "*labels.gpkg: 1 feature with an invalid geometry (Self-intersection",
        "*labels.gpkg: 1 feature with nothing in the column 'class': number 4",
        "*labels.gpkg: 1 feature of the value 'shed', which is no class: number 5",
        "*labels.gpkg: 1 feature of lines without a width: number 8",
        "labels.gpkg: 1 of 3 features lie outside every scene",
        "*labels.gpkg: House and Road overlap in 1 place(s), 16.0 m² in all",
    ):
        assert sum(line_.startswith(said) for line_ in found) == 1, said
    assert len(found) == 8


def test_labels_with_faults_are_not_trained_on(tmp_path: Path):
    spoil(town(tmp_path))
    with pytest.raises(LabelsUnusable, match="6 problems with scenes or labels") as raised:
        prepare(open_dataset("geo", str(tmp_path)))
    assert len(raised.value.problems) == 6


def test_slivers_along_a_border_are_no_overlap(tmp_path: Path):
    town(tmp_path)
    shapes = [box(0, 0, 10, 20), box(9.99, 0, 10, 20)]  # 0.2 of a pixel in all
    vectors(tmp_path / "labels.gpkg", shapes, **{"class": ["house", "road"]})
    assert findings(tmp_path) == []


def test_labels_in_the_wrong_place_are_found(tmp_path: Path):
    town(tmp_path)
    vectors(tmp_path / "labels.gpkg", [box(0, 0, 9, 9), box(20, 0, 9, 9)], crs="EPSG:32639",
            **{"class": ["house", "road"]})  # fmt: skip
    assert "*labels.gpkg: all features lie outside" in only(tmp_path)


def test_an_area_of_interest_in_the_wrong_place_is_found(tmp_path: Path):
    town(tmp_path)
    vectors(tmp_path / "area.gpkg", [box(0, 0, 50, 30)], crs="EPSG:32639", n=[1])
    (tmp_path / "scenes.yaml").write_text(f"{BASIC}inside: area.gpkg\n")
    assert "*area.gpkg: the area of interest lies outside every scene" in only(tmp_path)
    (found,) = [one for one in data(str(tmp_path), "geo") if one.level == "fail"]
    assert "`inside: {file: ..., crs: ...}`" in found.mend
    with pytest.raises(LabelsUnusable, match=r"area\.gpkg: the area of interest"):
        prepare(open_dataset("geo", str(tmp_path)))
    vectors(tmp_path / "area.gpkg", [box(0, 0, 50, 30)], n=[1])
    assert findings(tmp_path) == []


def test_faults_of_labels_are_named_where_there_is_an_area_of_interest(tmp_path: Path):
    spoil(town(tmp_path))
    vectors(tmp_path / "area.gpkg", [box(0, 0, 50, 30)], n=[1])
    (tmp_path / "scenes.yaml").write_text(f"{BASIC}inside: area.gpkg\n")
    assert sum(one.level == "fail" for one in data(str(tmp_path), "geo")) == 6


def test_overlaps_that_no_scene_shows_are_none(tmp_path: Path):
    town(tmp_path)
    ours, far = [box(0, 0, 9, 9), box(20, 0, 9, 9)], [box(500, 0, 20, 9), box(510, 0, 20, 9)]
    vectors(tmp_path / "labels.gpkg", [*ours, *far], **{"class": ["house", "road"] * 2})
    assert only(tmp_path).startswith("labels.gpkg: 2 of 4 features lie outside")
    crossing = [box(80, 0, 60, 9), box(120, 0, 60, 9), box(90, 0, 50, 9)]  # the scene ends at 96
    vectors(tmp_path / "labels.gpkg", [*ours, *crossing[:2]], **{"class": ["house", "road"] * 2})
    assert only(tmp_path).startswith("labels.gpkg: 1 of 4 features lie outside")
    vectors(tmp_path / "labels.gpkg", [*ours, *crossing[::2]], **{"class": ["house", "road"] * 2})
    assert "House and Road overlap in 1 place(s)" in only(tmp_path)


def test_a_missing_reference_system_is_asked_for_and_can_be_said(tmp_path: Path):
    town(tmp_path)
    shapes = [box(10, 20, 8, 4), box(40, 0, 6, 64)]
    vectors(
        tmp_path / "plain.shp", shapes, crs=None, kind="Polygon", **{"class": ["house", "road"]}
    )
    (tmp_path / "scenes.yaml").write_text(BASIC.replace("labels.gpkg", "plain.shp"))
    assert "does not say its coordinate reference system" in only(tmp_path)
    said = f'{{file: plain.shp, crs: "{UTM}"}}'
    (tmp_path / "scenes.yaml").write_text(BASIC.replace("labels.gpkg", said))
    assert findings(tmp_path) == []


def test_a_layer_is_never_guessed(tmp_path: Path):
    town(tmp_path)
    path = tmp_path / "two.gpkg"
    for layer in ("old", "new"):
        vectors(path, [box(0, 0, 9, 9), box(20, 0, 5, 5)], layer=layer, append=layer == "new",
                **{"class": ["house", "road"]})  # fmt: skip
    (tmp_path / "scenes.yaml").write_text(BASIC.replace("labels.gpkg", "two.gpkg"))
    assert "2 layers with shapes: old, new; say in scenes.yaml which" in only(tmp_path)
    (tmp_path / "scenes.yaml").write_text(
        BASIC.replace("labels.gpkg", "{file: two.gpkg, layer: new}")
    )
    assert findings(tmp_path) == []


def test_a_missing_column_is_named_with_those_there_are(tmp_path: Path):
    town(tmp_path)
    (tmp_path / "scenes.yaml").write_text(BASIC.replace("attribute: class", "attribute: kind"))
    assert "no column 'kind'; it has class" in only(tmp_path)


def test_scenes_that_lie_nowhere_are_found(tmp_path: Path):
    town(tmp_path)
    scene(tmp_path / "b.tif", crs="")
    assert "*b.tif: it has no coordinate reference system" in only(tmp_path)


def test_a_value_of_a_raster_that_is_no_class_is_found(tmp_path: Path):
    town(tmp_path)
    profile = {"driver": "GTiff", "height": 64, "width": 96, "count": 1, "dtype": "int32"}
    place = Affine(1, 0, EAST, 0, -1, NORTH)
    with rasterio.open(tmp_path / "cover.tiff", "w", crs=UTM, transform=place, **profile) as file:
        file.write(np.full((64, 96), 70000), 1)
    (tmp_path / "scenes.yaml").write_text(BASIC.replace("labels.gpkg", "cover.tiff"))
    assert "it has 6144 pixels of 1 value that is no class: 70000" in only(tmp_path)


def test_a_class_without_shapes_is_mentioned(tmp_path: Path):
    town(tmp_path)
    vectors(tmp_path / "labels.gpkg", [box(0, 0, 9, 9)], **{"class": ["house"]})
    assert only(tmp_path).startswith(f"{tmp_path.name}: no shape is of the class Road")


def vrt(path: Path) -> None:
    """A virtual vector file that names another one."""
    path.write_text(
        '<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>/etc/passwd</SrcDataSource>'
        "</OGRVRTLayer></OGRVRTDataSource>"
    )


@pytest.mark.parametrize("name", ["a.gpkg", "a.geojson", "a.shp", "a.fgb"])
def test_what_names_other_files_is_not_opened(tmp_path: Path, name: str):
    town(tmp_path)
    vrt(tmp_path / name)
    (tmp_path / "scenes.yaml").write_text(BASIC.replace("labels.gpkg", name))
    assert "it does not start as" in only(tmp_path)


@pytest.mark.parametrize("name", ["/vsicurl/http://localhost/a.gpkg", "a.vrt", "a.kml"])
def test_addresses_and_other_kinds_are_not_opened(tmp_path: Path, name: str):
    town(tmp_path)
    (tmp_path / "scenes.yaml").write_text(
        BASIC.replace("labels.gpkg", f"{{file: '{name}', class: House}}")
    )
    assert len(findings(tmp_path)) >= 1 and all("*" in line_ for line_ in findings(tmp_path))


def test_a_pipe_is_not_waited_for(tmp_path: Path):
    town(tmp_path)
    os.mkfifo(tmp_path / "a.gpkg")
    (tmp_path / "scenes.yaml").write_text(BASIC.replace("labels.gpkg", "a.gpkg"))
    assert "no regular file" in only(tmp_path)


def test_damaged_files_are_findings(tmp_path: Path):
    town(tmp_path)
    whole = (tmp_path / "labels.gpkg").read_bytes()
    for part in (whole[:5000], whole[:100] + bytes(len(whole) - 100)):
        (tmp_path / "labels.gpkg").write_bytes(part)
        assert only(tmp_path).startswith("*labels.gpkg: it")
    (tmp_path / "a.geojson").write_text('{"type": "FeatureCollection", "features": [{"type"')
    (tmp_path / "scenes.yaml").write_text(BASIC.replace("labels.gpkg", "a.geojson"))
    assert "*a.geojson: it cannot be read" in only(tmp_path)


def test_a_database_is_not_changed_by_reading_it(tmp_path: Path):
    town(tmp_path)
    path = tmp_path / "labels.gpkg"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA journal_mode=DELETE")
    before = path.read_bytes(), sorted(p.name for p in tmp_path.iterdir())
    open_dataset("geo", str(tmp_path)).read(open_dataset("geo", str(tmp_path)).samples[0])
    assert before == (path.read_bytes(), sorted(p.name for p in tmp_path.iterdir()))


def test_doctor_says_it_with_what_to_type(tmp_path: Path):
    spoil(town(tmp_path))
    said = [finding for finding in data(str(tmp_path), "geo") if finding.level == "fail"]
    assert len(said) == 6 and all(finding.mend for finding in said)
    shapes = [box(0, 0, 9, 9), line((0, 30), (96, 30)).buffer(3)]
    vectors(tmp_path / "labels.gpkg", shapes, **{"class": ["house", "road"]})
    *_, found, last = data(str(tmp_path), "geo")
    assert (found.level, found.text) == ("ok", "geo: shapes of House 1, Road 1, Land 0")
    assert (last.level, last.text) == ("ok", "geo: 1 image, 0 unusable (1 of 1 were decoded)")
