from pathlib import Path

import pytest
from made_pictures import Town


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path / "town")
