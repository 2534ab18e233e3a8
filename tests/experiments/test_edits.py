"""Limits that are edited in the web UI, and what is no limit."""

import math
from typing import Any

import pytest
from made_records import a_record

from aerial_nni.experiments.edits import EditedLimits

PARAMS = {"maxTrialNumber": 4, "trialConcurrency": 1, "maxExperimentDuration": "2h"}


@pytest.mark.parametrize(
    "broken",
    [
        {},
        None,
        [],
        {**PARAMS, "maxTrialNumber": None},
        {**PARAMS, "trialConcurrency": "many"},
        {**PARAMS, "maxExperimentDuration": {"h": 2}},
        {**PARAMS, "maxExperimentDuration": "soon"},
        {**PARAMS, "maxExperimentDuration": 9e999},
    ],
)
def test_what_is_no_limit_changes_nothing_and_later_edits_are_followed(broken: Any):
    record = a_record(limits={"trials": 4, "concurrency": 1, "max_minutes": 120.0})
    edits = EditedLimits()
    assert edits.seconds == math.inf
    assert edits.follow(record, PARAMS) == []
    assert edits.follow(record, broken) == []
    assert (edits.seconds, record.limits["trials"]) == (7200, 4)
    said = edits.follow(record, {**PARAMS, "maxTrialNumber": 6, "maxExperimentDuration": "3h"})
    assert said == [
        "changed in the web UI: 4 -> 6 trials",
        "changed in the web UI: 120 -> 180 minutes",
    ]
    assert edits.seconds == 3 * 3600
