"""The guide's example is trained on as it stands, and its findings are what `doctor` says."""

import re
from pathlib import Path

import pytest
from made_ground import box, line, scene, vectors

from aerial_nni.cli.machine_checks import MARKS, data
from aerial_nni.data import open_dataset
from aerial_nni.data.datasets.geo.listing import KEYS
from aerial_nni.data.pipeline.prepared import prepare
from aerial_nni.data.pipeline.split_making import make_split
from aerial_nni.recipes.baseline import training_setup as baseline

GUIDE = Path(__file__).parents[2] / "docs" / "guide-scenes-and-vectors.md"


@pytest.fixture
def harbour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the guide describes, small; it lies in the working directory."""
    text = GUIDE.read_text(encoding="utf-8")
    (listing,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    folder = tmp_path / "harbour"
    folder.mkdir()
    (folder / "scenes.yaml").write_text(listing + "patch: 32\nwindow: 64\n", encoding="utf-8")
    for year, shift in ((2023, 0), (2024, 16)):
        scene(folder / f"quay_{year}.tif", size=(256, 256), shift=(shift, 0))
    vectors(folder / "labels.gpkg", [box(10, 20, 40, 40), box(40, 30, 90, 200)],
            **{"class": ["shed", "water"]})  # fmt: skip
    vectors(folder / "roads.geojson", [line((0, 5), (270, 5))], kind="LineString", n=[1])
    monkeypatch.chdir(tmp_path)
    return folder


def test_the_example_trains(harbour: Path, tmp_path: Path):
    dataset = open_dataset("geo", "harbour")
    prepared = prepare(dataset)
    assert (prepared.counts.sum(axis=0)[:4] > 0).all()
    make_split(prepared, "blocks:side=64,buffer=16")
    words = ["--data", "geo", "--data-dir", "harbour", "--split", "blocks:side=64,buffer=16"]
    small = ["--width", "2", "--depth", "1", "--epochs", "1", "--batch", "8"]
    assert baseline.main([*words, *small, "--out", str(tmp_path / "run")]) == 0
    assert (tmp_path / "run" / "metrics.json").is_file()


def test_the_findings_are_what_doctor_says(harbour: Path):
    shapes = [box(10, 20, 40, 40), box(40, 30, 90, 5), box(150, 0, 5, 5), box(160, 0, 5, 5),
              box(9000, 0, 5, 5)]  # fmt: skip
    names = ["shed", "water", None, "tower", "shed"]
    vectors(harbour / "labels.gpkg", shapes, **{"class": names})
    listing = harbour / "scenes.yaml"
    listing.write_text(listing.read_text(encoding="utf-8").replace("overlaps: order", ""))
    said = []
    for finding in data("harbour", "geo"):
        said += [f"{MARKS[finding.level]} data: {finding.text}", f"       {finding.mend}"]
    shown = re.findall(r"```\n(\[FAIL\].*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert shown[0].splitlines() == said[2:]


def test_every_key_is_explained():
    rows = re.findall(r"^\| (`.*?) \|", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    assert {key for row in rows for key in re.findall(r"`(\w+)`", row)} == set(KEYS)
