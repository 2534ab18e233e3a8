"""The kinds of experiments: a folder each, whose `recipe.py` declares it; `engine` runs them all.

Nothing else is keyed by a kind: whatever is done for every kind goes over `RECIPES`.
"""

from collections.abc import Mapping

from aerial_nni.recipes.baseline.recipe import BASELINE
from aerial_nni.recipes.darts.recipe import DARTS
from aerial_nni.recipes.distill.recipe import DISTILL
from aerial_nni.recipes.drone.recipe import DRONE
from aerial_nni.recipes.engine.recipe import Recipe
from aerial_nni.recipes.hpo.recipe import HPO
from aerial_nni.recipes.zoomout.recipe import ZOOMOUT

RECIPES: Mapping[str, Recipe] = {
    recipe.kind: recipe for recipe in (BASELINE, HPO, DISTILL, DARTS, ZOOMOUT, DRONE)
}
"""Kind -> recipe, in the order of the help and of the milestones."""
