"""The drone trial, by hand: what it begins with, resume, and what else takes its checkpoint."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file
from torchvision.models import get_model_weights, mobilenet_v3_large
from torchvision.models.segmentation import deeplabv3_mobilenet_v3_large

from aerial_nni.config.families.deeplab import STAGES, DeepLabOptions
from aerial_nni.config.run_folder import (
    CHECKPOINT,
    HISTORY,
    LAST,
    LR_FINDER,
    METRICS,
    read_history,
    read_json,
)
from aerial_nni.data.dataset import Facts
from aerial_nni.data.pipeline.batches import Normalisation
from aerial_nni.models import ModelSpec
from aerial_nni.models.deeplab import DeepLab
from aerial_nni.recipes.distill import training_setup as distill
from aerial_nni.recipes.drone import training_setup as drone
from aerial_nni.reporting.folder import LABEL_LOSS
from aerial_nni.run import main as run
from aerial_nni.training.checkpoint import load_checkpoint, read_header
from aerial_nni.training.deeplab_weights import (
    URLS,
    BackboneMissing,
    BackboneUnfit,
    Start,
    check_start,
    copy_weights,
    load_initial_weights,
)
from aerial_nni.training.pretrained import IMAGENET_MEAN, IMAGENET_STD
from aerial_nni.trials.run_trial import new_model

DATA = ["--data", "folder", "--patch", "16", "--batch", "2", "--precision", "fp32",
        "--split", "image"]  # fmt: skip
SMALL = "mobilenet_v3_large"
NET = ["--backbone", SMALL, "--head", "8"]
OURS = Normalisation(mean=(90.0, 95.0, 100.0), std=(50.0, 45.0, 40.0))


def train(folder: Path, imagery: Path, *extra: str) -> int:
    flags = [*DATA, *NET, "--data-dir", str(imagery), "--epochs", "2", *extra]
    if "--backbone-weights" not in extra:
        flags += ["--backbone-weights", "random"]
    return drone.main([*flags, "--out", str(folder)])


@pytest.fixture(scope="module")
def trained(imagery: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drone") / "trial"
    assert train(folder, imagery, "--find-lr", "6", "--thaw", "1") == 0
    return folder


def test_what_a_trial_leaves(trained: Path):
    metrics = read_json(trained / METRICS)
    assert metrics["deeplab"]["weights"] == {"kind": "random"}
    assert metrics["deeplab"] == read_header(trained / CHECKPOINT)["deeplab"]
    rows = read_history(trained / LR_FINDER)
    assert 2 <= len(rows) <= 6 and [row["lr"] for row in rows] == sorted(r["lr"] for r in rows)
    assert metrics["lr_finder"]["steps"] == len(rows)
    assert 0 <= metrics["final"]["image_dice"] <= 1
    assert metrics["final"]["image_dice"] >= metrics["final"]["f1"] / 2
    assert metrics["split"]["shown"]["train"].keys() == {"low", "high"}
    assert metrics["cost"]["peak_memory_bytes"] > 1e6
    for row in read_history(trained / HISTORY):  # the classifier's part of the sum over both heads
        assert 0 < row[LABEL_LOSS] < row["train_loss"]
    model, _ = load_checkpoint(trained / CHECKPOINT)
    assert isinstance(model, DeepLab) and not model.training


def test_a_run_that_stopped_goes_on_as_if_it_had_not(
    imagery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    flags = ("--thaw", "1", "--find-lr", "3")
    assert train(whole, imagery, "--thaw", "1") == 0
    assert train(parts, imagery, *flags, "--budget", "1") == 0
    values = read_json(parts / "options.json")
    from aerial_nni.config.run_folder import write_json

    given = ("TRIAL_BUDGET", "resumed_epochs", "resumed_from")
    write_json(parts / "options.json", {k: v for k, v in values.items() if k not in given})
    monkeypatch.setattr(drone, "sweep", None)  # the finder has run: it is read back
    assert train(parts, imagery, *flags) == 0
    rates = [row["lr"] for row in read_history(parts / LR_FINDER)]
    finding = read_json(parts / METRICS)["lr_finder"]
    assert finding["steps"] == len(rates) and finding["suggested"] in rates
    for name in ("train_loss", LABEL_LOSS, "val_loss"):
        one, other = ([row[name] for row in read_history(f / HISTORY)] for f in (whole, parts))
        assert one == other


def test_the_backbone_learns_after_the_epochs_of_thaw_and_not_before(
    imagery: Path, trained: Path, tmp_path: Path
):
    assert train(tmp_path, imagery, "--thaw", "1", "--epochs", "1") == 0
    spec = ModelSpec.of(**read_header(trained / CHECKPOINT)["model"])
    drawn = new_model(spec, seed=0).state_dict()
    first, second = (load_file(folder / LAST) for folder in (tmp_path, trained))
    for part in ("stem", *STAGES):
        names = [name for name in drawn if name.startswith(f"backbone.{part}.")]
        assert all(drawn[name].equal(first[f"model/{name}"]) for name in names)
        assert not all(drawn[name].equal(second[f"model/{name}"]) for name in names)
    assert not drawn["classifier.4.weight"].equal(first["model/classifier.4.weight"])


@pytest.mark.long
def test_what_takes_a_checkpoint_takes_this_one(
    imagery: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture
):
    checkpoint = str(trained / CHECKPOINT)
    assert run(["export", checkpoint, "--to", str(tmp_path / "a.onnx")]) == 0
    images = [str(path) for path in sorted((imagery / "images").iterdir())[:2]]
    submission = tmp_path / "out" / "submission.csv"
    for model in (checkpoint, str(tmp_path / "a.onnx")):
        flags = ["--to", str(tmp_path / "out"), "--overwrite", "--submission", str(submission)]
        assert run(["predict", model, *images, *flags]) == 0
        assert len(submission.read_text().splitlines()) == 1 + 2 * 2
    flags = ["--to", str(tmp_path / "out"), "--submission", str(tmp_path / "partial.csv")]
    assert run(["predict", checkpoint, *images, *flags]) == 1  # the masks are there already
    assert not (tmp_path / "partial.csv").exists()
    flags = [*DATA, "--data-dir", str(imagery), "--width", "2", "--depth", "1", "--epochs", "1"]
    student = [*flags, "--teacher", checkpoint, "--out", str(tmp_path / "student")]
    assert distill.main(student) == 0
    capsys.readouterr()


def test_its_own_checkpoint_is_what_another_begins_with(
    imagery: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture
):
    checkpoint = str(trained / CHECKPOINT)
    flags = ["--backbone-weights", checkpoint, "--trained", "heads", "--epochs", "1"]
    assert train(tmp_path / "next", imagery, *flags) == 0
    before, _ = load_checkpoint(trained / CHECKPOINT)
    after, _ = load_checkpoint(tmp_path / "next" / CHECKPOINT)
    assert isinstance(before, DeepLab) and isinstance(after, DeepLab)
    for name, value in before.backbone.state_dict().items():
        assert value.equal(after.backbone.state_dict()[name]), name
    torch.testing.assert_close(before.gain, after.gain)
    torch.testing.assert_close(before.shift, after.shift, atol=1e-6, rtol=0)
    assert train(tmp_path / "other", imagery, *flags, "--split-seed", "3") == 1
    assert "may know what validates" in capsys.readouterr().err


def test_a_trial_by_hand_has_its_document(trained: Path, tmp_path: Path):
    from aerial_nni.recipes.documents import write_report

    text = write_report([trained], tmp_path).read_text(encoding="utf-8")
    assert "# Drone scenes: DeepLabV3 on Imagery" in text
    assert "was not recorded" in text
    assert "Dice by image, empty classes as 1" in text and "lr-finder.png" in text
    assert "In the first 1 epoch the heads learn alone" in text


@pytest.mark.parametrize(("kind", "backbone"), URLS)
def test_addresses_and_colours_are_those_of_torchvision(kind: str, backbone: str):
    name = f"deeplabv3_{backbone}" if kind == "coco" else backbone
    usual = get_model_weights(name).DEFAULT
    assert usual.url == URLS[kind, backbone]
    assert [255 * value for value in usual.transforms().mean] == pytest.approx(IMAGENET_MEAN)
    assert [255 * value for value in usual.transforms().std] == pytest.approx(IMAGENET_STD)


@pytest.mark.parametrize(("bands", "said"), [
    (("red", "green", "blue"), False), (("infrared", "red", "green"), True),
    (("red", "green", "blue", "infrared"), False),
])  # fmt: skip
def test_bands_in_another_order_are_said(
    bands: tuple[str, ...], said: bool, caplog: pytest.LogCaptureFixture
):
    facts = Facts(name="town", classes=("a", "b"), palette=((0, 0, 0),) * 2, bands=bands)
    start = Start(tensors={"conv1.weight": torch.zeros(1)}, facts={"file": "w"})
    check_start(start, SimpleNamespace(facts=facts), None)  # type: ignore[arg-type]
    assert ("the bands of town are infrared, red, green" in caplog.text) == said
    check_start(Start(), SimpleNamespace(facts=facts), None)  # type: ignore[arg-type]
    assert len(caplog.records) == said  # what is drawn was trained on nothing


@pytest.mark.parametrize("whole", [True, False])
def test_weights_of_torchvision_fit_and_see_pictures_as_they_did(tmp_path: Path, whole: bool):
    torch.manual_seed(0)
    theirs = (
        deeplabv3_mobilenet_v3_large(weights=None, weights_backbone=None, aux_loss=True)
        if whole
        else mobilenet_v3_large(weights=None)
    ).eval()
    torch.save(theirs.state_dict(), tmp_path / "w.pth")
    options = DeepLabOptions(backbone=SMALL, backbone_weights=str(tmp_path / "w.pth"))
    model = DeepLab(3, 5, backbone=SMALL)
    facts = copy_weights(model, load_initial_weights(options), OURS, backbone=SMALL, pixels="uint8")
    assert facts["heads"] == (["aux_classifier", "classifier"] if whole else [])
    raw = torch.rand(1, 3, 32, 48) * 255
    mean, std = torch.tensor((123.675, 116.28, 103.53)), torch.tensor((58.395, 57.12, 57.375))
    seen = (raw - mean.view(1, -1, 1, 1)) / std.view(1, -1, 1, 1)
    with torch.no_grad():
        _, last = model.eval().features(OURS(raw))
        wanted = theirs.backbone(seen)["out"] if whole else theirs.features(seen)
        if whole:
            torch.testing.assert_close(last, wanted, atol=1e-4, rtol=1e-4)
            ours = model.classifier[0](last)
            torch.testing.assert_close(ours, theirs.classifier[0](wanted), atol=1e-4, rtol=1e-4)
    assert last.shape[1] == wanted.shape[1]


def test_weights_of_another_network_or_of_none_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    torch.save({"fc.weight": torch.zeros(2, 2)}, tmp_path / "w.pth")
    options = DeepLabOptions(backbone=SMALL, backbone_weights=str(tmp_path / "w.pth"))
    with pytest.raises(BackboneUnfit, match="give --backbone as well"):
        weights = load_initial_weights(options)
        model = DeepLab(3, 5, backbone=SMALL)
        copy_weights(model, weights, OURS, backbone=SMALL, pixels="uint8")

    def fail(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", fail)
    with pytest.raises(BackboneMissing) as error:
        load_initial_weights(DeepLabOptions())
    place = tmp_path / "hub" / "checkpoints" / "deeplabv3_resnet101_coco-586e9e4e.pth"
    for part in (str(place), "--backbone-weights FILE", "random"):
        assert part in str(error.value)
    with pytest.raises(BackboneMissing, match="there is no file"):
        load_initial_weights(DeepLabOptions(backbone_weights=str(tmp_path / "nowhere.pth")))


def test_a_file_without_tensors_by_their_names_is_refused(tmp_path: Path):
    torch.save({"model": {"conv1.weight": torch.zeros(2, 2)}, "epoch": 3}, tmp_path / "w.pth")
    with pytest.raises(BackboneUnfit, match="save them alone"):
        path = str(tmp_path / "w.pth")
        load_initial_weights(DeepLabOptions(backbone=SMALL, backbone_weights=path))


def test_a_head_of_which_no_weight_fits_is_not_said_to_be_taken_over():
    start = Start(tensors=DeepLab(3, 5, backbone=SMALL, head=16).state_dict(), facts={"file": "w"})
    model = DeepLab(3, 5, backbone=SMALL, head=8)
    facts = copy_weights(model, start, OURS, backbone=SMALL, pixels="uint8")
    assert facts["heads"] == ["aux_classifier"]


def test_a_network_of_four_bands_goes_on_seeing_as_it_did():
    one, other = (Normalisation(mean=(10.0 * k,) * 4, std=(5.0 * k,) * 4) for k in (1, 2))
    before = DeepLab(4, 3, backbone=SMALL, head=8)
    header = {"mean": one.mean, "std": one.std}
    start = Start(tensors=before.state_dict(), header=header, facts={"file": "w"})
    after = DeepLab(4, 3, backbone=SMALL, head=8)
    copy_weights(after, start, other, backbone=SMALL, pixels="uint16")
    raw = torch.rand(1, 4, 8, 8) * 50
    wanted = before.gain * one(raw) + before.shift
    torch.testing.assert_close(after.gain * other(raw) + after.shift, wanted)
