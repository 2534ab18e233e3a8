"""What a tuner hears of its trials from NNI's dispatcher, with our repairs and without."""

import json
import subprocess
import sys
from pathlib import Path

import nni
import pytest
from nni.runtime.tuner_command_channel import CommandType
from talk import KillAll, Recorder, Talk, earlier

from aerial_nni.tuners import dispatcher_events
from aerial_nni.tuners.dispatcher_patches import NotYet
from aerial_nni.tuners.evolution import EvolutionTuner
from aerial_nni.tuners.search_then_retrain import PhasedTuner

SPACE = {"x": {"_type": "uniform", "_value": [0.0, 1.0]}}


def test_a_trial_ends_after_its_result():
    tuner = Recorder()
    talk = Talk(tuner)
    talk.ask()
    dispatcher = talk.dispatcher
    packed = json.dumps({"parameter_id": 0, "parameters": {"x": 0}})
    end = {"trial_job_id": "t", "event": "SUCCEEDED", "hyper_params": packed}
    metric = {"parameter_id": 0, "trial_job_id": "t", "type": "FINAL", "sequence": 0}
    dispatcher.enqueue_command(CommandType.ReportMetricData, {**metric, "value": "0.5"})
    talk.tell(CommandType.TrialEnd, end)
    assert tuner.heard == [("result", 0, 0.5, False), ("end", 0, "SUCCEEDED")]


def test_a_customised_trial_is_heard_of_and_its_result_learnt():
    tuner = Recorder()
    talk = Talk(tuner)
    talk.ask()
    talk.add({"x": 7})
    talk.metric("c", None, {"default": 0.7})
    talk.metric("t", 0, {"default": 0.1})
    talk.end("c", None, {"x": 7})
    assert tuner.heard == [
        ("added", 7),
        ("result", 0, {"default": 0.1}, False),
        ("result", 7, {"default": 0.7}, True),
        ("end", 7, "SUCCEEDED"),
    ]
    talk.ask()  # its parameter id is nobody else's
    assert list(talk.started) == [0, 2]


def test_a_tuner_that_does_not_take_customised_trials_hears_nothing_of_them():
    tuner = Recorder()
    tuner._accept_customized = False
    talk = Talk(tuner)
    talk.metric("c", None, 0.7)
    talk.end("c", None, {"x": 7})
    assert tuner.heard == []


@pytest.mark.parametrize("customised", [False, True])
def test_of_a_trial_that_is_stopped_early_the_last_score_is_told(customised: bool):
    tuner, id = Recorder(), None if customised else 0
    talk = Talk(tuner, KillAll())
    talk.ask()
    talk.metric("t", id, {"default": 0.2}, kind="PERIODICAL")
    talk.metric("t", id, {"default": 0.3}, kind="PERIODICAL")
    assert talk.answers(CommandType.KillTrialJob)[0] == '"t"'
    talk.end("t", id, {"x": 0}, "EARLY_STOPPED")
    told = [("result", 0, {"default": 0.3}, customised), ("end", 0, "EARLY_STOPPED")]
    assert tuner.heard == told and tuner.names == ["t"]


@pytest.mark.parametrize("event", ["FAILED", "USER_CANCELED"])
def test_a_trial_that_failed_or_was_cancelled_has_no_score(event: str):
    tuner = Recorder()
    talk = Talk(tuner)
    talk.ask()
    talk.metric("t", 0, 0.2, kind="PERIODICAL")
    talk.end("t", 0, {"x": 0}, event)
    assert tuner.heard == [("end", 0, event)]


def test_only_who_reaches_the_end_succeeds():
    tuner = Recorder()
    talk = Talk(tuner)
    events = ["SUCCEEDED", "FAILED", "USER_CANCELED", "EARLY_STOPPED", "SYS_CANCELED"]
    talk.ask(len(events))
    for id, event in enumerate(events):
        talk.end(f"t{id}", id, {"x": id}, event)
    assert tuner.succeeded == [True, False, False, False, False]


def test_a_result_is_told_once():
    tuner = Recorder()
    talk = Talk(tuner)
    talk.ask()
    talk.metric("t", 0, 0.2, kind="PERIODICAL")
    talk.metric("t", 0, 0.4)
    talk.end("t", 0, {"x": 0}, "EARLY_STOPPED")
    assert tuner.heard == [("result", 0, 0.4, False), ("end", 0, "EARLY_STOPPED")]


def test_resumed_trials_are_trials_like_any_other():
    tuner = Recorder()
    talk = Talk(tuner)
    packed = [
        {"parameter_id": id, "parameter_source": "resumed", "parameters": {"x": x}}
        for id, x in ((3, 0.3), (5, 0.5), (None, 0.9))
    ]
    known = [earlier(0.3, "RUNNING"), earlier(0.5, "WAITING")]
    known.append(earlier(0.9, "ADD_RESUMED", customized=True))
    talk.tell(CommandType.ImportData, known)
    talk.tell(CommandType.AddCustomizedTrialJob, packed)
    talk.metric("t3", 3, 0.1)
    talk.end("t3", 3, {"x": 0.3})
    talk.end("t5", 5, {"x": 0.5}, "FAILED")
    talk.metric("c", None, 0.2)
    talk.end("c", None, {"x": 0.9})
    assert tuner.heard == [
        ("resumed", 0.3),
        ("resumed", 0.5),
        ("added", 0.9),
        ("result", 0.3, 0.1, False),
        ("end", 0.3, "SUCCEEDED"),
        ("end", 0.5, "FAILED"),
        ("result", 0.9, 0.2, True),
        ("end", 0.9, "SUCCEEDED"),
    ]
    talk.ask()
    assert min(talk.started) > 5


def test_without_our_manager_trials_that_go_on_are_heard_of_too():
    tuner = Recorder()
    packed = {"parameter_id": 3, "parameter_source": "resumed", "parameters": {"x": 0.3}}
    Talk(tuner).tell(CommandType.AddCustomizedTrialJob, [packed])
    assert tuner.heard == [("resumed", 0.3)]


def test_earlier_trials_are_told_in_their_order_however_they_ended():
    tuner = Recorder()
    result = nni.dump({"default": 0.5})
    known = [
        earlier(0.1, "SUCCEEDED", result),
        earlier(0.2, "FAILED"),
        earlier(0.3, "RUNNING"),
        earlier(0.4, "EARLY_STOPPED", result),
        earlier(0.5, "SUCCEEDED", result, customized=True),
        earlier(0.6, "USER_CANCELED", customized=True),
        {"parameter": {"x": 0.7}, "value": result},  # imported by a person
    ]
    Talk(tuner).tell(CommandType.ImportData, known)
    assert tuner.heard == [
        ("imported", 0.1, {"default": 0.5}),
        ("failed", 0.2),
        ("resumed", 0.3),
        ("imported", 0.4, {"default": 0.5}),
        ("added", 0.5),
        ("imported", 0.5, {"default": 0.5}),
        ("failed", 0.6),
        ("imported", 0.7, {"default": 0.5}),
    ]


def test_a_mutation_names_its_parent_after_a_resume():
    tuner = EvolutionTuner(trials=20, population=1, startup=1)
    tuner.update_search_space(SPACE)
    known = [earlier(0.1, "FAILED"), earlier(0.2, "RUNNING"), earlier(0.3, "SUCCEEDED", 1.0)]
    Talk(tuner).tell(CommandType.ImportData, known)
    tuner.generate_parameters(3)
    assert tuner.origin == "mutation of trial 3"


def test_the_dispatcher_says_that_it_hears():
    talk = Talk(Recorder())
    talk.tell(CommandType.Initialize, SPACE)
    assert talk.answers(CommandType.Initialized) == [dispatcher_events.HEARS]
    manager = Path(dispatcher_events.__file__).parents[1] / "nni_backend" / "node" / "manager.cjs"
    assert f'"{dispatcher_events.HEARS}"' in manager.read_text()


def test_a_search_waits_for_resumed_and_added_trials_and_no_longer():
    tuner = PhasedTuner(
        {"class_name": "aerial_nni.tuners.random_grid.RandomTuner", "class_args": {}},
        search=1,
        finals=[{"_phase": "final", "_from": "best"}],
    )
    tuner.update_search_space(SPACE)
    talk = Talk(tuner)
    point = {"x": 0.5, "_phase": "search"}
    resumed = {"parameter_id": 0, "parameter_source": "resumed", "parameters": point}
    talk.tell(CommandType.ImportData, [{**earlier(0.5, "RUNNING"), "parameter": point}])
    talk.tell(CommandType.AddCustomizedTrialJob, [resumed])
    talk.add({"x": 0.25})
    talk.metric("c", None, 0.7)
    with pytest.raises(NotYet):
        tuner.generate_parameters(9)
    talk.end("c", None, {"x": 0.25})
    packed = json.dumps({"parameter_id": 0, "parameters": point})
    failed = {"trial_job_id": "t", "event": "FAILED", "hyper_params": packed}
    talk.tell(CommandType.TrialEnd, failed)
    assert tuner.generate_parameters(9) == {"x": 0.25, "_phase": "final"}


def test_a_tuner_may_keep_its_trials_from_being_stopped():
    tuner, assessor = Recorder(), KillAll()
    talk = Talk(tuner, assessor)
    tuner.assesses = False
    talk.ask()
    talk.metric("t", 0, 0.2, kind="PERIODICAL")
    assert assessor.asked == [] and talk.answers(CommandType.KillTrialJob) == []
    tuner.assesses = True
    talk.metric("t", 0, 0.2, kind="PERIODICAL")
    assert assessor.asked == ["t"]


def test_nni_alone_tells_a_tuner_less_and_asks_it_nothing():
    """Ends the repairs' reason to be: NNI does as it should where this test fails."""
    script = Path(__file__).with_name("nni_alone.py")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told_last = json.loads(done.stdout.splitlines()[-1])  # after NNI's own log
    known = [["imported", 0.1, 0.5], ["imported", 0.2, None], ["imported", 0.3, None]]
    assert told_last == {
        "a customised trial": [["end", None, ""]],
        "a trial that is stopped early": [["end", None, ""]],
        "stopped though the tuner would not have it": ["t"],
        "trials before a resume": known,
        "ends in the queue of results": 0,
    }
