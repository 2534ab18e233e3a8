"""How the verb of every recipe ends: its experiment is launched and told of."""

import argparse
import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aerial_nni.cli.output import finished, settings_of
from aerial_nni.config.options import TrialOptions, as_dict
from aerial_nni.config.resolution import RECIPE, Resolved
from aerial_nni.recipes.engine.recipe import Recipe

if TYPE_CHECKING:
    from aerial_nni.nni_backend.definition import Definition
    from aerial_nni.nni_backend.launch import Prepare


def launched(
    recipe: Recipe,
    definition: "Definition",
    given: argparse.Namespace,
    resolved: Resolved[Any],
    *,
    prepare: "Prepare | None" = None,
) -> int:
    """Runs an experiment to its end and prints it; 0 if it ended with a good trial.

    `prepare` makes data and split ready where that takes more than every recipe does.
    """
    from aerial_nni.nni_backend.launch import launch
    from aerial_nni.recipes.engine.prepare_data import prepare_data

    definition = dataclasses.replace(definition, origins=origins_of(definition.options, resolved))
    settings = settings_of(given)
    outcome = launch(definition, settings, prepare=prepare or prepare_data, kind=recipe)
    return finished(outcome, given)


def origins_of(options: TrialOptions, resolved: Resolved[Any]) -> Mapping[str, str]:
    """Where each option of an experiment comes from: what its recipe has changed, from there."""
    before, after = as_dict(resolved.options), as_dict(options)
    return {
        name: origin if after.get(name) == before[name] else RECIPE
        for name, origin in resolved.origins.items()
    }
