"""Which experiments may stand in one table: those scored on the same patches after one split."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from aerial_nni.config import run_folder
from aerial_nni.config.options import BUILT_IN
from aerial_nni.reporting.folder import Experiment, ResultUnusable, read_experiment
from aerial_nni.reporting.format import code, pluralize, rule_name
from aerial_nni.reporting.overview.rows import Made

FACTS = ("rule", "seed", "val_fraction", "train_images", "val_images", "train_patches",
         "val_patches")  # fmt: skip
"""Of a split, beside the data: what two of them must have in common."""

WORDS = {"name": "dataset", "fingerprint": "prepared patches", "rule": "rule of the split",
         "seed": "seed of the split", "val_fraction": "share that validates"}  # fmt: skip
"""How a difference between two grounds is said; where there is another, sides differ alone."""


class Kind(Protocol):
    """What is asked of a kind of experiment."""

    @property
    def milestone(self) -> str:
        """The milestone of the course that it is; the page misses it where it was not run."""

    @property
    def required(self) -> tuple[str, ...]:
        """Words that its command needs."""

    def rows(self, experiment: Experiment) -> Made:
        """What an experiment of this kind brings to the page."""


@dataclass(frozen=True, kw_only=True)
class Comparable:
    """Experiments whose scores are of the same patches, trained on the same others."""

    facts: dict[str, Any]
    made: Sequence[Made]

    @cached_property
    def kinds(self) -> set[str]:
        """Kinds of its experiments."""
        return {made.experiment.kind for made in self.made}

    @property
    def split(self) -> dict[str, Any]:
        """What metrics.json says of the split."""
        split: dict[str, Any] = self.made[0].shown.metrics["split"]
        return split

    @property
    def name(self) -> str:
        """Dataset, split and number of patches, in a line."""
        rule = rule_name(self.split["rule"], leaky=self.split["leaky"])
        patches = pluralize(self.split["val_patches"], "validation patch")
        return f"{code(self.facts['name'])}, split {rule} with seed {self.split['seed']}, {patches}"

    def against(self, other: "Comparable") -> list[str]:
        """What is not as in another."""
        found = [word for fact, word in WORDS.items() if self.facts[fact] != other.facts[fact]]
        return found or ["patches on each side of the split"]


@dataclass(frozen=True, kw_only=True)
class Overview:
    """All experiments, by their ground, and those that cannot be used with the reason."""

    grounds: Sequence[Comparable]
    """The one with most milestones in front; never empty."""
    left_out: dict[str, str]
    milestones: Mapping[str, Kind]
    """The kinds that are milestones of the course."""

    @property
    def made(self) -> list[Made]:
        """All experiments."""
        return [made for ground in self.grounds for made in ground.made]


def read_overview(folders: Sequence[Path], kinds: Mapping[str, Kind]) -> Overview:
    """What the experiments in these folders reached, in the order of the `kinds`.

    Raises:
        ResultUnusable: none of them has a finished trial.
    """
    grounds: dict[str, tuple[dict[str, Any], list[Made]]] = {}
    left_out: dict[str, str] = {}
    for folder in folders:
        try:
            experiment = read_experiment(folder)
            if experiment.kind not in kinds:
                raise ResultUnusable(f"{folder} is of the kind {experiment.kind!r}")
            made = kinds[experiment.kind].rows(experiment)
            facts = _facts(made)
        except ResultUnusable as error:
            left_out[folder.name] = str(error).replace(f"{folder.parent}/", "")
            continue
        except KeyError as error:
            left_out[folder.name] = (
                "an older version of this package wrote it, and its record lacks the field "
                f"`{error.args[0]}`, which this page needs. The last command below, which names "
                "the other experiments alone, makes this page without it"
            )
            continue
        except (IndexError, TypeError, ValueError, AttributeError) as error:
            left_out[folder.name] = f"a file of it is damaged ({type(error).__name__}: {error})"
            continue
        grounds.setdefault(json.dumps(facts, sort_keys=True), (facts, []))[1].append(made)
    if not grounds:
        raise ResultUnusable(
            "no experiment has a finished trial; start with: python -m aerial_nni.run baseline"
        )
    order = list(kinds)
    found = [
        Comparable(facts=facts, made=sorted(made, key=lambda one: order.index(one.experiment.kind)))
        for facts, made in grounds.values()
    ]
    return Overview(
        grounds=sorted(found, key=_weight, reverse=True),
        left_out=left_out,
        milestones={name: kind for name, kind in kinds.items() if kind.milestone},
    )


def _weight(ground: Comparable) -> tuple[int, bool, bool, int]:
    """Which ground stands in front: most milestones, real imagery, no leak, most experiments."""
    real = ground.facts["name"] not in BUILT_IN
    return len(ground.kinds), real, not ground.split["leaky"], len(ground.made)


def _facts(made: Made) -> dict[str, Any]:
    """What must be equal for two scores to be of the same patches."""
    data, split = made.shown.metrics["data"], made.shown.metrics["split"]
    file = made.experiment.folder / run_folder.SPLIT
    patches = ""
    if file.is_file():
        sides = run_folder.read_json(file)
        text = json.dumps([sides["train"], sides["val"]], sort_keys=True)
        patches = hashlib.sha256(text.encode()).hexdigest()
    facts = {name: split[name] for name in FACTS}
    return {"name": data["name"], "fingerprint": data["fingerprint"], **facts, "patches": patches}
