"""The trial of `darts`, as NNI starts it and as it is run by hand."""

import sys

from aerial_nni.recipes.darts.training_setup import main

if __name__ == "__main__":
    sys.exit(main())
