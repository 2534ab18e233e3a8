"""The text on method 3, regularised evolution."""

IDEA = r"""### The idea

Evolution needs no model of the score. It keeps a population of configurations that were tried,
lets good ones have children that differ from them a little, tries the children, and lets old ones
die. What works is inherited, what does not work dies out; chance does the rest. The form used here
is the regularised (or aging) evolution of Real, Aggarwal, Huang and Le (2019, algorithm 1), which
won against reinforcement learning and random search on architectures for image classification.
Compared with a random search, it looks near what is already good; compared with a model, it makes
no assumption about the shape of the score, so it cannot be misled by a wrong one."""

SELECTION = r"""### Who has children, and who dies

The population $P$ begins with start-up trials that are spread over the whole search space. From
then on each trial is the child of one parent. The parent is found by a **tournament**: $S$ members
of the population are drawn at random, and the one with the highest score wins.

```math
\text{parent} = \arg\max_{x \in D} f(x), \qquad D \sim \text{Uniform}(P)^{S}
```

The child is tried, joins the population, and the **oldest** member dies, good or bad. That is the
regularisation: a configuration cannot stay for ever because it once had a lucky seed. To stay, it
must have children that are good again when they are trained themselves. Killing the worst instead
would be greedier and would keep the lucky ones. The size $S$ of the tournament sets the pressure:
with $S = 1$ every member has the same chance, with a large $S$ nearly always the best one wins, and
the variety is lost soon. A member of rank $r$ among $n$ (1 is the best) wins with probability

```math
p(r) = \left(\frac{n - r + 1}{n}\right)^{S} - \left(\frac{n - r}{n}\right)^{S}
```"""

MUTATION = r"""### How a child differs

A child is a copy of its parent in which each parameter changes with probability $1/d$, where $d$ is
their number, and at least one does; so one change is the rule, and two or three happen. A number
moves on its own scale (on the log scale where the search space has one):

```math
u' = u + s\,z, \qquad z \sim N(0, 1), \qquad
\log s \sim \text{Uniform}(\log {finest}, \log {coarsest})
```

Here $u$ is the place of the value in its range from 0 to 1, and what leaves the range is mirrored
back. The width $s$ is drawn anew for each child, so that fine steps and coarse ones both happen: at
the beginning the coarse ones find better ground, near the end the fine ones polish. A number with
few values moves by at least one of them, and a category becomes another one. In the paper a
mutation exchanges one operation of an architecture, so this is an adaptation to numbers and
choices. There is no crossover: a child has one parent."""

LIMITS = r"""### What it assumes, and what it cannot do

It assumes that configurations close to a good one are more often good than others are, and that
single changes can lead step by step to better ones. If two parameters must change together, and
either change alone is harmful, a line has to cross a valley, and mostly it dies there. Only scores
of the living matter: all trials that have died are forgotten, so the same mistake can be made again
(though never the same configuration). It knows nothing about how uncertain a score is; a lucky
parent has several poor children before it dies. And it needs trials: the paper used 20,000. With a
few dozen only some generations pass, so much of the gain comes from the start-up trials. Failed
trials have no children. In return, a suggestion costs nothing to compute, and any number of trials
can run at the same time."""
