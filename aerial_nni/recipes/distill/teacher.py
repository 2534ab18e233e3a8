"""The teacher: any checkpoint of this package that fits the student's data."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from aerial_nni.config.errors import UserError
from aerial_nni.config.run_folder import sha256
from aerial_nni.data.dataset import Facts
from aerial_nni.data.pipeline.batches import Normalisation
from aerial_nni.data.pipeline.prepared import Prepared
from aerial_nni.data.pipeline.splits import Split
from aerial_nni.models import parameter_count
from aerial_nni.training.checkpoint import load_checkpoint
from aerial_nni.training.leakage import find_leakage

CLOSE = 1e-3
"""By how much of a band's deviation its mean and its deviation may differ."""


class TeacherMissing(UserError, ValueError):
    """No teacher was given, or there is none where it was looked for."""

    def __init__(self, place: str = "") -> None:
        problem = f"there is no checkpoint {place}" if place else "--teacher is missing"
        super().__init__(
            f"{problem}; train one with: python -m aerial_nni.run baseline, and give the "
            "checkpoint that it names at its end: --teacher CHECKPOINT, or its experiment's ID "
            "(see: python -m aerial_nni.run list)"
        )


class TeacherUnfit(UserError, ValueError):
    """The teacher was trained for something else. The message says what differs."""


@dataclass(frozen=True, kw_only=True)
class Teacher:
    """A trained model, frozen and in evaluation mode on the processor, and what its file says."""

    model: nn.Module
    header: dict[str, Any]
    path: Path
    sha256: str
    parameters: int
    """Scalars that were trained."""

    @property
    def facts(self) -> dict[str, Any]:
        """What result folders say of the teacher."""
        return {
            "file": str(self.path),
            "sha256": self.sha256,
            "spec": self.header["model"],
            "parameters": self.parameters,
            **{name: self.header.get(name) for name in ("score", "epoch", "data")},
        }


def open_teacher(path: Path) -> Teacher:
    """The teacher in a checkpoint.

    Raises:
        TeacherMissing: there is no such file.
        BadCheckpoint: it is no checkpoint of this package, or is damaged.
    """
    path = path.expanduser()
    if not path.is_file():
        raise TeacherMissing(str(path))
    model, header = load_checkpoint(path)
    count = parameter_count(model)
    model.requires_grad_(requires_grad=False).to(memory_format=torch.channels_last)
    return Teacher(model=model, header=header, path=path, sha256=sha256(path), parameters=count)


def check_teacher(
    teacher: Teacher, prepared: Prepared, split: Split, normalisation: Normalisation
) -> None:
    """Raises `TeacherUnfit` unless the teacher knows these classes and bands and no answer.

    A teacher that was trained on images that validate the student would tell it the answers.
    """
    check_kinds(teacher, prepared.facts)
    known = find_leakage(teacher.header, teacher.path, prepared, split)
    _refuse(teacher, [known] if known else [*_numbers(teacher, normalisation)])


def check_kinds(teacher: Teacher, facts: Facts) -> None:
    """Raises `TeacherUnfit` unless the teacher knows these classes and bands."""
    _refuse(teacher, [*_kinds(teacher, facts)])


def _refuse(teacher: Teacher, found: Sequence[str]) -> None:
    if found:
        lines = "".join(f"\n  {line}" for line in found)
        raise TeacherUnfit(f"the teacher {teacher.path} does not fit:{lines}")


def _kinds(teacher: Teacher, facts: Facts) -> Iterator[str]:
    """What differs in classes and bands."""
    name = teacher.header.get("data")
    for what, ours in (("classes", facts.classes), ("bands", facts.bands)):
        theirs = teacher.header.get(what) or ["unknown"]
        if list(theirs) != list(ours):
            yield (
                f"its {what} are {', '.join(theirs)}, those of {facts.name} are {', '.join(ours)}; "
                f"it was trained on {name}: give the same --data and --void-classes, or train a "
                "teacher on this data"
            )


def _numbers(teacher: Teacher, normalisation: Normalisation) -> Iterator[str]:
    """What differs in the normalisation: the student's pictures go into the teacher as they are."""
    scales = normalisation.std
    for what, ours in (("mean", normalisation.mean), ("std", normalisation.std)):
        theirs = teacher.header.get(what) or [math.nan] * len(ours)
        if not all(abs(a - b) <= CLOSE * s for a, b, s in zip(theirs, ours, scales, strict=True)):
            yield (
                f"it expects pictures with the {what} {_shown(theirs)}, these have {_shown(ours)}; "
                "train a teacher on this data"
            )


def _shown(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.4g}" for value in values)
