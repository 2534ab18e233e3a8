"""Pure modules: (b, bands, h, w) in, logits (b, classes, h, w) out."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, get_type_hints

from torch import nn

from aerial_nni.config.options import NORMS, UPSAMPLINGS, BadOption, TrialOptions
from aerial_nni.config.schema import Between, OneOf, Small, fitted
from aerial_nni.models.cell_unet import CellUNet, one_of, sharing
from aerial_nni.models.genotype import read_genotype
from aerial_nni.models.unet import UNet
from aerial_nni.models.zoomout import Head, ZoomOut


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """All that is needed to build a model again; it is stored in every checkpoint's header."""

    model: str
    bands: Annotated[int, Between(1, 1 << 16)]
    classes: Annotated[int, Between(1, 254)]
    width: Annotated[int, Between(1, 1 << 16)]
    depth: Annotated[int, Between(1, 7)]
    norm: Annotated[str, OneOf(NORMS)]
    dropout: Annotated[float, Between(0, 1)]
    upsampling: Annotated[str, OneOf(UPSAMPLINGS)]
    space_to_depth: Annotated[int, Between(1, 8)] = 1
    genotype: Annotated[str, Between(0, 1 << 15)] = ""
    """Of a derived network, as a line of JSON."""
    parts: Annotated[int, Between(1, 64)] = 1
    """Of a derived network: its edges work on one of so many shares of the channels."""
    more: Annotated[Mapping[str, Any], Small()] = field(default_factory=dict)
    """Of a model that is no U-Net: all that it is built from, in types that JSON has."""

    def build(self) -> nn.Module:
        """A new model with freshly drawn weights, on the processor."""
        return MODELS[self.model](self)


MODELS: dict[str, Callable[[ModelSpec], nn.Module]] = {
    "unet": lambda spec: UNet(
        spec.bands,
        spec.classes,
        width=spec.width,
        depth=spec.depth,
        norm=spec.norm,
        dropout=spec.dropout,
        upsampling=spec.upsampling,
        space_to_depth=spec.space_to_depth,
    ),
    "derived": lambda spec: _derived(spec),
    "zoomout": lambda spec: ZoomOut(spec.bands, spec.classes, **_more(ZoomOut, spec)),
    "deeplab": lambda spec: _deeplab(spec),
    "zoomout-head": lambda spec: Head(classes=spec.classes, **_more(Head, spec)),
}


def _derived(spec: ModelSpec) -> nn.Module:
    genotype = read_genotype(spec.genotype)
    return CellUNet(
        spec.bands,
        spec.classes,
        choose=sharing(one_of(genotype), spec.parts),
        width=spec.width,
        depth=genotype.depth,
        nodes=genotype.nodes,
        space_to_depth=spec.space_to_depth,
    )


def _deeplab(spec: ModelSpec) -> nn.Module:
    from aerial_nni.models.deeplab import DeepLab  # torchvision is slow to import

    return DeepLab(spec.bands, spec.classes, **_more(DeepLab, spec))


def _more(kind: type[nn.Module], spec: ModelSpec) -> dict[str, Any]:
    """What a model is built from beside bands and classes, of the types that it takes."""
    hints = get_type_hints(kind.__init__, include_extras=True)
    for name in spec.more:
        if name not in hints:
            raise BadOption(f"a {spec.model} has no {name!r}")
    return {n: fitted(hints[n], v, f"a {spec.model}", n) for n, v in spec.more.items()}


def model_spec(options: TrialOptions, *, bands: int, classes: int) -> ModelSpec:
    """The model that `options` ask for, for pictures of `bands` bands and `classes` classes."""
    names = {field.name for field in dataclasses.fields(ModelSpec)}
    names -= {"bands", "classes", "parts", "more"}
    chosen = {name: getattr(options, name) for name in names}
    if options.model == "derived" and (depth := read_genotype(options.genotype).depth) != (
        options.depth
    ):
        raise BadOption(
            f"depth={options.depth}, but the genotype has {depth}; give --depth {depth}"
        )
    return ModelSpec(bands=bands, classes=classes, **chosen)


def build_model(options: TrialOptions, *, bands: int, classes: int) -> nn.Module:
    """A new model with freshly drawn weights, on the processor."""
    return model_spec(options, bands=bands, classes=classes).build()


def parameter_count(model: nn.Module) -> int:
    """The number of trainable scalars."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
