"""The datasets, a file each, with its facts."""
