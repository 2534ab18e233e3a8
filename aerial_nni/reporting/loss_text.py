"""The loss of a run, with its formula, from the run's options and the losses' own settings."""

import inspect
from collections.abc import Callable
from typing import Any

from aerial_nni.config.options import parse_loss
from aerial_nni.reporting.folder import Trial
from aerial_nni.training import losses


def _default(function: Callable[..., Any], name: str) -> float:
    """The default of a loss's argument: what a formula prints is what is computed."""
    default: float = inspect.signature(function).parameters[name].default
    return default


GAMMA = _default(losses.focal, "gamma")
ALPHA, BETA = _default(losses.tversky, "alpha"), _default(losses.tversky, "beta")
SMOOTH = _default(losses.tversky, "smooth")

FORMULAS: dict[str, tuple[str, str]] = {
    "ce": (
        r"L_\text{ce} = -\frac{\sum_i w_{y_i} \log p_{i,y_i}}{\sum_i w_{y_i}}",
        "**Cross-entropy** (`ce`) asks each pixel for a high probability of its true class. It is "
        "smooth and learns fast, but large classes contribute most of it.",
    ),
    "dice": (
        rf"L_\text{{dice}} = 1 - \frac{{1}}{{|C|}} \sum_{{c \in C}} "
        rf"\frac{{2 I_c + {2 * SMOOTH:g}}}{{P_c + T_c + {2 * SMOOTH:g}}}",
        "**Soft Dice** (`dice`, Milletari et al. 2016) measures the overlap of each class and "
        "takes the mean over the classes in the batch, so a rare class counts as much as a common "
        "one. It is close to what IoU measures.",
    ),
    "log-dice": (
        r"L_\text{log-dice} = -\frac{1}{|C|} \sum_{c \in C} "
        r"\log \frac{2 I_c + 10^{-5}}{P_c + T_c + 10^{-5}}",
        "**−log Dice** (`log-dice`) takes the logarithm of that overlap. A class that is hardly "
        "found yet pulls much harder than under 1 − Dice, and the loss has no upper end.",
    ),
    "focal": (
        rf"L_\text{{focal}} = -\frac{{\sum_i w_{{y_i}} (1 - p_{{i,y_i}})^{{{GAMMA:g}}} "
        r"\log p_{i,y_i}}{\sum_i w_{y_i}}",
        "**Focal loss** (`focal`, Lin et al. 2017) is cross-entropy in which pixels that are right "
        "already count little.",
    ),
    "tversky": (
        r"L_\text{tversky} = 1 - \frac{1}{|C|} \sum_{c \in C} "
        rf"\frac{{I_c + {SMOOTH:g}}}{{I_c + {ALPHA:g} (P_c - I_c) + {BETA:g} (T_c - I_c) "
        rf"+ {SMOOTH:g}}}",
        "**Tversky loss** (`tversky`, Salehi et al. 2017) is Dice with different weights for false "
        f"positives ({ALPHA:g}) and missed pixels ({BETA:g}).",
    ),
    "lovasz": (
        r"L_\text{lovasz} = \frac{1}{|C|} \sum_{c \in C} \overline{\Delta_{J_c}}(m(c)), \quad "
        r"m_i(c) = |[y_i = c] - p_{i,c}|",
        "**Lovász-softmax** (`lovasz`, Berman et al. 2018) is the convex extension of the Jaccard "
        "loss 1 − IoU, evaluated on the sorted errors of each class.",
    ),
    "reference": (
        r"L_\text{reference} = 1 - \frac{1}{K} \sum_c \frac{1}{K} "
        r"\frac{2 I_c + 10^{-5}}{P_c + T_c + 10^{-5}} "
        r"- \frac{1}{N K} \sum_i 0.25\, (1 - p_{i,y_i})^2 \log p_{i,y_i}",
        "This is Dice plus focal as the Keras reference has it (`reference`): the class weights "
        "1/K stand inside the mean over classes, so the loss cannot fall below 1 − 1/K, and the "
        "focal term is divided by the number of classes too. Its curves cannot be compared with "
        "those of the usual definitions.",
    ),
}
"""Name of a loss -> its formula in LaTeX, and what it is for."""

_WEIGHTS = {
    "none": "All weights *w* are 1 in this run.",
    "inverse": "The weight *w* of a class is the inverse of its share of the training pixels, "
    "scaled to a mean of 1.",
    "median-frequency": "The weight *w* of a class is the median of the classes' shares of the "
    "training pixels divided by its own share (Eigen and Fergus 2015).",
    "root-frequency": "The weight *w* of a class is the square root of the median of the classes' "
    "shares of the training pixels divided by its own share.",
}


def explain_loss(trial: Trial) -> str:
    """The section on the loss, in Markdown with a formula for each term."""
    options: dict[str, Any] = trial.options
    terms = parse_loss(options["loss"])
    names = [name for _, name in terms]
    parts = [
        "### The loss",
        f"The loss is one number that says how wrong the network is on a batch; training makes it "
        f"small. This run used `{options['loss']}`:",
    ]
    if len(terms) > 1:
        whole = " + ".join(
            (f"{factor:g}\\," if factor != 1 else "") + rf"L_\text{{{name}}}"
            for factor, name in terms
        )
        parts.append(_formula(f"L = {whole}"))
    for name in dict.fromkeys(names):
        formula, words = FORMULAS[name]
        parts += [words, _formula(formula)]
    parts.append(_symbols(names, options["class_weights"]))
    return "\n\n".join(parts)


def _formula(latex: str) -> str:
    return f"```math\n{latex}\n```"


def _symbols(names: list[str], weights: str) -> str:
    """What the letters in the formulas mean; only those that occur."""
    text = [
        "Here *i* runs over the pixels of the batch that are not void, $y_i$ is the true class of "
        "pixel *i*, and $p_{i,c}$ the probability (softmax of the logits) given to class *c*."
    ]
    overlaps = {"dice", "log-dice", "tversky", "reference"} & set(names)
    if overlaps:
        text.append(
            r"$I_c = \sum_{i: y_i = c} p_{i,c}$ is the overlap of class *c*, "
            r"$P_c = \sum_i p_{i,c}$ what is predicted, $T_c$ the number of its true pixels."
        )
    if {"dice", "log-dice", "tversky", "lovasz"} & set(names):
        text.append("*C* are the classes that occur in the batch.")
    if "reference" in names:
        text.append("*K* is the number of classes and *N* the number of pixels.")
    if {"ce", "focal"} & set(names):
        text.append(_WEIGHTS[weights])
    text.append("A void pixel adds nothing to any term and gets no gradient.")
    return " ".join(text)
