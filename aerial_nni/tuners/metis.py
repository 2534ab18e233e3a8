"""Metis, method 6: weighs three purposes of a trial, and tries what says most of the optimum.

Li et al. 2018, "Metis: Robustly Optimizing Tail Latencies of Cloud Systems", USENIX ATC. A
Gaussian process predicts the loss. Three candidates serve one purpose each,
    exploitation   where the loss is predicted to be lowest,
    exploration    where the prediction is widest, measured by how far its mean is from the best,
    re-sampling    a trial that the others contradict: its loss is outside of the 98 % interval of
                   what a process without it predicts there,
and the candidate is tried after which the predicted optimum is expected to be lowest.

*differs:*
- Kernel and spaces are those of `gp.py`; the paper's are numbers only.
- Exploitation asks the process, where NNI's Metis asks two mixtures of Gaussians, of the better
  and of the worse trials.
- The width of a prediction is divided by its mean above a target a little below the predicted
  optimum; NNI's divides by the mean itself, as if the target of every loss were zero. What comes
  out is the largest probability of improving on the target.
- The gain is the expectation over all results that a candidate may have: the knowledge gradient
  of Frazier et al. 2009. NNI's takes the better one of both ends of the interval.
- No configuration is run twice: re-sampling tries one right beside the doubtful one.
"""

import logging

import numpy as np

from aerial_nni.tuners.acquisition import PredictedLoss, ProbabilityOfImprovement
from aerial_nni.tuners.acquisition_optimizer import around
from aerial_nni.tuners.gaussian_process import GaussianProcess
from aerial_nni.tuners.gp import GPTuner

log = logging.getLogger(__name__)

AMBITION = 0.1
"""How far below the predicted optimum exploration aims, in deviations of the losses."""
DOUBTFUL = 2.33
"""Deviations from the prediction at which a result is doubted (98 %)."""
BESIDE = 0.01
"""From a doubted trial to the one that checks it: a share of each coordinate's range."""
PLACES = 512
"""Random points, besides those near candidates and trials, at which the optimum may come to be."""
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(15)


class MetisTuner(GPTuner):
    """Tries the candidate, of three kinds, that is expected to improve the optimum most."""

    def propose(self, generator: np.random.Generator) -> np.ndarray:
        """The candidate of the largest gain, shape (d,)."""
        model = self.model()
        lowest = self.best_of(PredictedLoss(model), generator)
        target = float(model.predict(lowest[None])[0][0]) - AMBITION * model.scale
        widest = self.best_of(ProbabilityOfImprovement(model, target), generator)
        options = {"exploration": widest, "exploitation": lowest}
        doubted = outlier(model, results=len(self.observed()[0]))
        if doubted is not None:
            options["re-sampling"] = beside(model, doubted, generator)
        points = np.array(list(options.values()))
        random = generator.random((PLACES, points.shape[1]))
        places = np.vstack([points, around(points, generator), random])
        gains = dict(zip(options, gain(model, points, places), strict=True))
        log.info("expected gains: %s", {name: float(value) for name, value in gains.items()})
        self.origin = max(gains, key=lambda purpose: gains[purpose])
        return options[self.origin]


def gain(model: GaussianProcess, points: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Expected fall of the lowest mean by one more trial at each of the points (c, d), shape (c,).

    The lowest mean is looked for at `places` (p, d) and at the trials. A result y at x moves every
    mean by cov(·, x) / sd(y) · z, z standard normal (Frazier et al. 2009, eq. 2.3 and 3.2); the
    expectation over z is by Gauss-Hermite quadrature.
    """
    everywhere = np.vstack([model.units, places])
    mean, _ = model.predict(everywhere)
    noise = model.scale**2 * model.hyper.noise
    spread = np.sqrt(model.predict(points)[1] ** 2 + noise)
    moves = model.covariance(everywhere, points) / spread  # (p, c)
    lowest = np.stack([(mean[:, None] + moves * z).min(axis=0) for z in NODES])  # (k, c)
    gains: np.ndarray = mean.min() - WEIGHTS @ lowest / WEIGHTS.sum()
    return gains


def outlier(model: GaussianProcess, *, results: int) -> int | None:
    """The trial that its own prediction by the others contradicts most; None: none is doubtful.

    Only the first `results` trials of the model have ended.
    """
    mean, deviation = leave_one_out(model)
    doubt = (np.abs(model.losses - mean) / deviation)[:results]
    place = int(np.argmax(doubt))
    return place if doubt[place] > DOUBTFUL else None


def leave_one_out(model: GaussianProcess) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of every loss as predicted by all others, both (n,).

    Rasmussen & Williams 2006, eq. 5.12; with the hyper-parameters of all.
    """
    precision = (np.linalg.inv(model.factor) ** 2).sum(axis=0)  # diagonal of K^-1
    return model.losses - model.scale * model.alpha / precision, model.scale / np.sqrt(precision)


def beside(model: GaussianProcess, place: int, generator: np.random.Generator) -> np.ndarray:
    """A point right beside a trial, shape (d,): its continuous coordinates move a little.

    Where there are none it is the trial's own, and the tuner takes the nearest untried one to it.
    """
    free = model.coordinates.free
    point: np.ndarray = model.units[place].copy()
    moved = point[free] + BESIDE * generator.choice([-1.0, 1.0], size=len(free))
    point[free] = 1 - np.abs(1 - np.abs(moved))  # mirrored at 0 and 1
    return point
