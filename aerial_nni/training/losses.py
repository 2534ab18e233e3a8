"""Losses of segmentation, and weighted sums of them by name: `ce+0.5*dice`.

Every loss takes log-probabilities, shape (b, c, h, w), and the target, shape (b, h, w), class
indices or `VOID`, and returns a scalar. One rule for void in all of them: a void pixel adds nothing
to the value and gets no gradient; a batch of void alone has the value 0.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from aerial_nni.config.options import parse_loss
from aerial_nni.data.dataset import VOID

Loss = Callable[[Tensor, Tensor, Tensor | None], Tensor]
"""(log-probabilities, target, class weights or None) -> scalar."""


def _at_target(log_probs: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Log p of the true class (b, h, w), the target without void, and which pixels count."""
    valid = target != VOID
    index = torch.where(valid, target, 0).long()
    return log_probs.gather(1, index.unsqueeze(1)).squeeze(1), index, valid


def _weighted_mean(values: Tensor, index: Tensor, valid: Tensor, weights: Tensor | None) -> Tensor:
    """Mean of `values` over the pixels that count, each with its class's weight."""
    share = valid.to(values.dtype) if weights is None else weights[index] * valid
    return (values * share).sum() / share.sum().clamp_min(1e-12)


def cross_entropy(log_probs: Tensor, target: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean negative log-likelihood; with weights, divided by their sum as torch does."""
    log_p, index, valid = _at_target(log_probs, target)
    return _weighted_mean(-log_p, index, valid, weights)


def focal(
    log_probs: Tensor, target: Tensor, weights: Tensor | None = None, *, gamma: float = 2.0
) -> Tensor:
    """Focal loss, Lin et al. 2017, eq. 5: cross-entropy times (1 - p)**gamma."""
    log_p, index, valid = _at_target(log_probs, target)
    return _weighted_mean(-((1 - log_p.exp()) ** gamma) * log_p, index, valid, weights)


def _overlaps(log_probs: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Soft intersection, predicted mass and true pixels of each class over the batch, (c,) each."""
    log_p, index, valid = _at_target(log_probs, target)
    right = log_p.exp() * valid
    predicted = (log_probs.exp() * valid.unsqueeze(1)).sum(dim=(0, 2, 3))
    members = [(index == label) & valid for label in range(log_probs.shape[1])]
    intersection = torch.stack([(right * member).sum() for member in members])
    true = torch.stack([member.sum() for member in members]).to(right.dtype)
    return intersection, predicted, true


def tversky(
    log_probs: Tensor,
    target: Tensor,
    weights: Tensor | None = None,
    *,
    alpha: float = 0.3,
    beta: float = 0.7,
    smooth: float = 1.0,
) -> Tensor:
    """One minus the Tversky index (Salehi et al. 2017, eq. 3), mean over the batch's classes.

    `alpha` weighs false positives, `beta` false negatives. Classes absent from the batch are left
    out of the mean. Class weights do not enter: the index is already even-handed.
    """
    intersection, predicted, true = _overlaps(log_probs, target)
    wrong = alpha * (predicted - intersection) + beta * (true - intersection)
    index = (intersection + smooth) / (intersection + wrong + smooth)
    present = (true > 0).to(index.dtype)
    return ((1 - index) * present).sum() / present.sum().clamp_min(1)


def dice(log_probs: Tensor, target: Tensor, weights: Tensor | None = None) -> Tensor:
    """Soft Dice loss (Milletari et al. 2016): Tversky with both errors weighed one half."""
    return tversky(log_probs, target, weights, alpha=0.5, beta=0.5)


def log_dice(log_probs: Tensor, target: Tensor, weights: Tensor | None = None) -> Tensor:
    """Minus the logarithm of soft Dice, mean over the batch's classes.

    Beside `dice` its gradient is larger for a class that is hardly found yet. Dice is smoothed by
    1e-5 pixels. *differs:* classes absent from the batch are left out; the author of the recipe
    for drone scenes takes the mean over all classes.
    """
    intersection, predicted, true = _overlaps(log_probs, target)
    ratio = (2 * intersection + 1e-5) / (predicted + true + 1e-5)
    present = (true > 0).to(ratio.dtype)
    return -(ratio.log() * present).sum() / present.sum().clamp_min(1)


def lovasz(log_probs: Tensor, target: Tensor, weights: Tensor | None = None) -> Tensor:
    """Lovász-softmax, Berman et al. 2018, eq. 11, over the classes present in the batch."""
    valid = target != VOID
    probs = log_probs.exp().permute(0, 2, 3, 1)[valid]  # (b, c, h, w) -> (valid pixels, c)
    labels = target[valid]
    losses = []
    for label in range(log_probs.shape[1]):
        member = (labels == label).to(probs.dtype)
        if member.sum() == 0:
            continue
        errors, order = (member - probs[:, label]).abs().sort(descending=True)
        losses.append(errors @ _lovasz_gradient(member[order]))
    return torch.stack(losses).mean() if losses else (log_probs * 0).sum()


def _lovasz_gradient(member: Tensor) -> Tensor:
    """Gradient of the Jaccard loss's Lovász extension, Berman et al. 2018, alg. 1."""
    total = member.sum()
    intersection = total - member.cumsum(0)
    union = total + (1 - member).cumsum(0)
    jaccard = 1 - intersection / union
    return torch.cat([jaccard[:1], jaccard[1:] - jaccard[:-1]])


def reference(log_probs: Tensor, target: Tensor, weights: Tensor | None = None) -> Tensor:
    """Dice plus focal exactly as the Keras course work has them, for comparing its loss curves.

    Dice is `1 - mean_c(w_c * F1_c)` with w_c = 1/c and smooth 1e-5 over the whole batch, so its
    floor is `1 - 1/c` and its gradient c times smaller than usual; focal (alpha 0.25, gamma 2) is
    averaged over pixels *and* classes. Use `dice+focal` for the usual definitions.
    """
    classes = log_probs.shape[1]
    intersection, predicted, true = _overlaps(log_probs, target)
    f1 = (2 * intersection + 1e-5) / (predicted + true + 1e-5)
    valid_pixels = (target != VOID).sum().clamp_min(1)
    log_p, _, valid = _at_target(log_probs, target)
    log_p = log_p.clamp_min(-16.1)  # Keras clips probabilities at 1e-7
    focal_sum = (-0.25 * (1 - log_p.exp()) ** 2 * log_p * valid).sum()
    value = 1 - (f1 / classes).mean() + focal_sum / (valid_pixels * classes)
    return value * (true.sum() > 0)


LOSSES: dict[str, Loss] = {
    "ce": cross_entropy,
    "dice": dice,
    "log-dice": log_dice,
    "focal": focal,
    "tversky": tversky,
    "lovasz": lovasz,
    "reference": reference,
}


def build_loss(text: str, *, weights: Tensor | None = None) -> Callable[[Tensor, Tensor], Tensor]:
    """The loss of `text`, a function of logits (b, c, h, w) of any float type and the target.

    `weights`, shape (c,), weigh the classes in ce and focal. Computed in fp32, also where the
    caller's autocast is on.
    """
    terms = parse_loss(text)

    def loss(logits: Tensor, target: Tensor) -> Tensor:
        with torch.autocast(logits.device.type, enabled=False):
            log_probs = logits.float().log_softmax(dim=1)
            values = [factor * LOSSES[name](log_probs, target, weights) for factor, name in terms]
            return torch.stack(values).sum()

    return loss


def class_weights(kind: str, pixels: Sequence[int]) -> Tensor | None:
    """Weights of the classes from their training pixels, shape (c,), None for `none`.

    `inverse`: 1 / share, scaled to a mean of 1 over the classes that occur; `median-frequency`:
    median share / share, after Eigen & Fergus 2015, sec. 6.3.2 (*differs:* shares are of all
    pixels, not of the pictures in which the class occurs); `root-frequency`: the square root of
    that, between it and no weights. A class without pixels weighs 0.
    """
    if kind == "none":
        return None
    counts = torch.tensor(pixels, dtype=torch.float64)
    present = counts > 0
    share = counts[present] / counts.sum()
    weights = torch.zeros_like(counts)
    if kind == "inverse":
        weights[present] = 1 / share / (1 / share).mean()
    else:
        weights[present] = share.quantile(0.5) / share
    if kind == "root-frequency":
        weights = weights.sqrt()
    return weights.float()
