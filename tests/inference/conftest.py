import json
import shutil
from pathlib import Path

import pytest
import torch
from made_scenes import HEADER, SPEC, drawn
from PIL import Image
from torch.nn import functional

from aerial_nni.config.options import TrialOptions, as_dict, changed
from aerial_nni.inference.export import export
from aerial_nni.inference.model_card import Card, read_card
from aerial_nni.inference.torch_model import TorchModel
from aerial_nni.training.checkpoint import read_header, save_checkpoint


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small U-Net that has learnt the drawn pictures a little."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = SPEC.build()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-2)
    mean, std = torch.tensor(HEADER["mean"]), torch.tensor(HEADER["std"])
    for step in range(40):
        image, mask = drawn(96, 96, seed=step)
        pixels = ((torch.from_numpy(image) - mean) / std).permute(2, 0, 1)[None]
        loss = functional.cross_entropy(model(pixels), torch.from_numpy(mask)[None].long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    path = tmp_path_factory.mktemp("trial") / "checkpoint.safetensors"
    save_checkpoint(path, model, SPEC, header=HEADER)
    return path


@pytest.fixture(scope="session")
def card(checkpoint: Path) -> Card:
    return read_card(read_header(checkpoint), checkpoint)


@pytest.fixture(scope="session")
def model(checkpoint: Path) -> TorchModel:
    return TorchModel.load(checkpoint, device="cpu", precision="fp32")


@pytest.fixture(scope="session")
def onnx_file(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("onnx") / "model.onnx"
    export(checkpoint, path, format="onnx")
    return path


@pytest.fixture
def trial(checkpoint: Path, tmp_path: Path) -> Path:
    """A trial's folder with a checkpoint, its options and the pictures they name."""
    town = tmp_path / "town"
    for kind in ("images", "masks"):
        (town / kind).mkdir(parents=True)
    for number in range(6):
        image, mask = drawn(64, 64, 100 + number)
        Image.fromarray(image).save(town / "images" / f"{number}.png")
        Image.fromarray(mask).save(town / "masks" / f"{number}.png")
    classes = "".join(f"  {name}: {i}\n" for i, name in enumerate(HEADER["classes"]))
    (town / "classes.yaml").write_text(f"masks: index\nclasses:\n{classes}")
    folder = tmp_path / "runs" / "experiment" / "trial"
    folder.mkdir(parents=True)
    options = changed(TrialOptions(), {"data": "folder", "data_dir": str(town), "patch": 32})
    (folder / "options.json").write_text(json.dumps(as_dict(options)))
    shutil.copyfile(checkpoint, folder / "checkpoint.safetensors")
    return folder
