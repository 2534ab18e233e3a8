"""The document of an architecture search."""
