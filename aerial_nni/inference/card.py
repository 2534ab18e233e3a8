"""What a model file says of itself: all that is needed to feed it and to name what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aerial_nni.errors import Explained

KEY = "aerial_nni"
"""Under this key every exported file holds the checkpoint's header as JSON."""


class BadModelFile(Explained):
    """A file is no model of this package, or lacks what is needed to use it."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """Classes with their colours, bands with their mean and deviation, and the type of a pixel."""

    classes: tuple[str, ...]
    palette: tuple[tuple[int, int, int], ...]
    bands: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    pixels: str
    """`uint8` or `uint16`: what the model was trained on."""
    fold: int = 1
    """Height and width in pixels of what is one place to the network (`--space-to-depth`)."""
    whole: int = 0
    """Of a network that pools over whole pictures: pixels of the longer side of its patches."""


def read_card(header: Mapping[str, Any], source: object) -> Card:
    """The card in the header of a checkpoint; `source` names the file in errors.

    Raises:
        BadModelFile: something is missing.
    """
    try:
        mean = tuple(map(float, header["mean"]))
        return Card(
            classes=tuple(header["classes"]),
            palette=tuple((int(r), int(g), int(b)) for r, g, b in header["palette"]),
            bands=tuple(header["bands"]),
            mean=mean,
            std=tuple(map(float, header["std"])),
            # Checkpoints of before this was noted: no 8-bit band has such a mean.
            pixels=header.get("pixels", "uint16" if max(mean) > 255 else "uint8"),
            fold=int(header.get("model", {}).get("space_to_depth", 1)),
            whole=max(header.get("size", (0,))) if _pools(header) else 0,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadModelFile(
            f"{source}: its header lacks what pictures need ({error}); give a "
            "checkpoint.safetensors of a trial"
        ) from error


def _pools(header: Mapping[str, Any]) -> bool:
    """Whether what the network says of a place depends on all of the picture."""
    return header.get("model", {}).get("model") == "deeplab"
