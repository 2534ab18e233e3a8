"""`doctor`: whether this machine is ready."""

import argparse
import shlex
from pathlib import Path

from aerial_nni.cli.experiment_flags import Verbs, add_port, add_runs
from aerial_nni.cli.output import answer
from aerial_nni.config.options import BadOption

FILE = "classes.yaml"

ADD = "add: "
"""How a line begins that mends something by a flag."""


def add_flags(verbs: Verbs) -> None:
    """The parser of this verb."""
    text = "is this machine ready? what is missing, and the line that mends it"
    example = "python -m aerial_nni.run doctor --data-dir DIR"
    parser = verbs.add_parser("doctor", help=text, description=text, example=example)
    parser.set_defaults(verb=doctor)
    parser.add_argument("--data-dir", default="", metavar="DIR", help="imagery to look at too")
    parser.add_argument(
        "--data", default="", metavar="NAME", help="what that is (default: dubai or folder)"
    )
    parser.add_argument(
        "--draft",
        action="store_true",
        help=f"write a draft of {FILE} from the masks in --data-dir instead; none is replaced",
    )
    add_runs(parser)
    add_port(parser)


def doctor(given: argparse.Namespace) -> int:
    """Says whether this machine is ready."""
    from aerial_nni.cli.machine_checks import MARKS, examine

    if given.draft:
        return _draft(given)
    findings = examine(
        runs=given.runs, port=given.port, data_dir=given.data_dir, dataset=given.data
    )
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


def _draft(given: argparse.Namespace) -> int:
    """Writes a draft of the class list, and says what to edit next."""
    from aerial_nni.data.pipeline.class_list_draft import write_draft

    if given.data not in ("", "folder") or not given.data_dir:
        raise BadOption("--draft is for a folder of your own: --data folder --data-dir DIR --draft")
    draft = write_draft(Path(given.data_dir).expanduser())
    kind = "indices" if draft.index else "colours"
    command = f"doctor --data folder --data-dir {shlex.quote(given.data_dir)}"
    lines = [
        f"{draft.path}: {draft.classes} classes; the masks hold {kind}",
        *(f"left out: {reason}" for reason in draft.unread.values()),
        "Edit it: give each class its name, and move what belongs to no class to void.",
        f"Then: python -m aerial_nni.run {command}",
    ]
    values = {"draft": str(draft.path), "masks": "index" if draft.index else "colour",
              "classes": draft.classes, "unread": draft.unread}  # fmt: skip
    answer(given, values, "\n".join(lines))
    return 0
