"""Zoom-out explained: the features, where they are read, the two stages, superpixels."""

from collections.abc import Mapping

from aerial_nni.recipes.zoomout.options import RANDOM
from aerial_nni.recipes.zoomout.report.reading import Comparison
from aerial_nni.reporting.format import join_and, pluralize, score
from aerial_nni.reporting.loss_text import explain_loss

WEIGHTS = {
    "imagenet": "trained on the photographs of ImageNet (torchvision's weights)",
    "file": "with the weights of the file `{file}`",
    "checkpoint": "trained as part of a U-Net on the dataset `{data}` (split by the rule "
    "`{split}`), whose decoder was thrown away",
    "random": "**never trained: its weights are random**, so its features are filters that "
    "nobody chose",
}
"""Kind of the backbone's weights -> what is said of them."""


def explain_method(found: Comparison, links: Mapping[str, str]) -> str:
    """The chapter on the method, in Markdown."""
    parts = [
        "## 1. The method: zoom-out features",
        _idea(found),
        f"![What the features of one pixel see, and how many there are]({links['zoom-out']})",
        "### Where features are read",
        _reading(found),
        "### Two stages",
        _stages(found),
        *(
            [f"![Loss of the first stage by epoch]({links['first-stage']})"]
            if "first-stage" in links
            else []
        ),
        "### Superpixels",
        _superpixels(found),
        explain_loss(found.trial),
    ]
    return "\n\n".join(parts)


def describe_weights(found: Comparison) -> str:
    """What the backbone was trained on."""
    facts = found.facts["weights"]
    return WEIGHTS[facts["kind"]].format(**{"file": "", "data": "", "split": "", **facts})


def _idea(found: Comparison) -> str:
    facts = found.facts
    taken = "every convolution" if facts["convolutions"] == "all" else (
        "the last convolution before each pooling"
    )  # fmt: skip
    name = "the encoder of a U-Net" if facts["backbone"] == "encoder" else facts["backbone"].upper()
    return (
        "Is this pixel part of a building? Its colour says little, its neighbourhood more, the "
        "whole block of houses more still. Zoom-out (Mostajabi, Yadollahpour and Shakhnarovich "
        "2015) describes a pixel by all of these at once: "
        f"{'a' if facts['weights']['kind'] == RANDOM else 'a trained'} network stays frozen, the "
        "values of its layers at this pixel are put beside each other, and "
        f"a shallow classifier learns from them alone. Here the network is {name}, "
        f"{describe_weights(found)}; what is taken is the output of {taken}, before its ReLU, with "
        f"the picture's bands in front: **{facts['dimension']:,} features of a pixel**. "
        f"{_order_of_bands(found)}"
        f"{facts['frozen_parameters']:,} weights are frozen and "
        f"{found.trial.metrics['model']['parameters']:,} learn."
    )


def _order_of_bands(found: Comparison) -> str:
    """What is said where the bands are not those that VGG was trained on."""
    bands, facts = found.trial.metrics["data"]["bands"], found.facts
    vgg = facts["backbone"] != "encoder" and facts["weights"]["kind"] != "random"
    if not vgg or list(bands) == ["red", "green", "blue"]:
        return ""
    return f"It was trained on red, green and blue; here it is given {join_and(list(bands))}. "


def _reading(found: Comparison) -> str:
    spacing = found.facts["spacing"]
    return (
        "Deep layers have few places, one for 16×16 pixels at the end of VGG. The usual way is to "
        "enlarge all of them to the size of the picture and stack them: 1.1 GB for 256×256 pixels "
        "under VGG16. That stack is never made here. A single pixel's features are read "
        "bilinearly at the pixel. And where a whole picture is classified, the classifier's first "
        "layer, which is linear, is applied to each map at its own size: it commutes with the "
        "bilinear enlargement, so the results can be enlarged and added instead of the features. "
        "The outcome is the same to the last digits. "
        + (
            "Here features are averaged over superpixels, and all pixels of one get its scores."
            if found.facts["superpixel"]
            else f"One of {spacing} pixels in either direction is classified, and the scores "
            "between them are interpolated."
            if spacing > 1
            else "Every pixel is classified."
        )
    )


def _stages(found: Comparison) -> str:
    samples, options = found.facts.get("samples", {}), found.trial.options
    if not samples:
        return "The folder does not say what the first stage learnt from."
    drawn = ", ".join(f"{count:,} of {name}" for name, count in samples["training"].items())
    regions, left_out = bool(found.facts["superpixel"]), samples.get("left_out", 0)
    where = (
        f"each of {samples['patches']:,} training patches" if left_out else "each training patch"
    )
    what = (
        f"the superpixels of {where}"
        if regions
        else f"pixels, {options['samples']} at random of each class in {where}"
    )
    why = (
        "Each has the class of most of its pixels."
        if regions
        else "So few pixels tell much, since neighbours look alike, and rare classes are as "
        "frequent as others."
    )
    if left_out:
        why += (
            f" The other {left_out:,} patches, drawn at random, gave none: their features would "
            "not fit into memory."
        )
    weighed = "Weights of classes in its loss are by the frequencies in these samples. "
    first = (
        f"**First** the classifier (two hidden layers of {options['hidden']}, dropout "
        f"{options['dropout']:g}) learns from samples: {what} ({drawn}). {why} "
        f"{weighed if options['class_weights'] != 'none' else ''}"
    )
    if samples["epochs"]:
        first += (
            f"After {pluralize(samples['epochs'], 'epoch')}, with a learning rate that falls to a "
            f"tenth after each quarter, the best one ({samples['epoch']}) has a mean IoU of "
            f"{score(samples['mean_iou'])} on samples drawn in the same way from the validation "
            "patches: no score of segmentation, since "
            + (
                "each counts once, whatever its size. "
                if regions
                else "classes are not as frequent there. "
            )
        )
    else:
        first += "This run skipped that stage: it measured the features' mean and spread only. "
    return first + (
        "**Second** the same weights, as 1×1 convolutions, go on to learn from whole patches, "
        f"augmented anew in each of {pluralize(found.trial.metrics['epochs_run'], 'epoch')}. The "
        "frozen "
        "network never changes."
    )


def _superpixels(found: Comparison) -> str:
    sides = [
        str(group.trials[0].metrics["zoomout"]["superpixel"])
        for group in found.groups
        if group.trials[0].metrics.get("zoomout", {}).get("superpixel")
    ]
    text = (
        "The paper classifies superpixels, small regions of like colour (SLIC, Achanta et al. "
        "2012), by the mean of the features in each: edges of regions are mostly edges of things. "
        "The mean of bilinear features is a weighted sum of the places of a map, so nothing of "
        "the picture's size is made for it either. All pixels of a region get the same answer, so "
        "a region that is half roof and half yard is half wrong."
    )
    if not sides:
        return f"{text} No such run is in this document."
    return f"{text} The superpixels of the runs below are about {join_and(sides)} pixels wide."
