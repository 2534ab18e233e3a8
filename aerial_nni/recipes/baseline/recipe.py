"""`baseline`: trains, one trial per seed."""

from aerial_nni.recipes.engine.recipe import Document, Recipe

BASELINE = Recipe(
    kind="baseline",
    trial="aerial_nni.trials.baseline",
    build_setup="aerial_nni.trials.run_trial:supervised_setup",
    command="aerial_nni.recipes.baseline.command:add_flags",
    presets={"scenes": {"epochs": 24}},  # a first run ends within three minutes
    document=Document(
        name="baseline-performance", write="aerial_nni.recipes.baseline.report:write_baseline"
    ),
    overview="aerial_nni.recipes.baseline.overview:read_rows",
    milestone="Milestone 2, the baseline",
)
