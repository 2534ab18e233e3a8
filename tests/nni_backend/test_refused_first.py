"""What is typed and cannot be used is refused before a picture is read."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from torch import nn

from aerial_nni.config import run_folder
from aerial_nni.config.options import TrialOptions
from aerial_nni.data.dataset import Facts
from aerial_nni.nni_backend.lifecycle import Settings
from aerial_nni.recipes.distill.teacher import Teacher, TeacherUnfit, check_kinds
from aerial_nni.recipes.engine import prepare_data as preparation
from aerial_nni.recipes.engine.prepare_data import prepare_data
from aerial_nni.recipes.zoomout import study as zoomout
from aerial_nni.run import main

RECIPES = ("baseline", "hpo --method tpe", "darts", "zoomout", "drone")
MODEL = "model.safetensors"


@pytest.fixture(autouse=True)
def nothing_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """To read a picture fails."""

    def read(*_: object, **__: object) -> None:
        raise AssertionError("pictures were read")

    monkeypatch.setattr(preparation, "chosen_patches", read)


@pytest.fixture
def a_file(tmp_path: Path) -> Path:
    """Under which no folder can be."""
    path = tmp_path / "file"
    path.touch()
    return path


def refusal(capsys: pytest.CaptureFixture, *words: str) -> str:
    assert main(words) == 1
    return capsys.readouterr().err


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize(
    ("flag", "value", "said"),
    [("--port", "80000", "port 80000 does not exist"), ("--docs", "FILE/docs", "--docs"),
     ("--runs", "FILE/runs", "--runs"), ("--host", "192.0.2.7", "192.0.2.7")],
)  # fmt: skip
def test_ports_and_folders_are_looked_at_first(
    capsys: pytest.CaptureFixture, tmp_path: Path, a_file: Path, recipe: str, flag: str,
    value: str, said: str,
):  # fmt: skip
    places = {"--runs": str(tmp_path / "runs"), flag: value.replace("FILE", str(a_file))}
    words = [word for pair in places.items() for word in pair]
    assert said in refusal(capsys, *recipe.split(), *words)
    assert list(tmp_path.iterdir()) == [a_file]


@pytest.mark.parametrize(
    "words", ["report ID --docs FILE/docs", "predict MODEL a.tif --to FILE/out",
              "predict MODEL a.tif --submission FILE/out.csv"]
)  # fmt: skip
def test_so_they_are_by_the_verbs_that_write_elsewhere(
    capsys: pytest.CaptureFixture, tmp_path: Path, a_file: Path,
    monkeypatch: pytest.MonkeyPatch, words: str,
):  # fmt: skip
    monkeypatch.chdir(tmp_path)
    typed = words.replace("FILE", str(a_file)).replace("MODEL", MODEL).split()
    assert f"{a_file} is a file" in refusal(capsys, *typed)


def test_a_folder_in_which_nothing_can_be_written_is_tried(tmp_path: Path):
    with pytest.raises(run_folder.NotWritable, match="nothing can be written in /proc"):
        run_folder.check_writable(Path("/proc/a/b"), flag="--to")
    run_folder.check_writable(tmp_path / "a" / "b", flag="--to")
    assert list(tmp_path.iterdir()) == []


def test_settings_that_can_be_used_are_not_refused(tmp_path: Path, port: int):
    Settings(runs=tmp_path / "runs", docs=tmp_path / "docs", port=port).check()


def test_a_misfit_teacher_is_known_by_its_classes(imagery: Path, tmp_path: Path):
    header = {"data": "dubai", "classes": ["a", "b", "c"], "bands": ["red", "green", "blue"]}
    teacher = Teacher(model=nn.Identity(), header=header, path=Path("t"), sha256="", parameters=0)
    options = TrialOptions.of(data="folder", data_dir=str(imagery))
    with pytest.raises(TeacherUnfit, match="its classes are a, b, c"):
        prepare_data(
            options, tmp_path / "run", check_facts=lambda facts: check_kinds(teacher, facts)
        )
    assert not (tmp_path / "run").exists()


def test_features_of_photographs_are_of_three_bands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from aerial_nni.recipes.zoomout.options import ZoomOutOptions
    from aerial_nni.training.pretrained import BackboneUnfit
    from aerial_nni.tuners.methods import METHODS

    facts = Facts(name="four", classes=("a", "b"), palette=((0, 0, 0), (1, 1, 1)),
                  bands=("red", "green", "blue", "infrared"))  # fmt: skip
    place = "aerial_nni.recipes.engine.prepare_data.open_dataset"
    monkeypatch.setattr(place, lambda *_: SimpleNamespace(facts=facts))
    options = ZoomOutOptions.of(backbone_weights="random")
    plan = zoomout.plan_of("building-scenes", seed=0)
    prepare = zoomout.prepare_with(zoomout.zoomout(options, METHODS["gp"], plan))
    with pytest.raises(BackboneUnfit, match="takes three bands"):
        prepare(options, tmp_path)
