r"""The zoom-out trial: a shallow classifier on the features of a frozen network, in two stages.

By hand, into a folder of its own; running the line again goes on where it stopped:

    python -m aerial_nni.trials.zoomout --backbone-weights random --out runs/by-hand
    python -m aerial_nni.trials.zoomout --data buildings --data-dir DIR --split tile \
        --backbone encoder --backbone-weights CHECKPOINT --superpixel 12 --out runs/superpixels
"""

import sys
from collections.abc import Sequence

from aerial_nni.recipes.zoomout.options import ZoomOutOptions
from aerial_nni.trials.main import run_program
from aerial_nni.trials.run_trial import supervised_setup


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one trial; 0 when it reached its end."""
    module = "aerial_nni.trials.zoomout"
    return run_program(
        arguments, ZoomOutOptions, supervised_setup, module=module, description=__doc__
    )


if __name__ == "__main__":
    sys.exit(main())
