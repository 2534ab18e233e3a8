"""Two pages of NNI's web UI: what they show, and the few things there are to click.

A page draws itself anew every ten seconds while its experiment runs. So everything is read and
clicked by one script inside the page at a time: two questions may see two states, one never does.
"""

import json
import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from aerial_nni.browser import scripts
from aerial_nni.config.errors import UserError

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

Value = TypeVar("Value")

TITLE = "Neural Network Intelligence"
"""What every page of the web UI is called."""

GRAPHS = ("Default metric", "Hyper-parameter", "Duration", "Intermediate result")
"""Tabs of the detail page."""

SECONDS = 60.0
"""How long a page may take to show something. It asks a server that may be busy."""


class NotShown(UserError):
    """The web UI does not show what was looked for; the message says what, and what to do."""


class White(NotShown):
    """A page has nothing on it (any more)."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A trial as a table shows it.

    `metric` has six digits, is NaN where what was reported is no number, and None where there is
    none yet.
    """

    number: int
    id: str
    status: str
    metric: float | None


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The overview at one moment: its state, its best metric, and its top trials, best first."""

    status: str
    best: float | None
    top: tuple[Row, ...]


class Page:
    """One page of the web UI at `url`, opened."""

    path = ""

    def __init__(self, driver: "Chrome", url: str) -> None:
        """Opens the page. `url` is the web UI's, as an experiment prints it.

        Raises:
            NotShown: there is no web UI of NNI.
        """
        from selenium.common.exceptions import WebDriverException

        self.driver, self.url = driver, f"{root_of(url)}/{self.path}"
        self._drawn = False
        try:
            driver.get(self.url)
            problem = "" if driver.title == TITLE else "what is there is not NNI's web UI"
        except WebDriverException as error:
            problem = (error.msg or "").strip().partition("\n")[0]
        if problem:
            raise NotShown(
                f"{self.url} cannot be opened: {problem}; `python -m aerial_nni.run list` knows "
                "what runs, `python -m aerial_nni.run view ID` opens what is over"
            )

    def script(self, text: str, *arguments: Any) -> Any:
        """What a script inside the page returns."""
        return self.driver.execute_script(text, *arguments)

    def click(self, selector: str) -> None:
        """Clicks the first element that a CSS selector finds."""
        self.until(lambda: self.script(scripts.CLICK, selector), f"element {selector}")

    def until(
        self, look: Callable[[], Value | None], what: str, *, seconds: float = SECONDS
    ) -> Value:
        """The first true value of `look`.

        Raises:
            NotShown: there was none for so many seconds.
            White: the page's own script has failed. NNI 3.0's detail page does where a metric
                comes before the trial's own record (main.js, `get id` of a trial without `info`).
        """
        deadline = time.monotonic() + seconds
        while not (value := look()):
            drawn = bool(self.script(scripts.FILLED))
            if self._drawn and not drawn:
                raise White(f"{self.url} went white; load it again")
            self._drawn = drawn
            if time.monotonic() > deadline:
                raise NotShown(f"{self.url} shows no {what} after {seconds:g} s")
            time.sleep(0.2)
        return value


class Overview(Page):
    """The page that NNI calls overview."""

    path = "oview"

    def summary(self) -> Summary:
        """What it shows now."""

        def look() -> dict[str, Any] | None:
            values = self.script(scripts.SUMMARY)
            return values if values["best"] else None

        shown = self.until(look, "best metric")
        rows = tuple(_row(cells, metric="accuracy") for cells in shown["rows"])
        return Summary(status=shown["status"], best=_number(shown["best"]), top=rows)

    def summary_with_best(self, *, seconds: float = SECONDS) -> Summary:
        """What it shows as soon as a trial has succeeded.

        Raises:
            NotShown: none has for so many seconds.
        """

        def look() -> Summary | None:
            summary = self.summary()
            return summary if summary.best is not None and summary.top else None

        return self.until(look, "trial that has succeeded", seconds=seconds)


class Detail(Page):
    """The page that NNI calls trials detail."""

    path = "detail"

    def rows(self) -> tuple[Row, ...]:
        """The trials that its table shows now: at most twenty, where the window reaches."""
        cells = self.until(lambda: self.script(scripts.ROWS, "#tableList"), "trial")
        return tuple(_row(row, metric="latestAccuracy") for row in cells)

    def wait_for_metric(self, *, seconds: float = SECONDS) -> bool:
        """Whether a trial shows a metric, NaN too, within so many seconds."""
        try:
            return self.until(lambda: bool(self._with_metric()), "metric", seconds=seconds)
        except White:
            raise
        except NotShown:
            return False

    def best(self) -> Row:
        """The first trial of the table with a metric, the best one after `sort`.

        One that has succeeded goes before others, and NaN behind all numbers.
        """
        rows = self.until(self._with_metric, "metric")
        return min(rows, key=lambda row: (math.isnan(row.metric or 0), row.status != "SUCCEEDED"))

    def _with_metric(self) -> list[Row]:
        return [row for row in self.rows() if row.metric is not None]

    def sort(self) -> None:
        """Sorts the table by metric, best first.

        Raises:
            NotShown: the table does not obey.
        """
        for _ in range(8):
            if self._order() == "descending":
                return
            before = self._order()
            self.click(f"{scripts.METRIC} .ms-DetailsHeader-cellTitle")
            time.sleep(0.5)
            if self._order() == before:
                # NNI 3.0's table (TableList.tsx) knows its columns only once it is drawn again.
                self.click(scripts.REFRESH)
                time.sleep(1.0)
        raise NotShown(f"{self.url} does not sort its trials by metric")

    def _order(self) -> str:
        """How the trials are sorted by metric: none, ascending or descending."""
        return str(self.script(scripts.ORDER, scripts.METRIC))

    def parameters(self, trial: str) -> dict[str, Any]:
        """A trial's hyper-parameters, shown by opening its row.

        Raises:
            NotShown: the table does not show the trial.
        """

        def look() -> list[list[str]] | None:
            self.script(scripts.OPEN, trial)
            rows: list[list[str]] | None = self.script(scripts.PARAMETERS, trial)
            return rows

        shown = self.until(look, f"hyper-parameters of trial {trial}")
        return {name.strip().removesuffix(":"): _value(text) for name, text in shown}

    def show(self, graph: str) -> bool:
        """Opens the tab of one of GRAPHS; False where there is nothing to draw."""
        self.click(f'.detail-title button[name="{graph}"]')
        tab = f'.detail-title button[name="{graph}"][aria-selected="true"]'
        self.until(lambda: self.script("return document.querySelector(arguments[0])", tab), graph)
        time.sleep(0.5)  # the page's own script draws after the tab is there
        return bool(self.script(scripts.DRAWN))

    def curves(self) -> dict[str, list[float]]:
        """Each trial's intermediate results as the tab of that name draws them now.

        Raises:
            NotShown: it draws none.
        """
        self.show("Intermediate result")
        return dict(self.until(lambda: self.script(scripts.CURVES), "intermediate result"))


def root_of(url: str) -> str:
    """The address of a web UI from that of any of its pages; http:// where no scheme is given."""
    address = url if "://" in url else f"http://{url}"
    return re.sub(r"/(oview|detail|experiment)?/*$", "", address)


def _row(cells: Mapping[str, str], *, metric: str) -> Row:
    return Row(
        number=int(cells["sequenceId"]),
        id=cells["id"].split()[0],
        status=cells["status"],
        metric=_number(cells[metric]),
    )


def _number(text: str) -> float | None:
    """The number that a text begins with: `0.5 (FINAL)`, `--`, `N/A`."""
    try:
        return float(text.split()[0])
    except (IndexError, ValueError):
        return None


def _value(text: str) -> Any:
    """A value as the UI prints it: strings in quotes that are not escaped, the rest as JSON."""
    return text[1:-1] if text.startswith('"') else json.loads(text)
