"""Whether a trial that a person adds can run."""

import io
from pathlib import Path

import pytest

from aerial_nni import results
from aerial_nni.reading import as_yaml
from aerial_nni.trials import added


def answer(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    *,
    parameters: str,
    kind: str = "hpo",
) -> tuple[int, str]:
    results.write_json(folder / results.EXPERIMENT, {"kind": kind})
    (folder / results.OPTIONS_FILE).write_text(as_yaml({"epochs": 3}))
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
        ('{"lr": [0.1]}', "is a list; give a float"),
        ('{"lr": null}', "is a NoneType; give a float"),
        ('{"width": 16.5}', "give a int"),
        ('{"dropout": 2}', "above 0.95"),
        ('{"loss": "dise"}', "has a term 'dise'"),
        ('{"rate": 0.1}', "there is no option 'rate'"),
        ('{"temperature": 2}', "there is no option 'temperature'"),
        ('{"TRIAL_BUDGET": 0}', "is no number of epochs"),
    ],
)
def test_what_cannot_run_is_refused_with_the_reason(
    parameters: str, said: str, tmp_path: Path, capsys, monkeypatch
):
    code, printed = answer(tmp_path, capsys, monkeypatch, parameters=parameters)
    assert code == added.REFUSED and said in printed and len(printed.splitlines()) == 1


def test_its_exit_code_is_the_one_that_the_manager_knows():
    manager = Path(added.__file__).parents[1] / "experiments" / "node" / "manager.cjs"
    assert f"const REFUSED = {added.REFUSED};" in manager.read_text(encoding="utf-8")
