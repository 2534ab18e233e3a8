"""The text on method 5, Hyperband, parts of which hold for BOHB too."""

IDEA = r"""### The idea

Most configurations are bad, and most bad ones look bad early: a learning rate that is far too high
shows it after one epoch. To train every configuration to its end is therefore a waste. Hyperband
(Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar 2018) gives many configurations a few epochs,
keeps the best part of them, gives these more, and so on, until few are left that get all. It does
not choose the configurations any better than a random search does, it looks at many more of them
for the same cost."""

HALVING = r"""### Successive halving

The inner part is successive halving (Jamieson and Talwalkar 2016). A **bracket** starts $n$
configurations with $r$ epochs each. At each **rung** the best share of $1/\eta$ is promoted and
gets $\eta$ times the epochs; the others stop:

```math
n_i = \left\lfloor n\,\eta^{-i} \right\rfloor, \qquad r_i = r\,\eta^{i}, \qquad i = 0, 1, \dots, s
```

So each rung costs about the same, $n_i r_i \approx n r$, while the number of configurations falls.
Here $\eta$ is {eta}: one of {eta} goes on. A promoted configuration **goes on from its
checkpoint**: its weights, its optimiser and its place in the data are those with which it stopped,
so the epochs of the lower rungs are not trained again."""

BRACKETS = r"""### Why several brackets

How small should $r$ be? If it is too small, a configuration that starts slowly (a low learning
rate, strong augmentation) is thrown out before it can show what it is worth. If it is too large,
few configurations can be looked at. Nobody knows that beforehand, so Hyperband does not decide: it
runs brackets from the most daring to none at all (algorithm 1 of the paper). With $R$ epochs at
most, $s_\text{max} = \lfloor \log_\eta R \rfloor$, and for $s = s_\text{max}, \dots, 1, 0$

```math
n = \left\lceil \frac{s_\text{max} + 1}{s + 1}\,\eta^{s} \right\rceil, \qquad r = R\,\eta^{-s}
```

The bracket $s = s_\text{max}$ begins with the fewest epochs and halves most often; $s = 0$ trains
some configurations to the end at once, as a random search does. All brackets cost about the same.
If early scores mislead, the cautious brackets still find something, and Hyperband is never worse
than random search by more than a factor of about the number of brackets (section 3 there)."""

LIMITS = r"""### What it assumes, and what it cannot do

It assumes that the order of configurations after few epochs is roughly their order after many. The
figure above shows how far that held here. All trials follow the schedule of the full length, so at
a rung all are compared at the same point of it; but the learning rate is still high there, and what
would gain most from its fall cannot show it yet. Promotion favours what learns fast, which is not
always what ends best. Hyperband does not learn: a configuration is drawn at random whatever the
others have shown, so in a large space with few good regions it is as blind as random search, only
cheaper. Scores of different rungs are never compared with each other. A failed trial counts as the
worst of its rung and does not hold the others up."""
