"""Pictures of an experiment in NNI's web UI, for documents."""

import io
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from aerial_nni.browser.chromium import chromium
from aerial_nni.browser.pages import GRAPHS, SECONDS, Detail, Overview, Row, Value, White
from aerial_nni.config.errors import UserError

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

STILL = 20.0
"""Seconds after which a page that goes on changing is taken as it is."""

BROWSERS = 3
"""How many browsers are tried where a page stays or goes white."""


OVERVIEW = "ui-overview.png"

PICTURES = {
    "Default metric": "ui-detail.png",
    "Hyper-parameter": "ui-hyper-parameters.png",
    "Intermediate result": "ui-intermediate.png",
}
"""The picture of each graph of the detail page."""


class PicturesThere(UserError):
    """Pictures would be replaced."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What the pictures show: a trial, its metric and its hyper-parameters."""

    trial: Row | None
    """The best trial that has a metric, NaN too; None where none has yet."""
    parameters: dict[str, Any]
    files: tuple[Path, ...]


def take(url: str, folder: Path, *, seconds: float = SECONDS) -> Taken:
    """Takes the pictures of the experiment whose web UI is at `url`.

    ui-overview.png is the overview. The others are the detail page, as soon as a trial has a
    metric, with the best trial's hyper-parameters opened, below the graph of all metrics
    (ui-detail.png), of all hyper-parameters (ui-hyper-parameters.png) and of all curves
    (ui-intermediate.png). The last two are left out where they have nothing to draw, and all three
    where no trial has a metric within `seconds`. Each is 1600 x 1000 pixels.

    Raises:
        NoBrowser: there is no Chromium.
        NotShown: nothing answers, or a page stays white.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return in_browser(lambda driver: _take(driver, url, folder, seconds))


def in_browser(look: Callable[["Chrome"], Value]) -> Value:
    """What `look` returns in a new browser, or in another one where a page is white.

    Raises:
        NoBrowser: there is no Chromium.
        White: a page was in each of BROWSERS.
    """
    for _ in range(BROWSERS - 1):
        with suppress(White), chromium() as driver:
            return look(driver)
    with chromium() as driver:
        return look(driver)


def check_free(folder: Path) -> None:
    """Raises `PicturesThere` where one of the pictures is in the folder already."""
    there = [str(folder / name) for name in (OVERVIEW, *PICTURES.values())
             if (folder / name).exists()]  # fmt: skip
    if there:
        raise PicturesThere(
            f"{', '.join(there)} would be replaced; add --overwrite if that is meant, or choose "
            "another place with --to"
        )


def _take(driver: "Chrome", url: str, folder: Path, seconds: float) -> Taken:
    overview = Overview(driver, url)
    overview.summary()
    files = [save(driver, folder / OVERVIEW)]
    detail = Detail(driver, url)
    if not detail.wait_for_metric(seconds=seconds):
        return Taken(trial=None, parameters={}, files=tuple(files))
    detail.sort()
    best = detail.best()
    parameters = detail.parameters(best.id)
    files += _graphs(detail, folder)
    return Taken(trial=best, parameters=parameters, files=tuple(files))


def _graphs(detail: Detail, folder: Path) -> Iterator[Path]:
    for graph, name in PICTURES.items():
        drawn = detail.show(graph)
        if drawn or graph == GRAPHS[0]:  # the table below it is worth a picture in any case
            yield save(detail.driver, folder / name)


def save(driver: "Chrome", path: Path) -> Path:
    """Writes what the window shows once it has stopped moving: graphs grow into place.

    Raises:
        White: there is nothing on it.
    """
    deadline = time.monotonic() + STILL
    before, now = b"", driver.get_screenshot_as_png()
    while (before != now or _white(now)) and time.monotonic() < deadline:
        time.sleep(0.7)
        before, now = now, driver.get_screenshot_as_png()
    if _white(now):
        raise White(f"{driver.current_url} stays white; open it in a browser of your own")
    with _opened(now) as picture:
        picture.save(path, optimize=True)
    return path


def _white(png: bytes) -> bool:
    with _opened(png) as picture:
        return all(low == high for low, high in picture.getextrema())


def _opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")
