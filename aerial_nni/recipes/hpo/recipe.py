"""`hpo`: searches for better options by one of nine methods."""

from aerial_nni.recipes.engine.recipe import OTHERS, Document, Recipe

HPO = Recipe(
    kind="hpo",
    trial="aerial_nni.trials.baseline",
    build_setup="aerial_nni.trials.run_trial:supervised_setup",
    command="aerial_nni.recipes.hpo.command:add_flags",
    presets={
        OTHERS: {"epochs": 12},
        "scenes": {"epochs": 6, "space_to_depth": 2},  # a first search ends in minutes
    },
    plan={
        OTHERS: {"trials": 30, "final_epochs": 30, "seeds": (1, 2, 3), "concurrency": 1},
        "scenes": {"trials": 10, "final_epochs": 6, "concurrency": 2},
    },
    document=Document(
        name="hyperparameter-optimization",
        write="aerial_nni.recipes.hpo.report.document:write_hpo",
    ),
    overview="aerial_nni.recipes.hpo.overview:read_rows",
    milestone="Milestone 3, the search for options",
    required=("--method-index", "8"),
    benchmark="aerial_nni.bench.hpo",
    needs=("aerial_nni.tuners", "ConfigSpace", "smac.model.random_forest.random_forest"),
)
