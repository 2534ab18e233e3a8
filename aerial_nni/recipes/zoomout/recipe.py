"""`zoomout`: building footprints by features of a frozen network, beside other ways."""

from typing import Any

from aerial_nni.config.families.zoomout import RANDOM
from aerial_nni.config.options import BUILT_IN
from aerial_nni.recipes.engine.recipe import OTHERS, Document, Recipe
from aerial_nni.recipes.zoomout.options import ZoomOutOptions
from aerial_nni.recipes.zoomout.phases import SUPERPIXELS

SMALL: dict[str, Any] = {
    "epochs": 3,
    "sample_epochs": 6,
    "samples": 30,
    "batch": 4,
    "hidden": 256,
    "lr": 3e-4,
    "backbone": "vgg11",
    "backbone_weights": RANDOM,
}
"""The few patches of what is built in, and features that were never trained, want many samples and
a small, slow classifier."""

SHORT: dict[str, Any] = {
    "trials": 3,
    "final_epochs": 4,
    "unet_epochs": 12,
    "seeds": (1, 2),
    "concurrency": 2,
}

ZOOMOUT = Recipe(
    kind="zoomout",
    options=ZoomOutOptions,
    trial="aerial_nni.trials.zoomout",
    build_setup="aerial_nni.recipes.zoomout.training_setup:build_setup",
    command="aerial_nni.recipes.zoomout.command:add_flags",
    presets={
        OTHERS: {"epochs": 4},
        **dict.fromkeys(BUILT_IN, SMALL),
        "buildings": {"split": "tile"},  # its pictures overlap: only whole areas can be held out
    },
    plan={
        OTHERS: {
            "trials": 12,
            "final_epochs": 10,
            "unet_epochs": 60,
            "seeds": (1, 2, 3),
            "concurrency": 1,
        },
        **dict.fromkeys(BUILT_IN, SHORT),
    },
    document=Document(
        name="building-footprints",
        write="aerial_nni.recipes.zoomout.report.document:write_zoomout",
    ),
    overview="aerial_nni.recipes.zoomout.overview:read_rows",
    summary="aerial_nni.recipes.zoomout.summary:conclude",
    never_best=(SUPERPIXELS,),  # the best one is to be exported
    benchmark="aerial_nni.bench.zoomout",
    needs=("skimage.segmentation",),
)
