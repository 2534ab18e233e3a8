"""Resume only from a checkpoint of the same options: a result folder belongs to one run."""

import logging
from pathlib import Path
from typing import Any

from aerial_nni.config.errors import Damaged, UserError
from aerial_nni.config.options import TrialOptions, as_dict, as_recorded
from aerial_nni.config.run_folder import LAST, OPTIONS, SET_ASIDE, read_json
from aerial_nni.config.safe_reading import SMALL
from aerial_nni.config.schema import fitted
from aerial_nni.training.checkpoint import BadCheckpoint, Progress, read_header

log = logging.getLogger(__name__)


class OtherRun(UserError, ValueError):
    """The folder belongs to a run with other options."""


def refuse_other_run(folder: Path, options: TrialOptions) -> None:
    """Raises `OtherRun` if `folder` holds epochs of a run with other options.

    A last epoch that is damaged is set aside, with a word.
    """
    path, wanted = folder / LAST, as_dict(options)
    if not path.exists():
        return
    try:
        found = fitted(Progress, read_header(path), path).options
    except (BadCheckpoint, Damaged) as error:
        set_aside(path, error)
        found = {key: value for key, value in _noted(folder).items() if key in wanted}
    found = as_recorded(found, type(options))
    differing = sorted(key for key in wanted | found if found.get(key) != wanted.get(key))
    if differing:
        raise OtherRun(
            f"{folder} holds a run with other options ({', '.join(differing)}); "
            "give another --out, or the options it was started with"
        )


def set_aside(path: Path, error: Exception) -> None:
    """Gives a damaged file another name, with a word."""
    aside = path.with_name(path.name + SET_ASIDE)
    log.warning("%s\nit is set aside as %s", error, aside)
    path.replace(aside)


def _noted(folder: Path) -> dict[str, Any]:
    """The options that a trial noted in its folder. Raises `OtherRun` where none can be read."""
    try:
        return dict(read_json(folder / OPTIONS, largest=SMALL))
    except (OSError, ValueError, TypeError) as error:
        raise OtherRun(
            f"{folder / OPTIONS} does not say whose epochs these are ({error}); give another --out"
        ) from error
