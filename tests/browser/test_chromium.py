"""What is said where there is no browser, or nothing to look at. No experiment is needed."""

import sys
from pathlib import Path

import pytest

from aerial_nni.browser import __main__ as browser
from aerial_nni.browser import screenshots
from aerial_nni.browser.__main__ import main
from aerial_nni.browser.chromium import chromium, programs
from aerial_nni.browser.pages import NotShown, Overview, root_of
from aerial_nni.browser.screenshots import Taken
from aerial_nni.config.errors import ExtraMissing, UserError
from aerial_nni.nni_backend.ports import free_port

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("present", [(), ("chromium",)])
def test_a_missing_program_is_named_with_what_to_type(
    present: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
):
    pytest.importorskip("selenium")
    for name in present:
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["--to", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    missing = "Chromium's driver" if present else "Chromium"
    assert said.startswith(f"error: {missing} is not installed")
    assert "apt-get install chromium chromium-driver" in said


def test_missing_selenium_is_named_with_what_to_type(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "selenium", None)
    with pytest.raises(ExtraMissing, match=r"selenium.*python -m pip install -e \"\.\[browser\]\""):
        programs()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080",
        "http://127.0.0.1:8080/",
        "127.0.0.1:8080/oview",
        "http://127.0.0.1:8080/detail/",
    ],
)
def test_any_page_names_the_web_ui(url: str):
    assert root_of(url) == "http://127.0.0.1:8080"


def test_a_prefix_is_kept():
    assert root_of("http://host:80/a1b2/oview") == root_of("http://host:80/a1b2") != "http://host"


def test_an_address_without_a_web_ui(tmp_path: Path):
    try:
        programs()
    except UserError as error:
        pytest.skip(str(error))
    page = tmp_path / "oview"
    page.write_text("<title>something else</title>")
    with chromium() as driver:
        with pytest.raises(NotShown, match="CONNECTION_REFUSED.*run view ID"):
            Overview(driver, f"http://127.0.0.1:{free_port()}")
        with pytest.raises(NotShown, match="is not NNI's web UI"):
            Overview(driver, f"file://{tmp_path}")


def test_a_white_page_is_no_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    try:
        programs()
    except UserError as error:
        pytest.skip(str(error))
    monkeypatch.setattr(screenshots, "STILL", 2.0)
    path = tmp_path / "white.png"
    with chromium() as driver:
        driver.get("about:blank")
        with pytest.raises(screenshots.White, match="about:blank stays white"):
            screenshots.save(driver, path)
    assert not path.exists()


def test_pictures_are_replaced_only_when_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    monkeypatch.setattr(browser, "take", lambda url, folder, *, seconds: Taken(
        trial=None, parameters={}, files=(folder / "ui-overview.png",)
    ))  # fmt: skip
    words = ["http://127.0.0.1:1", "--to", str(tmp_path)]
    assert main(words) == 0
    (tmp_path / "ui-intermediate.png").touch()
    assert main(words) == 1
    said = capsys.readouterr().err
    assert "ui-intermediate.png would be replaced; add --overwrite" in said
    assert main([*words, "--overwrite"]) == 0
