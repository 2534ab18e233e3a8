"""How a network is built again: the name of its family and what it is built from."""

import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from aerial_nni.config.errors import Damaged
from aerial_nni.config.families import FAMILIES
from aerial_nni.config.families.family import ModelFamily, resolve
from aerial_nni.config.options import BadOption
from aerial_nni.config.schema import Between, Small, fitted

if TYPE_CHECKING:  # torch is slow to import
    from torch import nn

FORMERLY = ("width", "depth", "norm", "dropout", "upsampling", "space_to_depth", "genotype",
            "parts")  # fmt: skip
"""What the header of every network had, before families had options of their own."""


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """All that is needed to build a model again; it is stored in every checkpoint's header."""

    model: str
    """Name of its family."""
    bands: Annotated[int, Between(1, 1 << 16)]
    classes: Annotated[int, Between(1, 254)]
    options: Annotated[Mapping[str, Any], Small()] = field(default_factory=dict)
    """What it is built from beside, in types that JSON has."""

    @classmethod
    def of(cls, **values: Any) -> "ModelSpec":
        """The same from one flat mapping."""
        return cls.read(values, "a model")

    @classmethod
    def read(cls, values: Any, source: object) -> "ModelSpec":
        """What a header says of a model, checked; those of before families had options as well.

        Raises:
            Damaged: it describes no model.
        """
        found = fitted(ModelSpec, values, source, "model")
        if found.model not in FAMILIES:
            known = ", ".join(FAMILIES)
            raise Damaged(f"{source}: there is no model {found.model!r:.40}; known: {known}")
        rest = {k: v for k, v in values.items() if k not in ("model", "bands", "classes", "more")}
        hints = _hints(FAMILIES[found.model])
        rest = {name: rest[name] for name in rest if name in hints or name not in FORMERLY}
        if more := values.get("more"):
            rest = fitted(dict[str, Any], more, source, "model.more")
        options = {}
        for name, value in rest.items():
            if name not in hints:
                raise Damaged(f"{source}: a {found.model} has no {name!r:.40}")
            options[name] = fitted(hints[name], value, source, f"model.{name}")
        return cls(model=found.model, bands=found.bands, classes=found.classes, options=options)

    def header(self) -> dict[str, Any]:
        """As a checkpoint's header has it: flat."""
        own = {"model": self.model, "bands": self.bands, "classes": self.classes}
        return {**own, **self.options}

    def build(self) -> "nn.Module":
        """A new model with freshly drawn weights, on the processor."""
        family = FAMILIES[self.model]
        hints = _hints(family)
        if unknown := [name for name in self.options if name not in hints]:
            raise BadOption(f"a {self.model} has no {unknown[0]!r}")
        model: nn.Module = resolve(family.network)(self.bands, self.classes, **self.options)
        return model


def _hints(family: ModelFamily) -> dict[str, Any]:
    """Name -> type of what the networks of a family are built from beside bands and classes."""
    network = resolve(family.network)
    made = vars(network)["__init__"] if isinstance(network, type) else network
    hints = typing.get_type_hints(made, include_extras=True)
    return {k: v for k, v in hints.items() if k not in ("bands", "classes", "return")}
