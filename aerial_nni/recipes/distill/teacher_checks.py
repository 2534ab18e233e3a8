"""The teacher of an experiment: found, checked against the data, and kept with the experiment."""

import shutil
from collections.abc import Callable
from pathlib import Path

from aerial_nni.cli.checkpoints import checkpoint_of
from aerial_nni.config import run_folder
from aerial_nni.config.options import TrialOptions, changed
from aerial_nni.data.pipeline.batches import measure_normalisation
from aerial_nni.data.pipeline.prepared import Prepared
from aerial_nni.data.pipeline.splits import Split
from aerial_nni.nni_backend import records
from aerial_nni.recipes.distill.teacher import Teacher, TeacherMissing, check_kinds, check_teacher
from aerial_nni.recipes.engine.prepare_data import prepare_data


def teacher_file(place: str, runs: Path) -> Path:
    """The checkpoint that `--teacher` means: a file, or the best one of an experiment in `runs`.

    Raises:
        TeacherMissing: there is none.
        NothingToExport: the experiment has no good trial, or its checkpoint was changed since.
    """
    if not place:
        raise TeacherMissing
    if (path := Path(place).expanduser()).is_file():
        return path
    try:
        return checkpoint_of(place, runs)[0]
    except records.UnknownExperiment:
        raise TeacherMissing(place) from None


def prepare_with(teacher: Teacher) -> Callable[[TrialOptions, Path], TrialOptions]:
    """What makes data, split and teacher ready for all trials: see `launch`.

    The checkpoint is copied into the experiment's folder, so that a resumed experiment finds it.

    Raises, when it is called, TeacherUnfit as well as what `prepare_data` raises.
    """

    def check(prepared: Prepared, split: Split) -> None:
        check_teacher(teacher, prepared, split, measure_normalisation(prepared, split.train))

    def prepare(options: TrialOptions, folder: Path) -> TrialOptions:
        options = prepare_data(
            options, folder, check=check, check_facts=lambda facts: check_kinds(teacher, facts)
        )
        with run_folder.atomic(folder / run_folder.TEACHER) as temporary:
            shutil.copyfile(teacher.path, temporary)
        return changed(options, {"teacher": str(folder / run_folder.TEACHER)})

    return prepare
