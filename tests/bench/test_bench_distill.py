"""The benchmark of a teacher's cost: its table, on a few small pictures."""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from aerial_nni.bench import distill


def test_three_contestants_are_measured(tmp_path: Path):
    for kind in ("images", "masks"):
        (tmp_path / kind).mkdir()
    for number in range(6):
        picture = np.full((16, 16, 3), 40 * number, np.uint8)
        Image.fromarray(picture).save(tmp_path / "images" / f"{number}.png")
        Image.fromarray(picture[..., 0] // 40 % 2).save(tmp_path / "masks" / f"{number}.png")
    (tmp_path / "classes.yaml").write_text("masks: index\nclasses:\n  low: 0\n  high: 1\n")
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", default="folder")
    parser.add_argument("--data-dir", default=str(tmp_path))
    distill.add_flags(parser)
    small = [
        "--patch",
        "16",
        "--batch",
        "2",
        "--steps",
        "1",
        "--rounds",
        "1",
        "--kind",
        "soft+pair",
    ]
    sizes = ["--width", "2", "--depth", "1", "--teacher-width", "4", "--teacher-depth", "2"]
    table = distill.measure(parser.parse_args([*small, *sizes]))
    assert [row[0] for row in table.rows] == [
        "without a teacher", "the teacher is asked", "kept answers",
    ]  # fmt: skip
    assert all(row[1] > 0 for row in table.rows)
