"""A Markdown document from its template and what Python computed for it.

Templates lie beside what they are about: `recipes/KIND/report.md.j2`, and the parts that several
documents share in `reporting/templates/`. They are named by their path in the package, and hold
prose; numbers and decisions are made in Python and passed to them. In a template each sentence has
a line of its own; in the document a paragraph is one line.
"""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

import aerial_nni
from aerial_nni.reporting import format as words
from aerial_nni.reporting.group_comparison import beside_table

FILTERS = (
    words.score,
    words.spread,
    words.percent,
    words.duration,
    words.join_and,
    words.pluralize,
    words.thousands,
    words.times,
    words.headline,
    words.literal,
    words.code,
    words.cell,
)
"""How numbers and names are written, in templates as in Python."""

FUNCTIONS = (words.table, words.rule_name, beside_table)
"""What templates call."""

NO_PROSE = ("|", "#", "```", "!", "<", ">")
"""What a line begins with that is not joined to its neighbours."""


def render(template: str, **facts: Any) -> str:
    """The text of a template, such as "recipes/hpo/report.md.j2", a paragraph a line.

    Raises:
        jinja2.UndefinedError: the template names what is not among `facts`.
    """
    return unwrapped(_environment().get_template(template).render(**facts))


def unwrapped(text: str) -> str:
    """Markdown with each paragraph on one line, and no two empty lines together.

    Code, tables, headings, quotations and pictures keep their lines.
    """
    lines: list[str] = []
    fenced = False
    for line in map(str.rstrip, text.splitlines()):
        opens = line.lstrip().startswith("```")
        if fenced or opens:
            fenced = fenced != opens
            lines.append(line)
            continue
        prose = line.strip() and not line.startswith((*NO_PROSE, "- "))
        if prose and lines and lines[-1] and not lines[-1].startswith(NO_PROSE):
            lines[-1] = f"{lines[-1]} {line.strip()}"
        elif line or (lines and lines[-1]):
            lines.append(line.strip())
    return "\n".join(lines).strip() + "\n"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(aerial_nni.__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # it is Markdown; `literal` and `code` guard what others named
    )
    environment.filters.update({one.__name__: one for one in FILTERS})
    environment.globals.update({one.__name__: one for one in FUNCTIONS})
    environment.globals["LEAKY"] = words.LEAKY
    return environment
