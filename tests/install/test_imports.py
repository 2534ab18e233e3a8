"""Every module is imported where nothing is installed but what `pip install -e .` brings."""

import ast
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

SETUP = Path(__file__).parents[2] / "setup.py"

SCRIPT = """
import importlib, importlib.abc, pkgutil, sys

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

absent = set(sys.argv[1].split())
sys.meta_path.insert(0, Absent())
for name in sys.argv[2:]:
    package = importlib.import_module(name)
    for found in pkgutil.walk_packages(getattr(package, "__path__", []), f"{name}."):
        importlib.import_module(found.name)
"""


def assigned(name: str) -> list[str]:
    """A list of requirements in setup.py."""
    for node in ast.parse(SETUP.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == name:  # type: ignore[attr-defined]
            return ast.literal_eval(node.value)
    raise LookupError(name)


def installed_with(requirements: Iterable[str]) -> set[str]:
    """The distributions that pip installs for them, and those for these."""
    found: set[str] = set()
    pending = [(Requirement(one), "") for one in requirements]
    while pending:
        one, extra = pending.pop()
        name = canonicalize_name(one.name)
        if one.marker and not one.marker.evaluate({"extra": extra}):
            continue
        for wanted in {"", *one.extras} if name not in found else one.extras:
            pending.extend((Requirement(more), wanted) for more in requires(name) or [])
        found.add(name)
    return found


def absent() -> set[str]:
    """The importable names that only an extra, or nothing of ours, brings."""
    plain = installed_with(assigned("REQUIREMENTS")) | {"aerial-nni"}
    return {
        name
        for name, distributions in packages_distributions().items()
        if not plain & {canonicalize_name(one) for one in distributions}
    }


def imported(*names: str) -> subprocess.CompletedProcess:
    """Imports packages with all that is in them, in a process where `absent` is absent."""
    command = [sys.executable, "-W", "ignore", "-c", SCRIPT, " ".join(absent()), *names]
    return subprocess.run(command, capture_output=True, text=True)


def test_every_module_is_imported_without_any_extra():
    done = imported("aerial_nni")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["optuna", "selenium", "pytorch_lightning", "nni.nas.evaluator"])
def test_what_an_extra_brings_is_absent_there(name: str):
    """Without this the test above could not fail."""
    done = imported(name)
    assert "ModuleNotFoundError" in done.stderr
