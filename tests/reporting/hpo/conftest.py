"""Fabricated searches for the tests of their document."""

from collections.abc import Callable
from pathlib import Path

import pytest
from searches import PLANS, Plan, make_search

from aerial_nni.reporting.folder import read_experiment
from aerial_nni.reporting.search.search import Search, read_search


@pytest.fixture(scope="session")
def search_folder(
    tmp_path_factory: pytest.TempPathFactory, fabricate_trial: Callable[..., float]
) -> Callable[[Plan], Path]:
    """`search_folder(Plan(index=8))`: the experiment's folder; made once for equal plans."""
    made: dict[str, Path] = {}

    def folder(plan: Plan) -> Path:
        if repr(plan) not in made:
            runs = tmp_path_factory.mktemp("runs")
            made[repr(plan)] = make_search(runs, fabricate_trial, plan)
        return made[repr(plan)]

    return folder


@pytest.fixture(scope="session")
def searched(search_folder: Callable[[Plan], Path]) -> Callable[[int], Search]:
    return lambda index: read_search(read_experiment(search_folder(PLANS[index])))
