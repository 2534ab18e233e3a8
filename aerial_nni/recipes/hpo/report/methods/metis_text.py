"""The text on method 6, Metis."""

IDEA = r"""### The idea

Metis (Li et al. 2018) was made to tune the settings of large web services, where one measurement
takes long and is noisy, and where a wrong setting hurts users. It is Bayesian optimisation with one
more question. Ordinary Bayesian optimisation asks *where would the next trial probably be best?*
Metis asks *after which trial will we know the best configuration best?* A trial can serve that in
three ways, and at each step Metis finds the best candidate for each of them and then decides which
of the three is worth most:

- **exploitation**: the configuration that is predicted to be the best;
- **exploration**: a configuration of which little is known;
- **re-sampling**: a trial whose result the others contradict, because noise or a lucky seed may
  have produced it."""

CHOICE = r"""### How the next trial is chosen

The candidate for **exploitation** has the highest predicted score $\mu(x)$. The candidate for
**exploration** is uncertain in the right place: it is the configuration that most probably beats a
target $t$ a little above the best predicted score,

```math
P\big(f(x) > t\big) = \Phi\!\left(\frac{\mu(x) - t}{\sigma(x)}\right)
```

with $\Phi$ the normal distribution. Where all is known nothing can reach the target, so this needs
uncertainty, but not where all hope is gone. A trial is a candidate for **re-sampling** if its score
lies outside of the 98 % interval of what a model without it predicts there,
$|y_i - \mu_{-i}(x_i)| > 2.33\,\sigma_{-i}(x_i)$ (leaving one out, Rasmussen and Williams 2006,
eq. 5.12). As no configuration is run twice here, one right beside it is tried.

Among the three, the one is tried whose result is expected to raise the predicted optimum most. That
is the knowledge gradient (Frazier, Powell and Dayanik 2009); Metis itself estimates it from the two
ends of the prediction's interval:

```math
\operatorname{gain}(x) = \operatorname{E}_{y}\!\left[\max_{x'} \mu(x' \mid x, y)\right]
- \max_{x'} \mu(x')
```

where $\mu(x' \mid x, y)$ is the mean after a trial at $x$ with the result $y$. A trial that would
only confirm what is known has no gain, however good its score; an uncertain one has some if it
could turn out to be the best. While several trials run at the same time, each of them is taken to
have given what the model predicts for it."""

LIMITS = r"""### What it assumes, and what it cannot do

It assumes what a Gaussian process does: close configurations score alike, to the same degree
everywhere, with the same noise everywhere. A cliff, beyond which training diverges, is smeared out.
The three candidates are optimised one after the other, so a trial that would serve two purposes a
little is not considered. Re-sampling pays where noise is large; with a fixed seed, a trial run
again would give the same score, so only its neighbour tells whether it was luck. With many
parameters and few trials the length scales are uncertain, and so is all that follows from them.
Start-up trials are needed because there is nothing to fit before. The cost of a suggestion grows
with the cube of the number of trials: hundreds are fine, many thousands are not."""
