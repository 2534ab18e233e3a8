from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from aerial_nni.bench.__main__ import main
from aerial_nni.config import run_folder

Measure = Callable[..., dict[str, Any]]


@pytest.fixture
def pictures(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Six pictures of one class each, of 32 pixels or of what the test's parameter says."""
    size = getattr(request, "param", 32)
    folder = tmp_path / "pictures"
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    for number in range(6):
        picture = np.full((size, size, 3), 40 * number, np.uint8)
        Image.fromarray(picture).save(folder / "images" / f"{number}.png")
        Image.fromarray(picture[..., 0] // 40 % 2).save(folder / "masks" / f"{number}.png")
    (folder / "classes.yaml").write_text("masks: index\nclasses:\n  low: 0\n  high: 1\n")
    return folder


@pytest.fixture
def measure(pictures: Path, tmp_path: Path) -> Measure:
    """Runs a benchmark on the pictures by its command line; what it writes as JSON."""

    def run(bench: str, *flags: object) -> dict[str, Any]:
        written = tmp_path / "figures.json"
        where = ["--data", "folder", "--data-dir", pictures, "--json", written]
        assert main([bench, *map(str, [*where, *flags])]) == 0
        return run_folder.read_json(written)

    return run
