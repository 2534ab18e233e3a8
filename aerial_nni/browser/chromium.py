"""Chromium without a window, driven by Selenium."""

import shutil
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aerial_nni.config.errors import UserError, with_extra

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DRIVERS = ("chromedriver", "chromium.chromedriver")
"""Names of the programs, as distributions call them."""

INSTALL = "apt-get install chromium chromium-driver fonts-liberation"
"""What to type on Debian and Ubuntu."""

SWITCHES = (
    "--headless=new",
    "--no-sandbox",  # containers lack user namespaces; only the experiment's own pages are opened
    "--disable-gpu",
    "--disable-dev-shm-usage",  # /dev/shm is 64 MB in a container
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

WIDTH, HEIGHT = 1600, 1000
"""Pixels of a picture."""

ZOOM = 0.8
"""Pixels of a picture per CSS pixel. The UI's two columns, and a trial with twelve
hyper-parameters below its graph, need 2000 x 1250 CSS pixels."""


class NoBrowser(UserError):
    """There is no browser that could be driven; the message says what to install."""


def programs() -> tuple[str, str]:
    """Paths of Chromium and of its driver.

    Raises:
        ExtraMissing: Selenium is not installed.
        NoBrowser: one of them is not.
    """
    with_extra("selenium", "browser")
    return _program("Chromium", BROWSERS), _program("Chromium's driver", DRIVERS)


def _program(what: str, names: Sequence[str]) -> str:
    for name in names:
        if path := shutil.which(name):
            return path
    looked = ", ".join(names)
    raise NoBrowser(f"{what} is not installed (none of {looked} is on the PATH); {INSTALL}")


@contextmanager
def chromium() -> Iterator["Chrome"]:
    """A browser with an empty profile whose screenshots are WIDTH x HEIGHT; it ends with the block.

    Raises:
        NoBrowser: there is none, or it does not start.
    """
    browser, driver = programs()
    from selenium import webdriver
    from selenium.common.exceptions import WebDriverException

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = browser
        for switch in (*SWITCHES, f"--user-data-dir={profile}"):
            options.add_argument(switch)
        with warnings.catch_warnings():
            # The driver is on this machine. What Selenium 4 names instead, webdriver.Chrome lacks.
            warnings.simplefilter("ignore", DeprecationWarning)
            options.ignore_local_proxy_environment_variables()
        try:
            window = webdriver.Chrome(options, webdriver.ChromeService(driver))
        except WebDriverException as error:
            reason = (error.msg or "").strip().partition("\n")[0]
            raise NoBrowser(f"{browser} does not start: {reason}; {INSTALL}") from error
        try:
            size = {"width": round(WIDTH / ZOOM), "height": round(HEIGHT / ZOOM)}
            metrics = {**size, "deviceScaleFactor": ZOOM, "mobile": False}
            window.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
            yield window
        finally:
            window.quit()
