"""`darts`: searches an architecture, and trains what it found beside random and hand-made ones."""

from aerial_nni.recipes.darts.options import SearchOptions
from aerial_nni.recipes.darts.phases import DERIVED
from aerial_nni.recipes.engine.recipe import OTHERS, Document, Recipe

DARTS = Recipe(
    kind="darts",
    options=SearchOptions,
    trial="aerial_nni.trials.darts",
    build_setup="aerial_nni.recipes.darts.training_setup:build_setup",
    command="aerial_nni.recipes.darts.command:add_flags",
    presets={
        OTHERS: {"epochs": 30, "depth": 3},
        "scenes": {"epochs": 8, "depth": 2, "width": 8, "space_to_depth": 2},
    },
    plan={
        OTHERS: {
            "trials": 3,
            "final_epochs": 30,
            "seeds": (1, 2, 3),
            "randoms": 5,
            "concurrency": 1,
        },
        "scenes": {"trials": 1, "final_epochs": 5, "concurrency": 2},
    },
    document=Document(
        name="neural-arch-search", write="aerial_nni.recipes.darts.report.document:write_darts"
    ),
    overview="aerial_nni.recipes.darts.overview:read_rows",
    milestone="Milestone 5, the search for an architecture",
    summary="aerial_nni.recipes.darts.summary:conclude",
    measure="aerial_nni.recipes.darts.measurement:measure",
    best_phase=DERIVED,  # the search is for the network that it found, trained by itself
    benchmark="aerial_nni.bench.darts",
)
