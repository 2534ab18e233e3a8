"""What zoom-out says at its end: how it did beside superpixels and the U-Net."""

from pathlib import Path

from aerial_nni.nni_backend.records import Record
from aerial_nni.recipes.engine.recipe import Conclusion
from aerial_nni.recipes.engine.scores import compared, over_seeds
from aerial_nni.recipes.zoomout.phases import PHASES
from aerial_nni.recipes.zoomout.scores import scores_of


def conclude(record: Record, folder: Path) -> Conclusion:
    """Scores of zoom-out, superpixels and U-Net."""
    found = compared(record, folder, {phase: phase for phase in PHASES}, scores_of)
    return over_seeds(found, ("mean IoU", "building IoU"))
