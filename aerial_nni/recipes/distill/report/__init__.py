"""The document of a distillation."""
