"""Numbers and tables as Markdown: one way to write a score, a count, a spread and a duration."""

import math
import re
from collections.abc import Sequence
from statistics import mean, stdev

LEAKY = "leaky: neighbouring ground on both sides"
"""Printed wherever a score of a leaky split is."""


def score(value: float | None, *, digits: int = 4) -> str:
    """A score of 0 to 1; a dash where there is none."""
    return "–" if value is None or math.isnan(value) else f"{value:.{digits}f}"


def spread(values: Sequence[float]) -> str:
    """The only value, or the mean and the sample standard deviation of several."""
    if len(values) == 1:
        return score(values[0])
    return f"{mean(values):.4f} ± {stdev(values):.4f}"


def percent(share: float) -> str:
    """A share of 0 to 1 as a percentage."""
    return "–" if math.isnan(share) else f"{100 * share:.1f} %"


def duration(seconds: float) -> str:
    """Seconds as a person says them: 48 s, 12 min 5 s, 1 h 4 min."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def join_and(names: Sequence[str]) -> str:
    """Names as a sentence lists them: `a, b and c`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def pluralize(count: int, noun: str) -> str:
    """A count with its noun: `1 image`, `2 images`, `2 patches`."""
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun}{'es' if noun.endswith('patch') else 's'}"


def thousands(count: int) -> str:
    """A whole number with its thousands apart: 1,234,567."""
    return f"{count:,}"


def times(shape: Sequence[int]) -> str:
    """A shape as `3×256×256`."""
    return "×".join(str(size) for size in shape)


def rule_name(rule: str, *, leaky: bool) -> str:
    """The rule of a split, marked when it is leaky."""
    return f"`{rule}` (**{LEAKY}**)" if leaky else f"`{rule}`"


def headline(name: str) -> str:
    """A name as it stands in a title."""
    return literal(name[:1].upper() + name[1:])


def literal(name: str) -> str:
    """A name that others gave, as Markdown shows it: letter by letter, whatever it says."""
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "&#124;")):
        name = name.replace(sign, entity)
    name = re.sub(r"(?<!&)#|[\\\\`*\[\]~$]|(?<!\w)_|_(?!\w)|^[-+]", r"\\\g<0>", name)
    name = re.sub(r"(?i):(?=//)|(?<=www)\.", r"\\\g<0>", name)  # else GitHub links addresses
    name = name.replace("@", "<span>@</span>")  # and people; it ignores a backslash there
    return re.sub(r"^(\d+)([.)])", r"\1\\\2", name)


def code(text: str) -> str:
    """Such a text as code, between more backticks than stand together in it."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {text} {fence}" if longest else f"`{text}`"


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, text_columns: int = 1) -> str:
    """A Markdown table; the first `text_columns` are aligned left, numbers to the right."""
    marks = ["---" if place < text_columns else "---:" for place in range(len(header))]
    lines = [header, marks, *rows]
    return "\n".join(f"| {' | '.join(map(cell, line))} |" for line in lines)


def cell(text: str) -> str:
    """A text as it stands in a table's cell."""
    return text.replace("|", "\\|").replace("\n", " ")
