"""The pieces of work, a folder each, and the engine that they share."""
