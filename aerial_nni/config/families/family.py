"""What a family of networks is: one object that says all that differs from the other families.

It is quick to import: what needs torch is named by its module and imported when it is used.
"""

import dataclasses
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aerial_nni.config.fields import check_fields


@dataclass(frozen=True, kw_only=True)
class NetworkOptions:
    """Options of the networks of one family. A subclass adds the fields."""

    def __post_init__(self) -> None:
        check_fields(self)

    def architecture(self) -> dict[str, Any]:
        """What the network is built from, beside bands and classes."""
        fields = [spec for spec in dataclasses.fields(self) if spec.metadata["builds"]]
        return {spec.name: getattr(self, spec.name) for spec in fields}


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What who feeds a network must know of its architecture."""

    stride: int
    """Pixels of the picture that come to one place of the coarsest features."""
    fold: int = 1
    """Height and width in pixels of what is one place to the network."""
    sees_all: bool = False
    """Whether what is said of a pixel depends on the whole picture."""


@dataclass(frozen=True, kw_only=True)
class ModelFamily:
    """A family of networks."""

    name: str
    """As `--model` takes it and headers have it."""
    title: str
    """As text has it: "the U-Net"."""
    options: type[NetworkOptions]
    network: str
    """`module:callable`, called with bands, classes and the architecture by name."""
    shape: Callable[[Mapping[str, Any]], Shape]
    """Of a network of this architecture, as a checkpoint's header has it."""
    setup: str = ""
    """`module:function` of what is learnt from and begun with; empty: masks and drawn weights."""
    weights: str = ""
    """`module:function` that checks, before an experiment, the weights that are begun with."""
    feature_layers: tuple[str, ...] = ()
    """Attributes of the network whose outputs a student's features may be compared with."""
    foldable: bool = False
    """Whether pixels can be folded into channels, which makes it quicker."""
    looks_first: bool = False
    """Whether its setup looks at all patches, so that it is timed on a few."""
    trained_alone: bool = True
    """Whether it can be asked for by `--model`."""


def resolve(place: str) -> Any:
    """What `module:name` names."""
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)
