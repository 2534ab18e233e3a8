"""What the chapter on the U-Net says, found in the stages of the network that was trained."""

from collections.abc import Sequence
from dataclasses import dataclass

from aerial_nni.reporting.folder import Trial
from aerial_nni.reporting.format import times
from aerial_nni.reporting.graph_trace import Step
from aerial_nni.reporting.stages import Stage


@dataclass(frozen=True, kw_only=True)
class UNetFacts:
    """The stages of a U-Net, and what follows from them; lengths and fields are in pixels."""

    input: Sequence[int]
    """(bands, height, width)."""
    classes: Sequence[str]
    encoder: Sequence[Stage]
    bottom: Stage
    decoder: Sequence[Stage]
    head: Stage
    fold: int
    """Side of the squares that are folded into channels; 0 where none are."""
    folded: Sequence[int]
    """Shape after that."""
    place: int
    """Side of what one place at the bottom stands for."""
    sizes: Sequence[str]
    """Height and width from the bottom to the last stage."""
    up: Sequence[str]
    """The steps with which a stage of the decoder begins."""
    pooling: str
    convolution: str
    head_step: str
    kinds: dict[str, str]
    """Kind of a step to its words."""
    largest: str
    """The stage with most parameters."""
    largest_share: float
    decoder_work: float
    """Share of the multiply-adds that are the decoder's."""


def unet_facts(trial: Trial, stages: Sequence[Stage]) -> UNetFacts:
    """What is said of the network of a trial, whose stages were found by running it."""
    encoder, (bottom,), decoder = (
        [stage for stage in stages if stage.side == side]
        for side in ("encoder", "bottom", "decoder")
    )
    first, head = stages[0], stages[-1]
    largest = max(stages, key=lambda stage: stage.parameters)
    work = sum(stage.multiply_adds for stage in stages)
    return UNetFacts(
        input=trial.metrics["model"]["input"],
        classes=trial.classes,
        encoder=encoder,
        bottom=bottom,
        decoder=decoder,
        head=head,
        fold=round(first.entry[-1].spacing) if first.entry else 0,
        folded=first.shape_in,
        place=round(bottom.body[-1].spacing),
        sizes=[times(stage.shape[1:]) for stage in (bottom, *decoder)],
        up=[spoken(step) for step in decoder[0].entry if step.kind != "cat"],
        pooling=spoken(bottom.entry[0]),
        convolution=spoken(first.convolutions[0]),
        head_step=spoken(head.body[0]),
        kinds={step.kind: step.text for stage in stages for step in stage.body},
        largest=largest.name,
        largest_share=largest.parameters / sum(stage.parameters for stage in stages),
        decoder_work=sum(stage.multiply_adds for stage in decoder) / work,
    )


def spoken(step: Step) -> str:
    """A step as a sentence has it: `a transposed 2×2 convolution`."""
    *words, last = step.text.split()
    if step.text.startswith("transposed"):
        return f"a transposed {last} convolution"
    if step.kind == "conv":
        return f"a {last} convolution"
    return f"{last} {' '.join(words)}ing" if step.kind == "pool" else step.text
