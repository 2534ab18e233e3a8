"""The baseline trial: one U-Net with the options given, by hand or under NNI.

By hand, into a folder of its own; running the line again goes on where it stopped:

    python -m aerial_nni.trials.baseline --data dubai --data-dir DIR --out runs/by-hand
"""

import sys
from collections.abc import Sequence

from aerial_nni.config.options import TrialOptions
from aerial_nni.trials.main import run_program
from aerial_nni.trials.run_trial import supervised_setup


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one trial; 0 when it reached its end."""
    module = "aerial_nni.trials.baseline"
    return run_program(
        arguments, TrialOptions, supervised_setup, module=module, description=__doc__
    )


if __name__ == "__main__":
    sys.exit(main())
