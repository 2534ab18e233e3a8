"""The text on method 1, the tree-structured Parzen estimator."""

IDEA = r"""### The idea

One trial trains a network and takes minutes; a prediction takes a millisecond. So it pays to think
about each trial. Most methods that think model the score, $p(y \mid x)$: which score has this
configuration? The tree-structured Parzen estimator (TPE; Bergstra, Bardenet, Bengio and Kégl 2011)
turns the question round and models the configurations, $p(x \mid y)$: **where do good trials lie,
and where do the others?** That is easier. It needs no assumption about the shape of the score, only
the places of two groups of points; numbers, log scales and categories are treated in the same way;
and it stays cheap with many trials. "Tree-structured" is about search spaces in which a parameter
exists only under a certain value of another; the space here is flat."""

SPLIT = r"""### Two densities

The trials that have ended are split by their score. The best share $\gamma$ of them, here {share},
are the good ones, and $y^*$ is the score between the two groups. Then (section 4 of the paper,
eq. 2, for a score to be raised)

```math
p(x \mid y) = \begin{cases} \ell(x) & \text{if } y \ge y^* \\ g(x) & \text{if } y < y^* \end{cases}
```

Each density is a Parzen estimator: it puts a small hill, a kernel, on every trial of its group,
adds them, and mixes in a uniform part with the weight of one trial, for what nobody has tried yet:

```math
\ell(x) = \frac{1}{n + 1} \left( 1 + \sum_{i=1}^{n} \prod_{j} \kappa_j(x_j, x_{ij}) \right)
```

For a number, $\kappa_j$ is a normal distribution that is cut off at the bounds, on a log scale
where the search space has one; its width is the distance to the farther of its two neighbours, but
not less than a fixed part of the range, so that hills are broad where trials are few. For a
category it gives most of the probability to the same value and shares the rest among all (Aitchison
and Aitken 1976). The product runs over all parameters, so what goes well *together* is learnt
(Falkner et al. 2018, section 3.2); the paper of 2011 takes each parameter by itself."""

CHOICE = r"""### How the next trial is chosen

What should be as large as possible is the expected improvement over $y^*$. With the two densities
it has a surprisingly simple form (section 4.1 of the paper):

```math
\operatorname{EI}_{y^*}(x) = \int \max(y - y^*, 0)\, p(y \mid x)\, dy \;\propto\;
\left( \gamma + (1 - \gamma)\, \frac{g(x)}{\ell(x)} \right)^{-1}
```

It grows with the ratio $\ell(x) / g(x)$ and with nothing else. So {candidates} configurations are
drawn from $\ell$, which means near good trials and sometimes anywhere, and the one with the highest
ratio is tried: likely among the good, unlikely among the others. Where many trials were made with
no success, $g$ is high and the search keeps away; where hardly any trial was made, both densities
are low and similar, so the ratio is about 1 and the place is not ruled out. Trials that are still
running count among the others, so that trials running at the same time keep away from each other; a
failed trial is never good. A configuration is never tried twice."""

LIMITS = r"""### What it assumes, and what it cannot do

It assumes that good trials lie close together somewhere, and that there are enough of them to show
where. In a short search they are few, here {good}: then $\ell$ is a handful of hills, and chance
has much to say. Only the rank of a score enters: a trial that is far better than the second best
counts no more than that one, and noise in the ranks goes straight into the densities. There is no
prediction of a score and no measure of uncertainty, so it cannot say what is left to be gained. And
it explores only as far as the width of the kernels and the uniform part let it, so it can stay at
the first good region it has found. With many trials its strengths count: its cost grows slowly, and
odd search spaces do not trouble it."""
