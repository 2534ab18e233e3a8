"""The text on method 7, BOHB."""

IDEA = r"""### The idea

Two things make a search for hyper-parameters cheap. One is to stop bad configurations early, which
Hyperband does; but Hyperband draws its configurations at random and learns nothing from them. The
other is to let earlier trials say where to look, which Bayesian optimisation does; but it trains
every configuration to the end. BOHB (Falkner, Klein and Hutter 2018) takes one from each: **how
long a configuration is trained is decided by Hyperband, which configuration is tried by a model**
of what went well so far. In the beginning it is as fast as Hyperband, and in the end it finds what
a random draw would hardly ever hit."""

MODEL = r"""### Which configuration: a ratio of densities

The model is of the kind of the tree-structured Parzen estimator. The trials of **one** budget, the
largest for which there are at least {points}, are split by their score: the best {share} are good,
the others bad (algorithm 2 of the paper, and its eq. 2 and 3; *differs:* neither group has a least
size, so with few trials the good ones are few). Scores of different budgets are never mixed. Each
group has a density,

```math
\ell(x) = p(x \mid \text{good}), \qquad g(x) = p(x \mid \text{bad}), \qquad
\ell(x) = \frac{1}{n + 1} \left( 1 + \sum_{i=1}^{n} \prod_{j} \kappa_j(x_j, x_{ij}) \right)
```

a hill $\kappa$ on every trial, over all parameters together, and a uniform part with the weight of
one trial. A number's hill is a normal distribution on its own scale, a category's gives most of the
probability to the same value. The expected improvement is highest where $\ell(x) / g(x)$ is
(Bergstra et al. 2011, section 4.1). So {candidates} candidates are drawn from $\ell$, with hills
{wider} times as wide to look around, and the one with the highest ratio is tried. A share of
{random} of all configurations is drawn at random all the same. These alone are a Hyperband, so
however wrong the model may be, BOHB is at worst about {slower} times slower than one (section 4.1
of the paper).

As soon as enough configurations have reached a larger budget, the model changes to it. So the
guidance comes from cheap trials first and from long ones as soon as there are some."""

LIMITS = r"""### What it assumes, and what it cannot do

It assumes what its two halves do. From Hyperband: the order of configurations after few epochs is
roughly their order after many; what learns fast is favoured over what ends best. From the
densities: good trials lie close together, and there are enough of them to show where. The second
comes late under a small number of trials, because only the trials of one budget count, and long
trials are few: with a few dozen trials most of the gain is Hyperband's. Only ranks of scores enter,
so it does not matter by how much a trial is better, and noise in the ranks goes straight into the
densities. There is no prediction of a score and none of uncertainty. Compared with a Gaussian
process it needs more configurations, but these are cheap, and it copes with many trials and with
odd search spaces."""
