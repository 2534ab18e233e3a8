"""A search space as a table: every parameter with its values."""

from aerial_nni.config import run_folder
from aerial_nni.config.options import fields_of_record
from aerial_nni.recipes import RECIPES
from aerial_nni.reporting.format import table
from aerial_nni.reporting.search.axes import write_value
from aerial_nni.reporting.search.search import Search
from aerial_nni.tuners.parameter import NORMAL, Parameter


def space_table(search: Search) -> str:
    """A parameter a row: what it is, as the command line says it, its values, and the default."""
    kind = RECIPES[search.experiment.kind].options
    specs = fields_of_record(kind, search.experiment.best.options)
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


def space_file(search: Search) -> str:
    """The file of the search space as it was written; empty where it was not kept."""
    path = search.experiment.folder / run_folder.SPACE
    return path.read_text(encoding="utf-8").strip() if path.is_file() else ""
