"""Fabricated distillations for the tests of their document."""

from collections.abc import Callable
from pathlib import Path

import pytest
from distillations import Made, make_distillation


@pytest.fixture(scope="session")
def distillation_folder(
    tmp_path_factory: pytest.TempPathFactory, fabricate_trial: Callable[..., float]
) -> Callable[[Made], Path]:
    """`distillation_folder(Made(...))`: the experiment's folder; made once for equal ones."""
    made: dict[str, Path] = {}

    def folder(wanted: Made) -> Path:
        if repr(wanted) not in made:
            runs = tmp_path_factory.mktemp("runs")
            made[repr(wanted)] = make_distillation(runs, fabricate_trial, wanted)
        return made[repr(wanted)]

    return folder
