"""Is this machine ready? Findings about it, each with the line that mends what is wrong."""

import importlib.metadata
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from aerial_nni.cli import requirements

if TYPE_CHECKING:
    from aerial_nni.data.dataset import Dataset

MARKS = {"ok": "[ ok ]", "warn": "[warn]", "fail": "[FAIL]"}
"""How a finding's level is shown. One `fail` and the machine is not ready."""

INSTALL = "python -m pip install -e ."
REINSTALL = "python -m pip install --force-reinstall -e ."

PYTHONS = ((3, 10), (3, 13))
LOOK = 30.0
"""Seconds that are spent on decoding the images of a data folder."""

LITTLE = 1.0
"""Free GiB below which a run is likely to fill the disk; twice that is worth a warning."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `mend` is what to type, empty where nothing is wrong."""

    level: str
    subject: str
    text: str
    mend: str = ""


def examine(
    *, runs: Path = Path("runs"), port: int | None = None, data_dir: str = "", dataset: str = ""
) -> list[Finding]:
    """All findings about this machine; an examination that fails is a finding too."""
    pool = ThreadPoolExecutor(1)
    imported = pool.submit(requirements.import_all)  # while the others look
    examinations: dict[str, Callable[[], Iterator[Finding]]] = {
        "python": python,
        "torch": torch_and_device,
        "NNI": nni_server,
        "setuptools": setuptools,
        "tensorboard": tensorboard,
        "shell": shell,
        "port": lambda: web_port(port),
        "disk": lambda: disk(runs),
        "cache": cache,
        "data": lambda: data(data_dir, dataset),
        "verbs": lambda: verbs(imported.result()),
        "extras": extras,
    }
    findings: list[Finding] = []
    for subject, examination in examinations.items():
        try:
            findings.extend(examination())
        except Exception as error:  # a broken installation raises anything
            findings.append(Finding("fail", subject, f"{type(error).__name__}: {error}", REINSTALL))
    return findings


def python() -> Iterator[Finding]:
    """The interpreter's version, and whether it is in an environment of its own."""
    version = sys.version_info
    text = f"{version.major}.{version.minor}.{version.micro} at {sys.executable}"
    low, high = (".".join(map(str, bound)) for bound in PYTHONS)
    if not PYTHONS[0] <= version[:2] <= PYTHONS[1]:
        yield Finding("fail", "python", f"{text}; {low} to {high} are supported",
                      f"python{high} -m venv .venv && . .venv/bin/activate")  # fmt: skip
    elif sys.prefix == sys.base_prefix and not os.environ.get("CONDA_PREFIX"):
        yield Finding("warn", "python", f"{text}, not in a virtual environment",
                      "python -m venv .venv && . .venv/bin/activate")  # fmt: skip
    else:
        yield Finding("ok", "python", text)


def torch_and_device() -> Iterator[Finding]:
    """torch, where it would train, and whether bf16 is fast there."""
    import torch

    from aerial_nni.training.device import choose_device, choose_precision, machine_name

    device = choose_device("auto")
    precision = choose_precision("auto", device)
    text = f"{torch.__version__}, trains on {machine_name(device)}, {precision}"
    yield Finding("ok", "torch", text)
    if device.type == "cpu" and shutil.which("nvidia-smi"):
        yield Finding("warn", "torch", "there is an NVIDIA GPU that this torch does not use",
                      "python -m pip install --force-reinstall torch")  # fmt: skip
    if precision == "fp32":
        yield Finding("warn", "torch", "no fast bf16 here: training takes about twice as long")


def nni_server() -> Iterator[Finding]:
    """NNI's version, and which Node runs its server."""
    from aerial_nni.nni_backend.nni_patches import NEWER_NODE, node

    version = importlib.metadata.version("nni")
    if version != "3.0":
        yield Finding("fail", "NNI", f"{version}; the repairs are for 3.0",
                      "python -m pip install nni==3.0")  # fmt: skip
        return
    program = node()
    ran = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60)
    said = f"{version}, Node {ran.stdout.strip()}"
    if ran.returncode:
        reinstall = NEWER_NODE.replace("install", "install --force-reinstall")
        yield Finding("fail", "NNI", f"{program} does not run: {ran.stderr.strip()}", reinstall)
    elif "nni_node" in program.parts:
        yield Finding("warn", "NNI", f"{said}, which is not kept up any more", NEWER_NODE)
    else:
        yield Finding("ok", "NNI", said)


def setuptools() -> Iterator[Finding]:
    """pkg_resources, which TensorBoard and nnictl import and setuptools 82 no longer has."""
    try:
        version = importlib.metadata.version("setuptools")
    except importlib.metadata.PackageNotFoundError:
        version = "missing"
    if version == "missing" or int(version.split(".")[0]) >= 82:
        yield Finding("fail", "setuptools", f"{version}; TensorBoard and nnictl need an older one",
                      'python -m pip install "setuptools<82"')  # fmt: skip
    else:
        yield Finding("ok", "setuptools", version)


def tensorboard() -> Iterator[Finding]:
    """TensorBoard, behind the web UI's button."""
    yield Finding("ok", "tensorboard", importlib.metadata.version("tensorboard"))


def shell() -> Iterator[Finding]:
    """The shell in which NNI starts trials."""
    if Path("/bin/bash").exists():
        yield Finding("ok", "shell", "/bin/bash")
    else:
        yield Finding("fail", "shell", "NNI starts trials with /bin/bash, which is not there",
                      "apt-get install bash   (or: apk add bash)")  # fmt: skip


def web_port(port: int | None) -> Iterator[Finding]:
    """Whether the port of the web UI is free."""
    from aerial_nni.nni_backend.ports import USUAL, PortBusy, take

    level = "warn" if port is None else "fail"  # where none is typed the next one is taken
    port = USUAL if port is None else port
    try:
        take(port).close()
    except PortBusy as error:
        problem, _, mend = str(error).partition("; ")
        yield Finding(level, "port", problem, mend)
    else:
        yield Finding("ok", "port", f"{port} is free")


def disk(runs: Path) -> Iterator[Finding]:
    """Free space where results go."""
    place = runs.expanduser().resolve()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free / 2**30
    if not os.access(place, os.W_OK):
        yield Finding("fail", "disk", f"{place} cannot be written", "add: --runs DIR")
    elif free < 2 * LITTLE:
        level = "fail" if free < LITTLE else "warn"
        yield Finding(level, "disk", f"{free:.1f} GiB are free in {place}", "add: --runs DIR")
    else:
        yield Finding("ok", "disk", f"{free:.1f} GiB are free in {place}")


def cache() -> Iterator[Finding]:
    """The directory of prepared data."""
    from aerial_nni.data.pipeline.cache import cache_dir, cache_size

    place = cache_dir()
    exists = place
    while not exists.exists():
        exists = exists.parent
    if os.access(exists, os.W_OK):
        size = cache_size() / 2**20
        yield Finding("ok", "cache", f"{place}, {size:.0f} MiB; it may be deleted at any time")
    else:
        yield Finding("fail", "cache", f"{place} cannot be written", "export AERIAL_CACHE=DIR")


def data(data_dir: str, name: str = "") -> Iterator[Finding]:
    """Whether the imagery that is named can be trained on. Only the built-in scenes are needed."""
    from aerial_nni.config.errors import UserError
    from aerial_nni.data import open_dataset

    yield Finding("ok", "data", "scenes are built in")
    if not data_dir and not name and not os.environ.get("AERIAL_DATA"):
        yield Finding(
            "ok", "data", "no other imagery named; give --data-dir DIR or set AERIAL_DATA"
        )
        return
    tried = (name,) if name else ("dubai", "folder") if data_dir else ("dubai",)
    for place, each in enumerate(tried, start=1):
        try:
            dataset = open_dataset(each, data_dir)
        except (UserError, OSError) as error:
            if place == len(tried):
                yield _not_opened(each, error, data_dir, asked=bool(data_dir or name))
        else:
            problems = list(dataset.examine()) if dataset.examine else []
            for one in problems:
                level = "fail" if one.fatal else "warn"
                yield Finding(level, "data", f"{one.where}: {one.text}", one.mend)
            if not any(one.fatal for one in problems):
                for text in dataset.found() if dataset.found else ():
                    yield Finding("ok", "data", f"{each}: {text}")
                yield _dataset(each, dataset, decode=bool(data_dir or name))
                yield from _bands(each, dataset)
            return


def _bands(name: str, dataset: "Dataset") -> Iterator[Finding]:
    """Whether what is marked as transparency looks like a band that should be read."""
    from aerial_nni.config.errors import UserError
    from aerial_nni.data.pipeline.dataset_checks import unlike_transparency

    try:
        odd = unlike_transparency(dataset)
    except (UserError, OSError, ValueError):
        return  # what cannot be read is told beside its name
    if odd:
        text = f"{name}: what is marked as transparency has other values, as infrared has"
        bands = ", ".join([*dataset.facts.bands, "infrared"])
        yield Finding("warn", "data", text, f"where it is that, write: bands: [{bands}]")


def _not_opened(name: str, error: Exception, data_dir: str, *, asked: bool) -> Finding:
    """Why a dataset that was named cannot be opened; one that was not is no need."""
    from aerial_nni.data.dataset import ClassListMissing

    text = f"{name}: {error}".partition("\n")[0]
    doctor = f"python -m aerial_nni.run doctor --data-dir {shlex.quote(data_dir)}"
    if not asked:
        return Finding("warn", "data", text)
    if isinstance(error, ClassListMissing):
        text = text.partition(". ")[0]
        return Finding("fail", "data", text, f"{doctor} --data folder --draft")
    return Finding("fail", "data", text, f"{doctor} --data NAME" if data_dir else "add: --data-dir")


def _dataset(name: str, dataset: "Dataset", *, decode: bool) -> Finding:
    """Whether a dataset can be trained on, as far as that is seen without decoding its samples.

    With `decode` they are read as training reads them, as many as can be in `LOOK` seconds.
    """
    from aerial_nni.data.pipeline.dataset_checks import look

    seen = look(dataset, seconds=LOOK if decode else 0.0)
    looked = "none was decoded: give --data-dir"
    if decode:
        looked = f"{seen.decoded} of {seen.count} were decoded"
    images = f"{seen.count} image{'s' * (seen.count != 1)}"
    text = f"{name}: {images}, {len(seen.problems)} unusable ({looked})"
    if seen.problems:
        sample_name, reason = next(iter(seen.problems.items()))
        text += f"; {sample_name}: {reason}"
    if seen.none_usable:
        return Finding("fail", "data", f"{text}; none can be used", "mend the files as it says")
    if seen.all_void:
        return Finding(
            "fail", "data", f"{text}; every pixel is void", "mend the masks or the list of classes"
        )
    flags = ["--skip-bad"] * bool(seen.problems)
    if seen.one_usable and dataset.examine is None:  # else blocks of it are split unasked
        way = "blocks" if dataset.samples[0].ground else "patch"
        text, flags = f"{text}; one image is not split", [*flags, f"--split {way}"]
    if seen.too_small(dataset):
        side = min(min(size) for size in seen.sizes)
        text = f"{text}; no image is as large as a patch of {dataset.facts.patch}"
        flags.append(f"--patch {side}")
    if flags:
        return Finding("warn", "data", text, f"add: {' '.join(flags)}")
    return Finding("ok", "data", text)


def verbs(imported: "subprocess.CompletedProcess[str]") -> Iterator[Finding]:
    """Whether everything that the verbs import can be imported."""
    if imported.returncode:
        last = (imported.stderr.splitlines() or [""])[-1]
        text = f"importing what they need ends with {imported.returncode}: {last}"
        yield Finding("fail", "verbs", text, REINSTALL)
        return
    missing: dict[str, list[str]] = json.loads(imported.stdout.splitlines()[-1])
    for problem, those in missing.items():
        mend = INSTALL if problem.endswith(requirements.MISSING) else REINSTALL
        yield Finding("fail", "verbs", f"{problem}; needed by: {', '.join(those)}", mend)
    if not missing:
        yield Finding(
            "ok", "verbs", f"all that the {len(requirements.NEEDS)} of them import is there"
        )


def extras() -> Iterator[Finding]:
    """Which extras are not installed, and what needs them. None is needed by a verb."""
    for extra, modules in requirements.EXTRAS.items():
        absent = [module for module in modules if not find_spec(module)]
        if absent:
            users = ", ".join(modules[module] for module in absent)
            text = f"{', '.join(absent)} not installed; needed by: {users}"
            yield Finding("ok", "extras", text, f'python -m pip install -e ".[{extra}]"')
        else:
            yield Finding("ok", "extras", f"{extra} is installed")
