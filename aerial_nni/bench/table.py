"""A table of measured figures, with what is needed to repeat them."""

import platform
import sys
from dataclasses import dataclass
from typing import Any

import torch

from aerial_nni import __version__
from aerial_nni.training.device import machine_name


@dataclass(frozen=True, kw_only=True)
class Part:
    """A further table below that of a benchmark."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | float, ...], ...]

    def records(self) -> list[dict[str, str | float]]:
        """A dictionary for each row."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def lines(self) -> list[str]:
        """Markdown lines of the rows."""
        lines = [_row(self.columns), _row(["---"] * len(self.columns))]
        return lines + [_row([_cell(value) for value in row]) for row in self.rows]


@dataclass(frozen=True, kw_only=True)
class Table(Part):
    """Rows of one benchmark, and tables below it. `notes` say what was held equal."""

    notes: tuple[str, ...]
    device: torch.device
    parts: tuple[Part, ...] = ()

    def markdown(self) -> str:
        """The table as Markdown, with the command and the machine."""
        lines = [f"# {self.title}", "", *self.lines()]
        for part in self.parts:
            lines += ["", f"## {part.title}", "", *part.lines()]
        lines += ["", *(f"- {note}" for note in self.notes), f"- Command: `{command()}`"]
        lines += [
            f"- Machine: {machine_name(self.device)}; torch {torch.__version__}, "
            f"Python {platform.python_version()}, aerial_nni {__version__}",
            "",
        ]
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """The rows as records."""
        shown = {"title": self.title, "rows": self.records()}
        parts = [{"title": part.title, "rows": part.records()} for part in self.parts]
        return {**shown, "parts": parts, "notes": self.notes, "command": command()}


def command() -> str:
    """The line that was typed, without where the data lies on this machine."""
    words = list(sys.argv[1:])
    for i, word in enumerate(words[:-1]):
        if word == "--data-dir":
            words[i + 1] = "DIR"
    return " ".join(["python -m aerial_nni.bench", *words])


def _row(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"
