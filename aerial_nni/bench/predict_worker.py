"""A process of `bench predict`: one model, asked for one scene again and again.

python -m aerial_nni.bench.predict_worker MODEL PRECISION SCENE TILE OVERLAP PLAIN
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import rasterio
from rasterio.windows import Window

from aerial_nni.bench.worker import answer
from aerial_nni.inference import open_model
from aerial_nni.inference.prediction import segment
from aerial_nni.inference.tiles import TILE, Tiling


def main() -> None:
    """Answers until its input ends."""
    model, precision, scene, tile, overlap, plain = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="aerial-bench-") as folder:
        target = Path(folder) / "scene"
        if plain == "1":
            work = plain_loop(Path(model), Path(scene), target, tile=int(tile) or TILE)
        else:
            opened = open_model(Path(model), device="cpu", precision=precision)
            tiling = Tiling(tile=int(tile), overlap=int(overlap))

            def work() -> None:
                segment(opened, Path(scene), target, tiling=tiling, overwrite=True)

        answer(work)


def plain_loop(model: Path, scene: Path, target: Path, *, tile: int) -> Callable[[], None]:
    """A scene by non-overlapping tiles in fp32, as anybody would write it."""
    import torch

    from aerial_nni.training.checkpoint import load_checkpoint

    network, header = load_checkpoint(model)
    mean, std = (torch.tensor(header[name]).view(-1, 1, 1) for name in ("mean", "std"))

    def work() -> None:
        with rasterio.open(scene) as source, torch.no_grad():
            profile = {**source.profile, "count": 1, "dtype": "uint8", "photometric": None}
            with rasterio.open(target, "w", **profile) as mask:
                for y in range(0, source.height, tile):
                    for x in range(0, source.width, tile):
                        size = min(tile, source.width - x), min(tile, source.height - y)
                        window = Window(x, y, *size)
                        pixels = torch.from_numpy(source.read(window=window).astype("float32"))
                        logits = network(((pixels - mean) / std)[None])
                        mask.write(logits[0].argmax(0).byte().numpy(), 1, window=window)

    return work


if __name__ == "__main__":
    main()
