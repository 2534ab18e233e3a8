"""The web UI's pages ask no other host for anything, and its icons are what they should be."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fast_experiments import Launched, free_port, wait_for
from fontTools.ttLib import TTFont
from make_icons import ICONS, named_by_the_ui

from aerial_nni.browser.chromium import NoBrowser, programs
from aerial_nni.browser.pages import Detail, Overview
from aerial_nni.browser.screenshots import in_browser
from aerial_nni.nni_backend.process_reaper import sweep

pytestmark = pytest.mark.browser

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

ELSEWHERE = """
    return performance.getEntriesByType("resource").map((entry) => entry.name)
        .filter((name) => !name.startsWith(location.origin) && !name.startsWith("blob:"));
"""
ICONS_SHOWN = """
    return Array.from(document.querySelectorAll("i[data-icon-name]"), (icon) => icon.textContent)
        .filter((text) => text.length === 1).map((text) => text.codePointAt(0));
"""
FONTS = """
    return document.fonts.ready.then((all) => [...all].map((font) => font.status));
"""
PANEL, ROW, TABS = ".options .cursor img", '[data-automation-key="_expand"] i', ".ms-Pivot-link"


@pytest.fixture(scope="module", autouse=True)
def needs_a_browser() -> None:
    try:
        programs()
    except NoBrowser as error:
        pytest.skip(str(error))


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Launched]:
    """An experiment with one good trial, whose web UI stays open."""
    here = str(Path(__file__).parent)
    monkeypatch.setenv("PYTHONPATH", here, prepend=":")
    monkeypatch.setenv("FAST_STAY", "1")
    launched = Launched(tmp_path / "runs", free_port())
    wait_for(lambda: launched.record.state == "DONE")
    yield launched
    launched.process.terminate()
    launched.end()
    sweep(launched.id)


class Seen:
    """What a browser was asked to load from other hosts, complained of, and drew as icons."""

    def __init__(self, driver: "Chrome", url: str) -> None:
        self.driver, self.url = driver, url
        self.asked: set[str] = set()
        self.icons: set[int] = set()
        self.fonts: set[str] = set()
        self.editors = 0
        self.said: list[Any] = []

    def note(self) -> None:
        """Adds what the page shows now."""
        time.sleep(1.5)  # what a page asks for late
        self.asked.update(self.driver.execute_script(ELSEWHERE))
        self.icons.update(self.driver.execute_script(ICONS_SHOWN))
        self.fonts.update(self.driver.execute_script(FONTS))
        self.editors += len(self.driver.find_elements("css selector", ".monaco-editor"))
        self.said += self.driver.get_log("browser")

    def overview(self) -> "Seen":
        """Looks at the first page."""
        Overview(self.driver, self.url).summary_with_best()
        self.note()
        return self

    def rest(self) -> "Seen":
        """Looks at the other pages, with what opens at their side and below a trial."""
        for number in range(4):
            Detail(self.driver, self.url).rows()
            self.driver.find_elements("css selector", PANEL)[number].click()
            self.note()
        detail = Detail(self.driver, self.url)
        detail.rows()
        detail.click(ROW)
        for tab in self.driver.find_elements("css selector", TABS):
            tab.click()
            self.note()
        self.driver.get(f"{detail.url.removesuffix('detail')}experiment")
        self.note()
        return self


def test_pages_ask_no_other_host_and_every_icon_is_drawn(shown: Launched):
    seen = in_browser(lambda driver: Seen(driver, shown.record.url).overview().rest())
    assert seen.asked == set() and seen.said == []
    assert seen.fonts == {"loaded", "unloaded"}  # those of icons that no page shows
    assert seen.editors >= 3  # they run in workers
    drawn = set(TTFont(ICONS / "icons.woff").getBestCmap())
    assert len(seen.icons) > 15 and seen.icons <= drawn


@pytest.mark.slow
def test_nni_alone_asks_others(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest):
    monkeypatch.setenv("AERIAL_NNI_LEAVE", "pages")
    shown: Launched = request.getfixturevalue("shown")
    seen = in_browser(lambda driver: Seen(driver, shown.record.url).overview())
    assert any("office.net" in url for url in seen.asked)


def test_every_icon_that_the_ui_names_is_in_the_font_unless_it_has_a_brand():
    drawn = set(TTFont(ICONS / "icons.woff").getBestCmap().values())
    codes = set(TTFont(ICONS / "icons.woff").getBestCmap())
    assert len(drawn) == len(codes)
    missing = {name for name, code in named_by_the_ui().items() if code not in codes}
    assert missing == {"12PointStar", "6PointStar", "Cloud", "OneDriveLogo", "Shield"}
