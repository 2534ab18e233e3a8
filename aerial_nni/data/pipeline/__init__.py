"""From pictures and masks to batches: reading, cache, splits, augmentation."""
