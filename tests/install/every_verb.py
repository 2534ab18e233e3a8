"""Runs every verb, recipe and program of the package, tiny, with the Python that runs this.

python tests/install/every_verb.py [DIR]      some minutes; DIR keeps what they write

With the Python of a plain `pip install -e .` this shows that nothing needs more than that brings.
"""

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from aerial_nni.cli import requirements
from aerial_nni.nni_backend.ports import free_port

DATA = "--data folder --data-dir town --split image --patch 16 --batch 2 --epochs 1"
UNET = f"{DATA} --width 4 --depth 2"
FINAL = "--final-epochs 1 --seeds 5"

RECIPES = {
    "hpo": f"{UNET} --final-epochs 1 --final-seeds 5 --method smac --trials 1 --reason tiny",
    "distill": f"{DATA} {FINAL} --teacher TEACHER --trials 1",
    "darts": f"{DATA} {FINAL} --width 2 --depth 1 --nodes 1 --warmup 0 --trials 1 --random 1",
    "zoomout": f"{DATA} {FINAL} --unet-epochs 1 --trials 0 --backbone vgg11 --backbone-weights "
    "random --hidden 4 --sample-epochs 1 --superpixel 8",
    "drone": f"{DATA} {FINAL} --trials 0 --losses focal --backbone mobilenet_v3_large "
    "--backbone-weights random --head 8",
}
"""What follows the baseline, whose experiment is TEACHER, and needs minutes in all."""

STORED = """
list
resume TEACHER --trials 1
repair TEACHER
report TEACHER --docs again
predict TEACHER town/images/0.png --overlay
export TEACHER --to best.safetensors
export TEACHER --to best.onnx
export TEACHER --to small.onnx --int8
predict small.onnx town/images/0.png --overwrite
"""
"""What is done with an experiment that is over."""

HELP = """
from aerial_nni import run
from aerial_nni.bench import __main__ as bench
from aerial_nni.browser import __main__ as browser
from aerial_nni.cli.requirements import NEEDS
verbs, benches = ([(run.main, verb) for verb in NEEDS],
                  [(bench.main, name) for name in bench.BENCHES])
for main, *words in [(run.main,), *verbs, *benches, (browser.main,)]:
    try:
        main([*words, "--help"])
    except SystemExit as ended:
        assert not ended.code, words
"""

MODULES = """
import importlib, pkgutil, aerial_nni
for module in pkgutil.walk_packages(aerial_nni.__path__, "aerial_nni."):
    importlib.import_module(module.name)
"""


class Tried:
    """Commands in a folder, and which of them failed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.failed: list[str] = []
        self.verbs: set[str] = set()

    def python(self, *words: str, name: str = "", code: int = 0, says: str = "") -> str:
        """What a program of Python prints. It is to end with `code` and to say `says`."""
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, *words], cwd=self.folder, capture_output=True, text=True
        )
        good = done.returncode == code and says in done.stderr and "Traceback" not in done.stderr
        mark = " ok " if good else "FAIL"
        name = name or shlex.join(words)
        print(f"[{mark}] {time.monotonic() - started:4.0f} s  {name}", flush=True)
        if not good:
            self.failed.append(name)
            print(done.stdout, done.stderr, f"exit code {done.returncode}", sep="\n", flush=True)
        return done.stdout

    def verb(self, line: str) -> str:
        """What a verb prints."""
        words = shlex.split(line)
        self.verbs.add(words[0])
        return self.python("-m", "aerial_nni.run", *words, name=line)

    def document(self, line: str) -> dict[str, Any]:
        """What a verb answers that writes a document."""
        said = json.loads(self.verb(f"{line} --docs docs --json") or "{}")
        if not said.get("report") or not (self.folder / said["report"]).is_file():
            self.failed.append(f"{line}: no document")
        return said

    def recipe(self, kind: str, flags: str) -> str:
        """The ID of a recipe's experiment, which has come to its document."""
        return self.document(f"{kind} {flags} --exit --port {free_port()}").get("id", "")

    def view(self, experiment: str) -> None:
        """Opens the web UI of an experiment, and ends that."""
        self.verbs.add("view")
        command = [sys.executable, "-m", "aerial_nni.run", "view", experiment]
        with subprocess.Popen(
            [*command, "--port", str(free_port())],
            cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        ) as viewer:  # fmt: skip
            opened = next((line for line in viewer.stdout or () if "http://" in line), "")
            self.verb(f"stop {experiment}")
            rest = (viewer.stdout.read() if viewer.stdout else "") if opened else "no web UI"
        if not opened or "Traceback" in rest:
            self.failed.append(f"view {experiment}: {rest}")


def make_town(folder: Path) -> None:
    """Six pictures of 32 pixels in two classes."""
    draw = np.random.default_rng(3)
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    for number in range(6):
        mask = np.kron(draw.integers(0, 2, (4, 4)), np.ones((8, 8), int)).astype(np.uint8)
        image = (draw.integers(0, 60, (32, 32, 3)) + 150 * mask[..., None]).astype(np.uint8)
        Image.fromarray(image).save(folder / "images" / f"{number}.png")
        Image.fromarray(mask).save(folder / "masks" / f"{number}.png")
    (folder / "classes.yaml").write_text("masks: index\nclasses:\n  Land: 0\n  Building: 1\n")


def try_all(tried: Tried) -> None:
    """Runs everything, three at a time: servers and their trials wait for each other."""

    def with_stored(teacher: str) -> None:
        for line in STORED.strip().splitlines():
            port = f" --port {free_port()} --exit" if line.startswith("resume") else ""
            tried.verb(line.replace("TEACHER", teacher) + port)
        tried.view(teacher)

    def without_extra(extra: str, command: str) -> None:
        words = shlex.split(command)[1:]
        tried.python(*words, code=1, says=f'python -m pip install -e ".[{extra}]"')

    with ThreadPoolExecutor(3) as pool:
        tasks = [pool.submit(tried.recipe, "baseline", UNET)]
        tasks.append(pool.submit(tried.verb, f"doctor --port {free_port()}"))
        tasks.append(pool.submit(tried.python, "-c", MODULES, name="import every module"))
        tasks.append(pool.submit(tried.python, "-c", HELP, name="--help of every program"))
        script = str(Path(sys.executable).with_name("aerial-nni"))
        tasks.append(pool.submit(tried.python, script, "list", name="aerial-nni list"))
        for extra, commands in requirements.EXTRAS.items():
            for module, command in commands.items():
                if not find_spec(module):
                    tasks.append(pool.submit(without_extra, extra, command))
        teacher = tasks[0].result()
        for kind, flags in RECIPES.items():
            tasks.append(pool.submit(tried.recipe, kind, flags.replace("TEACHER", teacher)))
        tasks.append(pool.submit(with_stored, teacher))
        for task in tasks:
            task.result()
    tried.document("report --all")


def main() -> int:
    """Runs everything; 0 if all of it did what it is to do."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="where (default: removed at the end)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.folder or Path(temporary)).resolve()
        make_town(folder / "town")
        tried = Tried(folder)
        try_all(tried)
    left = {*requirements.NEEDS} - tried.verbs
    if left:
        tried.failed.append(f"never run: {', '.join(sorted(left))}")
    print(*(f"failed: {name}" for name in tried.failed), sep="\n")
    return int(bool(tried.failed))


if __name__ == "__main__":
    sys.exit(main())
