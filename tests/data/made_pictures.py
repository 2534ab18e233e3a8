"""Small made-up pictures in the layout of the real datasets."""

import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from aerial_nni.data.datasets.dubai import FACTS


class Town:
    """Writes pictures of 64 pixels and more, and remembers the true classes of each mask."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.rng = np.random.default_rng(7)
        self.truth: dict[str, np.ndarray] = {}

    def image(self, path: str, shape: tuple[int, ...] = (64, 64, 3), **options) -> np.ndarray:
        """A picture of noise; JPEG, PNG or TIFF by its ending."""
        pixels = self.rng.integers(0, 256, shape, dtype=np.uint8)
        self.save(path, pixels, **options)
        return pixels

    def save(self, path: str, pixels: np.ndarray, **options) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(target, **options)
        return target

    def classes(self, size: tuple[int, int] = (64, 64), count: int = 6) -> np.ndarray:
        """Class indices in blocks of 8 pixels, every class present."""
        rows, cols = -(-size[0] // 8), -(-size[1] // 8)
        blocks = self.rng.permutation(np.arange(rows * cols) % count).reshape(rows, cols)
        return np.kron(blocks, np.ones((8, 8), dtype=int))[: size[0], : size[1]].astype(np.uint8)

    def tile(self, tile: int, part: int, size: tuple[int, int] = (64, 64)) -> str:
        """One image and mask in the layout of Dubai."""
        name = f"Tile {tile}/image_part_{part:03d}"
        classes = self.classes(size)
        self.image(f"Tile {tile}/images/image_part_{part:03d}.jpg", (*size, 3))
        self.save(f"Tile {tile}/masks/image_part_{part:03d}.png", colours(classes))
        self.truth[name] = classes
        return name

    def dubai(self, tiles: int = 2, parts: int = 3, size: tuple[int, int] = (64, 64)) -> "Town":
        for tile in range(1, tiles + 1):
            for part in range(1, parts + 1):
                self.tile(tile, part, size)
        (self.root / "classes.json").write_text('{"classes": [{"color": "#50E3C2"}]}')
        return self

    def own(self, names: tuple[str, ...] = ("a_1", "a_2", "b_1"), text: str = "") -> "Town":
        """A folder of one's own with index masks of three classes."""
        for name in names:
            self.truth[name] = self.classes(count=3)
            self.image(f"images/{name}.png")
            self.save(f"masks/{name}.png", self.truth[name])
        self.list("masks: index\nclasses: {Land: 0, House: 1, Water: 2}\npatch: 32\n" + text)
        return self

    def list(self, text: str) -> None:
        (self.root / "classes.yaml").write_text(text, encoding="utf-8")


def colours(classes: np.ndarray) -> np.ndarray:
    return np.array(FACTS.palette, dtype=np.uint8)[classes]


def png16(pixels: np.ndarray) -> bytes:
    """A 16-bit PNG of pixels (h, w, 3 or 4), which Pillow cannot write."""
    height, width, bands = pixels.shape

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", width, height, 16, {3: 2, 4: 6}[bands], 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body
