"""`distill`: a student learns from a teacher, beside the same student without one."""

from aerial_nni.recipes.distill.options import DistillOptions
from aerial_nni.recipes.engine.recipe import OTHERS, Document, Recipe

DISTILL = Recipe(
    kind="distill",
    options=DistillOptions,
    trial="aerial_nni.trials.distill",
    build_setup="aerial_nni.recipes.distill.training_setup:build_setup",
    command="aerial_nni.recipes.distill.command:add_flags",
    presets={OTHERS: {"epochs": 12}, "scenes": {"epochs": 4}},
    plan={
        OTHERS: {"trials": 20, "final_epochs": 30, "seeds": (1, 2, 3), "concurrency": 1},
        "scenes": {"trials": 4, "final_epochs": 8, "concurrency": 2},
    },
    document=Document(
        name="knowledge-distillation",
        write="aerial_nni.recipes.distill.report.document:write_distillation",
    ),
    overview="aerial_nni.recipes.distill.overview:read_rows",
    milestone="Milestone 4, a student of a teacher",
    required=("--teacher", "CHECKPOINT"),
    summary="aerial_nni.recipes.distill.summary:conclude",
    measure="aerial_nni.recipes.distill.measurement:measure",
    needs=("aerial_nni.inference", "torchvision.models.segmentation"),
    benchmark="aerial_nni.bench.distill",
)
