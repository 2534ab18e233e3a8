"""What pip installs for a list of pyproject.toml, and what the package imports."""

import ast
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:  # what pytest brings there
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "aerial_nni"


def project() -> dict[str, Any]:
    """The metadata in pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def listed(extra: str = "") -> list[str]:
    """What pyproject.toml asks for: always, or by an extra."""
    return project()["optional-dependencies"][extra] if extra else project()["dependencies"]


def installed_with(requirements: Iterable[str], *, depth: int = 99) -> set[str]:
    """The distributions that pip installs for requirements, those for these, and so on."""
    found: set[str] = set()
    asked = {(Requirement(one), "") for one in requirements}
    for _ in range(depth):
        here = [
            one for one, extra in asked if not one.marker or one.marker.evaluate({"extra": extra})
        ]
        asked = {
            (Requirement(more), extra)
            for one in here
            for extra in {"", *one.extras}
            if one.extras or canonicalize_name(one.name) not in found
            for more in asked_by(one.name)
        }
        found |= {canonicalize_name(one.name) for one in here}
        if not here:
            break
    return found


def asked_by(distribution: str) -> list[str]:
    """What a distribution requires; nothing where it is not installed."""
    try:
        return requires(distribution) or []
    except PackageNotFoundError:
        return []


def imported(path: Path) -> set[str]:
    """Names of the libraries that a file imports, at its top or inside its functions."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    tops = {name.partition(".")[0] for name in names}
    return tops - {"aerial_nni"} - sys.stdlib_module_names


def brought(names: Iterable[str], distributions: set[str]) -> set[str]:
    """Those of some importable names that these distributions bring."""
    provided = packages_distributions()
    return {
        name
        for name in names
        if distributions & {canonicalize_name(one) for one in provided.get(name, [])}
    }
