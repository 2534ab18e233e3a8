"""Weights that others trained: found, read, fitted to our pictures, and never such that cheat."""

import logging
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from aerial_nni.data.dataset import Facts
from aerial_nni.data.pipeline.batches import Normalisation
from aerial_nni.training import pretrained
from aerial_nni.training.pretrained import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    BackboneMissing,
    BackboneUnfit,
    cached,
    downloaded,
    matching,
    read_tensors,
    say_order,
)

URL = "https://example.org/models/net-0123abcd.pth"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    return tmp_path / "hub/checkpoints/net-0123abcd.pth"


def test_a_file_is_fetched_once_and_checked_by_the_hash_in_its_name(hub: Path, monkeypatch):
    asked: list[tuple] = []

    def fetch(url: str, path: str, *, hash_prefix: str, progress: bool) -> None:
        asked.append((url, path, hash_prefix, progress))
        Path(path).write_bytes(b"weights")

    monkeypatch.setattr(torch.hub, "download_url_to_file", fetch)
    assert cached(URL) == hub
    hub.parent.mkdir(parents=True)  # another file's
    for _ in range(2):
        assert downloaded(URL, what="weights", else_="leave it") == hub
    assert asked == [(URL, str(hub), "0123abcd", False)]


@pytest.mark.parametrize("error", [OSError("no network"), RuntimeError("invalid hash value")])
def test_what_cannot_be_fetched_says_what_to_do_instead(hub: Path, monkeypatch, error: Exception):
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(torch.hub, "download_url_to_file", fail)
    with pytest.raises(BackboneMissing) as caught:
        downloaded(URL, what="the weights of a net", else_="give --file")
    said = str(caught.value)
    assert said.startswith("the weights of a net are not on this machine")
    assert URL in said and str(error) in said and said.endswith("; give --file")


@pytest.mark.parametrize("ending", [".pth", ".safetensors"])
def test_tensors_are_read_by_name_and_nothing_else_is(tmp_path: Path, monkeypatch, ending: str):
    path, tensors = tmp_path / f"net{ending}", {"a": torch.ones(2), "b": torch.zeros(1)}
    if ending == ".pth":
        torch.save({**tensors, "epoch": 3}, path)
    else:
        save_file(tensors, path)
        monkeypatch.delattr(torch, "load")  # the format's own reader is asked
    found = read_tensors(path)
    assert {name: tensor.tolist() for name, tensor in found.items()} == {"a": [1, 1], "b": [0]}


def test_code_in_a_file_of_weights_is_not_run(tmp_path: Path):
    path = tmp_path / "net.pth"
    torch.save({"a": torch.ones(2), "b": Opened(tmp_path / "opened")}, path)
    with pytest.raises(BackboneUnfit, match="cannot be read as weights: Weights only load failed"):
        read_tensors(path)
    assert not (tmp_path / "opened").exists()


class Opened:
    """Makes a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("name", ["net.pth", "net.safetensors"])
def test_a_damaged_file_is_refused_with_its_path(tmp_path: Path, name: str):
    (tmp_path / name).write_bytes(b"no weights")
    with pytest.raises(BackboneUnfit, match=f"{name} cannot be read as weights: "):
        read_tensors(tmp_path / name)


def test_our_normalisation_is_turned_into_theirs():
    ours = Normalisation(mean=(10.0, 0.0, 1.0), std=(2.0, 1.0, 5.0))
    gain, shift = matching(ours, (4.0, 0.0, 2.0), (4.0, 1.0, 10.0))
    assert gain.shape == shift.shape == (1, 3, 1, 1)
    raw = torch.tensor([6.0, 3.0, -4.0]).view(1, 3, 1, 1)
    wanted = (raw - torch.tensor([4.0, 0.0, 2.0]).view(1, 3, 1, 1)) / torch.tensor(
        [4.0, 1.0, 10.0]
    ).view(1, 3, 1, 1)
    torch.testing.assert_close(ours(raw) * gain + shift, wanted)


def test_bands_in_another_order_are_said(caplog: pytest.LogCaptureFixture):
    facts = {"name": "town", "classes": ("a", "b"), "palette": ((0, 0, 0),) * 2}
    with caplog.at_level(logging.WARNING):
        say_order(Facts(**facts))  # type: ignore[arg-type]
        assert not caplog.messages
        say_order(Facts(**facts, bands=("blue", "green", "red")))  # type: ignore[arg-type]
    (said,) = caplog.messages
    assert "red, green, blue" in said and "of town are blue, green, red" in said


def test_figures_of_imagenet_are_of_raw_pixels():
    assert IMAGENET_MEAN == tuple(round(255 * x, 3) for x in (0.485, 0.456, 0.406))
    assert IMAGENET_STD == tuple(round(255 * x, 3) for x in (0.229, 0.224, 0.225))


class Data:
    facts = Facts(name="town", classes=("a", "b"), palette=((0, 0, 0),) * 2)


@pytest.mark.parametrize("known", ["", "it saw two of them"])
def test_a_checkpoint_that_knows_answers_or_sees_other_bands_is_refused(monkeypatch, known: str):
    asked: list[tuple] = []
    monkeypatch.setattr(pretrained, "find_leakage", lambda *given: asked.append(given) or known)
    path, data, split = Path("net.safetensors"), Data(), object()
    pretrained.check_no_leakage({}, path, data, split, what="backbone")  # type: ignore
    assert not asked  # weights that are none of ours
    for bands in ([], ["nir", "red", "green"]):
        with pytest.raises(BackboneUnfit, match=f"the backbone's bands are {', '.join(bands)}, th"):
            pretrained.check_no_leakage(
                {"bands": bands, "x": 1},
                path,
                data,
                split,
                what="backbone",  # type: ignore
            )
    header = {"bands": list(Data.facts.bands)}
    if known:
        with pytest.raises(BackboneUnfit, match=f"net.safetensors may know .*: {known}"):
            pretrained.check_no_leakage(header, path, data, split, what="net")  # type: ignore
    else:
        pretrained.check_no_leakage(header, path, data, split, what="net")  # type: ignore
    assert asked == [(header, path, data, split)]
