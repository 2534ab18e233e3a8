"""A plain `pip install -e .` brings what the package imports; folders that need an extra say so."""

import signal
import subprocess
import sys
from importlib.metadata import EntryPoint, packages_distributions

import pytest
from requirements import PACKAGE, brought, imported, installed_with, listed, project

EXTRAS = ("bench", "browser")
"""Folders of the package whose imports an extra of like name brings."""

SCRIPT = """
import importlib, importlib.machinery, pkgutil, sys

class Plain(importlib.machinery.PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.partition(".")[0] not in absent:
            return super().find_spec(name, path, target)

absent = set(sys.argv[1].split())
others = [one for one in sys.meta_path if one is not importlib.machinery.PathFinder]
sys.meta_path[:] = [*others, Plain]
for name in sys.argv[2:]:
    package = importlib.import_module(name)
    for found in pkgutil.walk_packages(getattr(package, "__path__", []), f"{name}."):
        importlib.import_module(found.name)
"""


def run_plain(*names: str) -> subprocess.CompletedProcess:
    """Imports packages with all that is in them where only what a plain installation brings is."""
    everything = set(packages_distributions())
    plain = brought(everything, installed_with(listed()) | {"aerial-nni"})
    absent = " ".join(everything - plain)
    command = [sys.executable, "-W", "ignore", "-c", SCRIPT, absent, *names]
    return subprocess.run(command, capture_output=True, text=True)


def test_every_module_is_imported_without_any_extra():
    done = run_plain("aerial_nni")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["optuna", "nni.nas.evaluator"])
def test_what_an_extra_brings_is_absent_there(name: str):
    """Without this the test above could not fail."""
    assert "ModuleNotFoundError" in run_plain(name).stderr


def test_the_script_that_is_installed_is_the_program(capsys: pytest.CaptureFixture):
    (script,) = project()["scripts"].items()
    program = EntryPoint(*script, "console_scripts").load()
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.setattr(sys, "argv", [script[0], "--version"])
        patch.setattr(signal, "signal", lambda *_: None)
        program()
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("aerial_nni ")


@pytest.mark.parametrize("folder", [*EXTRAS, ""])
def test_what_the_package_imports_is_asked_for(folder: str):
    """By itself or, what a library cannot do without, by that library."""
    asked = listed() + (listed(folder) if folder else [])
    files = {*(PACKAGE / folder).rglob("*.py")}
    if not folder:
        files = {path for path in files if not set(EXTRAS) & set(path.parts)}
    names = set().union(*map(imported, files))
    assert brought(names, installed_with(asked, depth=2)) == names
