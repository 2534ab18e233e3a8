"""`doctor`: whether this machine is ready."""

import argparse

from aerial_nni.verbs.answers import answer
from aerial_nni.verbs.flags import Verbs, add_port, add_runs

ADD = "add: "
"""How a line begins that mends something by a flag."""


def add_flags(verbs: Verbs) -> None:
    """The parser of this verb."""
    text = "is this machine ready? what is missing, and the line that mends it"
    example = "python -m aerial_nni.run doctor --data-dir DIR"
    parser = verbs.add_parser("doctor", help=text, description=text, example=example)
    parser.set_defaults(verb=doctor)
    parser.add_argument("--data-dir", default="", metavar="DIR", help="imagery to look at too")
    add_runs(parser)
    add_port(parser)


def doctor(given: argparse.Namespace) -> int:
    """Says whether this machine is ready."""
    from aerial_nni.doctor import MARKS, examine

    findings = examine(runs=given.runs, port=given.port, data_dir=given.data_dir)
    lines = []
    for finding in findings:
        lines.append(f"{MARKS[finding.level]} {finding.subject}: {finding.text}")
        if finding.mend:
            lines.append(f"       {finding.mend}")
    failed = any(finding.level == "fail" for finding in findings)
    flags = [finding.mend[len(ADD) :] for finding in findings if finding.mend.startswith(ADD)]
    ready = f"ready, with {' '.join(flags)}" if flags else "ready"
    lines.append("not ready" if failed else ready)
    values = [vars(finding) for finding in findings]
    answer(given, {"ready": not failed, "findings": values}, "\n".join(lines))
    return int(failed)
