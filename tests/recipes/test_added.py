"""Whether a trial that a person adds can run."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aerial_nni.config import run_folder
from aerial_nni.config.safe_reading import as_yaml
from aerial_nni.nni_backend.nni_patches import PRELOAD, node
from aerial_nni.recipes import added


def answer(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    *,
    parameters: str,
    kind: str = "hpo",
) -> tuple[int, str]:
    run_folder.write_json(folder / run_folder.EXPERIMENT, {"kind": kind})
    (folder / run_folder.OPTIONS_FILE).write_text(as_yaml({"epochs": 3}))
    monkeypatch.setattr("sys.stdin", io.StringIO(parameters))
    return added.main(str(folder)), capsys.readouterr().out.strip()


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("hpo", '{"lr": 1e-3, "width": 16.0, "_phase": "search", "TRIAL_BUDGET": 2}'),
        ("baseline", '{"seed": 3}'),
        ("distill", '{"temperature": 2, "teacher_weight": 0.5}'),
        ("darts", '{"arch_lr": 0.01}'),
        ("zoomout", '{"samples": 3}'),
        ("drone", '{"auxiliary": 0.4}'),
    ],
)
def test_what_can_run_is_not_refused(
    kind: str, parameters: str, tmp_path: Path, capsys, monkeypatch
):
    assert answer(tmp_path, capsys, monkeypatch, parameters=parameters, kind=kind) == (0, "")


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ('{"lr": "oops"}', "lr='oops' is a str; give a float"),
        ('{"_phase": 5}', "_phase=5 must be a text"),
        ('{"_phase": "\\u0000"}', "which is no letter of a name"),
        ('{"TRIAL_BUDGET": 1e99}', "TRIAL_BUDGET=1e+99 is no number of epochs"),
        ('{"lr": [0.1]}', "is a list; give a float"),
        ('{"lr": null}', "is a NoneType; give a float"),
        ('{"width": 16.5}', "give a int"),
        ('{"dropout": 2}', "above 0.95"),
        ('{"loss": "dise"}', "has a term 'dise'"),
        ('{"lr": {"__nni_obj__": "gASV"}}', "is a dict; give a float"),
        ('{"__nni_obj__": "gASV"}', "there is no option '__nni_obj__'"),
        ('{"rate": 0.1}', "there is no option 'rate'"),
        ('{"temperature": 2}', "there is no option 'temperature'"),
        ('{"TRIAL_BUDGET": 0}', "is no number of epochs"),
        ('{"lr": %s}' % ("[" * 70 + "]" * 70), "its brackets are deeper than 64"),
        ('{"lr": %s}' % ("[" * 9000 + "]" * 9000), "what was added is no JSON"),
    ],
)
def test_what_cannot_run_is_refused_with_the_reason(
    parameters: str, said: str, tmp_path: Path, capsys, monkeypatch
):
    code, printed = answer(tmp_path, capsys, monkeypatch, parameters=parameters)
    assert code == 1 and said in printed and len(printed.splitlines()) == 1


ADDS = """
const { customized } = require(process.argv[1])["core/nnimanager.js"];
class NNIManager {
  maxTrialNum = Infinity;
  async addCustomizedTrialJob(given) { return `added ${given}`; }
  onTunerCommand() {}
}
customized({ NNIManager });
global.nni = { args: { experimentId: "one" } };
const answer = new NNIManager().addCustomizedTrialJob(process.argv[2]);
answer.then(console.log, ({ message }) => console.log(message));
"""


def adds(folder: Path, *, parameters: str, python: str = sys.executable) -> str:
    """What NNI's manager answers to who adds a trial to the experiment in `folder`."""
    home = {"AERIAL_NNI_HOME": f"{folder.parent}/.nni", "TMPDIR": str(folder.parent)}
    manager = PRELOAD.with_name("node") / "manager.cjs"
    return subprocess.run(
        [node(), "-e", ADDS, manager, parameters],
        env={**os.environ, **home, "AERIAL_NNI_PYTHON": python},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout.strip()


def test_what_cannot_be_checked_is_not_added(tmp_path: Path):
    folder = tmp_path / "one"
    refused = "the trial was not added: "
    missing = adds(folder, parameters='{"lr": 0.1}')
    assert missing.startswith(refused) and str(folder / run_folder.EXPERIMENT) in missing
    without = adds(folder, parameters='{"lr": 0.1}', python="/nowhere/python")
    assert without.startswith(f"{refused}it could not be checked: ") and "/nowhere" in without
    for python in (sys.executable, ""):
        deep = '{"lr": %s}' % ("[" * 35 + "]" * 35)
        assert adds(folder, parameters=deep, python=python) == (
            f"{refused}its brackets are deeper than 32"
        )
    run_folder.write_json(folder / run_folder.EXPERIMENT, {})
    crashed = adds(folder, parameters='{"lr": 0.1}')
    assert crashed.startswith(f"{refused}KeyError: 'kind': a fault of aerial_nni")
    run_folder.write_json(folder / run_folder.EXPERIMENT, {"kind": "hpo"})
    (folder / run_folder.OPTIONS_FILE).write_text("epochs: 3\n")
    assert adds(folder, parameters='{"lr": 0.1}') == 'added {"lr":0.1}'
