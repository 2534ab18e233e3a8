"""The command line: `python -m aerial_nni.run VERB`, one verb for each thing to do.

python -m aerial_nni.run baseline --data dubai --data-dir DIR     train, watched in NNI's web UI
python -m aerial_nni.run hpo --method-index 8                     search better options
python -m aerial_nni.run list                                     what was run
python -m aerial_nni.run export ID --to best.safetensors          the best checkpoint
python -m aerial_nni.run VERB --help                              everything a verb takes
"""

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from aerial_nni import __version__, verbs
from aerial_nni.errors import Explained
from aerial_nni.flags import add_trial_flags


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one verb; 0 when it did what was asked."""
    given = build_parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    try:
        return given.verb(given)
    except (Explained, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        if getattr(given, "json", False):
            print(json.dumps({"error": str(error)}))
        return 1
    except KeyboardInterrupt:
        return 130


CONFIG = "where and how trials run, in NNI's own format: see nni_configs/ (default: here)"


def build_parser() -> argparse.ArgumentParser:
    """The parser of all verbs."""
    parser = argparse.ArgumentParser(
        prog="python -m aerial_nni.run",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"aerial_nni {__version__}")
    verb_parsers = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    _add_baseline(verb_parsers)
    _add_hpo(verb_parsers)
    _add_stored(verb_parsers)
    _add_doctor(verb_parsers)
    return parser


def _add_baseline(verb_parsers: "argparse._SubParsersAction") -> None:
    text = "train a U-Net, one trial per seed, as an NNI experiment"
    parser = verb_parsers.add_parser("baseline", help=text, description=text)
    parser.set_defaults(verb=verbs.baseline)
    parser.add_argument(
        "--seeds",
        type=int,
        nargs="+",
        default=[],
        metavar="SEED",
        help="one trial for each of these (default: that of --seed)",
    )
    _add_experiment_flags(parser)
    parser.add_argument("--config", type=Path, metavar="FILE", help=CONFIG)
    add_trial_flags(parser)


def _add_hpo(verb_parsers: "argparse._SubParsersAction") -> None:
    from aerial_nni.experiments.methods import table

    text = "search better options by one of nine methods, then retrain the best over seeds"
    parser = verb_parsers.add_parser(
        "hpo",
        help=text,
        description=f"{text}. The methods:\n\n{table()}\n\n"
        "Without data it searches on the built-in scenes, some minutes on two cores.\n"
        "A trial of the search takes 12 epochs where --epochs is not given (scenes: 6, with\n"
        "--space-to-depth 2).",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(verb=verbs.hpo)
    group = parser.add_argument_group("the search")
    group.add_argument("--method-index", type=int, metavar="1..9", help="the method by number")
    group.add_argument("--student-id", metavar="ID", help="the method by an ID's last digit")
    group.add_argument("--method", metavar="NAME", help="the method by name, such as gp")
    group.add_argument(
        "--trials",
        type=_positive,
        metavar="N",
        help="trials of the search, the retraining not counted (default: 30; scenes: 10)",
    )
    group.add_argument(
        "--search-space",
        type=Path,
        metavar="FILE",
        help="in NNI's format (default: search_spaces/hpo.yaml)",
    )
    group.add_argument(
        "--reason",
        default="",
        metavar="TEXT",
        help="why the search space is smaller than search_spaces/hpo.yaml: needed then",
    )
    group.add_argument(
        "--assessor",
        choices=("none", "median-stop", "curve-fitting"),
        default="none",
        help="who stops hopeless trials early (default: none)",
    )
    group.add_argument(
        "--final-seeds",
        type=int,
        nargs="*",
        metavar="SEED",
        help="the best configuration and the default are retrained with each of these "
        "(default: 1 2 3; none after the flag: not retrained)",
    )
    group.add_argument(
        "--final-epochs",
        type=_positive,
        metavar="N",
        help="epochs of each trial of that retraining (default: 30; scenes: 6)",
    )
    _add_experiment_flags(parser, failures=5)
    parser.add_argument("--config", type=Path, metavar="FILE", help=CONFIG)
    add_trial_flags(parser)


def _add_stored(verb_parsers: "argparse._SubParsersAction") -> None:
    """The verbs about experiments that exist."""
    parser = _with_id(verb_parsers, "resume", verbs.resume, "go on with an experiment that ended")
    parser.add_argument(
        "--trials", type=int, metavar="N", help="trials in all (default: as before)"
    )
    _add_experiment_flags(parser, failures=None)
    parser = _with_id(verb_parsers, "view", verbs.view, "open the web UI on one that is over")
    _add_runs(parser)
    _add_port(parser)
    _add_host(parser)
    parser = _with_id(verb_parsers, "stop", verbs.stop, "end one that is running")
    _add_runs(parser)
    parser = _with_id(verb_parsers, "export", verbs.export, "copy the best trial's checkpoint")
    parser.add_argument("--to", type=Path, required=True, metavar="FILE", help="file to write")
    _add_runs(parser)
    parser = _with_id(verb_parsers, "report", verbs.report, "write the document", many=True)
    parser.add_argument("--docs", type=Path, metavar="DIR", help="where it goes (default: docs)")
    _add_runs(parser)
    parser = verb_parsers.add_parser("list", help="all experiments", description="All experiments.")
    parser.set_defaults(verb=verbs.listing)
    _add_runs(parser)


def _add_doctor(verb_parsers: "argparse._SubParsersAction") -> None:
    text = "is this machine ready? what is missing, and the line that mends it"
    parser = verb_parsers.add_parser("doctor", help=text, description=text)
    parser.set_defaults(verb=verbs.doctor)
    parser.add_argument("--data-dir", default="", metavar="DIR", help="imagery to look at too")
    _add_runs(parser)
    _add_port(parser)


def _with_id(
    verb_parsers: "argparse._SubParsersAction",
    name: str,
    verb: verbs.Verb,
    text: str,
    *,
    many: bool = False,
) -> argparse.ArgumentParser:
    """A verb about one experiment, or about several."""
    parser = verb_parsers.add_parser(name, help=text, description=text)
    parser.set_defaults(verb=verb)
    help_text = "the experiment, or the beginning of its name; see: list"
    parser.add_argument("id", nargs="+" if many else None, metavar="ID", help=help_text)
    return parser


def _add_experiment_flags(parser: argparse.ArgumentParser, *, failures: int | None = 3) -> None:
    """What every verb takes that runs an experiment; `failures`: None where one goes on."""
    usual = ("1", "a day", str(failures)) if failures else ("as before",) * 3
    group = parser.add_argument_group("the experiment")
    group.add_argument(
        "--concurrency", type=_positive, metavar="N", help=f"trials at once (default: {usual[0]})"
    )
    group.add_argument(
        "--max-minutes",
        type=float,
        metavar="M",
        help=f"time limit of the whole (default: {usual[1]})",
    )
    group.add_argument(
        "--max-failures",
        type=_positive,
        default=failures,
        metavar="N",
        help=f"failed trials in a row that end it (default: {usual[2]})",
    )
    group.add_argument("--docs", type=Path, metavar="DIR", help="where the document goes")
    group.add_argument(
        "--exit", action="store_true", help="end when done; without it a terminal keeps the UI"
    )
    _add_runs(parser)
    _add_port(parser)
    _add_host(parser)


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is below 1; give 1 or more")
    return value


def _add_runs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--runs", type=Path, default=Path("runs"), metavar="DIR", help="results (default: runs)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object last")


def _add_port(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=8080, help="of the web UI (default: 8080)")


def _add_host(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="where the web UI listens (default: 127.0.0.1, this machine alone); 0.0.0.0 opens it "
        "to the network, under an address that cannot be guessed",
    )


if __name__ == "__main__":
    sys.exit(main())
