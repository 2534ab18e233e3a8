"""A model on pixels that are in memory, or on a file, with the classes as an array."""

from pathlib import Path

import numpy as np

from aerial_nni.inference import Segmenter, open_model
from aerial_nni.inference.prediction import answered, chosen, highest
from aerial_nni.inference.scene import open_scene
from aerial_nni.inference.tiles import Tiling, spread, stitched


def predict(
    model: Segmenter | Path | str, image: np.ndarray | Path | str, *, device: str = "auto"
) -> np.ndarray:
    """The class of each pixel, (h, w) uint8, as an index into the model's classes.

    `model` is a checkpoint or an ONNX file, or what `open_model` gave for one, which saves reading
    it again. `image` is a file that `predict` of the command line reads, or its pixels (h, w,
    bands) in the type and order of the training images. Pixels of a file that show nothing are 255.
    The array must fit into memory; for larger scenes there is the command line.

    Raises:
        BadCheckpoint, BadModelFile: the model cannot be used.
        SceneUnusable: the file is not what the model takes.
        ValueError: the pixels have another number of bands, or are another type.
    """
    opened = open_model(Path(model), device=device) if isinstance(model, (str, Path)) else model
    card = opened.card
    tiling = Tiling().on(card.fold, whole=card.whole, step=card.step)
    if not isinstance(image, np.ndarray):
        with open_scene(Path(image), card) as scene:
            classes = np.empty(scene.dataset.shape, np.uint8)
            for y, x, logits, valid in answered(opened, scene, tiling):
                place = np.s_[y : y + logits.shape[1], x : x + logits.shape[2]]
                classes[place] = chosen(logits, valid)
        return classes
    bands = len(card.mean)
    if image.ndim != 3 or image.shape[2] != bands or image.dtype != card.pixels:
        raise ValueError(
            f"pixels of shape {image.shape} and type {image.dtype}; this model takes "
            f"(height, width, {bands}) of type {card.pixels}"
        )
    classes = np.empty(image.shape[:2], np.uint8)
    rows, columns = (spread(side, tiling) for side in classes.shape)

    def logits_of(y: int, x: int, height: int, width: int) -> np.ndarray:
        return opened(np.ascontiguousarray(image[y : y + height, x : x + width]))

    for y, x, logits in stitched(logits_of, rows, columns, classes=len(card.classes)):
        classes[y : y + logits.shape[1], x : x + logits.shape[2]] = highest(logits)
    return classes
