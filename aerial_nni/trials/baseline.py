"""The trial of `baseline`, as NNI starts it and as it is run by hand."""

import sys

from aerial_nni.recipes.baseline.training_setup import main

if __name__ == "__main__":
    sys.exit(main())
