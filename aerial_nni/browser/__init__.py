"""NNI's web UI, seen by a real browser: what its pages show, as values and as pictures."""
