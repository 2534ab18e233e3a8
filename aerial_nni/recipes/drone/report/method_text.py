"""DeepLabV3 explained: the backbone, atrous convolutions, the heads, weights, what is frozen."""

from collections.abc import Mapping
from typing import Any

from aerial_nni.recipes.drone.report.reading import LossComparison
from aerial_nni.reporting.format import join_and, pluralize
from aerial_nni.reporting.loss_text import explain_loss

WEIGHTS = {
    "coco": "trained for segmentation on photographs of COCO (torchvision's weights)",
    "imagenet": "trained on the photographs of ImageNet (torchvision's weights)",
    "file": "with the weights of the file `{file}`",
    "random": "**never trained before: its weights were drawn**",
}
"""Kind of the first weights -> what is said of them."""

HEADS = {"classifier": "the classifier", "aux_classifier": "the auxiliary head"}
"""Name of a head in the network -> what it is called."""

NAMES = {
    "resnet101": "ResNet101",
    "resnet50": "ResNet50",
    "mobilenet_v3_large": "MobileNetV3 (large)",
}


def explain_method(found: LossComparison) -> str:
    """The chapter on the method, in Markdown."""
    parts = ["## 1. The method: DeepLabV3"]
    if found.facts:
        parts += [
            _network(found),
            "### Two heads",
            _heads(found),
            "### What learns",
            _learns(found),
        ]
    else:
        parts.append("The run that is shown is a U-Net.")
    return "\n\n".join([*parts, explain_loss(found.trial)])


def _network(found: LossComparison) -> str:
    facts, options = found.facts, found.trial.options
    weights = {"file": "", **facts["weights"]}
    return (
        "A drone flies low: a person is a few pixels or half the picture, and what a thing is "
        "follows from what is around it. DeepLabV3 (Chen, Papandreou, Schroff and Adam 2017) looks "
        "at several distances at once without losing resolution. Its backbone is "
        f"{NAMES[facts['backbone']]}, {WEIGHTS[weights['kind']].format(**weights)}. "
        f"{_taken_over(weights)}The last "
        "stages do not halve the map again: their convolutions are atrous, they skip pixels, and "
        "so see as far as if it had been halved. On the last map stand five branches: a 1×1 "
        "convolution, three 3×3 ones that skip 12, 24 and 36 places, and the mean of the whole "
        f"picture, {options['head']} channels each. Together they go through a small classifier, "
        "and its scores are enlarged to the size of the picture. "
        f"{found.trial.metrics['model']['parameters']:,} weights can learn."
    )


def _taken_over(weights: Mapping[str, Any]) -> str:
    """Which heads begin with weights of the file too, as a sentence with a space after it."""
    if weights["kind"] == "random":
        return ""
    heads = [HEADS[name] for name in sorted(weights.get("heads", ()), reverse=True)]
    if not heads:
        return "The weights of the heads were drawn. "
    return f"Of {join_and(heads)} the weights are from there too, but for the last layer. "


def _heads(found: LossComparison) -> str:
    factor = found.trial.options["auxiliary"]
    if not factor:
        return "This run has one head. Others have a second one in the middle of the backbone."
    alone = found.trial.label_loss != "train_loss"
    return (
        "A second, plain head stands on a map in the middle of the backbone. In training its "
        f"scores, enlarged alike, are held against the masks too, and {factor:g} times its loss is "
        "added: so the early stages learn before the late ones tell them anything useful. It "
        "answers nothing afterwards."
        + (
            " Drawn is the classifier's loss alone, which is also what is validated."
            if alone
            else ""
        )
    )


def _learns(found: LossComparison) -> str:
    frozen, thaw = found.facts["frozen"], found.facts["thaw"]
    text = (
        f"Frozen are {join_and([f'`{name}`' for name in frozen])}: neither their weights nor the "
        "figures of their norms change."
        if frozen
        else "All stages of the backbone learn."
    )
    if thaw:
        text += f" In the first {pluralize(thaw, 'epoch')} the heads learn alone."
    return f"{text} Biases and norms have no weight decay."


def explain_memory(found: LossComparison) -> str:
    """The most memory that a run took, in a sentence."""
    most: dict[str, int] = {}
    for group in found.groups:
        for trial in group.trials:
            if held := trial.metrics["cost"].get("peak_memory_bytes"):
                most[group.name] = max(held, most.get(group.name, 0))
    if not most:
        return ""
    size = "×".join(map(str, found.trial.metrics["model"]["input"][1:]))
    device = found.trial.metrics["cost"]["device"]
    whose = "of the GPU" if device.startswith("cuda") else "of the whole process"
    said = join_and([f"{held / 1e9:.2f} GB ({name})" for name, held in most.items()])
    return (
        f"The most memory {whose} that was held while a run learnt from batches of "
        f"{found.trial.options['batch']} patches of {size}: {said}. With `--recompute` a block's "
        "inner maps are computed again instead of kept; with `--patch` and `--patch-width` crops "
        "are learnt from."
    )


def links_of(links: Mapping[str, str]) -> str:
    """The plot of images that show each class."""
    return (
        "What a split is balanced by is in how many images a class is shown:\n\n"
        f"![Images that show each class in both parts of the split]({links['presence']})"
    )
