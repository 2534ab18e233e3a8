"""Limits that are edited in the web UI, and what is no limit."""

import math
from typing import Any

import pytest
from made_records import a_record

from aerial_nni.nni_backend.limit_edits import EditedLimits

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
    assert (edits.seconds, record.limits.trials) == (7200, 4)
    said = edits.follow(record, {**PARAMS, "maxTrialNumber": 6, "maxExperimentDuration": "3h"})
    assert said == [
        "changed in the web UI: 4 -> 6 trials",
        "changed in the web UI: 120 -> 180 minutes",
    ]
    assert edits.seconds == 3 * 3600


def test_final_trials_that_a_lower_limit_drops_are_told():
    limits = {"trials": 10, "concurrency": 1, "max_minutes": 120.0}
    record = a_record(limits=limits, method={"search_trials": 4})
    edits, params = EditedLimits(), {**PARAMS, "maxTrialNumber": 10}
    assert edits.follow(record, params) == []

    def said(trials: int) -> list[str]:
        return edits.follow(record, {**params, "maxTrialNumber": trials})[1:]

    assert "2 of the 6 trials after the search will not run" in said(8)[0]
    assert "6 of the 6 trials after the search will not run" in said(3)[0]
    assert said(3) == said(10) == said(12) == []
    assert "for all of them set the limit to 12" in said(9)[0]


def test_a_lower_limit_of_a_baseline_drops_nothing_else():
    record = a_record(limits={"trials": 4, "concurrency": 1, "max_minutes": 120.0})
    edits = EditedLimits()
    edits.follow(record, PARAMS)
    assert len(edits.follow(record, {**PARAMS, "maxTrialNumber": 2})) == 1
