"""A Markdown document from its template and what Python computed for it.

Templates lie beside what they are about: `recipes/KIND/report.md.j2`, and the parts that several
documents share in `reporting/templates/`. They are named by their path in the package, and hold
prose; numbers and decisions are made in Python and passed to them.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

import aerial_nni
from aerial_nni.reporting import format as words

FILTERS = (
    words.score,
    words.spread,
    words.percent,
    words.duration,
    words.join_and,
    words.pluralize,
    words.times,
    words.literal,
    words.code,
)
"""How numbers and names are written, in templates as in Python."""


def render(template: str, **facts: Any) -> str:
    """The text of a template, such as "recipes/hpo/report.md.j2", without runs of empty lines.

    Raises:
        jinja2.UndefinedError: the template names what is not among `facts`.
    """
    text = _environment().get_template(template).render(**facts)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


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
    return environment
