"""Prints as JSON, last of all, what a tuner hears from NNI's dispatcher without our repairs."""

import json
import sys

from nni.runtime.tuner_command_channel import CommandType
from talk import KillAll, Recorder, Talk, earlier

if __name__ == "__main__":
    heard = {}
    talk = Talk(tuner := Recorder())
    talk.metric("c", None, 0.7)
    talk.end("c", None, {"x": 7})
    heard["a customised trial"] = tuner.heard

    talk = Talk(tuner := Recorder(), assessor := KillAll())
    tuner.assesses = False
    talk.ask()
    talk.metric("t", 0, 0.2, kind="PERIODICAL")
    talk.end("t", 0, {"x": 0}, "EARLY_STOPPED")
    heard["a trial that is stopped early"] = tuner.heard
    heard["stopped though the tuner would not have it"] = assessor.asked

    talk = Talk(tuner := Recorder())
    known = [earlier(0.1, "SUCCEEDED", 0.5), earlier(0.2, "FAILED"), earlier(0.3, "RUNNING")]
    talk.tell(CommandType.ImportData, known)
    heard["trials before a resume"] = tuner.heard

    talk.dispatcher.enqueue_command(CommandType.TrialEnd, {})
    heard["ends in the queue of results"] = talk.dispatcher.default_command_queue.qsize()

    assert "aerial_nni" not in sys.modules
    print(json.dumps(heard))
