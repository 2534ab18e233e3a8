"""Fabricated architecture searches for the tests of their document."""

from collections.abc import Callable
from pathlib import Path

import pytest
from discoveries import Made, make_discovery


@pytest.fixture(scope="session")
def discovery_folder(
    tmp_path_factory: pytest.TempPathFactory, fabricate_trial: Callable[..., float]
) -> Callable[[Made], Path]:
    """`discovery_folder(Made(...))`: the experiment's folder; made once for equal ones."""
    made: dict[str, Path] = {}

    def folder(wanted: Made) -> Path:
        if repr(wanted) not in made:
            runs = tmp_path_factory.mktemp("runs")
            made[repr(wanted)] = make_discovery(runs, fabricate_trial, wanted)
        return made[repr(wanted)]

    return folder
