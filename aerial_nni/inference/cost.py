"""What a model costs at work on a processor, measured in a process of its own.

    python -m aerial_nni.inference.cost MODEL SCENE PATCH

prints JSON: the time of one patch and of a whole scene, and the most memory the process ever held,
with the interpreter and all libraries. An ONNX file is measured without torch, as it is used.
"""

import dataclasses
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aerial_nni.config.errors import UserError
from aerial_nni.inference import open_model
from aerial_nni.inference.prediction import segment
from aerial_nni.inference.scene import open_scene

REPEATS = (3, 50)
"""Least and most times that a patch or a scene is segmented; between them, for `SECONDS`."""

SECONDS = 1.0


class NotMeasured(UserError):
    """The process that measured a model failed."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a model file costs; seconds and bytes."""

    file_bytes: int
    patch_seconds: float
    """Median over repeated patches."""
    scene_seconds: float
    """One scene, read, segmented by tiles and written; loading the model does not count."""
    peak_bytes: int
    """Most resident memory of the process that did it."""


def measure_cost(model: Path, scene: Path, *, patch: int) -> Cost:
    """What a model file costs in fp32 or as its file has it, on the processor.

    `scene` is an image that the model takes, at least `patch` pixels high and wide.

    Raises:
        NotMeasured: the model could not be run.
    """
    words = [sys.executable, "-m", "aerial_nni.inference.cost", str(model), str(scene), str(patch)]
    ran = subprocess.run(words, capture_output=True, text=True)
    if ran.returncode:
        reason = (ran.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise NotMeasured(f"{model} could not be measured: {reason}")
    return Cost(**json.loads(ran.stdout.splitlines()[-1]))


def _measure(path: Path, scene: Path, patch: int) -> Cost:
    """The cost of a model in this process, which must have held no other."""
    precision = "auto" if path.suffix == ".onnx" else "fp32"
    model = open_model(path, device="cpu", precision=precision)
    with open_scene(scene, model.card) as opened:
        pixels, _ = opened.read(0, 0, patch, patch)
    patch_seconds = _seconds(lambda: model(pixels))
    with tempfile.TemporaryDirectory(prefix="aerial-cost-") as folder:
        scene_seconds = _seconds(
            lambda: segment(model, scene, Path(folder) / "scene", overwrite=True)
        )
    return Cost(
        file_bytes=path.stat().st_size,
        patch_seconds=patch_seconds,
        scene_seconds=scene_seconds,
        peak_bytes=peak_memory(),
    )


def _seconds(work: Callable[[], object]) -> float:
    """The median time of some work, after a first time that does not count."""
    work()
    least, most = REPEATS
    seconds: list[float] = []
    while len(seconds) < least or (len(seconds) < most and sum(seconds) < SECONDS):
        before = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - before)
    return statistics.median(seconds)


def peak_memory() -> int:
    """Most resident memory that this process ever held, in bytes."""
    status = Path("/proc/self/status")
    if status.is_file():  # getrusage has that of the process which started this one in it
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # macOS: bytes


def main() -> int:
    """Measures the model of the command line."""
    model, scene, patch = sys.argv[1:]
    print(json.dumps(dataclasses.asdict(_measure(Path(model), Path(scene), int(patch)))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
