"""Documents with plots, written from result folders and nothing else."""
