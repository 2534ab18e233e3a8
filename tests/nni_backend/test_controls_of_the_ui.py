"""What the web UI's buttons do to a running experiment, through NNI's REST interface as they do."""

import dataclasses
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fast_experiments import Launched, api, ask, search, wait_for
from fast_trial import score_of

from aerial_nni.config import run_folder
from aerial_nni.config.options import TrialOptions
from aerial_nni.nni_backend import records, rest_client, stored_experiments
from aerial_nni.nni_backend.lifecycle import Outcome, Settings
from aerial_nni.nni_backend.trial_states import parameter_mismatches, parameters_of
from aerial_nni.tuners.trial import BEST, DEFAULT, SEARCH

pytestmark = pytest.mark.server

Run = Callable[..., Outcome]


class Page:
    """The web UI of an experiment, as far as its buttons go."""

    def __init__(self, port: int) -> None:
        self.api = api(port)
        self.port = port

    def edit(self, kind: str, name: str, value: Any) -> None:
        """A limit edited on the overview: the page sends the whole profile back."""
        profile = rest_client.request("GET", f"{self.api}/experiment")
        profile["params"][name] = value
        rest_client.request("PUT", f"{self.api}/experiment?update_type={kind}", value=profile)

    def kill(self, trial: str) -> None:
        rest_client.request("DELETE", f"{self.api}/trial-jobs/{trial}")

    def customised(self, parameters: dict[str, Any]) -> int:
        """A copied and edited trial; its number."""
        answer = rest_client.request("POST", f"{self.api}/trial-jobs", value=parameters)
        return int(answer["sequenceId"])

    def jobs(self) -> list[dict[str, Any]]:
        return ask(self.port, "trial-jobs") or []


def run_of(launched: Launched, port: int) -> tuple[Page, str]:
    """The page of an experiment, and its first trial, which has begun."""
    trial = wait_for(lambda: list(launched.runs.glob(f"{launched.id}/*/options.json")))[0]
    return Page(port), trial.parent.name


def test_limits_edited_while_it_runs_are_followed(
    runs: Path, port: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FAST_SECONDS", "600")
    launched = Launched(runs, port, seeds=3)
    page, first = run_of(launched, port)
    page.edit("MAX_TRIAL_NUM", "maxTrialNumber", 2)
    page.edit("MAX_EXEC_DURATION", "maxExperimentDuration", "2h")
    page.edit("TRIAL_CONCURRENCY", "trialConcurrency", 2)
    wait_for(lambda: len(launched.record.trials) == 2)
    limits = wait_for(lambda: (r := launched.record).limits.concurrency == 2 and r.limits)
    assert vars(limits) == {"trials": 2, "concurrency": 2, "max_minutes": 120, "max_failures": 3}
    for job in page.jobs():
        page.kill(job["trialJobId"])
    printed = launched.end()
    assert "changed in the web UI: 3 -> 2 trials" in printed
    assert [trial.state for trial in launched.record.trials] == ["USER_CANCELED"] * 2
    assert "all trials ended: 0 of 2 are good; go on with" in launched.record.reason


@pytest.mark.slow
def test_a_trial_more_than_planned_at_the_end_keeps_the_experiment_going(
    runs: Path, port: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FAST_SECONDS", "1.5")
    launched = Launched(runs, port, seeds=1)
    page, _ = run_of(launched, port)
    page.edit("MAX_TRIAL_NUM", "maxTrialNumber", 2)  # the tuner has no second point
    launched.end()
    assert launched.record.reason == "the tuner has no more to suggest: 1 of 1 are good"


def test_an_experiment_that_is_over_goes_on_when_its_limit_is_raised(
    runs: Path, port: int, monkeypatch: pytest.MonkeyPatch, heard: Callable[[], list[Any]]
):
    monkeypatch.setenv("FAST_RATES", "2")
    monkeypatch.setenv("FAST_STAY", "1")
    launched = Launched(runs, port, concurrency=2)
    page, _ = run_of(launched, port)
    wait_for(lambda: launched.record.state == "DONE")
    page.edit("MAX_TRIAL_NUM", "maxTrialNumber", 4)
    wait_for(lambda: len(launched.record.trials) == 4 and launched.record.state == "DONE")
    assert launched.record.limits.trials == 4
    launched.process.terminate()
    launched.end()
    assert launched.record.reason == "all trials ended: 4 of 4 are good"


def test_a_killed_trial_is_booked_as_cancelled_and_the_others_run(
    runs: Path, port: int, monkeypatch: pytest.MonkeyPatch, heard: Callable[[], list[Any]]
):
    monkeypatch.setenv("FAST_RATES", "3")
    monkeypatch.setenv("FAST_SECONDS", "3")
    launched = Launched(runs, port)
    page, first = run_of(launched, port)
    page.kill(first)
    done = wait_for(lambda: [t for t in launched.record.trials if t.state == "SUCCEEDED"])[0]
    with pytest.raises(rest_client.NoAnswer, match=f"{done.id} is not running"):
        page.kill(done.id)  # too late: it keeps its state and its result
    launched.end()
    states = {trial.id: trial.state for trial in launched.record.trials}
    assert states.pop(first) == "USER_CANCELED"
    assert list(states.values()) == ["SUCCEEDED"] * 2
    killed = parameters_by_id(launched)[first]
    assert ["end", killed, "USER_CANCELED"] in heard()
    assert launched.record.reason.startswith("all trials ended: 2 of 3 are good; go on")


def test_a_customised_trial_runs_with_its_parameters_and_the_tuner_learns_its_result(
    runs: Path, port: int, monkeypatch: pytest.MonkeyPatch, heard: Callable[[], list[Any]]
):
    monkeypatch.setenv("FAST_RATES", "3")
    monkeypatch.setenv("FAST_HOLD", str(runs / "go on"))
    launched = Launched(runs, port)
    page, first = run_of(launched, port)
    suggested = parameters_by_id(launched)[first]["lr"]
    mine = {"lr": next(lr for lr in (0.001, 0.002, 0.003, 0.004) if lr != suggested)}
    number = page.customised({**mine, "_phase": "retrain best", "_origin": "guided"})  # a copy
    (runs / "go on").touch()
    mine["_phase"] = "retrain best, added"  # neither of the search nor one of those planned
    launched.end()
    trials = launched.record.trials
    assert launched.record.reason == "all trials ended: 4 of 4 are good"  # on top of the planned
    assert launched.record.limits.trials == 4
    added = next(trial for trial in trials if trial.sequence == number)
    assert added.parameters == mine
    assert added.score == score_of(TrialOptions.of(lr=mine["lr"]))
    assert (
        run_folder.read_json(runs / launched.id / added.id / run_folder.OPTIONS)["lr"] == mine["lr"]
    )
    assert not any(parameter_mismatches(trial, runs / launched.id) for trial in trials)
    assert sorted(trial.parameters["lr"] for trial in trials) == [0.001, 0.002, 0.003, 0.004]
    lines = heard()
    assert lines[0] == ["added", mine]
    learnt = [line for line in lines if line[0] == "result" and line[1] == mine]
    assert [(line[2]["default"], line[3]) for line in learnt] == [(added.score, True)]
    others = [line for line in lines if line[0] == "result" and line[1] != mine]
    assert [line[3] for line in others] == [False] * 3


def test_a_persons_mistakes_do_not_end_a_search(
    runs: Path, port: int, monkeypatch: pytest.MonkeyPatch, heard: Callable[[], list[Any]]
):
    """What cannot run is refused with the reason; what fails all the same counts for nobody."""
    monkeypatch.setenv("FAST_RATES", "3")
    monkeypatch.setenv("FAST_HOLD", str(runs / "go on"))
    monkeypatch.setenv("FAST_FAIL", "7")
    launched = Launched(runs, port, concurrency=2)
    page, _ = run_of(launched, port)
    for mistake, said in (
        ({"lr": "oops"}, "lr='oops' is a str; give a float"),
        ({"lr": -1}, "lr=-1.0 is below 0; give 0 or more"),
        ({"lrr": 0.1}, "there is no option 'lrr'; did you mean lr?"),
        ({"lr": 0.1, "_phase": 5}, "_phase=5 must be a text"),
        ({"seed": 2**53 + 1}, "9007199254740992 has more digits than a whole number keeps"),
        ([], "it is a list, not names with values"),
    ):
        with pytest.raises(
            rest_client.NoAnswer, match=re.escape(f"the trial was not added: {said}")
        ):
            page.customised(mistake)
    numbers = {page.customised({"lr": 0.001, "seed": 7}) for _ in range(3)}
    (runs / "go on").touch()
    launched.end()
    record = launched.record
    assert record.state == "DONE"
    assert record.reason.startswith("all trials ended: 3 of 3 are good")
    assert {trial.sequence for trial in record.trials if trial.added} == numbers
    assert {t.sequence for t in record.trials if t.state == "FAILED"} == numbers
    assert [line[0] for line in heard()].count("added") == 3  # nobody heard of what was refused


@pytest.mark.parametrize("name", ["gp", pytest.param("bohb", marks=pytest.mark.slow)])
def test_all_of_it_with_a_method(
    name: str, runs: Path, port: int, monkeypatch: pytest.MonkeyPatch, heard: Callable[[], list]
):
    """Concurrency and number edited, a trial killed, another copied and edited: all in a search."""
    monkeypatch.setenv("FAST_METHOD", name)
    monkeypatch.setenv("FAST_HOLD", str(runs / "go on"))
    launched = Launched(runs, port)
    page, first = run_of(launched, port)
    killed = parameters_by_id(launched)[first]
    mine = {**killed, "lr": 0.0123}
    number = page.customised(mine)
    page.edit("TRIAL_CONCURRENCY", "trialConcurrency", 2)
    page.edit("MAX_TRIAL_NUM", "maxTrialNumber", 8)  # 4 of the search, 2 final, mine, and one more
    page.kill(first)
    (runs / "go on").touch()
    launched.end()
    assert launched.record.reason.startswith("all trials ended: 7 of 8 are good")
    trials = {trial.sequence: trial for trial in launched.record.trials}
    phases = Counter(trial.parameters["_phase"] for trial in trials.values())
    assert phases == {SEARCH: 4 + 1 + 1, BEST: 1, DEFAULT: 1}
    assert trials[0].id == first and trials[0].state == "USER_CANCELED"
    added = trials[number]
    mine.pop("_origin")  # it was nobody's choice but the person's
    assert added.parameters == mine
    assert not any(parameter_mismatches(trial, runs / launched.id) for trial in trials.values())
    lines = heard()
    assert ["added", added.parameters] in lines
    learnt = [line for line in lines if line[0] == "result" and line[3]]
    assert [(line[1], line[2]["default"]) for line in learnt] == [(added.parameters, added.score)]
    assert ["end", killed, "USER_CANCELED"] in lines
    assert sum(line[0] == "result" for line in lines) == 4 - 1 + 1 + 1  # finals teach nothing


def test_a_customised_trial_that_is_cut_off_is_resumed_and_learnt(
    runs: Path, port: int, monkeypatch: pytest.MonkeyPatch, heard: Callable[[], list[Any]]
):
    monkeypatch.setenv("FAST_RATES", "2")
    monkeypatch.setenv("FAST_SECONDS", "1")
    monkeypatch.setenv("FAST_HOLD", str(runs / "go on"))
    launched = Launched(runs, port)
    page, first = run_of(launched, port)
    mine = {"lr": 0.0025}  # what the search space does not have
    page.customised(mine)
    (runs / "go on").touch()
    wait_for(lambda: len(launched.history()) == 2)
    launched.process.kill()
    launched.end()
    outcome = stored_experiments.resume(Settings(runs=runs, port=port), launched.id)
    assert outcome.record.reason == "all trials ended: 3 of 3 are good"
    assert 0.0025 in [trial.parameters["lr"] for trial in outcome.record.trials]
    assert heard().count(["added", mine]) == 2 and ["resumed", mine] not in heard()
    assert [line[3] for line in heard() if line[0] == "result" and line[1] == mine] == [True]


def test_the_tuner_learns_the_last_score_of_a_trial_that_is_stopped_early_and_keeps_it(
    run_fast: Run,
    runs: Path,
    port: int,
    monkeypatch: pytest.MonkeyPatch,
    heard: Callable[[], list[Any]],
):
    monkeypatch.setenv("FAST_SECONDS", "0.1 600")
    stopper = {"class_name": "stopping_assessor.StopAll"}
    outcome = run_fast(dataclasses.replace(search(1), assessor=stopper))
    trial = outcome.record.trials[0]
    assert trial.state == "EARLY_STOPPED"
    last = run_folder.read_history(outcome.folder / trial.id / run_folder.HISTORY)[-1]["mean_iou"]
    told = {"default": last, "loss": 1 - last}
    assert heard() == [
        ["result", trial.parameters, told, False],
        ["end", trial.parameters, "EARLY_STOPPED"],
    ]
    again = stored_experiments.resume(Settings(runs=runs, port=port), outcome.record.id, trials=2)
    assert [trial.state for trial in again.record.trials] == ["EARLY_STOPPED"] * 2
    assert ["imported", [trial.parameters]] in heard()


def parameters_by_id(launched: Launched) -> dict[str, dict[str, Any]]:
    def known() -> dict[str, dict[str, Any]]:
        folder = launched.runs / launched.id
        return {trial.id: trial.parameters for trial in records.load(folder).trials}

    return wait_for(known)


@pytest.mark.slow
def test_nni_alone_never_goes_on_after_its_limit_was_reached(
    runs: Path, port: int, monkeypatch: pytest.MonkeyPatch, heard: Callable[[], list[Any]]
):
    monkeypatch.setenv("AERIAL_NNI_LEAVE", "requests,customized")
    monkeypatch.setenv("FAST_RATES", "1")
    monkeypatch.setenv("FAST_STAY", "1")
    launched = Launched(runs, port)
    page, _ = run_of(launched, port)
    wait_for(lambda: launched.record.state == "DONE")
    with pytest.raises(rest_client.NoAnswer, match="reach maxTrialNum"):
        page.customised({"lr": 0.5})
    page.edit("MAX_TRIAL_NUM", "maxTrialNumber", 2)
    wait_for(lambda: ask(port, "check-status")["status"] == "RUNNING")
    log = runs / ".nni" / launched.id / "log" / "nnimanager.log"
    wait_for(lambda: log.read_text().count("Change NNIManager status") > 3)
    assert len(page.jobs()) == 1
    launched.process.terminate()
    launched.end()
    assert [parameters_of(job) for job in page.jobs()] == []
