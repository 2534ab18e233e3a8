"""Options of a trial, errors, files read with care, and the schema of a run folder."""
