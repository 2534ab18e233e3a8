"""The chapter on the method: what a soft answer is, what is minimised, and the four kinds."""

from collections.abc import Mapping

import numpy as np

from aerial_nni.data.dataset import VOID
from aerial_nni.recipes.distill.losses import GRID
from aerial_nni.recipes.distill.report import findings
from aerial_nni.recipes.distill.report.losses_picture import shown_class
from aerial_nni.recipes.distill.report.reading import Distillation
from aerial_nni.recipes.distill.report.soft_answers import (
    entropy,
    shown_pixels,
    shown_temperature,
    softened,
)
from aerial_nni.reporting.format import literal, percent

KINDS: dict[str, tuple[str, str]] = {
    "soft": (
        "**Soft targets, `soft`** (Hinton, Vinyals and Dean 2015) compare each pixel's "
        "probabilities over the **classes**: the Kullback-Leibler divergence of the student from "
        "the teacher, both softened, mean over the pixels. *Differs:* the paper writes the "
        "cross-entropy, which has the same gradient; the divergence is 0 where the student says "
        "what the teacher says.",
        r"L_\text{soft} = \frac{T^2}{N} \sum_i \sum_c p^t_{i,c} "
        r"\log \frac{p^t_{i,c}}{p^s_{i,c}}, \qquad "
        r"p_{i,c} = \frac{e^{z_{i,c}/T}}{\sum_k e^{z_{i,k}/T}}",
    ),
    "logits": (
        "**Regression of the logits, `logits`** (Nekrasov, Chen, Shen and Reid 2019) compares the "
        "numbers before any softmax. It has no temperature; it is what `soft` becomes as *T* grows "
        "and the logits of each pixel have mean 0 (Hinton et al. 2015, section 2.1), up to a "
        "factor.",
        r"L_\text{logits} = \frac{1}{N K} \sum_i \sum_c \left(z^s_{i,c} - z^t_{i,c}\right)^2",
    ),
    "channel": (
        "**Channel-wise, `channel`** (Shu, Liu, Gao, Yan and Shen 2021) turns it round: for each "
        "class a softmax over the **pixels** of a picture. It says where in the picture the class "
        "is, not which class a pixel has, so a small object counts as much as a large field. Mean "
        "over classes and pictures (*B* of them).",
        r"L_\text{channel} = \frac{T^2}{B K} \sum_b \sum_c \sum_{i \in b} \varphi^t_{i,c} "
        r"\log \frac{\varphi^t_{i,c}}{\varphi^s_{i,c}}, \qquad "
        r"\varphi_{i,c} = \frac{e^{z_{i,c}/T}}{\sum_{j \in b} e^{z_{j,c}/T}}",
    ),
    "pair": (
        "**Pair-wise, `pair`** (Liu, Chen, Liu, Qin, Luo and Wang 2019) compares which places look "
        f"alike: features *f* are pooled to a grid of {GRID}×{GRID} places *u*, and the cosine of "
        "each pair of places should be the teacher's. Teacher and student may have different "
        "numbers of channels. *Differs:* the paper takes the maximum over half of the map; here "
        "it is the mean over a finer grid.",
        r"L_\text{pair} = \frac{1}{|P|} \sum_{(u,v) \in P} "
        r"\left(a^s_{uv} - a^t_{uv}\right)^2, \qquad "
        r"a_{uv} = \frac{f_u \cdot f_v}{\lVert f_u \rVert\,\lVert f_v \rVert}",
    ),
}
"""Name of a kind -> what it is, and its formula in LaTeX."""

SOURCES = """\
- G. Hinton, O. Vinyals, J. Dean (2015): *Distilling the Knowledge in a Neural Network*.
- V. Nekrasov, H. Chen, C. Shen, I. Reid (2019): *Fast Neural Architecture Search of Compact
  Semantic Segmentation Models via Auxiliary Cells*.
- Y. Liu, K. Chen, C. Liu, Z. Qin, Z. Luo, J. Wang (2019): *Structured Knowledge Distillation for
  Semantic Segmentation*.
- C. Shu, Y. Liu, J. Gao, Z. Yan, C. Shen (2021): *Channel-wise Knowledge Distillation for Dense
  Prediction*."""


def explain_method(found: Distillation, links: Mapping[str, str]) -> str:
    """The chapter in Markdown; figures that could not be drawn are left out."""
    parts = [
        "## 1. The method: knowledge distillation",
        "### The idea",
        "A large network segments well and is slow; a small one is fast and, trained on the masks "
        "alone, worse. Distillation trains the small one, the **student**, on the masks *and* on "
        "what a large one that is trained already, the **teacher**, says of the same pictures "
        "(Hinton et al. 2015). The teacher is frozen: it is asked and never changed. After "
        "training it is not needed any more; the student costs what it costs without one.",
        f"![A patch goes into teacher and student; the student is compared with both]"
        f"({links['scheme']})",
        "Whether that helps is a question of measurement. So each student has its **control**: the "
        "same network, the same number of epochs, the same seed, no teacher. The teacher is worth "
        "what the student scores more.",
        "### What a soft answer is",
        _soft_answer(found, links),
        "### What is minimised",
        _objective(found),
        "### Four kinds of comparison",
        "In all of them *i* runs over the *N* pixels that are not void, *K* is the number of "
        "classes, $z$ are logits, $s$ is the student and $t$ the teacher. A void pixel adds "
        "nothing and gets no gradient.",
        *(f"{words}\n\n```math\n{formula}\n```" for words, formula in KINDS.values()),
        _kinds_figure(found, links),
        "Kinds can be added up with factors, such as `soft+10*pair`.",
        "### Which was used, and why",
        _used(found),
        "### Sources",
        SOURCES,
    ]
    return "\n\n".join(part for part in parts if part)


def _soft_answer(found: Distillation, links: Mapping[str, str]) -> str:
    """The figures of the teacher's answer, and what their numbers are."""
    text = (
        "A mask says *road* and nothing else. The teacher says *road 0.7, building 0.2, land 0.1*: "
        "how sure it is, and what the place could be mistaken for. That is more to learn from than "
        "one class, most of all at edges and for rare classes. Where the teacher is sure, one "
        "probability is almost 1 and the rest hard to tell from 0; divided by a **temperature** "
        "*T* before the softmax, the logits give softer probabilities in which the small ones "
        "count too."
    )
    if "soft-answer" not in links:
        return f"{text}\n\n(The teacher's answers were not kept with this experiment: no figure.)"
    truth = found.example(found.richest).truth
    valid = truth != VOID
    logits = found.logits("teacher", found.richest)
    plain = softened(logits, 1.0)[:, valid]
    temperature = shown_temperature(found)
    soft = softened(logits, temperature)[:, valid]
    sure = float(np.mean(plain.max(axis=0) > 0.9))
    hinted = float(np.mean(soft.max(axis=0) > 0.9))
    places = [f"{n} in row {y}, column {x}" for n, (y, x) in enumerate(shown_pixels(found), 1)]
    used = "that of this run" if found.softened else "an example; the kind of this run has none"
    return "\n\n".join(
        [
            text,
            f"![A validation patch, its truth, and the teacher's soft answer]"
            f"({links['soft-answer']})",
            f"On this patch (number {found.example(found.richest).number} of those in chapter 3) "
            f"the teacher gives more than 0.9 to one class on {percent(sure)} of the pixels at "
            f"*T* = 1, and on {percent(hinted)} at *T* = {temperature:.3g} ({used}); its mean "
            f"entropy rises from {entropy(plain).mean():.2f} to {entropy(soft).mean():.2f} bits of "
            f"{np.log2(len(logits)):.2f}. Its most probable class is the true one on "
            f"{percent(float(np.mean(logits.argmax(axis=0)[valid] == truth[valid])))} of them. A "
            "temperature changes no answer, only how sure it sounds.",
            f"![The teacher's probabilities of three pixels at several temperatures]"
            f"({links['temperatures']})",
            f"The pixels are those marked above ({'; '.join(places)}): one that is surer than "
            "nine tenths of all, one less sure than nine tenths, one of the least sure hundredth.",
        ]
    )


def _objective(found: Distillation) -> str:
    """The sum that is minimised, T squared, and the axis of the softmax."""
    options, lesson = found.student.options, found.lesson
    terms = " + ".join(
        (f"{factor:g}\\," if factor != 1 else "") + rf"L_\text{{{name}}}"
        for factor, name in found.kinds
    )
    values = rf"\lambda = {lesson['teacher_weight']:.3g}"
    if found.softened:
        values += rf", \quad T = {lesson['temperature']:.3g}"
    return "\n\n".join(
        [
            f"The loss of plain training, here `{options['loss']}` on the masks, plus the part of "
            "the teacher with a weight λ:",
            "```math" + "\n" + rf"L = L_\text{{masks}} + \lambda \left({terms}\right), "
            rf"\qquad {values}" + "\n```",
            "With λ = 0 this is plain training to the last bit, and that is the control. Two "
            "details decide whether the rest is distillation at all:",
            "- **T² stays.** The gradient of a softened softmax is smaller by 1/*T*, and its "
            "differences by another 1/*T*. Multiplied by *T*², the teacher's part keeps its size "
            "whatever *T* is; without it, a search over temperatures would be one over weights "
            "(Hinton et al. 2015, section 2).\n"
            "- **The softmax runs over the classes of one pixel**, axis 1 of logits of shape "
            "(batch, class, row, column). Over the last axis, or axis 1 of channels-last logits, "
            "pixels of a row or column would compete with each other, and the loss would fall just "
            "the same. And logits go in, not probabilities that went through a softmax before.",
        ]
    )


def _kinds_figure(found: Distillation, links: Mapping[str, str]) -> str:
    if "kinds" not in links:
        return ""
    name = literal(found.student.classes[shown_class(found)])
    return (
        f"![What each kind compares, teacher above and student below]({links['kinds']})\n\n"
        f"The same patch as each kind sees it, for the class {name}: above the teacher, below the "
        "student as it was after training, in one scale for both. A kind makes the lower picture "
        "like the upper one. For `pair` the logits serve as features here; the orange square is "
        "the place that all others are compared with."
    )


def _used(found: Distillation) -> str:
    """How the shown student learnt, and who chose it."""
    search = found.search
    if search is None:
        return (
            f"This student learnt with {findings.way(found)}, as it was asked to: nothing was "
            "searched, so other kinds or weights may serve better."
        )
    return (
        f"This student learnt with {findings.way(found)}: that is what the search of chapter 2 "
        f"found best. {findings.on_kinds(found)}"
    )
