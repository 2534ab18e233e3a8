"""The text on method 2, simulated annealing."""

IDEA = r"""### The idea

When a metal cools slowly, its atoms move far while it is hot and only a little when it has become
cool, and so they come to rest in a better order than if it had been quenched. Simulated annealing
(Kirkpatrick, Gelatt and Vecchi 1983) borrows that: make big moves first and small ones later. For
hyper-parameters it is used in a form without a temperature, which comes from the library hyperopt
(Bergstra, Yamins and Cox 2013): a suggestion is drawn near a good earlier trial, and what counts
as near shrinks as trials accumulate. In the beginning that is almost a random search over the whole
space; in the end it is a local search around the best trials.

There is no model of the score, and nothing is fitted. That makes it a good yardstick: a method that
models the score should at least do better than this."""

CENTRE = r"""### Where it looks

Each suggestion has a centre $c$, one of the trials that have ended. Which one is drawn by its rank,
the best trial having rank 1, from a geometric distribution:

```math
P(\text{rank} = r) = \frac{1}{\rho} \left(1 - \frac{1}{\rho}\right)^{r - 1}
```

Its mean is $\rho$, here {rank}: the best trial is the centre in {share} of the suggestions, the
second best in {second}, and further ones ever more seldom. Looking beyond the best one is what
keeps a single lucky score from deciding everything; it takes the part of accepting worse states at
high temperature. One trial is the centre for all parameters together, so values that went well
together are kept together."""

WIDTH = r"""### How far it looks

With $T$ trials that have ended, the neighbourhood has the width

```math
w(T) = \frac{1}{1 + \alpha\,T}, \qquad
u_j \sim \text{Uniform}\!\left(m_j - \tfrac{w}{2},\; m_j + \tfrac{w}{2}\right), \qquad
m_j = \min\!\left(\max\!\left(c_j, \tfrac{w}{2}\right), 1 - \tfrac{w}{2}\right)
```

as a part of every parameter's range, with $\alpha$ = {shrink}. After 10 trials it is
{after10} of the range, after 30 it is {after30}, after 100 {after100}. The coordinates $u_j$ go
from 0 to 1, on a log scale where the search space has one; near a bound the neighbourhood is moved
inside, so that bounds can be reached. A category has no neighbours: it stays that of the centre
with probability $1 - w(T)$ and is drawn anew from all of them otherwise. A number with steps is
drawn from its neighbourhood, but with probability $w(T)$ from all of its range (*differs*), since
no other value would be left once the neighbourhood is narrower than a step. A trial that failed is
never a centre, and a configuration is never tried twice."""

LIMITS = r"""### What it assumes, and what it cannot do

It assumes that good configurations lie near other good ones, and that the first trials have found
the right region, because once the neighbourhood has shrunk it does not come back to the others:
there is no model that would say that something unknown is left elsewhere. The schedule is fixed
beforehand. If it shrinks too fast for the number of trials, the search stays at the best start-up
trial; if too slowly, it remains a random search. All parameters shrink alike, whether they matter
or not, so steps along an unimportant one are as long as along an important one. Scores enter only
by their rank, so a trial that is better by chance counts as better. It needs hardly any computing,
repeats by its seed, and any number of trials can run at the same time."""
