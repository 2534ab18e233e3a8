"""Distillation: a search for how to learn from a teacher, then the best student and its control.

The control is the same student, trained as long and from the same seeds, without the teacher: what
the teacher is worth is the difference between the two.
"""

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from aerial_nni.config.families import FAMILIES
from aerial_nni.config.families.unet import UNetOptions
from aerial_nni.config.options import BadOption, TrialOptions, as_dict, changed
from aerial_nni.nni_backend.definition import Definition
from aerial_nni.recipes.distill.gain import STUDENT
from aerial_nni.recipes.distill.options import DistillOptions
from aerial_nni.recipes.distill.recipe import DISTILL
from aerial_nni.recipes.distill.teacher import Teacher
from aerial_nni.recipes.engine import search
from aerial_nni.recipes.engine.key_value_args import named_values
from aerial_nni.recipes.engine.search import Plan
from aerial_nni.recipes.engine.search_space import FOLDER, load_space
from aerial_nni.recipes.engine.study import Arm, define
from aerial_nni.tuners.methods import Method
from aerial_nni.tuners.parameter import BadSpace
from aerial_nni.tuners.space import Space
from aerial_nni.tuners.trial import CONTROL

SPACE = FOLDER / "distill.yaml"


def plan_of(data: str, *, seed: int) -> Plan:
    """What is planned where nothing else is said: see `DISTILL`."""
    return Plan(**search.plan_of(DISTILL, data, seed=seed))


def usual_options(data: str, teacher: Teacher) -> dict[str, Any]:
    """Options where nothing else is said: a student of half the width and one level less.

    Of a teacher that is no U-Net, of those of the usual U-Net. A student of another family has what
    is usual of it, and no head beside the one whose answers are compared.
    """
    spec = teacher.header["model"]
    known = as_dict(TrialOptions())
    names = [spec.name for spec in dataclasses.fields(UNetOptions)]
    if spec["model"] in ("unet", "derived"):
        known |= {name: spec[name] for name in names if name in spec}
    student = {name: known[name] for name in names}
    student["width"] = max(1, known["width"] // 2)
    student["depth"] = max(1, known["depth"] - 1)
    return {**student, "auxiliary": 0.0, **DISTILL.preset(data)}


def student_of(words: Sequence[str], model: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Options of the student that are fixed, and a search space of those with several values.

    `["width=8", "depth=2,3"]` gives `{"width": 8}` and depth as a choice of 2 and 3.

    Raises:
        BadOption: a word is not NAME=VALUE of something the student may vary in.
    """
    names = [spec.name for spec in dataclasses.fields(FAMILIES[model].options)]
    given = named_values(words, flag="--student", names=names, several="to search")
    fixed = {name: values[0] for name, values in given.items() if len(values) == 1}
    searched = {
        name: {"_type": "choice", "_value": values}
        for name, values in given.items()
        if len(values) > 1
    }
    return fixed, searched


def distill(
    options: DistillOptions,
    teacher: Teacher,
    method: Method,
    plan: Plan,
    *,
    space_file: Path | None = None,
    student: Sequence[str] = (),
    given: Collection[str] = (),
) -> Definition:
    """The experiment that searches how a student of `options` learns best from `teacher`.

    Without trials of a search (`plan.trials` 0) the student is trained as `options` say.

    Raises:
        BadSpace: the search space cannot be used, or not by this method.
        BadOption: `student`, the options or the seeds cannot be used.
    """
    fixed, searched = student_of(student, options.model)
    options = changed(options, fixed)
    if options.teacher_weight == 0:
        raise BadOption(f"teacher_weight=0 is the {CONTROL}, which is trained anyway; give more")
    options.refuse_other_heads()
    if searched and not plan.trials:
        names = ", ".join(searched)
        raise BadOption(f"--student gives several values of {names}; give --trials to search them")
    own = {} if plan.trials else {"teacher_weight": options.teacher_weight}
    return define(
        DISTILL,
        options,
        method,
        plan,
        name=f"distillation on {options.data}",
        usual_space=SPACE,
        open_space=lambda path: _space(options, path, fixed=fixed, searched=searched),
        after=[
            Arm(name=STUDENT, options=own, found=True),
            Arm(name=CONTROL, options={"teacher_weight": 0.0}, found=True),
        ],
        space_file=space_file,
        given=set(given) - searched.keys(),
        facts={
            "student": {**fixed, **{name: one["_value"] for name, one in searched.items()}},
            "teacher": teacher.facts,
        },
    )


def _space(
    options: DistillOptions,
    file: Path,
    *,
    fixed: Mapping[str, Any],
    searched: Mapping[str, Any],
) -> dict[str, Any]:
    """The file's search space, as `--student` changes it."""
    space = {**load_space(file, options), **searched}
    space = {name: one for name, one in space.items() if name not in fixed}
    for parameter in Space.parse(space).parameters:
        if parameter.name == "teacher_weight" and 0 in (*parameter.values, parameter.from_unit(0)):
            raise BadSpace(
                f"teacher_weight may be 0, the {CONTROL}, which is trained anyway; begin above it"
            )
        if parameter.name in searched:
            for value in parameter.values:
                changed(options, {parameter.name: value})
    return space
