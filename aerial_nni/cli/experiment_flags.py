"""Flags that several verbs share."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from aerial_nni.config.flags import Parser
from aerial_nni.config.options import BadOption

if TYPE_CHECKING:
    from aerial_nni.tuners.methods import Method

Verb = Callable[[argparse.Namespace], int]
"""What a verb does with its parsed flags; the exit code."""

Verbs: TypeAlias = "argparse._SubParsersAction[Parser]"

CONFIG = (
    "file in NNI's own format that says where and how trials run: see nni_configs/ "
    "(default: none, trials run on this machine)"
)


def add_experiment_flags(
    parser: argparse.ArgumentParser, *, failures: int | None = 3, concurrency: str = "1"
) -> None:
    """What every verb takes that runs an experiment; `failures`: None where one goes on.

    `concurrency` is what the help says of its default.
    """
    usual = (concurrency, "a day", str(failures)) if failures else ("as before",) * 3
    group = parser.add_argument_group("the experiment")
    group.add_argument(
        "--concurrency", type=positive, metavar="N", help=f"trials at once (default: {usual[0]})"
    )
    group.add_argument(
        "--max-minutes",
        type=float,
        metavar="M",
        help=f"time limit of the whole (default: {usual[1]})",
    )
    group.add_argument(
        "--max-failures",
        type=positive,
        default=failures,
        metavar="N",
        help=f"failed trials in a row that end it (default: {usual[2]})",
    )
    add_docs(group)
    group.add_argument(
        "--exit", action="store_true", help="end when done; without it a terminal keeps the UI"
    )
    add_runs(parser)
    add_port(parser)
    add_host(parser)


def add_search_flags(
    parser: "argparse._ActionsContainer", *, space: str, index: str = "see hpo (default: 8, gp)"
) -> None:
    """The method of a search and its space; `space`: its default, `index`: what the number is."""
    parser.add_argument("--method-index", type=int, metavar="1..9", help=index)
    parser.add_argument("--student-id", metavar="ID", help="the method by an ID's last digit")
    parser.add_argument("--method", metavar="NAME", help="the method by name, such as tpe")
    parser.add_argument(
        "--search-space",
        type=Path,
        metavar="FILE",
        help=f"in NNI's format (default: {space}); what is given as an option is not searched",
    )


def check_search_words(given: argparse.Namespace) -> None:
    """Raises `BadOption` for what is said of a search where `--trials 0` is none."""
    if given.trials != 0:
        return
    for name in ("method_index", "student_id", "method", "search_space"):
        if getattr(given, name):
            flag = f"--{name.replace('_', '-')}"
            raise BadOption(f"{flag} is of the search, and --trials 0 has none; leave one out")
    if hasattr(given, "epochs") and not given.final_epochs:
        raise BadOption(
            "--epochs is of a trial of the search, and --trials 0 has none; "
            f"give --final-epochs {given.epochs}"
        )


def method_of(given: argparse.Namespace) -> "Method":
    """The method of these flags; GP where none says it."""
    from aerial_nni.tuners.methods import choose_method

    chosen = {"index": given.method_index, "student_id": given.student_id, "name": given.method}
    return choose_method(**chosen if any(chosen.values()) else {"name": "gp"})


def add_docs(parser: "argparse._ActionsContainer") -> None:
    """Where the document goes."""
    parser.add_argument(
        "--docs",
        type=Path,
        metavar="DIR",
        help="where the document goes (default: docs; the experiment's own folder for scenes and "
        "where docs has that document of another experiment)",
    )


def add_config(parser: argparse.ArgumentParser) -> None:
    """The file in NNI's configuration format."""
    parser.add_argument("--config", type=Path, metavar="FILE", help=CONFIG)


def add_runs(parser: argparse.ArgumentParser) -> None:
    """Where results are, and how the answer is printed."""
    parser.add_argument(
        "--runs", type=Path, default=Path("runs"), metavar="DIR", help="results (default: runs)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object last")


def add_port(parser: argparse.ArgumentParser) -> None:
    """The web UI's port."""
    text = "of the web UI (default: 8080, or the next one that is free)"
    parser.add_argument("--port", type=int, help=text)


def add_host(parser: argparse.ArgumentParser) -> None:
    """Who reaches the web UI."""
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="where the web UI listens (default: 127.0.0.1, this machine alone); 0.0.0.0 opens it "
        "to the network, under an address that cannot be guessed",
    )


def positive(text: str) -> int:
    """A whole number from 1 on."""
    return _from(1, text)


def whole(text: str) -> int:
    """A whole number from 0 on."""
    return _from(0, text)


def _from(least: int, text: str) -> int:
    value = int(text)
    if value < least:
        raise argparse.ArgumentTypeError(f"{value} is below {least}; give {least} or more")
    return value
