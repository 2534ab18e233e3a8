"""Distillation as an experiment: its definition, and one from launch to checkpoint."""

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from fast_experiments import free_port
from torch import nn

from aerial_nni.config import run_folder
from aerial_nni.config.options import BadOption
from aerial_nni.config.run_folder_schema import Best, Limits, TrialRow
from aerial_nni.nni_backend import ranking, records
from aerial_nni.nni_backend.definition import Definition
from aerial_nni.nni_backend.ranking import best_of
from aerial_nni.nni_backend.records import Record
from aerial_nni.nni_backend.stored_experiments import NothingToExport
from aerial_nni.recipes import RECIPES
from aerial_nni.recipes.distill.options import DistillOptions
from aerial_nni.recipes.distill.study import distill, plan_of, student_of, usual_options
from aerial_nni.recipes.distill.teacher import Teacher, TeacherMissing
from aerial_nni.recipes.distill.teacher_checks import teacher_file
from aerial_nni.recipes.engine.search import Plan
from aerial_nni.training.checkpoint import read_header
from aerial_nni.tuners.methods import METHODS
from aerial_nni.tuners.space import BadSpace

LIMITS = Limits(trials=1, concurrency=1, max_minutes=1)

SPEC = {"model": "unet", "width": 16, "depth": 4, "norm": "batch", "dropout": 0.0,
        "upsampling": "transposed", "space_to_depth": 2}  # fmt: skip
TEACHER = Teacher(model=nn.Conv2d(1, 1, 1), header={"model": SPEC, "score": 0.7},
                  path=Path("t.safetensors"), sha256="0" * 64, parameters=2)  # fmt: skip
PLAN = Plan(trials=4, seeds=(1, 2, 3), epochs=9)


def defined(
    *student: str, plan: Plan = PLAN, given: Sequence[str] = (), **options: object
) -> Definition:
    chosen = DistillOptions.of(teacher="t.safetensors", **options)  # type: ignore[arg-type]
    return distill(chosen, TEACHER, METHODS["gp"], plan, student=student, given=given)


def test_the_best_student_and_its_control_follow_the_search():
    definition = defined()
    finals = definition.tuner["class_args"]["finals"]
    assert definition.trials == 10
    assert [(point["_phase"], point["seed"]) for point in finals] == [
        *(("student", seed) for seed in (1, 2, 3)),
        *(("control", seed) for seed in (1, 2, 3)),
    ]
    assert all(point["_from"] == "best" and point["epochs"] == 9 for point in finals)
    assert [point.get("teacher_weight") for point in finals] == [None] * 3 + [0.0] * 3
    assert {"kind", "temperature", "teacher_weight", "layers"} == set(definition.space)
    assert definition.method["teacher"]["sha256"] == TEACHER.sha256
    assert definition.method["teacher"]["parameters"] == 2


def test_without_a_search_student_and_control_are_trained_alone():
    definition = defined(plan=dataclasses.replace(PLAN, trials=0), teacher_weight=2.0)
    points = definition.tuner["class_args"]["points"]
    assert definition.trials == 6
    assert [point["teacher_weight"] for point in points] == [2.0] * 3 + [0.0] * 3
    assert [point["_phase"] for point in points] == ["student"] * 3 + ["control"] * 3


def test_what_is_given_is_not_searched():
    definition = defined(kind="soft", temperature=2.0, given=["kind", "temperature", "epochs"])
    assert {"teacher_weight", "layers"} == set(definition.space)
    assert definition.method["given"] == {"kind": "soft", "temperature": 2.0}
    definition = defined("depth=2,3", width=8, given=["width", "depth"])
    assert definition.space["depth"]["_value"] == [2, 3] and not definition.method["given"]


def test_as_many_trials_run_at_once_as_planned():
    on_scenes = plan_of("scenes", seed=0)
    assert defined(plan=on_scenes).concurrency == on_scenes.concurrency == 2
    assert defined(plan=plan_of("dubai", seed=0)).concurrency == 1


def test_the_student_is_fixed_or_searched_as_asked():
    definition = defined("width=8", "depth=2,3")
    assert definition.options.network.width == 8
    assert definition.space["depth"] == {"_type": "choice", "_value": [2, 3]}
    assert "width" not in definition.space
    assert student_of(["space-to-depth=2"], "unet") == ({"space_to_depth": 2}, {})
    assert usual_options("dubai", TEACHER)["width"] == 8
    assert usual_options("dubai", TEACHER)["depth"] == 3
    assert usual_options("dubai", TEACHER)["space_to_depth"] == 2


@pytest.mark.parametrize(
    "word", ["width", "width=", "breadth=8", "lr=0.1", "width=0", "depth=[", "depth=2,99"]
)
def test_a_student_that_cannot_be_is_refused(word: str):
    with pytest.raises(BadOption):
        defined(word)


@pytest.mark.parametrize(("seeds", "said"), [((1, 1), "twice"), ((0, 1), "the search's")])
def test_seeds_that_would_flatter_are_refused(seeds: tuple[int, ...], said: str):
    with pytest.raises(BadOption, match=said):
        defined(plan=dataclasses.replace(PLAN, seeds=seeds))


def test_several_values_need_a_search():
    with pytest.raises(BadOption, match="--trials"):
        defined("width=4,8", plan=dataclasses.replace(PLAN, trials=0))


def test_the_control_is_no_part_of_the_search(tmp_path: Path):
    with pytest.raises(BadOption, match="control"):
        defined(teacher_weight=0.0)
    path = tmp_path / "space.yaml"
    path.write_text("teacher_weight: {_type: uniform, _value: [0, 1]}\n")
    with pytest.raises(BadSpace, match="control"):
        distill(DistillOptions(), TEACHER, METHODS["gp"], PLAN, space_file=path)


def test_a_control_is_never_the_best_trial(tmp_path: Path):
    trials = []
    for name, phase, score in (("a", "student", 0.6), ("b", "control", 0.9), ("c", "search", 0.5)):
        for file in ranking.GOOD_FILES:
            run_folder.write_json(tmp_path / name / file, {"score": score})
        trials.append(TrialRow(id=name, sequence=0, state="SUCCEEDED", score=score, folder=name,
                            parameters={"_phase": phase}))  # fmt: skip
    assert best_of(trials, tmp_path)["id"] == "a"


def test_the_best_trial_of_an_architecture_search_is_what_its_best_search_found(tmp_path: Path):
    trials = []
    rows = [("a", "derived", 0.6), ("b", "other find", 0.9), ("c", "search", 0.8)]
    for name, phase, score in (*rows, ("d", "derived", 0.7)):
        for file in ranking.GOOD_FILES:
            run_folder.write_json(tmp_path / name / file, {"score": score})
        trials.append(TrialRow(id=name, sequence=0, state="SUCCEEDED", score=score, folder=name,
                            parameters={"_phase": phase}))  # fmt: skip
    assert best_of(trials, tmp_path, RECIPES["darts"])["id"] == "d"
    assert best_of(trials[1:3], tmp_path, RECIPES["darts"])["id"] == "b"


def test_what_a_teacher_is_worth_is_measured_at_equal_seeds():
    def trial(phase: str, seed: int, score: float | None) -> TrialRow:
        parameters = {"_phase": phase, "seed": seed}
        return TrialRow(id="x", sequence=0, state="", score=score, parameters=parameters)

    trials = [trial("student", 1, 0.6), trial("student", 2, 0.7), trial("student", 3, 0.9),
              trial("control", 1, 0.5), trial("control", 2, 0.4), trial("control", 3, None),
              trial("search", 0, 0.99)]  # fmt: skip
    record = Record(id="x", kind="distill", name="", options={}, space={}, limits=LIMITS, port=0,
                    url="", nni_directory="", module="", created="", trials=trials)  # fmt: skip
    values, text = RECIPES["distill"].conclude(record, Path())
    found = values["worth"]
    assert found["student"] == pytest.approx(0.65)
    assert found["control"] == pytest.approx(0.45)
    assert found["difference"] == pytest.approx(0.2)
    assert found["spread"] == pytest.approx(0.1414, abs=1e-4)
    assert found["seeds"] == 2
    assert text == "student 0.6500, control 0.4500: +0.2000 ± 0.1414 over 2 seeds"
    assert RECIPES["distill"].conclude(dataclasses.replace(record, trials=trials[:3]), Path()) == (
        {"worth": None},
        "",
    )


def test_a_teacher_is_a_file_or_an_experiment(tmp_path: Path):
    file = tmp_path / "t.safetensors"
    file.touch()
    assert teacher_file(str(file), tmp_path) == file
    with pytest.raises(TeacherMissing, match="there is no checkpoint nothing; train one"):
        teacher_file("nothing", tmp_path)


def test_the_teacher_of_an_experiment_is_the_file_that_was_recorded(tmp_path: Path):
    folder = tmp_path / "abcd1234"
    file = folder / "best" / run_folder.CHECKPOINT
    file.parent.mkdir(parents=True)
    file.write_bytes(b"weights")
    digest = {"checkpoint": {"sha256": run_folder.sha256(file)}}
    run_folder.write_json(file.with_name(run_folder.METRICS), digest)
    best = Best(id="best", score=0.5, folder="best")
    record = Record(id="abcd1234", kind="baseline", name="it", options={}, space={},
                    limits=LIMITS, port=0, url="",
                    nni_directory=str(tmp_path / ".nni"), module="", state="DONE",
                    best=best)  # fmt: skip
    record.save(folder)
    assert teacher_file("abcd", tmp_path) == file
    file.write_bytes(b"others")
    with pytest.raises(NothingToExport, match="damaged or was changed"):
        teacher_file("abcd", tmp_path)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Flags of six pictures of 32 pixels in two classes."""
    import numpy as np
    from PIL import Image

    folder = tmp_path_factory.mktemp("town")
    draw = np.random.default_rng(3)
    for kind in ("images", "masks"):
        (folder / kind).mkdir()
    for number in range(6):
        mask = np.kron(draw.integers(0, 2, (4, 4)), np.ones((8, 8), int)).astype(np.uint8)
        image = (draw.integers(0, 60, (32, 32, 3)) + 150 * mask[..., None]).astype(np.uint8)
        Image.fromarray(image).save(folder / "images" / f"{number}.png")
        Image.fromarray(mask).save(folder / "masks" / f"{number}.png")
    (folder / "classes.yaml").write_text("masks: index\nclasses:\n  Land: 0\n  Water: 1\n")
    return ["--data", "folder", "--data-dir", str(folder), "--patch", "32", "--batch", "2"]


def run(verb: str, *arguments: object, cwd: Path) -> dict:
    command = [sys.executable, "-m", "aerial_nni.run", verb, *map(str, arguments), "--json"]
    flags = [] if verb == "export" else ["--exit", "--port", str(free_port())]
    ran = subprocess.run([*command, *flags], capture_output=True, text=True, cwd=cwd, timeout=840)
    assert ran.returncode == 0, ran.stderr
    assert "Traceback" not in ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.slow
def test_from_a_teacher_to_the_students_checkpoint(town: list[str], runs: Path):
    cwd = runs.parent
    trial = [sys.executable, "-m", "aerial_nni.trials.baseline", *town, "--epochs", "1",
             "--width", "4", "--depth", "2", "--out", "teacher"]  # fmt: skip
    assert subprocess.run(trial, cwd=cwd, capture_output=True).returncode == 0
    teacher = Path("teacher") / run_folder.CHECKPOINT
    said = run("distill", "--teacher", teacher, *town, "--epochs", 1, "--trials", 1, "--seeds", 5,
               "--final-epochs", 2, "--runs", os.path.relpath(runs, cwd), cwd=cwd)  # fmt: skip
    folder = Path(said["folder"])
    record = records.load(folder)
    assert (record.kind, record.state) == ("distill", "DONE")
    assert [trial.parameters["_phase"] for trial in record.trials] == [
        "search", "student", "control",
    ]  # fmt: skip
    searched, student, control = record.trials
    assert control.parameters == {**student.parameters, "_phase": "control", "teacher_weight": 0.0}
    assert student.parameters["kind"] == searched.parameters["kind"]
    options = {
        t.id: run_folder.read_json(folder / t.id / run_folder.OPTIONS) for t in record.trials
    }
    assert {(o["width"], o["depth"]) for o in options.values()} == {(2, 1)}
    assert options[control.id]["teacher_weight"] == 0
    assert run_folder.sha256(folder / run_folder.TEACHER) == record.method["teacher"]["sha256"]
    assert said["worth"]["seeds"] == 1
    assert record.best is not None and record.best.id in (searched.id, student.id)
    run("export", record.id, "--to", "best.safetensors", "--runs", runs, cwd=cwd)
    header = read_header(cwd / "best.safetensors")
    assert header["distillation"]["teacher"]["sha256"] == run_folder.sha256(cwd / teacher)
