"""The web UI is opened in a browser without its secret address in any command line."""

from pathlib import Path

import pytest
from made_records import a_record

from aerial_nni.nni_backend import stored_experiments
from aerial_nni.nni_backend.lifecycle import Settings
from aerial_nni.run import main


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the browser was given on its command line."""
    given = tmp_path / "given"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$@" > {given}\n')
    browser.chmod(0o700)
    monkeypatch.setattr("webbrowser._tryorder", None)
    monkeypatch.setattr("webbrowser._browsers", {})
    monkeypatch.setenv("BROWSER", str(browser))
    return given


def test_one_that_runs_is_opened_where_it_runs(
    tmp_path: Path, opened: Path, capsys: pytest.CaptureFixture
):
    record = a_record("abc", url="http://127.0.0.1:8080/sSecret")
    record.launched_here()
    record.save(tmp_path / "abc")
    assert main(["view", "abc", "--runs", str(tmp_path), "--open"]) == 0
    assert capsys.readouterr().err == "experiment abc: http://127.0.0.1:8080/sSecret\n"
    page = tmp_path / "abc" / "open.html"
    assert opened.read_text().split() == [page.as_uri()]
    assert page.stat().st_mode & 0o777 == 0o600
    assert "url=http://127.0.0.1:8080/sSecret/oview" in page.read_text()


def test_without_a_browser_the_address_is_what_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    record = a_record("abc")
    record.launched_here()
    record.save(tmp_path / "abc")
    monkeypatch.setattr("webbrowser.open", lambda _: False)
    stored_experiments.view(Settings(runs=tmp_path), "abc", browser=True)
    assert "there is no browser here" in capsys.readouterr().err
