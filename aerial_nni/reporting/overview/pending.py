"""Milestones that have no row in the first table, and the command that gives them one."""

import shlex

from aerial_nni.reporting.overview.comparability import Comparable, Overview
from aerial_nni.reporting.provenance import option_words, split_words

GROUND = ("data", "data_dir", "skip_bad", "void_classes", "patch", "stride", "edge",
          "val_fraction")  # fmt: skip
"""Options that decide which patches there are."""


def explain_missing(found: Overview) -> str:
    """What was not yet run on the first table's patches, with its command; empty if all was."""
    main = found.grounds[0]
    lines, said = [], []
    for name, kind in found.milestones.items():
        if name in main.kinds:
            continue
        elsewhere = any(name in ground.kinds for ground in found.grounds)
        said.append(f"{kind.milestone}: not yet run{' on these patches' if elsewhere else ''}.")
        lines.append(command(name, kind.required, main))
    if not lines:
        return ""
    block = "\n".join(lines)
    return f"**Not in the table.** {' '.join(said)} To run what is missing:\n\n```\n{block}\n```"


def command(kind: str, flags: tuple[str, ...], ground: Comparable) -> str:
    """The command that runs an experiment of this kind on the ground's patches."""
    shown = ground.made[0].shown
    options = {name: shown.options[name] for name in GROUND if name in shown.options}
    words = ["python", "-m", "aerial_nni.run", kind, *flags]
    return shlex.join([*words, *option_words(options), *split_words(shown.metrics["split"])])
