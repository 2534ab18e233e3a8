from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="module")
def imagery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six 16-pixel pictures of two classes."""
    folder = tmp_path_factory.mktemp("imagery")
    draw = np.random.default_rng(0)
    (folder / "images").mkdir()
    (folder / "masks").mkdir()
    for number in range(6):
        mask = (np.add.outer(np.arange(16), np.arange(16)) > 8 + 2 * number).astype(np.uint8)
        image = draw.integers(0, 120, (16, 16, 3)) + 100 * mask[..., None]
        Image.fromarray(image.astype(np.uint8)).save(folder / "images" / f"a{number}.png")
        Image.fromarray(mask).save(folder / "masks" / f"a{number}.png")
    (folder / "classes.yaml").write_text("masks: index\nclasses:\n  low: 0\n  high: 1\n")
    return folder
