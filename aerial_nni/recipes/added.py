"""Check whether a trial that a user adds in the web UI can run; manager.cjs asks first.

    echo '{"lr": 0.01}' | python -m aerial_nni.recipes.added RUNS/ID

It fails and says why, where the parameters are not options of a trial of that experiment, or where
that cannot be told. Values outside of the search space are a person's right: the tuner leaves them
out.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aerial_nni.config.errors import shown, told
from aerial_nni.config.options import BadOption, changed, read_values
from aerial_nni.config.run_folder import EXPERIMENT, OPTIONS_FILE, read_json
from aerial_nni.config.safe_reading import SMALL, parse_json
from aerial_nni.config.schema import Name
from aerial_nni.recipes import RECIPES
from aerial_nni.trials.fidelity import granted
from aerial_nni.trials.reporting import without_notes
from aerial_nni.tuners.trial import PHASE, SEARCH


def check(folder: Path, parameters: Mapping[str, Any]) -> None:
    """Returns where a trial of the experiment in `folder` may have these parameters.

    Raises:
        BadOption: none may.
        Damaged, OSError: what the experiment has written cannot be read.
    """
    _check_phase(parameters.get(PHASE, SEARCH))
    kind = read_json(folder / EXPERIMENT, largest=SMALL)["kind"]
    options = changed(RECIPES[kind].options(), read_values(folder / OPTIONS_FILE))
    given, _ = granted(without_notes(parameters))
    changed(options, given)


def _check_phase(phase: Any) -> None:
    """Raises `BadOption` unless a phase can stand in a document: a copy keeps that of its trial."""
    problem = Name().problem(phase) if isinstance(phase, str) else "must be a text"
    if problem:
        raise BadOption(f"{PHASE}={shown(f'{phase!r:.60}')} {problem}")


def main(folder: str) -> int:
    """Checks the parameters that come in; 0 where a trial can run with them, else 1."""
    try:
        check(Path(folder), parse_json(sys.stdin.read(), "what was added"))
    except Exception as error:  # what raises here would raise in the trial or in the tuner
        print(told(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
