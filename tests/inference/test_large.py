"""A scene that no memory need hold."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
from made_scenes import drawn

SIDE = 20_000

PREDICT = """
import json, resource, sys
from aerial_nni.run import main
code = main(["predict", *sys.argv[1:]])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"code": code, "peak": peak}))
"""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GeoTIFF of 1.2 GB of pixels, written block by block."""
    path = tmp_path_factory.mktemp("scene") / "large.tif"
    block = drawn(1024, 1024, 1)[0].transpose(2, 0, 1)
    profile = {
        "driver": "GTiff", "width": SIDE, "height": SIDE, "count": 3, "dtype": "uint8",
        "crs": "EPSG:32640", "transform": rasterio.Affine(0.5, 0, 326000, 0, -0.5, 2779000),
        "tiled": True, "blockxsize": 1024, "blockysize": 1024, "compress": "deflate",
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as file:
        for _, window in file.block_windows():
            file.write(block[:, : window.height, : window.width], window=window)
    return path


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", ["checkpoint", "onnx"])
def test_a_large_raster_needs_little_memory(
    scene: Path, checkpoint: Path, onnx_file: Path, tmp_path: Path, kind: str
):
    model = checkpoint if kind == "checkpoint" else onnx_file
    words = [str(model), str(scene), "--to", str(tmp_path), "--overlay", "--areas"]
    ran = subprocess.run(
        [sys.executable, "-c", PREDICT, *words], capture_output=True, text=True, check=True
    )
    said = json.loads(ran.stdout.splitlines()[-1])
    assert said["code"] == 0
    assert said["peak"] < 1.5e9
    with rasterio.open(tmp_path / "large-mask.tif") as mask:
        assert mask.shape == (SIDE, SIDE)
        corner = mask.read(1, window=rasterio.windows.Window(SIDE - 64, SIDE - 64, 64, 64))
    assert np.isin(corner, (0, 1, 2)).all()
