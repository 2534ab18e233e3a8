"""Architecture search: the space, the supernet, and what learns both. Needs no NNI server."""
