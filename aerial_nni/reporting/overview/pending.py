"""Milestones that have no row in the first table, and the command that gives them one."""

import shlex
from dataclasses import dataclass

from aerial_nni.config.options import TrialOptions, as_dict, flag
from aerial_nni.reporting.overview.comparability import Comparable, Overview
from aerial_nni.reporting.sources import PLACES

GROUND = ("data", "data_dir", "skip_bad", "void_classes", "patch", "stride", "edge",
          "val_fraction")  # fmt: skip
"""Options that decide which patches there are."""


@dataclass(frozen=True, kw_only=True)
class Missing:
    """A milestone that was not run on the first table's patches, and its command."""

    milestone: str
    elsewhere: bool
    """Whether it was run on others."""
    command: str


def missing_milestones(found: Overview) -> list[Missing]:
    """What was not yet run on the first table's patches."""
    main = found.grounds[0]
    return [
        Missing(
            milestone=kind.milestone,
            elsewhere=any(name in ground.kinds for ground in found.grounds),
            command=command(name, kind.required, main),
        )
        for name, kind in found.milestones.items()
        if name not in main.kinds
    ]


def command(kind: str, flags: tuple[str, ...], ground: Comparable) -> str:
    """The command that runs an experiment of this kind on the ground's patches."""
    shown = ground.made[0].shown
    split, usual = shown.metrics["split"], as_dict(TrialOptions())
    given = {name: shown.options.get(name, usual[name]) for name in GROUND}
    given |= {"split": split["rule"], "split_seed": split["seed"]}
    given["data_dir"] = given["data_dir"] and PLACES["--data-dir"][0]
    words = ["python", "-m", "aerial_nni.run", kind, *flags]
    for name, value in given.items():
        value = tuple(value) if isinstance(value, list) else value
        if value != usual[name] or name == "split":
            words += flag(name, value)
    return shlex.join(words)
