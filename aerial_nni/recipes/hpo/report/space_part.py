"""The chapter on the search space: every parameter with its values, and why it was reduced."""

import dataclasses

from aerial_nni.config import run_folder
from aerial_nni.recipes.hpo.report.axes import write_value
from aerial_nni.recipes.hpo.report.search import Search
from aerial_nni.recipes.kinds import options_of
from aerial_nni.reporting.format import pluralize, table
from aerial_nni.tuners.parameter import NORMAL, Parameter


def explain_space(search: Search) -> str:
    """The search space as a table, its file with all comments, and the reason, in Markdown."""
    size = search.space.size
    many = (
        f"There are {size:,} configurations in it."
        if size is not None
        else "Some parameters are continuous, so there is no end to the configurations in it."
    )
    missing = search.method.get("missing", ())
    reason = search.method.get("reason", "").rstrip(".")
    given = search.method.get("given") or {}
    fixed = ", ".join(f"`{name}` {write_value(value)}" for name, value in given.items())
    logs = (
        " A value on a log scale is drawn so that each power of ten is as likely as any other."
        if any(parameter.log for parameter in search.space.parameters)
        else ""
    )
    parts = [
        "### The search space",
        f"The search varied {pluralize(len(search.space.parameters), 'parameter')} and left all "
        "other "
        f"options as they were. {many}{logs}"
        + (f" Given with the command, so not searched: {fixed}." if fixed else ""),
        f"**The search space was reduced.** The reason given: {reason}. Against the full space: "
        f"{'; '.join(missing)}."
        if missing
        else "",
        space_table(search),
        _file(search),
    ]
    return "\n\n".join(part for part in parts if part)


def space_table(search: Search) -> str:
    """A parameter a row: what it is, as the command line says it, its values, and the default."""
    specs = dataclasses.fields(options_of(search.experiment.kind))
    said = {spec.name: spec.metadata["help"] for spec in specs}
    rows = [
        [
            f"`{parameter.name}`",
            said.get(parameter.name, ""),
            write_range(parameter),
            write_value(search.default(parameter.name)),
        ]
        for parameter in search.space.parameters
    ]
    return table(["parameter", "what it is", "values searched", "default"], rows, text_columns=4)


def write_range(parameter: Parameter) -> str:
    """The values of a parameter in words."""
    if parameter.values:
        return ", ".join(map(write_value, parameter.values))
    if parameter.type == "randint":
        return f"whole numbers from {parameter.low:g} to {parameter.high - 1:g}"
    if parameter.type in NORMAL:
        of = "of the logarithm " if parameter.log else ""
        text = f"normal {of}with mean {parameter.low:g} and deviation {parameter.high:g}"
    else:
        text = f"{parameter.low:g} to {parameter.high:g}"
        text += ", log scale" if parameter.log else ""
    return f"{text}, in steps of {parameter.step:g}" if parameter.step else text


def _file(search: Search) -> str:
    """The file of the search space as it was written, folded; empty where it was not kept."""
    path = search.experiment.folder / run_folder.SPACE
    if not path.is_file():
        return ""
    text = path.read_text(encoding="utf-8").strip()
    return (
        "<details><summary>The file of the search space, with its comments</summary>\n\n"
        f"```yaml\n{text}\n```\n\n</details>"
    )
