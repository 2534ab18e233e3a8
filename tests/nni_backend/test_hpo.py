"""A search and its final trials, under a real NNI server."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from fast_experiments import fast_search

from aerial_nni.config import run_folder
from aerial_nni.config.options import BadOption, TrialOptions
from aerial_nni.nni_backend import records
from aerial_nni.nni_backend.lifecycle import Outcome
from aerial_nni.recipes.engine.search import Plan
from aerial_nni.recipes.engine.search_space import FOLDER, load_space
from aerial_nni.recipes.hpo.study import FULL, ReasonMissing, hpo, plan_of
from aerial_nni.tuners.methods import METHODS
from aerial_nni.tuners.space import Space
from aerial_nni.tuners.trial import BEST, DEFAULT

Run = Callable[..., Outcome]


@pytest.mark.server
def test_a_search_then_its_best_and_the_default_over_seeds(run_fast: Run):
    outcome = run_fast(fast_search("random"), concurrency=2)
    record = records.load(outcome.folder)
    assert outcome.good, record.reason
    phases = [trial.parameters["_phase"] for trial in record.trials]
    assert phases == ["search"] * 4 + [BEST] * 2 + [DEFAULT] * 2
    searched = [trial for trial in record.trials if trial.parameters["_phase"] == "search"]
    space = Space.parse(record.space)
    for trial in searched:
        ran = run_folder.read_json(outcome.folder / trial.id / run_folder.OPTIONS)
        assert {name: ran[name] for name in space.names} == {
            name: trial.parameters[name] for name in space.names
        }
    best = max(searched, key=lambda trial: trial.score or 0)
    finals = record.trials[4:]
    for trial in finals[:2]:
        assert {name: trial.parameters[name] for name in space.names} == {
            name: best.parameters[name] for name in space.names
        }
    assert [trial.parameters["seed"] for trial in finals] == [1, 2, 1, 2]
    assert all(trial.parameters["epochs"] == 3 for trial in finals)
    assert record.method["name"] == "random"
    assert record.method["class_args"]["startup"] == 0
    assert not record.method["missing"]


@pytest.mark.server
def test_an_assessor_stops_trials_of_the_search_alone(run_fast: Run):
    definition = fast_search("random", trials=5, seeds=(1,))
    arguments = {"optimize_mode": "maximize", "start_step": 1}
    assessor = {"name": "Medianstop", "class_args": arguments}
    outcome = run_fast(dataclasses.replace(definition, assessor=assessor))
    states = {trial.parameters["_phase"]: [] for trial in outcome.record.trials}
    for trial in outcome.record.trials:
        states[trial.parameters["_phase"]].append(trial.state)
    assert len(states["search"]) == 5 and "EARLY_STOPPED" in states["search"]
    assert states[BEST] == states[DEFAULT] == ["SUCCEEDED"]


def test_a_reduced_space_needs_a_reason(tmp_path: Path):
    small, method = FOLDER / "hpo-small.yaml", METHODS["random"]
    with pytest.raises(ReasonMissing, match=r"width is not searched.*--reason"):
        hpo(TrialOptions(), method, Plan(trials=4, seeds=(), epochs=3), space_file=small)
    plan = Plan(trials=4, seeds=(), epochs=3, reason="two cores")
    definition = hpo(TrialOptions(), method, plan, space_file=small)
    assert definition.method["reason"] == "two cores"
    assert "width is not searched" in definition.method["missing"]
    assert definition.trials == 4
    assert hpo(TrialOptions(), method, plan, space_file=FULL).method["missing"] == []


def test_what_is_given_is_not_searched():
    options, method = TrialOptions.of(width=8), METHODS["random"]
    plan = Plan(trials=4, seeds=(), epochs=3)
    with pytest.raises(ReasonMissing, match="width is not searched"):
        hpo(options, method, plan, given=["width", "epochs"])
    plan = dataclasses.replace(plan, reason="a small model")
    definition = hpo(options, method, plan, given=["width", "epochs"])
    assert "width" not in definition.space and definition.method["given"] == {"width": 8}
    every = load_space(FULL, options)
    with pytest.raises(BadOption, match="leave one out"):
        hpo(options, method, plan, given=list(every))


def test_final_trials_do_not_have_the_seed_that_picked_the_best():
    options, method = TrialOptions.of(seed=2), METHODS["random"]
    with pytest.raises(BadOption, match="2 is the search's"):
        hpo(options, method, Plan(trials=4, seeds=(1, 2), epochs=3))
    with pytest.raises(BadOption, match="twice"):
        hpo(options, method, Plan(trials=4, seeds=(1, 1), epochs=3))
    assert plan_of("scenes", seed=0).seeds == (1, 2, 3)
    assert hpo(options, method, plan_of("scenes", seed=2)).method["seeds"] == [1, 3, 4]


@pytest.mark.parametrize("name", ["median-stop", "curve-fitting"])
def test_nni_accepts_each_assessor(name: str, tmp_path: Path):
    from aerial_nni.nni_backend.definition import limits_of, nni_config

    plan = Plan(trials=4, seeds=(), epochs=3, assessor=name)
    definition = hpo(TrialOptions.of(epochs=12), METHODS["random"], plan)
    limits = limits_of(definition, {})
    config = nni_config(definition, limits, {}, folder=tmp_path / "runs" / "one")
    assert config.assessor is not None
