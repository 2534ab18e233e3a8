"""A real browser reads the web UI of an experiment that runs, and the result folder agrees."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

import pytest
from fast_experiments import ask, free_port, wait_for
from launch_varied import SPACE
from PIL import Image

from aerial_nni.browser.__main__ import main
from aerial_nni.browser.chromium import programs
from aerial_nni.browser.pages import Detail, Overview, Row, Summary
from aerial_nni.browser.screenshots import in_browser
from aerial_nni.config import run_folder
from aerial_nni.config.errors import UserError
from aerial_nni.nni_backend.address import running_on
from aerial_nni.nni_backend.process_reaper import sweep

pytestmark = pytest.mark.browser

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Live:
    """An experiment that runs."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        return wait_for(lambda: running_on(self.port))

    def score(self, trial: str) -> float:
        """What a trial wrote down itself, with the digits that the UI shows."""
        return round(run_folder.read_json(self.folder / trial / run_folder.METRICS)["score"], 6)

    def succeeded(self) -> list[str]:
        """Trials of which NNI knows that they have ended well."""
        jobs = ask(self.port, "trial-jobs") or []
        return [job["trialJobId"] for job in jobs if job["status"] == "SUCCEEDED"]


@pytest.fixture(scope="module", autouse=True)
def needs_a_browser() -> None:
    """Without one, all tests here are skipped."""
    try:
        programs()
    except UserError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """An experiment with three good trials that goes on until the tests of it have ended."""
    runs, port = tmp_path_factory.mktemp("browser"), free_port()
    python_path = os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": python_path, "FAST_SECONDS": "0.5"}
    environment["FAST_REVERSE"] = "2"  # NNI alone would book the results on the wrong trials
    command = [str(HERE / "launch_varied.py"), str(runs), str(port)]
    with running(command, runs, port, environment) as experiment:
        wait_for(lambda: len(experiment.succeeded()) >= 3)
        yield experiment


@contextmanager
def running(
    command: list[str], runs: Path, port: int, environment: dict[str, str]
) -> Iterator[Live]:
    """What a Python command launches; it ends with the block, and must not before."""
    process = subprocess.Popen([sys.executable, *command], env=environment)
    try:
        yield Live(wait_for(lambda: list(runs.glob("*/experiment.json")))[0].parent, port)
        assert process.poll() is None, "the experiment ended before the tests did"
    finally:
        process.terminate()
        process.wait(timeout=120)
        for experiment in runs.glob("*/experiment.json"):
            sweep(experiment.parent.name, besides=(os.getpid(),))


def test_the_ui_shows_what_the_trials_wrote(live: Live):
    def look(driver: "Chrome") -> tuple[Summary, dict[str, Any], tuple[Row, ...]]:
        shown = Overview(driver, live.url).summary_with_best()
        detail = Detail(driver, live.url)
        detail.sort()
        return shown, detail.parameters(shown.top[0].id), detail.rows()

    ended = live.succeeded()
    shown, parameters, rows = in_browser(look)
    best = shown.top[0]
    assert shown.status == "RUNNING"
    assert ask(live.port, "check-status")["status"] == "RUNNING"

    assert shown.best == best.metric == live.score(best.id)
    assert shown.best >= max(live.score(trial) for trial in ended)
    options = run_folder.read_json(live.folder / best.id / run_folder.OPTIONS)
    assert parameters == {name: options[name] for name in SPACE}

    good = [row for row in (*shown.top, *rows) if row.status == "SUCCEEDED"]
    assert len(rows) > 3 and best.id in [row.id for row in rows]
    assert [row.metric for row in good] == [live.score(row.id) for row in good]
    metrics = [row.metric for row in shown.top]
    assert metrics == sorted(metrics, reverse=True)


def test_pictures_of_a_running_experiment(
    live: Live, tmp_path: Path, capsys: pytest.CaptureFixture
):
    assert main([f"http://127.0.0.1:{live.port}/oview", "--to", str(tmp_path / "pictures")]) == 0
    first, *printed = capsys.readouterr().out.splitlines()
    names = ["ui-overview", "ui-detail", "ui-hyper-parameters", "ui-intermediate"]
    assert printed == [str(tmp_path / "pictures" / f"{name}.png") for name in names]
    for path in map(Path, printed):
        assert path.stat().st_size < 400_000
        with Image.open(path) as picture:
            assert picture.size == (1600, 1000)
            assert len(picture.getcolors(maxcolors=2**24)) > 100  # more than an empty page
    trial = first.removeprefix("best trial: ").partition(",")[0]
    options = run_folder.read_json(live.folder / trial / run_folder.OPTIONS)
    assert f"best trial: {trial}, {live.score(trial):g} with lr={options['lr']}, " in first


def test_pictures_before_the_first_metric_and_of_metrics_that_are_no_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture
):
    runs, port, held = tmp_path / "runs", free_port(), tmp_path / "held"
    python_path = os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": python_path, "FAST_NAN": "1", "FAST_HOLD": str(held)}
    take = ["--to", str(tmp_path / "pictures")]
    overview, detail = (tmp_path / "pictures" / f"ui-{name}.png" for name in ("overview", "detail"))
    with running(
        [str(HERE / "launch_varied.py"), str(runs), str(port)], runs, port, environment
    ) as live:
        wait_for(lambda: ask(port, "trial-jobs"))
        assert main([live.url, *take, "--wait", "1"]) == 0
        said, *printed = capsys.readouterr().out.splitlines()
        assert said.startswith("no trial has a metric yet")
        assert printed == [str(overview)]
        held.touch()
        wait_for(live.succeeded)
        assert main([live.url, *take, "--overwrite"]) == 0
        said, *printed = capsys.readouterr().out.splitlines()
        assert said.removeprefix("best trial: ").partition(",")[0] in live.succeeded()
    assert ", nan with lr=" in said
    assert {str(overview), str(detail)} <= set(printed)
    assert all(Path(path).is_file() for path in printed)


@pytest.mark.slow
def test_the_curve_of_a_search_rises_in_the_ui_while_it_runs(imagery: Path, tmp_path: Path):
    (tmp_path / "space.yaml").write_text("arch_lr: {_type: choice, _value: [0.003]}\n")
    runs, port = tmp_path / "runs", free_port()
    small = "--patch 8 --width 2 --depth 1 --nodes 1 --batch 4 --precision fp32".split()
    long = "--epochs 5000 --warmup 1 --lr 0.02 --schedule constant".split()
    place = ["--data", "folder", "--data-dir", str(imagery), "--port", str(port), "--exit"]
    files = [
        "--runs",
        str(runs),
        "--docs",
        str(runs),
        "--search-space",
        str(tmp_path / "space.yaml"),
    ]
    command = ["-m", "aerial_nni.run", "darts", *small, *long, *place, *files]

    with running(command, runs, port, dict(os.environ)) as search:
        (history,) = wait_for(lambda: list(search.folder.glob(f"*/{run_folder.HISTORY}")))
        trial = history.parent.name
        wait_for(lambda: len(run_folder.read_history(history)) >= 8)

        def look(driver: "Chrome") -> tuple[list[float], tuple[Row, ...]]:
            detail = Detail(driver, search.url)
            return detail.curves()[trial], detail.rows()

        drawn, rows = in_browser(look)
        written = [row["mean_iou"] for row in run_folder.read_history(history)]

    assert [row.status for row in rows if row.id == trial] == ["RUNNING"]
    assert run_folder.read_json(history.parent / run_folder.OPTIONS)["search"] is True
    assert len(drawn) >= 8 and drawn == pytest.approx(written[: len(drawn)], abs=1e-9)
    assert mean(drawn[-3:]) > mean(drawn[:3])
