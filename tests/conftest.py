import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:
    # Before torch is imported: two processes with two threads each wait for each other most of
    # the time. Trials that tests start inherit it.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


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
