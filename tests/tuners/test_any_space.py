"""Any tuner in any legal space, whatever becomes of its trials (property-based)."""

import json
import math
from collections.abc import Callable
from typing import Any

import nni
import pytest

pytest.importorskip("hypothesis")
from hypothesis import HealthCheck, Phase, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from nni.runtime.tuner_command_channel import CommandType  # noqa: E402
from nni.tuner import Tuner  # noqa: E402
from spaces import RESULTS, SPACES, outside, through_node  # noqa: E402
from talk import Talk  # noqa: E402

from aerial_nni.tuners.ablation_then_search import GridFirstTuner  # noqa: E402
from aerial_nni.tuners.methods import METHODS  # noqa: E402
from aerial_nni.tuners.search_then_retrain import PhasedTuner  # noqa: E402
from aerial_nni.tuners.space import Space  # noqa: E402
from aerial_nni.tuners.trial import BUDGET, PHASE, SEARCH, key, visible  # noqa: E402
from aerial_nni.tuners.tuner import SpaceTuner, reward_of  # noqa: E402

CUTS = 3
"""Of a continuum, in a grid."""
COSTLY = ("smac", "gp", "metis", "dngo")
RANDOM = {"class_name": METHODS["random"].class_name, "class_args": {}}
FINALS = [{PHASE: "retrain best", "_from": "best", "seed": seed} for seed in (1, 2)]
GRID = [{PHASE: f"way {way}", "way": way} for way in (16.0, 2.5)]


def method(name: str) -> SpaceTuner:
    arguments: dict[str, Any] = {"startup": 2} if name not in ("random", "grid") else {}
    if name == "grid":
        arguments["cuts"] = CUTS
    if METHODS[name].multi_fidelity:
        arguments["max_budget"] = 3
    module, _, cls = METHODS[name].class_name.rpartition(".")
    return getattr(__import__(module, fromlist=[cls]), cls)(**arguments)


TUNERS: dict[str, Callable[[], Tuner]] = {
    **{name: lambda name=name: method(name) for name in METHODS},
    "phased": lambda: PhasedTuner(RANDOM, 3, FINALS),
    "grid first": lambda: GridFirstTuner(RANDOM, 3, FINALS, grid=GRID),
}
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.integers(1, 3)),
        st.tuples(st.just("end"), RESULTS),
        st.tuples(st.just("fail"), st.sampled_from(["FAILED", "USER_CANCELED", "EARLY_STOPPED"])),
        st.tuples(st.just("copy"), st.integers(0, 30)),
        st.tuples(st.just("outside"), st.integers(0, 30)),
        st.tuples(st.just("resume"), st.none()),
    ),
    min_size=4,
    max_size=14,
)


class Life:
    """A search that is told what becomes of its trials, and watched."""

    def __init__(self, make: Callable[[], Tuner], space: dict[str, Any]) -> None:
        self.make, self.given, self.space = make, json.loads(json.dumps(space)), Space.parse(space)
        self.trials: list[dict[str, Any]] = []
        self.begin()

    def begin(self) -> None:
        self.tuner = self.make()
        self.tuner.update_search_space(self.given)
        self.talk, self.seen, self.told_no = Talk(self.tuner), 0, 0

    @property
    def running(self) -> list[dict[str, Any]]:
        return [trial for trial in self.trials if trial["status"] == "RUNNING"]

    def tried(self) -> set[Any]:
        return {trial["places"] for trial in self.trials} - {None}

    def places(self, parameters: dict[str, Any]) -> Any:
        """Where a trial of the search lies; None where it is not of the search, or outside."""
        config = visible(parameters)
        if (
            set(config) - {"way"} != set(self.space.names)
            or parameters.get(PHASE, SEARCH) != SEARCH
        ):
            return None
        try:
            return self.space.places(config)
        except ValueError:
            return None

    def note(self, parameters: dict[str, Any], id: int | None) -> None:
        trial = {"id": id, "status": "RUNNING", "value": None, "name": f"t{len(self.trials)}"}
        point = through_node(parameters)
        self.trials.append({**trial, "parameters": point, "places": self.places(point)})

    def watch(self) -> None:
        """Looks at what was suggested since the last time."""
        for id, parameters in list(self.talk.started.items())[self.seen :]:
            self.seen += 1
            if parameters.get(PHASE, SEARCH) == SEARCH:
                where = self.places(through_node(parameters))
                assert where is not None, f"{parameters} is outside"
                assert self.space.config(where) == {n: parameters[n] for n in self.space.names}
                again = [t for t in self.trials if t["places"] == where]
                budgets = [t["parameters"].get(BUDGET, 0) for t in again]
                promoted = bool(again) and parameters.get(BUDGET, 0) > min(budgets)
                assert promoted or not again, f"{parameters} again"
            elif not isinstance(self.tuner, SpaceTuner):
                kept = [t for t in self.trials if t in self.running or t["value"] is not None]
                known = [key(trial["parameters"]) for trial in kept]
                assert key(parameters) not in known, f"{parameters} again"
            self.note(parameters, id)
        refusals = len(self.talk.answers(CommandType.NoMoreTrialJobs))
        if refusals > self.told_no:
            self.told_no = refusals
            assert self.over(), "there is more to try"

    def over(self) -> bool:
        """Whether it may be that nothing is left to suggest."""
        if isinstance(self.tuner, PhasedTuner):
            good = [t for t in self.trials if reward_of(t["value"]) is not None]
            if not good:
                return True
        levels = [p.levels for p in self.space.parameters]
        if None in levels or isinstance(self.tuner, GridFirstTuner):
            return "Grid" in type(self.tuner).__name__  # equal cuts of a narrow range are one
        inside = [
            all(isinstance(p, float) or p < n for p, n in zip(w, levels, strict=True))
            for w in self.tried()
        ]
        return sum(inside) >= math.prod(levels)

    def ask(self, count: int) -> None:
        self.talk.ask(count)

    def end(self, value: Any) -> None:
        if trial := next(iter(self.running), None):
            if reward_of({"default": value}) is not None:
                trial["value"] = {"default": value}
            trial["status"] = "SUCCEEDED"
            self.talk.metric(trial["name"], trial["id"], {"default": value})
            self.talk.end(trial["name"], trial["id"], trial["parameters"])

    def fail(self, event: str) -> None:
        if trial := next(iter(self.running), None):
            trial["status"] = event
            self.talk.metric(trial["name"], trial["id"], 0.5, kind="PERIODICAL")
            if event == "EARLY_STOPPED":
                trial["value"] = 0.5
            self.talk.end(trial["name"], trial["id"], trial["parameters"], event)

    def copy(self, number: int) -> None:
        if self.trials:
            parameters = dict(self.trials[number % len(self.trials)]["parameters"])
            if parameters.get(PHASE, SEARCH) != SEARCH:
                return
            parameters.pop("_origin", None)
            self.note(parameters, None)
            self.talk.add(parameters)

    def outside(self, number: int) -> None:
        inside = [trial for trial in self.trials if trial["places"] is not None]
        if inside:
            before = len(getattr(self.tuner, "trials", ()))
            config = visible(inside[number % len(inside)]["parameters"])
            self.note(outside(self.space, config, number), None)
            self.talk.add(self.trials[-1]["parameters"])
            assert self.trials[-1]["places"] is None
            assert len(getattr(self.tuner, "trials", ())) == before, "taken for one of the space"

    def resume(self, _: None) -> None:
        self.begin()
        known = [
            {
                "parameter": trial["parameters"],
                "value": None if trial["value"] is None else nni.dump(trial["value"]),
                "trialJobId": trial["name"],
                "status": trial["status"],
                "customized": trial["id"] is None,
            }
            for trial in self.trials
        ]
        self.talk.tell(CommandType.ImportData, known)
        going = [
            {"parameter_id": t["id"], "parameter_source": "resumed", "parameters": t["parameters"]}
            for t in self.running
        ]
        self.talk.tell(CommandType.AddCustomizedTrialJob, going)
        if isinstance(self.tuner, SpaceTuner):
            inside = [trial for trial in self.trials if trial["places"] is not None]
            assert len(self.tuner.trials) == len(inside)


def live(name: str, space: dict[str, Any], events: list[tuple[str, Any]]) -> None:
    life = Life(TUNERS[name], space)
    for event, detail in [("ask", 1), *events, ("ask", 2), ("end", 0.5), ("ask", 1)]:
        getattr(life, event)(detail)
        life.watch()


CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def bounded(examples: int, **rest: Any) -> settings:
    phases = (Phase.explicit, Phase.generate)  # a failure is short, and shrinking it takes minutes
    return settings(
        max_examples=examples, deadline=None, suppress_health_check=CHECKS, phases=phases, **rest
    )


@pytest.mark.parametrize("name", [name for name in TUNERS if name not in COSTLY])
@bounded(25, derandomize=True, database=None)
@given(space=SPACES, events=EVENTS)
def test_any_space_and_any_order_of_events(name: str, space: dict, events: list):
    live(name, space, events)


@pytest.mark.parametrize("name", COSTLY)
@bounded(6, derandomize=True, database=None)
@given(space=SPACES, events=EVENTS)
def test_any_space_with_a_method_that_fits_a_model(name: str, space: dict, events: list):
    live(name, space, events)


@pytest.mark.slow
@pytest.mark.parametrize("name", TUNERS)
@bounded(200, print_blob=True)
@given(space=SPACES, events=EVENTS)
def test_many_spaces(name: str, space: dict, events: list):
    live(name, space, events)
