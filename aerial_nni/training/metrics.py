"""Scores of a segmentation, all from one confusion matrix over the whole validation set.

The numeric policy, quoted by the documents: the predicted class is the argmax; void pixels never
enter; a class absent from both truth and prediction is NaN and left out of means; the mean over
classes is unweighted.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from aerial_nni.data.dataset import VOID

POLICY = (
    "IoU, precision, recall and F1 come from one confusion matrix over the whole validation set "
    "(argmax of the logits). Void pixels never enter. A class absent from both truth and "
    "prediction has no score and is left out of means. Means over classes are unweighted."
)


def confusion_matrix(target: Tensor, predicted: Tensor, classes: int) -> Tensor:
    """Pixel counts, shape (classes, classes), int64: [t, p] is true class t predicted as p.

    `target` and `predicted` have one shape, any; target pixels of `VOID` are left out.
    """
    valid = target != VOID
    # (…) -> (valid pixels,): one number per pair of true and predicted class
    pairs = target[valid].long() * classes + predicted[valid].long()
    return torch.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def iou_per_class(confusion: Tensor) -> Tensor:
    """Intersection over union of each class, shape (classes,), NaN where a class is absent."""
    right = confusion.diagonal().double()
    union = confusion.sum(0) + confusion.sum(1) - right
    return right / union  # 0 / 0 is NaN: absent from both


def precision_per_class(confusion: Tensor) -> Tensor:
    """Share of the pixels predicted as a class that are it, (classes,); 0 if never predicted."""
    return _ratio(confusion, confusion.sum(0))


def recall_per_class(confusion: Tensor) -> Tensor:
    """Share of the pixels of a class that were found, (classes,); 0 if it has none but is claimed.

    Both ratios of a class that occurs only in truth or only in prediction are 0, so that IoU,
    precision, recall and F1 leave out the same classes.
    """
    return _ratio(confusion, confusion.sum(1))


def _ratio(confusion: Tensor, total: Tensor) -> Tensor:
    absent = (confusion.sum(0) + confusion.sum(1)) == 0
    ratio = confusion.diagonal().double() / total.clamp_min(1)
    return ratio.masked_fill(absent, torch.nan)


def f1_per_class(confusion: Tensor) -> Tensor:
    """Harmonic mean of precision and recall (= Dice), (classes,), NaN where a class is absent."""
    right = confusion.diagonal().double()
    return 2 * right / (confusion.sum(0) + confusion.sum(1))


def image_dice(confusions: Tensor) -> float:
    """Dice as drone-scene contests take it: mean over images of the mean over all classes.

    `confusions` is (images, classes, classes). A class absent from truth and prediction of an image
    counts as 1 there, so this is higher than Dice over the data set where images show few classes.
    """
    right = confusions.diagonal(dim1=1, dim2=2).double()
    total = (confusions.sum(1) + confusions.sum(2)).double()
    each = torch.where(total == 0, 1.0, 2 * right / total.clamp_min(1))  # (images, classes)
    return float(each.mean())


def pixel_accuracy(confusion: Tensor) -> float:
    """Share of the pixels that are right; NaN without pixels."""
    return float(confusion.diagonal().sum().double() / confusion.sum())


def frequency_weighted_iou(confusion: Tensor) -> float:
    """Mean of the classes' IoU, each weighed with its share of the true pixels; NaN without any."""
    true = confusion.sum(1).double()
    return float((iou_per_class(confusion).nan_to_num() * true).sum() / true.sum())


def mean_over_classes(values: Tensor) -> float:
    """Unweighted mean over the classes that occur (NaN ones left out)."""
    return float(values.nanmean())


@dataclass
class SoftJaccard:
    """The soft Jaccard of the reference course work, beside the mean IoU and never mixed with it.

    (I + 1) / (T + P - I + 1) over all classes and pixels together, where I is the sum of the
    probabilities of the true classes, T and P the number of pixels (each pixel's probabilities
    sum to 1). *differs:* over the whole validation set, where the reference averages batches.
    """

    intersection: float = 0.0
    pixels: int = 0

    def add(self, true_probs: Tensor) -> None:
        """Adds the probabilities given to the true class, shape (valid pixels,)."""
        self.intersection += float(true_probs.sum(dtype=torch.float64))
        self.pixels += true_probs.numel()

    def value(self) -> float:
        """The coefficient, 0 to 1."""
        return (self.intersection + 1) / (2 * self.pixels - self.intersection + 1)


@dataclass
class PrecisionRecall:
    """Precision and recall of each class over thresholds of its probability.

    Kept as two histograms of `bins` equal steps per class, so memory does not grow with the set;
    a threshold is exact to 1 / bins.
    """

    classes: int
    bins: int = 500
    positives: Tensor = field(init=False)
    everything: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.positives = torch.zeros(self.classes, self.bins, dtype=torch.int64)
        self.everything = torch.zeros(self.classes, self.bins, dtype=torch.int64)

    def add(self, probs: Tensor, target: Tensor) -> None:
        """Adds probabilities (b, c, h, w) and their target (b, h, w)."""
        valid = target != VOID
        labels = target[valid]
        for label in range(self.classes):
            values = probs[:, label][valid]
            bin_of = (values * self.bins).long().clamp_(0, self.bins - 1)
            hits = bin_of[labels == label]
            self.everything[label] += torch.bincount(bin_of, minlength=self.bins).cpu()
            self.positives[label] += torch.bincount(hits, minlength=self.bins).cpu()

    def curves(self) -> tuple[Tensor, Tensor, Tensor]:
        """Thresholds (bins,), precision and recall (classes, bins), by rising threshold.

        A pixel is claimed when its probability is at least the threshold. Precision is NaN where
        nothing is claimed, recall where the class has no pixels.
        """
        claimed = self.everything.flip(1).cumsum(1).flip(1).double()
        right = self.positives.flip(1).cumsum(1).flip(1).double()
        thresholds = torch.arange(self.bins, dtype=torch.float64) / self.bins
        return thresholds, right / claimed, right / right[:, :1]

    def average_precision(self) -> Tensor:
        """Area under each class's step curve, (classes,): sum of precision times recall gained."""
        _, precision, recall = self.curves()
        gained = recall - torch.cat([recall[:, 1:], torch.zeros(self.classes, 1)], dim=1)
        return (precision.nan_to_num() * gained).sum(1)  # NaN where recall is: an absent class
