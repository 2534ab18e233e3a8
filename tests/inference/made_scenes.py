"""Pictures of squares in the colours of three classes, and the model that learns them."""

from pathlib import Path

import numpy as np
import rasterio
from PIL import Image

from aerial_nni.models import ModelSpec

CLASSES = ("Land", "Water", "Wood")
PALETTE = ((200, 180, 120), (30, 60, 200), (20, 120, 40))
SPEC = ModelSpec.of(
    model="unet", bands=3, classes=3, width=4, depth=2, norm="batch", dropout=0.0,
    upsampling="transposed", space_to_depth=1,
)  # fmt: skip
HEADER = {
    "classes": CLASSES,
    "palette": PALETTE,
    "bands": ("red", "green", "blue"),
    "mean": (90.0, 110.0, 100.0),
    "std": (60.0, 60.0, 60.0),
    "pixels": "uint8",
}


def drawn(height: int, width: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A picture (h, w, 3) uint8 of squares in the classes' colours under noise, and its mask."""
    rng = np.random.default_rng(seed)
    squares = rng.integers(0, 3, (height // 16 + 1, width // 16 + 1))
    mask = np.kron(squares, np.ones((16, 16), int))[:height, :width].astype(np.uint8)
    noise = rng.normal(0, 40, (height, width, 3))
    image = (np.array(PALETTE)[mask] + noise).clip(0, 255).astype(np.uint8)
    return image, mask


def save(path: Path, pixels: np.ndarray, **profile) -> Path:
    """Writes pixels (h, w, bands) as a GeoTIFF."""
    height, width, count = pixels.shape
    size = {"height": height, "width": width, "count": count, "dtype": pixels.dtype}
    place = rasterio.Affine(0.5, 0, 326000, 0, -0.5, 2779000)
    profile = {"crs": "EPSG:32640", "transform": place, **profile}
    with rasterio.open(path, "w", driver="GTiff", **size, **profile) as file:
        file.write(pixels.transpose(2, 0, 1))
    return path


def png(path: Path, height: int = 150, width: int = 200, seed: int = 7) -> Path:
    Image.fromarray(drawn(height, width, seed)[0]).save(path)
    return path
