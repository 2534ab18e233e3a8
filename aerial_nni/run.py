"""The command line: `python -m aerial_nni.run VERB`, one verb for each thing to do.

python -m aerial_nni.run baseline --data dubai --data-dir DIR     train, watched in NNI's web UI
python -m aerial_nni.run hpo --method-index 8                     search better options
python -m aerial_nni.run distill --teacher CHECKPOINT             a small student from a large model
python -m aerial_nni.run list                                     what was run
python -m aerial_nni.run export ID --to best.safetensors          the best checkpoint
python -m aerial_nni.run VERB --help                              everything a verb takes
"""

import argparse
import json
import logging
import signal
import sys
from collections.abc import Sequence
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from aerial_nni import __version__
from aerial_nni.config.errors import say_plainly, told

if TYPE_CHECKING:
    from aerial_nni.config.flags import Parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one verb; 0 when it did what was asked."""
    try:
        return _run(arguments)
    except ModuleNotFoundError as error:
        print(f"error: {error.name} is missing; python -m pip install -e .", file=sys.stderr)
        return 1


def _run(arguments: Sequence[str] | None) -> int:
    words = list(sys.argv[1:] if arguments is None else arguments)
    given = build_parser().parse_args(words)
    given.words = words
    say_plainly(logging.WARNING)
    try:
        code: int = given.verb(given)
        return code
    except KeyboardInterrupt:
        return 130
    except ModuleNotFoundError:
        raise  # said above, with what to type
    except Exception as error:  # a traceback tells a user nothing
        said = told(error)
        print(f"error: {said}", file=sys.stderr)
        if getattr(given, "json", False):
            print(json.dumps({"error": said}))
        return 1


def build_parser() -> "Parser":
    """The parser of all verbs."""
    from aerial_nni.cli import doctor, export, listing, predict, stored_commands
    from aerial_nni.config.flags import Parser
    from aerial_nni.recipes import RECIPES

    parser = Parser(
        prog="python -m aerial_nni.run",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"aerial_nni {__version__}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    for recipe in RECIPES.values():
        resolve_name(recipe.command)(verbs)
    for group in (stored_commands, listing, export, predict, doctor):
        group.add_flags(verbs)
    return parser


def program() -> None:
    """What `python -m aerial_nni.run` and `aerial-nni` are: one verb, then the exit code."""
    # As Ctrl-C does, a kill leaves no half-written file behind.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    sys.exit(main())


if __name__ == "__main__":
    program()
