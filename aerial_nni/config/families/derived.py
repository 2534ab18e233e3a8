"""Networks that an architecture search found: a U-Net whose blocks are graphs of operations."""

from dataclasses import dataclass

from aerial_nni.config.families.family import ModelFamily, NetworkOptions
from aerial_nni.config.families.unet import shape
from aerial_nni.config.fields import BadOption, option


@dataclass(frozen=True, kw_only=True)
class DerivedOptions(NetworkOptions):
    """Options of a network that was found."""

    genotype: str = option("", "what an architecture search found: genotype.json, or its content")
    width: int = option(16, "channels of the first level", low=1)
    depth: int = option(4, "times the network halves the size: as the genotype has it",
                        low=1, high=7)  # fmt: skip
    space_to_depth: int = option(
        1,
        "side of the pixel squares folded into channels; 2 is a quarter of the work",
        low=1,
        high=8,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.genotype:
            raise BadOption("model=derived needs --genotype, a genotype.json or its content")


DERIVED = ModelFamily(
    name="derived",
    title="a searched network",
    options=DerivedOptions,
    network="aerial_nni.models.cell_unet:derived",
    shape=shape,
    feature_layers=("decoder", "encoder"),
    foldable=True,
)
