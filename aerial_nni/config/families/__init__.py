"""The families of networks. Another one is a file here, its network in `models`, and its line.

FAMILIES["unet"].options(width=8)
"""

from aerial_nni.config.families import deeplab, derived, unet, zoomout
from aerial_nni.config.families.family import ModelFamily

FAMILIES: dict[str, ModelFamily] = {
    family.name: family
    for family in (unet.UNET, derived.DERIVED, deeplab.DEEPLAB, zoomout.ZOOMOUT, zoomout.HEAD)
}
"""By the name that `--model` takes."""
