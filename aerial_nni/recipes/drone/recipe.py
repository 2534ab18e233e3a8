"""`drone`: DeepLabV3 on pictures from low flights, with several losses, then a search."""

from typing import Any

from aerial_nni.config.families.deeplab import RANDOM
from aerial_nni.config.options import BUILT_IN
from aerial_nni.recipes.drone.options import DroneOptions
from aerial_nni.recipes.engine.recipe import OTHERS, Document, Recipe

SMALL: dict[str, Any] = {
    "epochs": 3,
    "backbone": "mobilenet_v3_large",
    "backbone_weights": RANDOM,
    "head": 32,
    "accumulate": 1,
    "lr": 2e-3,
    "find_lr": 20,
}
"""What is built in is for trying things out: minutes, and no download."""

SHORT: dict[str, Any] = {"trials": 2, "final_epochs": 5, "seeds": (1,), "concurrency": 2}

DRONE = Recipe(
    kind="drone",
    options=DroneOptions,
    trial="aerial_nni.trials.drone",
    build_setup="aerial_nni.recipes.drone.training_setup:build_setup",
    command="aerial_nni.recipes.drone.command:add_flags",
    presets={
        OTHERS: {"epochs": 20, "batch": 4, "accumulate": 2, "find_lr": 200},
        **dict.fromkeys(BUILT_IN, SMALL),
    },
    plan={
        OTHERS: {"trials": 12, "final_epochs": 60, "seeds": (1, 2, 3), "concurrency": 1},
        **dict.fromkeys(BUILT_IN, SHORT),
    },
    document=Document(
        name="drone-scenes", write="aerial_nni.recipes.drone.report.document:write_drone"
    ),
    overview="aerial_nni.recipes.drone.overview:read_rows",
    summary="aerial_nni.recipes.drone.summary:conclude",
    benchmark="aerial_nni.bench.drone",
    needs=("torchvision.models.segmentation",),
)
