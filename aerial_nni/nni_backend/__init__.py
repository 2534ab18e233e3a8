"""All that knows NNI's server: what an experiment is, starting it, watching it, ending it.

Nothing else in the package imports this; delete it and every trial still runs by hand.
"""
