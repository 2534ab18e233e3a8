"""What a notebook asks of a model: the classes of a file or of pixels, as an array."""

from pathlib import Path

import numpy as np
import pytest
from made_scenes import drawn, png, save
from PIL import Image

from aerial_nni import predict
from aerial_nni.data.dataset import VOID
from aerial_nni.inference.prediction import segment
from aerial_nni.inference.torch_model import TorchModel


def test_a_file_its_pixels_and_the_command_line_have_the_same_classes(
    checkpoint: Path, model: TorchModel, tmp_path: Path
):
    image = png(tmp_path / "image.png")
    written = segment(model, image, tmp_path / "image").files["mask"]
    wanted = np.asarray(Image.open(written))
    assert np.array_equal(predict(model, image), wanted)
    assert np.array_equal(predict(model, np.array(Image.open(image))), wanted)
    # In the precision of this machine, which may be bf16.
    assert (predict(str(checkpoint), str(image), device="cpu") == wanted).mean() > 0.99


def test_a_scene_of_several_tiles_has_the_classes_that_were_drawn(model: TorchModel):
    image, mask = drawn(1100, 80, seed=5)
    assert (predict(model, image) == mask).mean() > 0.8


def test_what_a_file_does_not_show_is_void(model: TorchModel, tmp_path: Path):
    image = drawn(64, 64, seed=3)[0]
    image[:20] = 0
    classes = predict(model, save(tmp_path / "scene.tif", image, nodata=0))
    assert (classes[:20] == VOID).all() and (classes[20:] < VOID).all()


@pytest.mark.parametrize("pixels", [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 3))])
def test_other_pixels_are_told_what_is_taken(model: TorchModel, pixels: np.ndarray):
    with pytest.raises(ValueError, match=r"takes \(height, width, 3\) of type uint8"):
        predict(model, pixels)
