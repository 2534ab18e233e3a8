"""The real training of `bench hpo`: a small network that names the class of a pixel.

It sees the pixel and the mean and spread of its surroundings, learns from some areas of a dataset
and is scored on the pixels of the others. One epoch takes about 10 ms.
"""

import functools
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter
from sklearn.neural_network import MLPClassifier

from aerial_nni.bench.hpo_functions import Config
from aerial_nni.bench.hpo_problems import Problem, Training, kind
from aerial_nni.config.options import BadOption
from aerial_nni.data import open_dataset
from aerial_nni.data.dataset import VOID, Dataset, Sample

RADII = (1, 2, 4, 8, 16)
"""Pixels from the middle to the edge of the surroundings."""
PICTURES = 3
"""Pictures of each area."""
WINDOW = 400
"""Height and width in pixels of what is used of each picture, its middle."""
LEARNT, SCORED = 1500, 3000
"""Pixels to learn from and to score on."""
WORST = 3.0
"""Loss of a training that diverges, and of any that ends above it; chance is ln 6 = 1.79."""

SPACE = {
    "lr": kind("loguniform", 1e-5, 1.0),
    "width": kind("randint", 4, 65),
    "radius": kind("choice", *RADII),
    "batch": kind("choice", 32, 64, 128, 256),
    "alpha": kind("loguniform", 1e-6, 1.0),
    "activation": kind("choice", "relu", "tanh", "logistic"),
    "solver": kind("choice", "adam", "sgd"),
}


@dataclass(frozen=True, kw_only=True)
class Pixels:
    """Pixels with their surroundings at each radius: (n, radii, 9) float32, and classes (n,)."""

    features: np.ndarray
    classes: np.ndarray


def pixel_problem(data: str, data_dir: str) -> Problem:
    """The training on a dataset; its loss is the cross-entropy on pixels of other areas."""
    return Problem(
        name=f"pixels of {data}",
        space=SPACE,
        start=functools.partial(_start, data, data_dir),
        optimum=None,
        text=f"a real training on pixels of {data}: a perceptron with one hidden layer learns the "
        f"class of {LEARNT} pixels from their surroundings; loss: the cross-entropy on {SCORED} "
        "pixels of other areas; learning rate and L2 penalty (logarithmic), width (whole), radius "
        "and batch size (steps), activation and solver (labels). No least value is known: the "
        "regret is to the best that anyone found",
    )


def _start(data: str, data_dir: str, config: Config) -> Training:
    learnt, scored, classes = pixels(data, data_dir)
    place = RADII.index(config["radius"])
    mean, spread = learnt.features[:, place].mean(axis=0), learnt.features[:, place].std(axis=0)
    inputs, others = ((part.features[:, place] - mean) / spread for part in (learnt, scored))
    model = MLPClassifier(
        hidden_layer_sizes=(int(config["width"]),),
        activation=config["activation"],
        solver=config["solver"],
        alpha=config["alpha"],
        batch_size=config["batch"],
        learning_rate_init=config["lr"],
        random_state=np.random.RandomState(0),  # an object, so that the order goes on
    )
    done = 0

    def after(epochs: int) -> float:
        nonlocal done
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")  # overflow, where it diverges
                for _ in range(done, epochs):
                    model.partial_fit(inputs, learnt.classes, classes=np.arange(classes))
                done = max(done, epochs)
                chances = model.predict_proba(others)[np.arange(len(others)), scored.classes]
        except ValueError:  # it diverged: scikit-learn refuses weights that are not finite
            return WORST
        loss = -float(np.log(np.maximum(chances, 1e-30)).mean())
        return min(loss, WORST) if math.isfinite(loss) else WORST

    return after


@functools.cache
def pixels(data: str, data_dir: str) -> tuple[Pixels, Pixels, int]:
    """Pixels to learn from, pixels of other areas to score on, and the number of classes.

    Raises:
        BadOption: the dataset has fewer than three areas.
    """
    dataset = open_dataset(data, data_dir)
    areas = sorted({sample.area for sample in dataset.samples})
    held_out = areas[1:-1:3]
    if not held_out:
        raise BadOption(f"data={data!r} has {len(areas)} area(s), and three are needed; try scenes")
    parts = [[area for area in areas if area not in held_out], held_out]
    generator = np.random.default_rng(0)
    learnt, scored = (
        _pixels(dataset, sum((_some(dataset.samples, area) for area in part), []), count, generator)
        for part, count in zip(parts, (LEARNT, SCORED), strict=True)
    )
    return learnt, scored, len(dataset.facts.classes)


def _some(samples: Sequence[Sample], area: str) -> list[Sample]:
    """Pictures of an area, spread over it."""
    here = [sample for sample in samples if sample.area == area]
    return here[:: -(-len(here) // PICTURES)]


def _pixels(
    dataset: Dataset, samples: Sequence[Sample], count: int, generator: np.random.Generator
) -> Pixels:
    """Pixels at random from the middles of pictures, none void: `count`, or all there are."""
    parts = [_surroundings(*dataset.read(sample)) for sample in samples]
    features = np.concatenate([part.features for part in parts])
    classes = np.concatenate([part.classes for part in parts])
    places = generator.permutation(np.flatnonzero(classes != VOID))[:count]
    return Pixels(features=features[places], classes=classes[places].astype(np.int64))


def _surroundings(image: np.ndarray, mask: np.ndarray, *, stride: int = 5) -> Pixels:
    """Every `stride`-th pixel of the middle of a picture: itself, mean and spread around it."""
    top, left = (max(0, (size - WINDOW) // 2) for size in mask.shape)
    window = np.s_[top : top + WINDOW, left : left + WINDOW]
    scaled = image[window].astype(np.float32) / np.iinfo(image.dtype).max
    at_radii = []
    for radius in RADII:
        size = (2 * radius + 1, 2 * radius + 1, 1)
        mean = uniform_filter(scaled, size)
        spread = np.sqrt(np.maximum(uniform_filter(scaled**2, size) - mean**2, 0))
        around = np.concatenate([scaled, mean, spread], axis=2)[::stride, ::stride]
        at_radii.append(around.reshape(-1, around.shape[2]))  # (h, w, 9) -> (h*w, 9)
    return Pixels(
        features=np.stack(at_radii, axis=1), classes=mask[window][::stride, ::stride].reshape(-1)
    )
