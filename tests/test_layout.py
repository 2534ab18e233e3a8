"""The design's one-way flow: data flows down, imports point up."""

import ast
from collections import Counter
from pathlib import Path

import pytest

import aerial_nni

PACKAGE = Path(aerial_nni.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

ABOVE = {
    "config": set(),
    "rasters": {"config"},
    "data": {"config", "rasters"},
    "models": {"config", "data"},
    "training": {"config", "data", "models"},
    "tuners": {"config"},
    "trials": {"config", "data", "models", "training", "tuners", "recipes"},
    "inference": {"config", "rasters", "data", "models", "training"},
    "reporting": {"config", "data", "models", "training", "tuners", "recipes"},
    "nni_backend": {"config", "data", "models", "tuners", "recipes", "reporting"},
    "browser": {"config", "nni_backend"},
}
"""A folder -> the parts of the package that it may import beside itself."""

ALSO_KNOW_NNI = {
    PACKAGE / "recipes" / "darts" / "space.py",
    PACKAGE / "recipes" / "darts" / "search_tuner.py",
    PACKAGE / "cli" / "machine_checks.py",
}

COMMAND_LINE = {"run.py", "cli", "recipes"}


def imported(path: Path) -> set[str]:
    """Full names of everything a file imports, at its top or inside its functions."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def part(path: Path) -> str:
    """Folder of the package that a file is in, or its own name at the top."""
    return path.relative_to(PACKAGE).parts[0]


@pytest.mark.parametrize("folder", ABOVE)
def test_imports_point_up(folder: str):
    for path in (PACKAGE / folder).rglob("*.py"):
        own = {name.split(".")[1] for name in imported(path) if name.startswith("aerial_nni.")}
        own -= {folder, "__version__"}
        assert own <= ABOVE[folder], f"{path} imports {sorted(own - ABOVE[folder])}"


def test_only_trials_tuners_and_the_backend_know_nni():
    for path in FILES:
        knows = any(name.split(".")[0] in ("nni", "nni_node") for name in imported(path))
        allowed = part(path) in ("trials", "tuners", "nni_backend")
        assert allowed or path in ALSO_KNOW_NNI or not knows, path


def test_only_the_command_line_and_benchmarks_know_the_server():
    """Delete `nni_backend`, and every trial still runs by hand."""
    for path in FILES:
        knows = any(name.startswith("aerial_nni.nni_backend") for name in imported(path))
        allowed = part(path) in ("nni_backend", "bench", "browser", *COMMAND_LINE)
        assert allowed or not knows, path


def test_every_test_file_has_a_name_of_its_own():
    """pytest imports them by their names alone."""
    names = Counter(path.name for path in Path(__file__).parent.rglob("test_*.py"))
    assert not [name for name, times in names.items() if times > 1]
