"""What torchgeo's classes leave unsaid: a note for each dataset that cannot be read by itself.

The sources are the descriptions in torchgeo's own docstrings, or what those cite.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Note:
    """How a dataset of torchgeo is read where its class does not say it."""

    classes: tuple[str, ...] = ()
    """Names of the mask's values 0, 1, ..., where torchgeo has none, or wrong ones."""
    void: tuple[int, ...] = ()
    """Values besides 255 that mean that nobody knows what is there."""
    mask: str = "mask"
    """Name of the mask in a sample."""
    layer: int | None = None
    """Which of several masks."""
    bands: int | None = None
    """How many bands are read, from the first; None for all."""
    scale: int = 1
    """What pixels are multiplied by, for 8 bits that torchgeo divides by 255."""
    fixed: Mapping[str, str] = field(default_factory=dict)
    """Arguments for the class that cannot be set, since other values have other classes."""


NOTHING = Note()

NOTES: Mapping[str, Note] = {
    # Masks count from 1, and 0 is no data, as its docstring says; its `classes` begin at 0.
    "LoveDA": Note(
        classes=("no-data", "background", "building", "road", "water", "barren", "forest",
                 "agriculture"),
        void=(0,),
    ),
    # The fourth band is heights in metres, with fractions. Class 0 is "No information".
    "DFC2022": Note(bands=3, void=(0,)),
    "GeoNRW": Note(scale=255),
    "CloudCoverDetection": Note(classes=("clear", "cloud")),
    # The first mask is permanent water, the second the flood, which the contest was about.
    "ETCI2021": Note(classes=("no flood", "flood"), layer=1),
    "CaFFe": Note(classes=("N/A", "rock", "glacier", "ocean/ice melange"), mask="mask_zones"),
    # torchgeo has the codes of the National Land Cover Database, and numbers them in their order;
    # the names are the database's legend. 0 is every code that is not in it.
    "SSL4EOLBenchmark": Note(
        classes=("no data", "open water", "perennial ice/snow", "developed, open space",
                 "developed, low intensity", "developed, medium intensity",
                 "developed, high intensity", "barren land", "deciduous forest",
                 "evergreen forest", "mixed forest", "shrub/scrub", "grassland/herbaceous",
                 "pasture/hay", "cultivated crops", "woody wetlands",
                 "emergent herbaceous wetlands"),
        void=(0,),
        fixed={"product": "nlcd"},
    ),
}  # fmt: skip
"""Name of the class -> its note. The others are read as torchgeo describes them."""
