"""The command line of the benchmarks; each prints a Markdown table, and JSON with `--json FILE`."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from aerial_nni.config.errors import UserError
from aerial_nni.config.run_folder import atomic, write_json
from aerial_nni.recipes import RECIPES

BENCHES = {
    name.rpartition(".")[2]: import_module(name)
    for name in (
        "aerial_nni.bench.train",
        "aerial_nni.bench.data",
        *(recipe.benchmark for recipe in RECIPES.values() if recipe.benchmark),
        "aerial_nni.bench.predict",
        "aerial_nni.bench.overhead",
        "aerial_nni.bench.faults",
    )
}
"""Name -> module with `add_flags` and `measure`, which returns the table."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one benchmark and prints its table."""
    parser = argparse.ArgumentParser(prog="python -m aerial_nni.bench", description=__doc__)
    verbs = parser.add_subparsers(dest="bench", required=True, metavar=f"{{{','.join(BENCHES)}}}")
    for name, module in BENCHES.items():
        verb = verbs.add_parser(name, help=(module.__doc__ or "").splitlines()[0])
        verb.add_argument("--data", default="scenes", help="dataset (default: scenes)")
        verb.add_argument("--data-dir", default="", help="where it is")
        verb.add_argument("--docs", type=Path, help="also write the table to this Markdown file")
        verb.add_argument("--json", type=Path, help="also write the figures to this file")
        module.add_flags(verb)
    given = parser.parse_args(arguments)
    try:
        table = BENCHES[given.bench].measure(given)
    except (UserError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(table.markdown())
    if given.docs:
        with atomic(given.docs) as temporary:
            temporary.write_text(table.markdown(), encoding="utf-8")
    if given.json:
        write_json(given.json, table.as_dict())
    return 0


if __name__ == "__main__":
    sys.exit(main())
