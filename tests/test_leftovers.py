"""What killed writers leave behind: swept with the folder's next owner, and nobody else's."""

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aerial_nni.config import run_folder
from aerial_nni.config.options import TrialOptions
from aerial_nni.nni_backend.lifecycle import alone
from aerial_nni.reporting.document_writer import write_document
from aerial_nni.reporting.style import new_figure
from aerial_nni.trials.lock import occupied

ATOMIC = """
import sys
from pathlib import Path
from aerial_nni.config.run_folder import atomic
with atomic(Path(sys.argv[1])) as temporary:
    temporary.write_text("half of it")
    print(temporary, flush=True)
    input()
"""

DOCUMENT = """
import sys
from pathlib import Path
from aerial_nni.reporting import document_writer
def draw(figure, path, **_):
    print(path.parent, flush=True)
    input()
document_writer.save = draw
figures = {"a": None}
document_writer.write_document(Path(sys.argv[1]), "results", figures=figures, compose=lambda _: "")
"""


@contextlib.contextmanager
def writer(code: str, path: Path) -> Iterator[tuple[subprocess.Popen, Path]]:
    """A process in the middle of writing, and the temporary file or folder."""
    command = [sys.executable, "-c", code, str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:  # type: ignore[call-overload]
        try:
            yield process, Path(process.stdout.readline().strip())
        finally:
            process.kill()


def killed(code: str, path: Path) -> Path:
    """What a killed writer has left."""
    with writer(code, path) as (_, temporary):
        pass
    assert temporary.exists()
    return temporary


OWNERS: dict[str, Callable[[Path], contextlib.AbstractContextManager]] = {
    "a trial": lambda folder: occupied(folder, TrialOptions()),
    "an experiment": alone,
}


@pytest.mark.parametrize("owner", OWNERS)
def test_a_folder_is_swept_of_what_killed_writers_left_and_of_nothing_else(
    tmp_path: Path, owner: str
):
    folder = tmp_path / "x"
    left = [killed(ATOMIC, folder / name) for name in ("history.csv", "samples/last.safetensors")]
    mine = ("history.csv", ".lock", ".gitignore", ".a.Settings", ".options.yaml.original")
    kept = [folder / name for name in mine]
    for path in kept:
        path.write_text("mine")
    with writer(ATOMIC, folder / "options.json") as (_, living):
        with OWNERS[owner](folder):
            assert not any(path.exists() for path in left)
            assert all(path.exists() for path in kept)
            assert living.read_text() == "half of it"


@pytest.mark.long
def test_what_is_left_of_a_document_is_swept_with_the_next_one(tmp_path: Path):
    left = [killed(DOCUMENT, tmp_path), killed(ATOMIC, tmp_path / "results.md")]
    other = killed(ATOMIC, tmp_path / "other.md")
    with writer(DOCUMENT, tmp_path) as (_, living):
        write_document(tmp_path, "results", figures={"a": new_figure(1.0)}, compose=str)
        assert not any(path.exists() for path in left)
        assert other.exists() and living.is_dir()
    assert (tmp_path / "results.md").read_text() == "{'a': 'results/a.png'}"


def test_what_is_written_by_now_is_whole(tmp_path: Path):
    run_folder.write_json(tmp_path / "a.json", {"a": 1})
    run_folder.sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
