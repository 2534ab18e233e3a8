"""The verbs of the command line: a file for each group, with its flags and what it does.

A file's `add_flags` adds its parsers; each parser's default `verb` is the function that is run with
what was parsed and returns the exit code. Anything slow to import is imported in that function.
"""

from collections.abc import Callable

from aerial_nni.cli import doctor, export, listing, predict, stored_commands
from aerial_nni.cli.experiment_flags import Verbs
from aerial_nni.recipes.baseline import command as baseline
from aerial_nni.recipes.darts import command as darts
from aerial_nni.recipes.distill import command as distill
from aerial_nni.recipes.drone import command as drone
from aerial_nni.recipes.hpo import command as hpo
from aerial_nni.recipes.zoomout import command as zoomout

GROUPS: tuple[Callable[[Verbs], None], ...] = (
    baseline.add_flags,
    hpo.add_flags,
    distill.add_flags,
    darts.add_flags,
    zoomout.add_flags,
    drone.add_flags,
    stored_commands.add_flags,
    listing.add_flags,
    export.add_flags,
    predict.add_flags,
    doctor.add_flags,
)
"""What adds the parsers of each group, in the order of the help."""
