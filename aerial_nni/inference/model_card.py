"""Model card of a model file: everything needed to feed it and to name its output."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from aerial_nni.config.errors import Damaged, UserError
from aerial_nni.config.families import FAMILIES
from aerial_nni.config.families.family import Shape
from aerial_nni.config.schema import Between, fitted
from aerial_nni.data.pipeline.class_codes import Written, indices
from aerial_nni.inference.tiles import STEP
from aerial_nni.training.header import FORMAT, Header

KEY = "aerial_nni"
"""Under this key every exported file holds the checkpoint's header as JSON."""


class BadModelFile(UserError):
    """A file is no model of this package, or lacks what is needed to use it."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """Classes with their colours, bands with their mean and deviation, and the type of a pixel."""

    classes: tuple[str, ...]
    palette: tuple[tuple[int, int, int], ...]
    written: Written
    """How a mask that is written says the classes."""
    bands: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    pixels: str
    """`uint8` or `uint16`: what the model was trained on."""
    fold: int = 1
    """Height and width in pixels of what is one place to the network (`--space-to-depth`)."""
    whole: int = 0
    """Of a network whose answer depends on the whole picture, such as one that pools over it or
    normalises by its deviation: pixels of the longer side of its patches."""
    step: int = STEP
    """Pixels by which a picture may be moved without another answer: a multiple of what the network
    halves to one place."""


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """The same of the encoder that zoom-out stands on."""

    depth: Annotated[int, Between(1, 7)]
    space_to_depth: Annotated[int, Between(1, 8)] = 1


@dataclass(frozen=True, kw_only=True)
class Network:
    """What matters of a model's description to who feeds it."""

    model: str = ""
    space_to_depth: Annotated[int, Between(1, 8)] = 1
    classes: int | None = None
    bands: int | None = None
    norm: str = "batch"
    depth: Annotated[int, Between(0, 7)] = 4
    encoder: Encoder | None = None

    def shape(self) -> Shape:
        """What its family says of such a network; of one without a family nothing is known."""
        family = FAMILIES.get(self.model)
        return family.shape(dataclasses.asdict(self)) if family else Shape(stride=1)


def read_card(header: Mapping[str, Any], source: object) -> Card:
    """The card in the header of a checkpoint; `source` names the file in errors.

    Raises:
        BadModelFile: something is missing.
        Damaged: something is not what it should be.
    """
    wanted = ("classes", "palette", "bands", "mean", "std")
    if missing := [name for name in wanted if header.get(name) is None]:
        raise BadModelFile(
            f"{source}: its header lacks what pictures need ({', '.join(missing)}); give a "
            "checkpoint.safetensors of a trial"
        )
    known = fitted(Header, {"format": FORMAT, **header}, f"the header of {source}")
    model = fitted(Network, _flat(header.get("model", {})), f"the header of {source}", "model")
    for what in ("classes", "bands"):
        names, count = getattr(known, what), getattr(model, what)
        if count not in (None, len(names)):
            raise Damaged(f"{source}: the model has {count} {what}, its header names {len(names)}")
    assert known.mean is not None
    shape = model.shape()
    return Card(
        **{name: getattr(known, name) for name in wanted},
        written=known.written or indices(len(known.classes or ())),
        # Checkpoints of before this was noted: no 8-bit band has such a mean.
        pixels=known.pixels or ("uint16" if max(known.mean) > 255 else "uint8"),
        fold=shape.fold,
        whole=max(known.size or (0,)) if shape.sees_all else 0,
        step=shape.stride * -(-STEP // shape.stride),
    )


def _flat(model: Any) -> Any:
    """A model's description with what older headers have apart among the rest."""
    more = model.get("more") if isinstance(model, dict) else None
    return {**model, **more} if isinstance(more, dict) else model
