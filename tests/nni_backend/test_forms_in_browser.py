"""The web UI's form in which a person adds a trial: a mistake is answered with the reason."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fast_experiments import Launched, free_port, wait_for

from aerial_nni.browser.chromium import NoBrowser, programs
from aerial_nni.browser.pages import Detail
from aerial_nni.browser.screenshots import in_browser
from aerial_nni.browser.scripts import CLICK
from aerial_nni.nni_backend.process_reaper import sweep

pytestmark = pytest.mark.browser

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

FORM = ".hyper-box input[name=lr]"
SAID = """
    const dialogs = document.querySelectorAll(".ms-Dialog-main");
    return Array.from(dialogs, (one) => one.innerText).join(" ");
"""
PRESS = """
    [...document.querySelectorAll(".ms-Dialog-main button")]
        .find((one) => one.innerText.trim() === arguments[0])?.click();
"""


@pytest.fixture(autouse=True)
def needs_a_browser() -> None:
    try:
        programs()
    except NoBrowser as error:
        pytest.skip(str(error))


def add(driver: "Chrome", rate: str) -> str:
    """What the UI says after a trial with that rate was added in its form."""
    copy = 'button[title="Customized trial"]:not([disabled])'
    wait_for(lambda: driver.execute_script(CLICK, copy))
    field = wait_for(lambda: driver.find_elements("css selector", FORM))[0]
    for key in ("\ue009a", "\ue000", rate):  # all of it, away, and anew
        field.send_keys(key)
    driver.execute_script(PRESS, "Submit")

    def said() -> str:
        text = str(driver.execute_script(SAID))
        driver.execute_script(PRESS, "Confirm")  # that it is not in the search space
        return text if "Submit Failed" in text or "Submit successfully" in text else ""

    return wait_for(said)


@pytest.mark.slow  # it types into a page that draws itself anew
def test_a_mistake_in_an_added_trial_is_told_in_the_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=":")
    monkeypatch.setenv("FAST_HEARD", str(tmp_path / "heard"))
    monkeypatch.setenv("FAST_RATES", "1")
    monkeypatch.setenv("FAST_HOLD", str(tmp_path / "go on"))
    launched = Launched(tmp_path / "runs", free_port())
    wait_for(lambda: list(launched.runs.glob(f"{launched.id}/*/options.json")))

    def added(rate: str) -> str:
        def look(driver: "Chrome") -> str:
            Detail(driver, launched.record.url).rows()
            return add(driver, rate)

        return in_browser(look)

    refused, taken = added("oops"), added("0.001")
    assert "the trial was not added: lr='oops' is a str; give a float" in refused
    assert "Submit successfully" in taken
    (tmp_path / "go on").touch()
    launched.end()
    assert launched.record.reason == "all trials ended: 2 of 2 are good"
    sweep(launched.id)
