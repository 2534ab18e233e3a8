"""`docs/results.md`: what all milestones reached on the same patches, and at what cost."""
