"""The text on method 9, DNGO."""

IDEA = r"""### The idea

One trial trains a network and takes minutes; a prediction takes a millisecond. Bayesian
optimisation fits a model to the trials that have ended, which says of every configuration which
score is expected and how uncertain that is, and tries what promises most. The usual model is a
Gaussian process, whose cost grows with the cube of the number of trials. Deep networks for global
optimisation (DNGO; Snoek, Rippel, Swersky et al. 2015) keeps the idea and exchanges the model: **a
neural network learns features of a configuration, and a Bayesian linear regression on these
features predicts the score**. The regression is what knows its uncertainty; the network sees to it
that a linear function of the features can fit. Its cost grows only linearly with the number of
trials, so thousands of them, run many at a time, are no obstacle."""

MODEL = r"""### The model: learnt features, Bayesian weights

A small network takes the configuration $x$, each parameter from −1 to 1 on its own scale and a
category as one input for each value. It has {depth} hidden layers of {units} tanh units and one
linear output, and is trained to predict the scores of the trials, brought to the mean 0 and the
deviation 1; a score far below all others is cut first. Then the output is thrown away.
The last hidden layer gives the features $\phi(x)$, the **basis functions**; tanh is bounded, so the
uncertainty cannot grow without limit far away (the paper found that with rectifiers it does). The
score is taken to be a linear function of them with noise of the precision $\beta$, and the weights
to have a normal prior with the precision $\alpha$. Then the posterior is known in closed form
(section 3 of the paper; Bishop 2006, eq. 3.53 and 3.54). With $\Phi$ the features of all trials, a
row each, and $y$ their scores,

```math
K = \beta\, \Phi^\top \Phi + \alpha I, \qquad m = \beta\, K^{-1} \Phi^\top y
```

and the prediction for a configuration $x$ has the mean and the variance (without the noise
$1 / \beta$ of a single trial)

```math
\mu(x) = m^\top \phi(x), \qquad \sigma^2(x) = \phi(x)^\top K^{-1} \phi(x)
```

$\alpha$ and $\beta$ are those under which the observed scores are most probable (*differs:* the
paper draws them from their posterior, which costs far more)."""

CHOICE = r"""### How the next trial is chosen

As in other Bayesian optimisation, by the expected improvement (Jones, Schonlau and Welch 1998,
eq. 15). For scores to be raised, with $y^*$ the best score so far, $\Phi$ and $\varphi$ the normal
distribution and its density:

```math
\operatorname{EI}(x) = (\mu - y^*)\,\Phi(z) + \sigma\,\varphi(z), \qquad
z = \frac{\mu(x) - y^*}{\sigma(x)}
```

The first term is large where the model expects a better score, the second where it is unsure. The
tuner climbs it by its gradient through the network from many starting points, on its logarithm
(Ament et al. 2023), because it is almost zero over most of the space once the search has come
close. Trials that run enter with what the model predicts for them; a configuration is never tried
twice. Failed trials count as the worst score seen."""

LIMITS = r"""### What it assumes, and what it cannot do

The uncertainty is that of the last layer alone. The features themselves are one fitted network,
taken as certain, though another start of the training would have given others: so the model is more
sure of itself than it should be, above all with few trials, when a network with thousands of
weights sees a few dozen scores. Weight decay and the prior keep it smooth, but they do not know
what is left unknown. A Gaussian process has no such gap, and with fewer than some hundred trials it
is mostly the better choice; DNGO was made for thousands. Features are learnt anew for each
suggestion, so the picture can change from one trial to the next. And it assumes what all such
models do: configurations that are alike score alike, and the noise is about the same everywhere."""
