"""The U-Net explained to a student, in the numbers of the network that was trained."""

from collections.abc import Sequence

from aerial_nni.reporting.folder import Trial
from aerial_nni.reporting.format import join_and, literal, pluralize, times
from aerial_nni.reporting.graph_trace import Step
from aerial_nni.reporting.stages import Stage


def explain_network(
    trial: Trial, stages: Sequence[Stage], *, network: str, blocks: str, costs: str
) -> str:
    """The chapter on the network, in Markdown; the last three are links to its figures."""
    parts = [
        "## 1. The network: a U-Net",
        _task(trial, stages),
        f"![The U-Net of this run as a diagram]({network})",
        _caption(trial),
        "### The encoder: what is in the picture",
        _encoder(stages),
        "### The decoder: where it is",
        _decoder(stages),
        "### The skip connections: why it is a U and not a line",
        _skips(stages),
        "### What one stage contains",
        _inside(trial, stages),
        f"![The operations of one encoder stage, one decoder stage and the head]({blocks})",
        "### What it costs, and how far it sees",
        _costs(trial, stages),
        f"![Parameters, multiply-adds and receptive field of each stage]({costs})",
    ]
    return "\n\n".join(parts)


def _spoken(step: Step) -> str:
    """A step as a sentence has it: `a transposed 2×2 convolution`."""
    *words, last = step.text.split()
    if step.text.startswith("transposed"):
        return f"a transposed {last} convolution"
    if step.kind == "conv":
        return f"a {last} convolution"
    return f"{last} {' '.join(words)}ing" if step.kind == "pool" else step.text


def _side(stages: Sequence[Stage], side: str) -> list[Stage]:
    return [stage for stage in stages if stage.side == side]


def _task(trial: Trial, stages: Sequence[Stage]) -> str:
    bands, height, width = trial.metrics["model"]["input"]
    classes = trial.classes
    return (
        "Semantic segmentation gives **every pixel** a class. The network of this document takes a "
        f"patch of {height}×{width} pixels with {pluralize(bands, 'band')} and returns "
        f"{len(classes)} "
        f"numbers for each of its {height * width:,} pixels, one for each of the classes "
        f"{join_and([*map(literal, classes)])}. A softmax turns them into probabilities, and the "
        "most probable class is the prediction.\n\n"
        "Two things are needed for that, and they pull in opposite directions. To know *what* a "
        "pixel shows, its surroundings must be seen: a grey pixel may be a roof, a road or bare "
        "ground. To know *where* one thing ends and the next begins, fine detail must be kept. "
        "The U-Net (Ronneberger, Fischer and Brox 2015) does both: one half makes the picture "
        "small to see far, the other makes it large again, and direct lines between the halves "
        "bring back the detail. Unlike in the paper, the convolutions here keep the size of the "
        "picture, so every pixel of the input gets an answer."
    )


def _caption(trial: Trial) -> str:
    return (
        "*Figure: the network of this run, drawn from the operations it carried out on a patch of "
        f"{times(trial.metrics['model']['input'])} (channels×height×width). A bar is a tensor: its "
        "height stands for the size of the picture, its breadth for the number of channels, both "
        "as square roots. Pale bars are what a stage gets, full ones what its convolutions make of "
        "it.*"
    )


def _encoder(stages: Sequence[Stage]) -> str:
    encoder, bottom = _side(stages, "encoder"), _side(stages, "bottom")[0]
    channels = [str(stage.shape[0]) for stage in encoder]
    first = stages[0]
    folded = ""
    if first.entry:
        side = round(first.entry[-1].spacing)
        folded = (
            f"Before the first stage, squares of {side}×{side} pixels are folded into channels "
            f"(space to depth, Shi et al. 2016), which leaves {times(first.shape_in)} and saves "
            "most of the work; the head's scores are unfolded in the same way, so every pixel is "
            "still classified on its own. "
        )
    place = round(bottom.body[-1].spacing)
    return folded + (
        f"The left side of the U has {pluralize(len(encoder), 'stage')} and the bottom. Each stage "
        f"applies {pluralize(len(encoder[0].convolutions), 'convolution')}; between two stages, "
        f"{_spoken(bottom.entry[0])} keeps one value of every square of four and throws away "
        f"three. So height and width are halved {len(encoder)} times, from "
        f"{times(encoder[0].shape[1:])} to {times(bottom.shape[1:])}, while the channels grow from "
        f"{channels[0]} to {bottom.shape[0]}: there are fewer places, and more is known about "
        f"each. One place at the bottom stands for {place}×{place} pixels of the patch, and what "
        f"it holds can depend on {bottom.body[-1].field}×{bottom.body[-1].field} of them. "
        "The first stages find edges and textures; the later ones combine these into things that "
        "have a size and a shape. None of it is programmed: all weights are learnt from the masks."
    )


def _decoder(stages: Sequence[Stage]) -> str:
    decoder, bottom, head = _side(stages, "decoder"), _side(stages, "bottom")[0], stages[-1]
    up = join_and([_spoken(step) for step in decoder[0].entry if step.kind != "cat"])
    transposed = "transposed" in up
    how = (
        "In a transposed convolution every value is spread over a square of four by learnt weights."
        if transposed
        else "The interpolation itself has no weights; the convolution before it has."
    )
    unfolded = (
        f", which are unfolded into {times(head.shape)}: one for each class and pixel"
        if len(head.body) > 1
        else ": one for each class"
    )
    sizes = " → ".join(times(stage.shape[1:]) for stage in [bottom, *decoder])
    return (
        f"The right side goes the other way, {sizes}. Each stage begins with {up}, which doubles "
        f"height and width. {how} Then come "
        f"{pluralize(len(decoder[0].convolutions), 'convolution')} as "
        f"in the encoder. After the last stage the head, {_spoken(head.body[0])}, turns the "
        f"{head.shape_in[0]} channels of each place into {head.body[0].shape[0]} scores, called "
        f"logits{unfolded}."
    )


def _skips(stages: Sequence[Stage]) -> str:
    decoder = _side(stages, "decoder")
    first, last = decoder[0], decoder[-1]
    bottom = _side(stages, "bottom")[0]
    side = round(bottom.body[-1].spacing)
    return (
        f"At the bottom, one place stands for {side}×{side} pixels: too coarse for the edge of a "
        "roof or a narrow road. The encoder knew where they are before it pooled. A skip "
        "connection therefore takes the output of each encoder stage and puts it beside the "
        "up-sampled channels of the same size (concatenation), and the convolutions after it "
        "learn which of both to trust. That is the pale double bar in the figure: "
        f"{first.shape_in[0]} channels at {times(first.shape_in[1:])}, half from below and half "
        f"from across, and so on to {last.shape_in[0]} at {times(last.shape_in[1:])}. Skips help "
        "the learning too: through them the gradient of the loss reaches the first stages without "
        "passing through the bottom."
    )


def _inside(trial: Trial, stages: Sequence[Stage]) -> str:
    options, count = trial.options, len(stages[0].convolutions)
    kinds = {step.kind: step.text for stage in stages for step in stage.body}
    parts = [
        f"All stages but the head are built alike: {_spoken(stages[0].convolutions[0])}, then "
        f"{join_and([kinds[kind] for kind in ('norm', 'act') if kind in kinds])}, and this "
        f"{'twice' if count == 2 else pluralize(count, 'time')}."
    ]
    if "norm" in kinds:
        what = (
            "over all pictures of the batch while training, with running averages afterwards"
            if options["norm"] == "batch"
            else "over groups of channels of one picture"
        )
        parts.append(
            f"The normalisation ({kinds['norm']}) brings values to mean 0 and spread 1, {what}; "
            "it keeps the numbers in a range in which the next layer learns well, so higher "
            "learning rates work."
        )
    else:
        parts.append("There is no normalisation between the layers.")
    if "dropout" in kinds:
        parts.append(
            f"Between the convolutions, dropout zeroes a share of {options['dropout']:g} of the "
            "values while training (one and a half times as much at the bottom), so that the "
            "network cannot rely on single ones."
        )
    else:
        parts.append("Dropout is an option that this run did not use.")
    return " ".join(parts)


def _costs(trial: Trial, stages: Sequence[Stage]) -> str:
    model = trial.metrics["model"]
    most = max(stages, key=lambda stage: stage.parameters)
    busiest = _side(stages, "decoder")
    work = sum(stage.multiply_adds for stage in busiest) / sum(s.multiply_adds for s in stages)
    total = sum(stage.parameters for stage in stages)
    field, width = stages[-1].body[-1].field, stages[-1].shape[2]
    seen = (
        f"wider than the patch ({width} pixels), so that a pixel can depend on all of it"
        if field >= width
        else f"part of the patch ({width} pixels wide)"
    )
    return (
        f"The network has **{model['parameters']:,} parameters** and takes "
        f"**{model['multiply_adds'] / 1e9:.2f} billion multiply-adds** for one patch of "
        f"{times(model['input'])}. Parameters and work are in different places: "
        f"{100 * most.parameters / total:.0f} % of the parameters are in the stage "
        f"*{most.name}*, where the channels are many, while {100 * work:.0f} % of the work is in "
        "the decoder, whose first convolutions get twice the channels. The receptive field, the "
        "square of input pixels on which one value can depend, grows with each convolution, and "
        f"twice as fast after each pooling. At the head it is {field}×{field} pixels: {seen}."
    )
