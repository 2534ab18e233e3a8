"""What is said of an experiment's time before NNI starts."""

import dataclasses
from argparse import Namespace
from pathlib import Path

import pytest
from torch import nn

from aerial_nni.config.options import TrialOptions, changed
from aerial_nni.config.run_folder import as_json
from aerial_nni.config.run_folder_schema import Limits
from aerial_nni.nni_backend import estimate, launch
from aerial_nni.nni_backend.definition import Definition
from aerial_nni.nni_backend.estimate import NotTimed, Timing, duration, measured, say_estimate
from aerial_nni.nni_backend.launch import write_options
from aerial_nni.nni_backend.workload import Part, granted_epochs, workload
from aerial_nni.recipes.baseline.study import baseline
from aerial_nni.recipes.distill.options import DistillOptions
from aerial_nni.recipes.distill.study import distill
from aerial_nni.recipes.distill.teacher import Teacher
from aerial_nni.recipes.engine.search import Plan
from aerial_nni.run import build_parser
from aerial_nni.tuners.methods import METHODS

TIMING = Timing(setup=5.0, first=1.0, step=2.0, steps=50, validation=20.0, device="cpu")
FOLDED = {"space_to_depth": 2}
TIMES = {as_json({}): TIMING, as_json(FOLDED): dataclasses.replace(TIMING, step=0.4)}


LIMITS = Limits(trials=1, concurrency=1, max_minutes=1440.0)


def lines(work: list[Part], **limits: float) -> list[str]:
    chosen = dataclasses.replace(LIMITS, **limits)  # type: ignore[arg-type]
    return estimate.estimate(work, TIMES, chosen, base={}, folded=FOLDED)


def test_steps_epochs_and_trials_make_the_time_and_a_smaller_grid_less():
    (line,) = lines([Part(trials=4, epochs=30)])
    # 4 x (start + 5 + 1 + 30 x (50 x 2 + 20)) s, and with 0.4 s a step
    assert line.startswith("this will take about 4.0 hours; with --space-to-depth 2 about 81 min")
    assert "an estimate: 4 trials, a step takes 2 s here, an epoch has 50" in line


def test_what_takes_minutes_is_said_to():
    assert lines([Part(trials=1, epochs=4)]) == ["this will take less than 10 minutes"]


def test_trials_at_once_share_the_time_but_not_that_of_the_last_round(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    three = lines([Part(trials=3, epochs=30)], concurrency=2)[0]
    assert three.split(";")[0] == lines([Part(trials=2, epochs=30)])[0].split(";")[0]


def test_more_trials_at_once_than_cores_gain_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    work = [Part(trials=8, epochs=30)]
    assert lines(work, concurrency=8) == lines(work, concurrency=2)


def test_a_limit_that_ends_it_before_is_said_with_the_one_that_does_not():
    text, limit = lines([Part(trials=4, epochs=30)], max_minutes=60)
    assert "it ends after 60 minutes, its limit: give --max-minutes 360" in limit


def test_the_time_of_a_variant_that_was_not_timed_is_that_of_the_usual_one():
    untimed = Part(trials=4, epochs=30, changes=[{"width": 32}])
    assert lines([untimed]) == lines([Part(trials=4, epochs=30)])


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(700, "12 minutes"), (5400, "90 minutes"), (3600 * 9, "9.0 hours"),
     (3600 * 38.2, "38 hours"), (86400 * 4.04, "4.0 days")],
)  # fmt: skip
def test_durations_are_as_exact_as_an_estimate_is(seconds: float, said: str):
    assert duration(seconds) == said


def test_hyperband_trains_a_part_of_the_epochs_and_what_is_inherited_is_not_counted():
    # Three configurations of 3 epochs and one of them on to 9, twice; two of 9, twice: 66 epochs.
    assert granted_epochs(9, 12) == pytest.approx(66 / 12)
    assert granted_epochs(1, 5) == 1


def test_a_search_is_timed_by_configurations_that_it_may_choose():
    space = {"width": {"_type": "choice", "_value": [8, 64]},
             "lr": {"_type": "uniform", "_value": [0.1, 0.2]}}  # fmt: skip
    points = [{"_from": "best", "_phase": "a", "seed": seed, "epochs": 9} for seed in (1, 2)]
    points += [{"_phase": "b", "seed": 1, "epochs": 9, "find_lr": 20}]
    search, best, plain = workload(TrialOptions.of(epochs=4), space, searched=5, points=points)
    assert (search.trials, search.epochs) == (5, 4)
    assert len(search.changes) > 1 and all(set(one) == {"width"} for one in search.changes)
    assert (best.trials, best.epochs, best.changes) == (2, 9, search.changes)
    assert (plain.trials, plain.epochs, plain.changes, plain.more_steps) == (1, 9, [{}], 20)


def own_data(imagery: Path, **more: object) -> Definition:
    options = TrialOptions.of(data="folder", data_dir=str(imagery), epochs=3, batch=2, patch=16,
                           depth=1, width=2)  # fmt: skip
    return baseline(changed(options, more), [0, 1])  # type: ignore[arg-type]


def said(definition: Definition, folder: Path, *, local: bool = True) -> None:
    write_options(folder, definition.options)
    limits = dataclasses.replace(LIMITS, trials=definition.trials)
    say_estimate(definition, limits, folder, options=definition.options, local=local)


@pytest.mark.long
def test_the_step_of_a_trial_is_timed_by_its_own_program(
    imagery: Path, tmp_path: Path, capfd: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(estimate, "LONG", 0.0)
    said(own_data(imagery), tmp_path)
    printed = capfd.readouterr().err
    assert "timing a step" in printed
    assert "this will take about 0 minutes; with --space-to-depth 2 about 0 minutes" in printed
    assert "an epoch has 2" in printed  # of five patches, two a step
    assert [path.name for path in tmp_path.iterdir()] == ["options.yaml"]


@pytest.mark.long
def test_why_there_is_no_estimate_is_said(
    imagery: Path, tmp_path: Path, capfd: pytest.CaptureFixture
):
    said(own_data(imagery, data_dir="/nowhere"), tmp_path)
    printed = capfd.readouterr().err
    assert "no estimate of the time that it takes: /nowhere does not exist" in printed
    said(own_data(imagery), tmp_path, local=False)
    assert "trials run on other machines" in capfd.readouterr().err


def test_what_is_short_on_built_in_data_is_not_timed(tmp_path: Path, capfd: pytest.CaptureFixture):
    said(baseline(TrialOptions.of(epochs=24), [0]), tmp_path)
    assert capfd.readouterr().err == ""


def test_a_program_that_cannot_time_says_why(tmp_path: Path):
    with pytest.raises(NotTimed, match="no_such_module"):
        measured("no_such_module", tmp_path, [{}], concurrency=1)


@pytest.mark.parametrize("verb", ["baseline --seeds 0 1", "hpo --method bohb", "darts", "zoomout",
                                  "zoomout --trials 0", "drone", "drone --find-lr 7"])  # fmt: skip
def test_what_each_recipe_trains_is_estimated_whole(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    taken: list[Definition] = []

    def take(definition: Definition, *_: object, **__: object) -> None:
        taken.append(definition)
        raise LookupError

    monkeypatch.setattr(launch, "launch", take)
    with pytest.raises(LookupError):
        words = [*verb.split(), "--runs", str(tmp_path)]
        given = build_parser().parse_args(words, Namespace(words=words))
        given.verb(given)
    (definition,) = taken
    assert sum(part.trials for part in definition.work) == definition.trials
    for part in definition.work:
        assert part.epochs > 0
        for changes in part.changes:
            changed(definition.options, changes)  # a trial's program takes them
    more = sum(part.more_steps for part in definition.work)
    assert more == definition.method.get("find_lr", 0) * len(definition.method.get("losses", ()))


def test_a_student_and_its_control_are_estimated():
    teacher = Teacher(model=nn.Conv2d(1, 1, 1), header={"model": {}}, path=Path("t"),
                      sha256="0" * 64, parameters=2)  # fmt: skip
    plan = Plan(trials=3, seeds=(1, 2), epochs=9)
    definition = distill(DistillOptions.of(teacher="t"), teacher, METHODS["gp"], plan)
    search, student, control = definition.work
    assert (search.trials, student.trials, control.trials) == (3, 2, 2)
    assert all(changes["teacher_weight"] == 0 for changes in control.changes)
    assert not any("teacher_weight" in changes for changes in student.changes)
