"""Where the numbers of a distillation come from: folders, digests, versions, commands."""

import shlex

from aerial_nni.config import run_folder
from aerial_nni.recipes.distill.gain import STUDENT
from aerial_nni.recipes.distill.options import DistillOptions
from aerial_nni.recipes.distill.report.reading import Distillation
from aerial_nni.recipes.hpo.report.provenance import (
    FILE,
    method_words,
    searched_in,
    space_words,
)
from aerial_nni.reporting.folder import Trial
from aerial_nni.reporting.provenance import digest_table, option_words, sources_chapter, split_words
from aerial_nni.reporting.search.search import trials_of
from aerial_nni.tuners.trial import CONTROL


def explain_sources(found: Distillation) -> str:
    """The chapter that traces every number to a file, in Markdown."""
    shown, folder = found.student, found.experiment.folder.name
    checkpoint = f"runs/{folder}/{shown.folder.name}/{run_folder.CHECKPOINT}"
    lines = [
        command(found),
        f"python -m aerial_nni.run report {found.experiment.id} --measure",
        f"python -m aerial_nni.run export {checkpoint} --to student.onnx",
    ]
    return sources_chapter(
        "method, search space, trials and their parameters from `experiment.json`; scores from "
        "`metrics.json`, curves from `history.csv` and `curves.npz`, pictures from `examples/`; "
        f"what teacher and control say of the same patches from `{run_folder.ANSWERS}`, time, "
        f"memory and the 8-bit student from `{run_folder.COSTS}`. The teacher's size and score are "
        f"those of its checkpoint, `{run_folder.TEACHER}` in the experiment's folder.",
        commands=lines,
        places={"CHECKPOINT": "the teacher's", FILE: "a file with the search space"},
        runs=run_table(found),
        shown=shown,
        name="shown student",
    )


def run_table(found: Distillation) -> str:
    """Teacher, students, controls and trials of the search with their digests."""
    runs: list[tuple[str, Trial]] = [(STUDENT, trial) for trial in found.students]
    runs += [(CONTROL, trial) for trial in found.controls]
    runs += trials_of(found.search)
    return (
        f"The teacher's checkpoint, `{run_folder.TEACHER}`: `{found.teacher['sha256']}`.\n\n"
        + digest_table(found.experiment, runs, found.student)
    )


def command(found: Distillation) -> str:
    """The command that runs the distillation again."""
    record, method = found.experiment.record, found.method
    words = ["python", "-m", "aerial_nni.run", record["kind"], "--trials",
             str(method["search_trials"])]  # fmt: skip
    if method["search_trials"]:
        words += method_words(method)
        if found.search is not None and "seed" in method["class_args"]:
            words += ["--seed", str(method["class_args"]["seed"])]
        words += space_words(method)
    words += ["--concurrency", str(record["limits"]["concurrency"])]
    words += ["--seeds", *map(str, method["seeds"]), "--final-epochs", str(method["final_epochs"])]
    if searched := [f"{name}={','.join(map(str, values))}" for name, values
                    in method["student"].items() if isinstance(values, list)]:  # fmt: skip
        words += ["--student", *searched]
    words += split_words(found.student.metrics["split"])
    # `distill` has defaults of its own for these, taken from the teacher.
    always = ("teacher", "epochs", "width", "depth", "norm", "dropout", "upsampling",
              "space_to_depth", *method.get("given", ()))  # fmt: skip
    options = {**record["options"], "teacher": "CHECKPOINT"}
    words += option_words(options, kind=DistillOptions, always=always, without=searched_in(record))
    return shlex.join(words)
