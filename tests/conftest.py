import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

if "PYTEST_XDIST_WORKER" in os.environ:
    # Before torch is imported: two processes with two threads each wait for each other most of
    # the time. Trials that tests start inherit it.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


TIERS = {"server", "browser", "remote", "long", "slow"}
"""Marks of what is more than a unit test. `python -m pytest` alone runs the unit tests."""

LONG = {"nni_backend", "server", "browser", "trials"}
"""Folders of the tests that take longest: they start servers, or train."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files come first, so that no worker is left alone with one at the end."""
    items.sort(key=lambda item: not LONG.intersection(item.path.parts))


@pytest.fixture(autouse=True)
def no_server_in_unit_tests(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A unit test that starts NNI's server in this process fails: it lacks the mark."""
    server = sys.modules.get("aerial_nni.nni_backend.server")
    if server and TIERS.isdisjoint(mark.name for mark in request.node.iter_markers()):

        def refuse(*_: object, **__: object) -> None:
            raise AssertionError("this starts NNI's server: mark the test with pytest.mark.server")

        monkeypatch.setattr(server.Server, "start", refuse)


@pytest.fixture(scope="session")
def session_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache directory for this session, removed at its end: prepared patches are large."""
    folder = tmp_path_factory.mktemp("cache")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def own_cache(session_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the user's cache directory."""
    monkeypatch.setenv("AERIAL_CACHE", str(session_cache))


@pytest.fixture(scope="session")
def aerial_data() -> Path:
    """The folder with real imagery, or the test is skipped."""
    place = os.environ.get("AERIAL_DATA")
    if not place or not Path(place).is_dir():
        pytest.skip("needs real imagery: set AERIAL_DATA to the folder that holds it")
    return Path(place)


@pytest.fixture
def dubai_dir(aerial_data: Path) -> Path:
    """The Dubai imagery, or the test is skipped."""
    if not (aerial_data / "dubai").is_dir():
        pytest.skip(f"there is no dubai in AERIAL_DATA={aerial_data}")
    return aerial_data / "dubai"


@pytest.fixture(scope="session")
def imagery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six 16-pixel pictures of two classes."""
    folder = tmp_path_factory.mktemp("imagery")
    draw = np.random.default_rng(0)
    (folder / "images").mkdir()
    (folder / "masks").mkdir()
    for number in range(6):
        mask = (np.add.outer(np.arange(16), np.arange(16)) > 8 + 2 * number).astype(np.uint8)
        image = draw.integers(0, 120, (16, 16, 3)) + 100 * mask[..., None]
        Image.fromarray(image.astype(np.uint8)).save(folder / "images" / f"a{number}.png")
        Image.fromarray(mask).save(folder / "masks" / f"a{number}.png")
    (folder / "classes.yaml").write_text("masks: index\nclasses:\n  low: 0\n  high: 1\n")
    return folder
