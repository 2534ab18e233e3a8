"""The problem in two levels: Liu et al. 2019, eq. 3 to 8, in words and formulas."""

from collections.abc import Mapping
from typing import Any

from aerial_nni.recipes.darts.report.reading import Discovery
from aerial_nni.reporting.format import pluralize

MEASURED = (
    "`python -m aerial_nni.bench darts` measures time and memory of a step of either, with and "
    "without `--recompute` and `--parts`, which save memory."
)
"""Where the cost of a step is measured."""


def explain_bilevel(found: Discovery) -> str:
    """Equations 3 to 8, the order that was used, and where patches come from."""
    trial = found.main.searched
    options, facts = trial.options, trial.metrics.get("search", {})
    halves = (
        f" ({facts['weights_patches']:,} patches for the weights, "
        f"{facts['architecture_patches']:,} for the architecture)"
        if "weights_patches" in facts
        else ""
    )
    return "\n\n".join(
        [
            "The weights *w* of the operations should fit the training patches; the architecture α "
            "should be good for weights **that were trained with it**. One minimum stands inside "
            "the other (eq. 3 and 4):",
            "```math\n"
            r"\min_\alpha\; L_\text{val}\left(w^*(\alpha), \alpha\right) \qquad \text{where} "
            r"\qquad w^*(\alpha) = \arg\min_w\; L_\text{train}(w, \alpha)"
            "\n```",
            f"*Train* and *val* are two halves of the training patches, each by whole images where "
            f"there are enough{halves}. The validation images, on which scores are reported, take "
            "no part in either. To train to the end for each step of α would take for ever, so one "
            "step of *w* with learning rate ξ stands for the whole training (eq. 5 and 6):",
            "```math\n"
            r"\nabla_\alpha L_\text{val}\left(w^*(\alpha), \alpha\right) \approx "
            r"\nabla_\alpha L_\text{val}\left(w', \alpha\right), \qquad "
            r"w' = w - \xi\, \nabla_w L_\text{train}(w, \alpha)"
            "\n```",
            "As *w'* depends on α too, the chain rule gives a second term (eq. 7):",
            "```math\n"
            r"\nabla_\alpha L_\text{val}(w', \alpha) - \xi\, \nabla^2_{\alpha, w} "
            r"L_\text{train}(w, \alpha)\; \nabla_{w'} L_\text{val}(w', \alpha)"
            "\n```",
            "Its matrix of second derivatives has as many columns as there are weights, and is "
            "never made. Only its product with one vector is wanted, and that is a **finite "
            "difference**: move the weights a little along the vector to either side, and see how "
            "the gradient by α changes (eq. 8):",
            "```math\n"
            r"\nabla^2_{\alpha, w} L_\text{train}\; v \approx \frac{\nabla_\alpha "
            r"L_\text{train}(w^+, \alpha) - \nabla_\alpha L_\text{train}(w^-, \alpha)}{2 \epsilon},"
            r" \qquad w^\pm = w \pm \epsilon v, \quad v = \nabla_{w'} L_\text{val}(w', \alpha), "
            r"\quad \epsilon = \frac{0.01}{\lVert v \rVert}"
            "\n```",
            _order(options),
            _turns(options),
        ]
    )


def _turns(options: Mapping[str, Any]) -> str:
    """How weights and architecture take turns."""
    text = (
        "The steps take turns: before each step of the weights, one of α by Adam (learning rate "
        f"{options['arch_lr']:.3g}, weight decay {options['arch_weight_decay']:.3g}), on a batch "
        "of its own half."
    )
    if options["warmup"]:
        text += (
            f" In the first {pluralize(options['warmup'], 'epoch')} only the weights learn: "
            "operations "
            "without parameters need no training, and could otherwise lead before the others can "
            "do anything."
        )
    return text


def _order(options: Mapping[str, Any]) -> str:
    """Which order of the gradient was used, and what it costs."""
    if options["order"] == "second":
        limit = f" but not the limit of {options['clip']:g} on its gradient" * (options["clip"] > 0)
        return (
            "**This search used second order**: both terms, with *w'* as the optimiser will make "
            "it, its momentum and weight decay included (*differs* from eq. 6, which is plain "
            f"gradient descent; the paper's own code includes them too){limit}. A step of α takes "
            f"four gradients of a loss, where first order takes one. {MEASURED}"
        )
    return (
        "**This search used first order**: ξ = 0, so that *w'* = *w* and the second term is gone. "
        "A step of both then is two passes through the supernet, forward and back: one for α, one "
        "for *w*. In the paper second order finds networks with an error of 2.76 ± 0.09 % on "
        "CIFAR-10, first order 3.00 ± 0.14 %, and random search 3.29 ± 0.15 %. `--order second` "
        f"turns it on. {MEASURED}"
    )
