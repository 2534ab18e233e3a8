"""What runs inside the pages: scripts that read and click, by NNI 3.0's names of its elements."""

METRIC = '#tableList [data-item-key="latestAccuracy"]'
"""The header of the metric's column on the detail page."""

REFRESH = ".header .ms-Button--default"
"""The button that draws a page again."""

FILLED = "return document.querySelector('#root > *') !== null;"
"""Whether a page has anything on it."""

CLICK = """
    const element = document.querySelector(arguments[0]);
    if (element) element.click();
    return element !== null;
"""
"""Clicks what a selector finds; whether there was something."""

ORDER = "return (document.querySelector(arguments[0]) || {}).ariaSort || 'none';"
"""How a column is sorted, by the selector of its header: none, ascending or descending."""

ROWS = """
    return Array.from(
        document.querySelectorAll(arguments[0] + ' [data-automationid="DetailsRow"]'),
        (row) => Object.fromEntries(Array.from(
            row.querySelectorAll("[data-automation-key]"),
            (cell) => [cell.dataset.automationKey, cell.innerText.trim()])));
"""
"""Rows of the table in what a selector finds: column -> text."""

SUMMARY = f"""
    const text = (selector) => (document.querySelector(selector) || {{innerText: ""}}).innerText;
    const rows = function () {{ {ROWS} }};
    return {{status: text(".status-text"), best: text(".bestMetric .focus-text"),
             rows: rows("#succTable")}};
"""
"""The overview's status, best metric and table at one moment."""

_OF_TRIAL = """
    const shown = document.querySelectorAll('#tableList [data-automationid="DetailsRow"]');
    const idOf = (row) => row.querySelector('[data-automation-key="id"]').innerText.trim();
    const row = Array.from(shown).find((row) => idOf(row).split(/\\s/)[0] === arguments[0]);
    const opened = row && row.parentElement.querySelector(".openRow");
"""

OPEN = f"""
    {_OF_TRIAL}
    if (row && !opened) row.querySelector('[data-automation-key="_expand"] i').click();
"""
"""Opens the row of a trial on the detail page, unless it is open."""

PARAMETERS = f"""
    {_OF_TRIAL}
    if (!opened) return null;
    return Array.from(opened.querySelectorAll(".bgHyper > ul > li > ul > li"), (item) => [
        item.querySelector("label").innerText, item.querySelector(":scope > span").innerText]);
"""
"""The hyper-parameters below a trial's open row: pairs of name and value; null where closed."""

DRAWN = """
    const graph = document.querySelector(".detail-title [role=tabpanel][aria-hidden=false]");
    return Boolean(graph.querySelector("canvas, svg")) && !/No data/.test(graph.innerText);
"""
"""Whether the open tab of the detail page has something to draw."""

CURVES = """
    const graph = document.querySelector(".detail-title [role=tabpanel][aria-hidden=false]");
    const drawn = graph.querySelector(".echarts-for-react");
    let part = drawn && drawn[Object.keys(drawn).find((key) => key.startsWith("__reactFiber"))];
    while (part && !(part.memoizedProps && part.memoizedProps.option)) part = part.return;
    const series = part && part.memoizedProps.option.series;
    return series ? Object.fromEntries(series.map((one) => [one.name, one.data])) : {};
"""
"""What the open tab draws: name of each line -> its values. A canvas has pixels alone, so they
are read where React has them: the property `option` of echarts-for-react."""
