"""What NNI 3.0 gets wrong on the launcher's side, and how its Node is started with our repairs.

The repairs of the server itself are in `preload.cjs`, those of the dispatcher in `dispatcher.py`.
NNI 3.0 is the last release and `setup.py` asks for exactly it, so each repair names a place in
its source; tests/experiments/test_repairs.py has a test for each that fails once it is not needed.
"""

import contextlib
import importlib.metadata
import json
import os
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aerial_nni
from aerial_nni.experiments.guard import MARK

PRELOAD = Path(__file__).with_name("preload.cjs")
LOCAL = ("localhost", "127.0.0.1")
START_SECONDS = 60.0
"""How long the manager may take to answer. NNI itself gives up after three seconds."""


def child_environment(
    experiment: str, *, nni_directory: Path, concurrency: int = 1
) -> dict[str, str]:
    """The variables that NNI's manager, and through it dispatcher and trials, are started with.

    `NO_PROXY`: websockets from version 15 on sends the dispatcher's connection to localhost
    through the proxy that the machine is set up with.
    """
    node = [os.environ.get("NODE_OPTIONS", ""), f"--require {json.dumps(str(PRELOAD))}"]
    variables = {
        MARK: experiment,
        "NODE_OPTIONS": " ".join(filter(None, node)),
        "AERIAL_NNI_PYTHON": sys.executable,
        "AERIAL_NNI_HOME": str(nni_directory),
        "AERIAL_NNI_TENSORBOARD": importlib.metadata.version("tensorboard"),
        "PYTHONPATH": _python_path(),
        **{name: _with_local(os.environ.get(name, "")) for name in ("NO_PROXY", "no_proxy")},
    }
    if concurrency > 1 and "OMP_NUM_THREADS" not in os.environ:
        # Trials that each take every core are slower together than one after the other.
        variables["OMP_NUM_THREADS"] = str(max(1, (os.cpu_count() or 1) // concurrency))
    return variables


def _python_path() -> str:
    """PYTHONPATH with which trials, started in another folder, find this very package."""
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    package = str(Path(aerial_nni.__file__).parent.parent)
    if package not in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *paths):
        paths.insert(0, package)
    return os.pathsep.join(paths)


def _with_local(hosts: str) -> str:
    """A NO_PROXY list that names this machine too."""
    known = [host for host in hosts.split(",") if host]
    return ",".join(dict.fromkeys([*known, *LOCAL]))


@contextlib.contextmanager
def variables_set(variables: dict[str, str]) -> Iterator[None]:
    """`os.environ` with `variables` in it during the block: NNI offers no other way in."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def launcher_repaired(nni_directory: Path) -> Iterator[None]:
    """NNI's launcher with two repairs during the block.

    nni/experiment/launcher.py `_check_rest_server` gives the manager three seconds, too few on a
    busy machine, and looks once a second. nni/tools/nnictl/config_utils.py `Experiments` keeps its
    list in ~/nni-experiments whatever the working directory is; preload.cjs does the same.
    """
    from nni.experiment import launcher, rest
    from nni.tools.nnictl.config_utils import Experiments

    def wait_for_server(port: int, retry: int = 3, url_prefix: str | None = None) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(Exception):
                rest.get(port, "/check-status", url_prefix)
                return
            time.sleep(0.05)
        rest.get(port, "/check-status", url_prefix)  # raises what is wrong

    class OwnExperiments(Experiments):
        def __init__(self, home_dir: str = str(nni_directory / "nni-experiments")) -> None:
            super().__init__(home_dir)

    names: dict[str, Any] = {"_check_rest_server": wait_for_server, "Experiments": OwnExperiments}
    before = {name: getattr(launcher, name) for name in names}
    for name, value in names.items():
        setattr(launcher, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(launcher, name, value)
