"""What documents say of fixed result folders is what they said before."""

from collections.abc import Callable
from pathlib import Path

import pytest
from comparisons import make_drone, make_zoomout
from discoveries import Made as Searched
from discoveries import make_discovery
from distillations import Made as Distilled
from distillations import make_distillation
from goldens import check_golden
from matplotlib.figure import Figure
from searches import Plan, make_search

from aerial_nni.config import run_folder
from aerial_nni.recipes.documents import write_page, write_report

TYPED = {
    "search00": "hpo --method-index 8 --trials 3 --seed 0 --concurrency 1 --final-seeds 1 2 3 "
    "--final-epochs 5 --split image --split-seed 3 --data dubai --data-dir /a/private/place "
    "--width 4 --depth 2 --space-to-depth 1 --epochs 4",
    "distill0": "distill --trials 3 --method-index 8 --seed 0 --concurrency 1 --seeds 1 2 3 "
    "--final-epochs 5 --split image --split-seed 3 --data dubai --data-dir /a/private/place "
    "--width 4 --depth 2 --norm batch --dropout 0.0 --upsampling transposed --space-to-depth 1 "
    "--epochs 4 --teacher /a/private/place/t.safetensors",
    "darts000": "darts --trials 2 --seed 0 --concurrency 1 --seeds 1 2 3 --random 1 "
    "--final-epochs 5 --split image --split-seed 3 --data dubai --data-dir /a/private/place "
    "--width 4 --depth 1 --space-to-depth 1 --loss ce+dice --epochs 4 --nodes 3 --warmup 1",
}
"""Folder of an experiment -> what was typed."""

Fabricate = Callable[..., Path]


@pytest.fixture(autouse=True)
def without_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are made, but not drawn: that takes most of the time."""
    writer = "aerial_nni.reporting.document_writer.save"
    monkeypatch.setattr(writer, lambda figure, path, photo=False: path.touch())
    # The fabricated checkpoint is no zoom-out.
    pictures = "aerial_nni.recipes.zoomout.report.document.plot_zoom_out"
    monkeypatch.setattr(pictures, lambda found: Figure())


def written(tmp_path: Path, *folders: Path) -> str:
    return write_report(list(folders), tmp_path / "docs").read_text(encoding="utf-8")


def test_golden_baseline(fabricate: Fabricate, tmp_path: Path):
    main = fabricate("mainrun0", classes=5, seeds=(0, 1), void=True, absent=2)
    others = [
        fabricate("tilerun0", classes=5, rule="tile"),
        fabricate("patchrun", classes=5, rule="patch", epochs=3),
    ]
    check_golden(written(tmp_path, main, *others), "baseline")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("sgd", {"optimizer": "sgd", "schedule": "poly", "ema": 0.99, "loss": "ce+0.5*lovasz",
                 "dropout": 0.2, "norm": "group", "upsampling": "bilinear", "accumulate": 4}),
        ("plain", {"loss": "reference", "flip": False, "turn": False, "scale": 0.0, "colour": 0.0,
                   "norm": "none", "space_to_depth": 2}),
    ],
)  # fmt: skip
def test_golden_baseline_with_other_options(
    fabricate: Fabricate, tmp_path: Path, name: str, options: dict
):
    folder = fabricate(classes=2, epochs=1, examples=3, data="scenes", options=options)
    check_golden(written(tmp_path, folder), f"baseline-{name}")


@pytest.mark.parametrize("searched", [True, False])
def test_golden_zoomout(tmp_path: Path, fabricate_trial: Callable[..., float], searched: bool):
    weights = {"kind": "checkpoint", "file": "c", "data": "buildings", "split": "tile",
               "sha256": "5" * 64}  # fmt: skip
    folder = make_zoomout(tmp_path, fabricate_trial, searched=searched,
                          weights=weights if searched else None)  # fmt: skip
    check_golden(written(tmp_path, folder), f"zoomout{'-searched' * searched}")


@pytest.mark.parametrize("searched", [True, False])
def test_golden_drone(tmp_path: Path, fabricate_trial: Callable[..., float], searched: bool):
    folder = make_drone(tmp_path, fabricate_trial, searched=searched)
    check_golden(written(tmp_path, folder), f"drone{'-searched' * searched}")


def test_golden_overview(
    fabricate: Fabricate, tmp_path: Path, fabricate_trial: Callable[..., float]
):
    common = {"epochs": 3, "examples": 0}
    make_search(tmp_path, fabricate_trial, Plan(index=8, trials=3, startup=2, examples=0))
    make_distillation(tmp_path, fabricate_trial, Distilled())
    few = Searched(searches=(0.4, None), derived=(0.6, 0.61), randoms=(0.55,), hand_made=(0.5,))
    make_discovery(tmp_path, fabricate_trial, few)
    folders = [fabricate("patches0", rule="patch", **common),
               fabricate("baseline", seeds=(0, 1), **common),
               *(tmp_path / name for name in ("search00", "distill0", "darts000"))]  # fmt: skip
    for folder, flags in TYPED.items():
        path = tmp_path / folder / run_folder.EXPERIMENT
        line = f"python -m aerial_nni.run {flags}"
        run_folder.write_json(path, {**run_folder.read_json(path), "command_line": line})
    text = write_page(folders, tmp_path / "docs").read_text(encoding="utf-8")
    check_golden(text, "overview")
