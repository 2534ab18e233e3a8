"""What recipes have in common: search spaces, prepared data, values from a command line."""
