"""Knowledge distillation: a student that learns from a trained teacher as well as from masks."""
