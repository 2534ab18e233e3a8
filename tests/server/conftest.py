import os
from collections.abc import Iterator

import pytest
import targets
from fast_experiments import HERE
from targets import Target


@pytest.fixture(scope="module")
def environment() -> Iterator[None]:
    """The trials' Python finds the fast trial, which takes longer than any test."""
    with pytest.MonkeyPatch.context() as patch:
        paths = [str(HERE), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
        patch.setenv("PYTHONPATH", os.pathsep.join(paths))
        patch.setenv("FAST_SECONDS", "600")
        yield


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, environment: None) -> Iterator[Target]:
    with targets.nni_alone(tmp_path_factory.mktemp("alone")) as target:
        yield target


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory, environment: None) -> Iterator[Target]:
    with targets.ours(tmp_path_factory.mktemp("ours")) as target:
        yield target
