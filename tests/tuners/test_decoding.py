"""NNI's decoder builds objects of what it is sent; in our experiments it does not."""

import json
import math
import os
import subprocess
import sys

import json_tricks
import nni
import pytest
from nni.common import serializer

from aerial_nni.tuners.decoding import OURS, decode_plainly, in_our_experiment

BUILT = [
    {"__nni_obj__": "gASVCQAAAAAAAACMBW9iamVjdJQu"},
    {"__nni_type__": "path:os.system"},
    {"__symbol__": "path:os.getcwd"},
    {"__instance_type__": ["os", "system"], "attributes": {}},
    {"__complex__": [1, 2]},
    {"__ndarray__": [1, 2], "dtype": "int64", "shape": [2]},
    {"__pathlib__": "/etc"},
    {"__set__": [1]},
    {"__enum__": {"__enum_instance_type__": ["signal", "Signals"], "name": "SIGKILL"}},
]
"""What NNI makes an object of, or fails at."""


def built(value: object) -> bool:
    try:
        return not isinstance(nni.load(json.dumps(value)), dict)
    except Exception:  # a hook ran, and did not like what it got
        return True


@pytest.mark.parametrize("value", BUILT, ids=lambda value: next(iter(value)))
def test_what_is_sent_stays_what_it_is(value: dict, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(serializer, "json_tricks", json_tricks)  # whatever another test left there
    assert built(value)
    decode_plainly()
    assert nni.load(json.dumps({"lr": [value]})) == {"lr": [value]}


def test_numbers_texts_and_what_is_no_number_are_decoded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(serializer, "json_tricks", json_tricks)
    decode_plainly()
    sent = {"lr": 1e-4, "width": 16, "flip": True, "loss": "ce // dice # both", "nothing": None}
    assert nni.load(nni.dump(sent)) == sent
    assert math.isnan(nni.load("NaN")) and nni.load("-Infinity") == -math.inf


def test_an_experiment_is_ours_where_we_started_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(OURS, raising=False)
    assert not in_our_experiment()
    monkeypatch.setenv(OURS, "")
    assert in_our_experiment()


def test_by_its_name_it_is_left_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(serializer, "json_tricks", json_tricks)
    monkeypatch.setenv("AERIAL_NNI_LEAVE", "bind,plain")
    decode_plainly()
    assert built(BUILT[4])


@pytest.mark.parametrize("ours", [True, False])
def test_a_foreign_experiment_with_a_tuner_of_ours_keeps_what_nni_does(ours: bool):
    program = (
        "import aerial_nni.tuners.tpe, nni; print(type(nni.load('{\"__complex__\": [1, 2]}')))"
    )
    environment = {**os.environ, **({OURS: "/nowhere"} if ours else {})}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ("<class 'dict'>" if ours else "<class 'complex'>")
