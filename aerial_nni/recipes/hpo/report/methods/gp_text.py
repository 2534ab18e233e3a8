"""The text on method 8, a Gaussian process."""

IDEA = r"""### The idea

One trial trains a network and takes minutes; a prediction takes a millisecond. Bayesian
optimisation therefore spends much thought on each trial: from the trials that have ended it builds
a model of the score over the whole search space, and the model says two things about every
configuration that was not tried: which score is expected, and how uncertain that is. The next
trial goes where the two together promise most. A random search knows nothing of the kind and tries
bad regions again and again; a person who turns one knob at a time misses what two knobs do
together."""

MODEL = r"""### The model: a Gaussian process

A Gaussian process is a distribution over functions. It is fixed by a kernel $k(x, x')$, which says
how alike the scores of two configurations are before anything was tried: much alike if they are
close, hardly if they are far apart. The kernel here is the Matérn kernel with $\nu = 5/2$ that
Snoek, Larochelle and Adams (2012, section 3.1) recommend for hyper-parameters, because the
functions it allows are smooth but not unrealistically so:

```math
k(x, x') = c + s \left(1 + \sqrt{5}\,r + \tfrac{5}{3} r^2\right) e^{-\sqrt{5}\,r},
\qquad r^2 = \sum_j \frac{(x_j - x'_j)^2}{\ell_j^2}
```

Every parameter is brought to the range 0 to 1 first, on a log scale where the search space has one;
two categories are {apart} apart if they differ. Scores are brought to the mean 0 and the deviation
1. One training that diverged would make all others look alike then, so a score is cut where it is
{extreme} times as far below the best as four fifths of the trials are at most. The constant
$c = {level}$ leaves open what level scores have far from all trials: trials gather where scores are
good, so it is not their mean.

Each parameter has a length scale $\ell_j$ of its own: where it is long, the parameter hardly
matters. Length scales, signal $s$ and noise $\sigma_n^2$ are not set by hand but are those that
make the observed scores most probable (Rasmussen and Williams 2006, eq. 2.30), with a mild prior so
that few trials do not lead to wild values. Given the scores $y$ of the trials $X$, prediction is
linear algebra (eq. 2.25 and 2.26 there, with $K = k(X, X)$ and $k_* = k(X, x)$):

```math
\mu(x) = k_*^\top (K + \sigma_n^2 I)^{-1} y, \qquad
\sigma^2(x) = k(x, x) - k_*^\top (K + \sigma_n^2 I)^{-1} k_*
```

The uncertainty $\sigma$ is small near trials and grows between them: the model knows what it does
not know. That is what sets it apart from an ordinary regression."""

CHOICE = r"""### How the next trial is chosen

Taking the highest predicted score would stay where the search already is; taking the most
uncertain point would wander. The expected improvement weighs both (Mockus 1978; Jones, Schonlau
and Welch 1998, eq. 15). For scores to be raised, with $y^*$ the best score so far, $\Phi$ and
$\varphi$ the normal distribution and its density:

```math
\operatorname{EI}(x) = \operatorname{E}\big[\max(f(x) - y^*, 0)\big]
= (\mu - y^*)\,\Phi(z) + \sigma\,\varphi(z), \qquad z = \frac{\mu(x) - y^*}{\sigma(x)}
```

Few trials can be explained by many length scales, and the most probable ones alone would be too
sure of themselves. So the expected improvement is the mean over {draws} draws of them beside the
most probable ones, as in section 3.2 of Snoek et al. (*differs:* drawn from the normal distribution
that touches their posterior at its mode, not by slice sampling). The first term is large where the
model expects a better score, the second where it is unsure. The tuner climbs this function by its
gradient from many starting points, on its logarithm (Ament et al. 2023), because it is almost zero
over most of the space once the search has come close. The best score is taken from the model and
not from the raw scores, so that a lucky trial does not count as a record. While several trials run
at the same time, each of them is taken to have given what the model predicts for it (Ginsbourger et
al. 2010), so that no two are sent to the same place; a configuration is never tried twice. Failed
trials count as the worst score seen, which keeps the search away from where training breaks."""

LIMITS = r"""### What it assumes, and what it cannot do

It assumes that close configurations score alike everywhere to the same degree, that the noise of
a trial (its seed) is about the same everywhere, and that scores are roughly normal around the
mean. A cliff, beyond which training diverges, breaks the first assumption, and the model smears it
out. With many parameters and few trials the length scales are uncertain, so the picture above is
the most probable one and not the only one. The start-up trials are needed because there is nothing
to fit before. Its cost grows with the cube of the number of trials: hundreds are fine, many
thousands are not. And like all methods here it optimises the score that it is given: the mean IoU
on one fixed set of validation images with one seed per trial."""
