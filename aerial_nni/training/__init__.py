"""The training loop of every trial, and what it is made of."""
