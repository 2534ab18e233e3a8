"""What a comparison of losses on drone scenes says at its end."""

from pathlib import Path

from aerial_nni.nni_backend.records import Record
from aerial_nni.recipes.drone.loss_presets import LOSSES, PREFIX
from aerial_nni.recipes.drone.scores import scores_of
from aerial_nni.recipes.engine.recipe import Conclusion
from aerial_nni.recipes.engine.scores import compared, over_seeds
from aerial_nni.tuners.trial import BEST


def conclude(record: Record, folder: Path) -> Conclusion:
    """Scores of each loss, and of the best configuration."""
    losses = record.method.get("losses", LOSSES)
    names = {BEST: BEST, **{f"{PREFIX}{loss}": loss for loss in losses}}
    return over_seeds(compared(record, folder, names, scores_of))
