"""The text on method 4, SMAC."""

IDEA = r"""### The idea

One trial trains a network and takes minutes; a prediction takes a millisecond. SMAC, sequential
model-based algorithm configuration (Hutter, Hoos and Leyton-Brown 2011; Lindauer et al. 2022),
therefore fits a model to all trials that have ended, asks it which configuration promises most,
tries that one, and fits again. What sets it apart is the model: a **random forest** instead of a
Gaussian process. Trees need no assumption of smoothness, hardly ask about parameters that do not
matter, and cost little with thousands of trials. SMAC was made to configure solvers with dozens of
parameters, and it is at home wherever choices outnumber numbers."""

MODEL = r"""### The model: a random forest

A regression tree asks a chain of questions, such as *is the learning rate below 0.002?* For each
question, one threshold is drawn at random for each parameter, and that is taken which makes the
scores on its two sides most alike among themselves. Parameters are brought to the range 0 to 1, on
a log scale where the search space has one; the values of a category are lined up in the order of
the search space (*differs:* in the paper a question may pick any set of them). A tree predicts the
mean score of the trials that gave the same answers. One tree follows every accident of its trials;
a forest has several, here {trees}, each grown on the trials drawn anew with replacement, and takes
the mean. The spread of the trees is the model's uncertainty (section 4.1 of the paper): with $B$
trees that predict $\mu_b(x)$,

```math
\mu(x) = \frac{1}{B} \sum_{b=1}^{B} \mu_b(x), \qquad
\sigma^2(x) = \frac{1}{B} \sum_{b=1}^{B} \big(\mu_b(x) - \mu(x)\big)^2
```

Where trials are many and agree, all trees say the same. Where there are none, each tree says what
its nearest trials say, and they differ. The logarithm of the loss is learnt, not the loss itself
(scaled to 0 to 1, the loss being minus the mean IoU): that spreads the good trials apart and
presses the bad ones together, because differences among the good ones are what counts."""

CHOICE = r"""### How the next trial is chosen

The next trial goes where the expected improvement over the best predicted score is highest; it
weighs a good prediction against an uncertain one. The loss is taken to be log-normal, with the mean
$\mu$ and the deviation $\sigma$ of its logarithm over the trees. With $f_\text{min}$ the best loss
that the forest predicts at any trial, $v = (\ln f_\text{min} - \mu) / \sigma$, and $\Phi$ the
normal distribution (Hutter et al. 2009, section 5.2):

```math
\operatorname{EI}(x) = f_\text{min}\, \Phi(v) - e^{\frac{1}{2} \sigma^2 + \mu}\, \Phi(v - \sigma)
```

A forest is made of steps and has no gradient, so EI is searched by trying: thousands of random
configurations, and walks that start from the best of them and from the best trials and change one
parameter at a time (section 4.3). A share of {random} of all suggestions is drawn at random
instead. These keep the search honest: where the forest is wrong and sure of it, nothing else would
ever look. A configuration is never tried twice, and trials that are still running enter with what
the forest predicts for them, so that trials running at the same time differ."""

LIMITS = r"""### What it assumes, and what it cannot do

It assumes little, and that is its price. A forest cannot extrapolate: beyond its outermost trials
it is flat, so it does not see a slope that leads on, and between two trials it is a step and not a
slope. With few trials the steps are coarse; a Gaussian process, whose assumption of smoothness
mostly holds for learning rates and the like, needs fewer. The spread of the trees is no true
uncertainty: far away from all trials they can agree, all having the same nearest trial, and then it
claims to know what it does not. That is another reason for the random suggestions. SMAC's racing of
configurations over many problem instances is not used here: there is one instance, the validation
images, and one seed for each trial. In return, odd spaces do not trouble it, a suggestion stays
cheap with thousands of trials, and a forest can be asked which parameter matters."""
