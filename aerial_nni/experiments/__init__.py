"""Where NNI finds the tuner of an architecture search that an earlier version began."""
