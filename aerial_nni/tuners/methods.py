"""The nine methods, and two controls: one row for each, chosen by index, student ID or name."""

import difflib
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aerial_nni.config.errors import UserError


class BadMethod(UserError, ValueError):
    """No method is meant by what was given; the message lists them."""


@dataclass(frozen=True, kw_only=True)
class Method:
    """A row of the table. NNI is told `class_name`, as for any tuner that is not its own."""

    index: int
    """Last digit of the student's ID; 0: a control, chosen by name alone."""
    name: str
    title: str
    class_name: str
    what: str
    paper: str
    cannot: str
    multi_fidelity: bool = False
    """Whether trials get a budget of epochs, `TRIAL_BUDGET`."""

    def startup(self, space: Mapping[str, Any], arguments: Mapping[str, Any]) -> int:
        """Trials of the start-up design, which no result guides.

        Raises:
            BadSpace: the method cannot search the space.
        """
        module, name = self.class_name.rsplit(".", 1)
        tuner = getattr(importlib.import_module(module), name)(**arguments)
        tuner.update_search_space(dict(space))
        return int(tuner.startup)


_ALL = (
    Method(
        index=1,
        name="tpe",
        title="Tree-structured Parzen estimator",
        class_name="aerial_nni.tuners.tpe.TPETuner",
        what="models where good and where bad trials lie, and tries where good ones prevail",
        paper="Bergstra et al. 2011, Algorithms for Hyper-Parameter Optimization",
        cannot="weigh how much better one good trial is than another: only ranks enter",
    ),
    Method(
        index=2,
        name="anneal",
        title="Simulated annealing",
        class_name="aerial_nni.tuners.anneal.AnnealTuner",
        what="draws near a good earlier trial, ever nearer as trials accumulate",
        paper="Bergstra et al. 2013, Making a Science of Model Search",
        cannot="leave a region once its neighbourhood has shrunk; it has no model",
    ),
    Method(
        index=3,
        name="evolution",
        title="Regularised evolution",
        class_name="aerial_nni.tuners.evolution.EvolutionTuner",
        what="mutates the best of a few drawn from a population whose oldest die",
        paper="Real et al. 2019, Regularized Evolution for Image Classifier Architecture Search",
        cannot="learn from more than the living population; needs many trials",
    ),
    Method(
        index=4,
        name="smac",
        title="SMAC: sequential model-based algorithm configuration",
        class_name="aerial_nni.tuners.smac.SMACTuner",
        what="expected improvement over a random forest; at home in categorical spaces",
        paper="Hutter et al. 2011, Sequential Model-Based Optimization; Lindauer et al. 2022",
        cannot="extrapolate: a forest is flat beyond its trials",
    ),
    Method(
        index=5,
        name="hyperband",
        title="Hyperband",
        class_name="aerial_nni.tuners.hyperband.HyperbandTuner",
        what="starts many trials with few epochs and goes on with the best third",
        paper="Li et al. 2018, Hyperband: A Novel Bandit-Based Approach",
        cannot="learn which configurations are promising: they are drawn at random",
        multi_fidelity=True,
    ),
    Method(
        index=6,
        name="metis",
        title="Metis",
        class_name="aerial_nni.tuners.metis.MetisTuner",
        what="weighs the best predicted point against the least known one of a Gaussian process",
        paper="Li et al. 2018, Metis: Robustly Optimizing Tail Latencies of Cloud Systems",
        cannot="repeat a noisy configuration: each is tried once",
    ),
    Method(
        index=7,
        name="bohb",
        title="BOHB: Bayesian optimisation and Hyperband",
        class_name="aerial_nni.tuners.bohb.BOHBTuner",
        what="Hyperband whose configurations come from densities of good and bad trials",
        paper="Falkner et al. 2018, BOHB: Robust and Efficient Optimization at Scale",
        cannot="be guided before enough trials ended at one budget",
        multi_fidelity=True,
    ),
    Method(
        index=8,
        name="gp",
        title="Gaussian process",
        class_name="aerial_nni.tuners.gp.GPTuner",
        what="expected improvement over a Gaussian process; most from few trials",
        paper="Snoek et al. 2012, Practical Bayesian Optimization; Ament et al. 2023",
        cannot="grow to thousands of trials: its cost is cubic in them",
    ),
    Method(
        index=9,
        name="dngo",
        title="DNGO: deep networks for global optimisation",
        class_name="aerial_nni.tuners.dngo.DNGOTuner",
        what="expected improvement over Bayesian regression on a small network's last layer",
        paper="Snoek et al. 2015, Scalable Bayesian Optimization Using Deep Neural Networks",
        cannot="know how little its network knows: only the last layer is Bayesian",
    ),
    Method(
        index=0,
        name="random",
        title="Random search",
        class_name="aerial_nni.tuners.random_grid.RandomTuner",
        what="draws every configuration at random: the control",
        paper="Bergstra & Bengio 2012, Random Search for Hyper-Parameter Optimization",
        cannot="learn from results",
    ),
    Method(
        index=0,
        name="grid",
        title="Grid search",
        class_name="aerial_nni.tuners.random_grid.GridTuner",
        what="tries a grid in order",
        paper="-",
        cannot="learn from results, nor end in useful time with many parameters",
    ),
)

METHODS: dict[str, Method] = {method.name: method for method in _ALL}
"""Every method by its name."""

BY_INDEX: dict[int, Method] = {method.index: method for method in _ALL if method.index}
"""The nine by their index."""


def choose_method(
    *, index: int | None = None, student_id: str | None = None, name: str | None = None
) -> Method:
    """The method of an index from 1 to 9, of a student ID's last digit, or of a name.

    Raises:
        BadMethod: nothing, or nothing known, was given; two ways disagree.
    """
    chosen = []
    if index is not None:
        chosen.append(_by_index(index))
    if student_id is not None:
        chosen.append(_by_student_id(student_id))
    if name is not None:
        chosen.append(_by_name(name))
    if not chosen:
        raise BadMethod(f"no method was chosen; give --method-index 1 to 9:\n{table(short=True)}")
    if len({method.name for method in chosen}) > 1:
        names = " and ".join(method.name for method in chosen)
        raise BadMethod(f"the flags mean different methods: {names}; give one of them")
    return chosen[0]


def table(*, short: bool = False) -> str:
    """Index, name and what each method is, in lines; unless `short` what it cannot do as well."""
    return "\n".join(
        f"  {m.index or ' '}  {m.name:<10} {m.what}"
        + ("" if short else f";\n{'':15} cannot {m.cannot}")
        for m in METHODS.values()
    )


def _by_index(index: int) -> Method:
    if index not in BY_INDEX:
        raise BadMethod(f"--method-index {index} has no method; give 1 to 9:\n{table(short=True)}")
    return BY_INDEX[index]


def _by_student_id(student_id: str) -> Method:
    text = student_id.strip()
    if not text or not (text[-1].isascii() and text[-1].isdigit()):
        raise BadMethod(f"--student-id {student_id!r} does not end in a digit; give --method NAME")
    if text[-1] == "0":
        raise BadMethod(
            f"--student-id {text} ends in 0, which has no method; choose one with --method NAME "
            f"or --method-index 1 to 9:\n{table(short=True)}"
        )
    return BY_INDEX[int(text[-1])]


def _by_name(name: str) -> Method:
    if name.lower() in METHODS:
        return METHODS[name.lower()]
    near = difflib.get_close_matches(name.lower(), METHODS, n=1)
    hint = f"did you mean {near[0]}?" if near else f"choose one of:\n{table(short=True)}"
    raise BadMethod(f"--method {name!r} is not known; {hint}")
