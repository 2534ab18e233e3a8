"""The design's one-way flow: data flows down, imports point up."""

import ast
from collections import Counter
from pathlib import Path

import pytest

import aerial_nni
from aerial_nni.recipes import RECIPES

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
    "nni_backend": {"config", "data", "models", "tuners"},
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


def keyed_by_kinds(path: Path) -> list[int]:
    """Lines of the dictionaries in a file that have two kinds of experiments or more as keys."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Dict):
            keys = {key.value for key in node.keys if isinstance(key, ast.Constant)}
            if len(keys & RECIPES.keys()) > 1:
                found.append(node.lineno)
    return found


def test_nothing_but_recipes_is_keyed_by_a_kind():
    """What is done for every kind goes over `RECIPES`: a table beside it would drift from it."""
    assert not {path: lines for path in FILES if (lines := keyed_by_kinds(path))}


def recipe_of(name: str) -> str:
    """The recipe that a module's full name is in, if any."""
    parts = name.split(".")
    return parts[2] if parts[:2] == ["aerial_nni", "recipes"] and parts[2] in RECIPES else ""


@pytest.mark.parametrize("kind", RECIPES)
def test_a_recipe_imports_no_other(kind: str):
    for path in (PACKAGE / "recipes" / kind).rglob("*.py"):
        if "report" in path.relative_to(PACKAGE).as_posix() or path.name == "overview.py":
            continue  # what documents share is still in that of `hpo`
        assert {recipe_of(name) for name in imported(path)} <= {kind, ""}, path


def test_each_recipe_is_a_folder_of_its_kind():
    for kind in RECIPES:
        assert (PACKAGE / "recipes" / kind / "recipe.py").is_file()


def test_nnis_backend_knows_no_recipe():
    for path in (PACKAGE / "nni_backend").rglob("*.py"):
        assert not [name for name in imported(path) if name.startswith("aerial_nni.recipes")], path


def test_every_test_file_has_a_name_of_its_own():
    """pytest imports them by their names alone."""
    names = Counter(path.name for path in Path(__file__).parent.rglob("test_*.py"))
    assert not [name for name, times in names.items() if times > 1]
