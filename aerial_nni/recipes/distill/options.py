"""Options of a distillation trial, on top of those of any trial."""

from dataclasses import dataclass

from aerial_nni.config.families import FAMILIES
from aerial_nni.config.options import BadOption, TrialOptions, option, parse_sum

KINDS = ("soft", "logits", "channel", "pair")
LAYERS = ("decoder", "encoder", "logits")


@dataclass(frozen=True, kw_only=True)
class DistillOptions(TrialOptions):
    """Options of one student. Those of the model are the student's."""

    teacher: str = option("", "checkpoint.safetensors of the teacher")
    kind: str = option("soft", f"{', '.join(KINDS)}, or a sum: soft+0.5*pair")
    teacher_weight: float = option(
        1.0, "weight of the teacher beside the loss; 0: plain training, without it", low=0.0
    )
    temperature: float = option(
        2.0, "what soft and channel divide logits by; higher is softer", low=0.1, high=100.0
    )
    layers: str = option(
        "decoder", "where pair looks: last features of decoder or encoder, or the logits",
        choices=LAYERS,
    )  # fmt: skip
    teacher_cache: bool = option(
        True, "without augmentation, keep what the teacher says on the disk"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        named = {name for _, name in parse_kind(self.kind)}
        family, layers = FAMILIES[self.model], self.layers
        if "pair" in named and layers not in ("logits", *family.feature_layers):
            raise BadOption(f"layers={layers!r}: {family.title} has none; give --layers logits")

    def refuse_other_heads(self) -> None:
        """Raises `BadOption` for a student with a head that the teacher says nothing to."""
        if self.teacher_weight and getattr(self.network, "auxiliary", 0):
            raise BadOption(
                "a student learns from its last logits, without an auxiliary head; give "
                "--auxiliary 0"
            )


def parse_kind(text: str) -> list[tuple[float, str]]:
    """The terms of a sum like `soft+0.5*pair`: [(1.0, "soft"), (0.5, "pair")].

    Raises:
        BadOption: for an unknown name or a factor that is not a positive number.
    """
    return parse_sum(text, KINDS, name="kind", example="soft+0.5*pair")
