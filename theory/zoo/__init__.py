"""Known landscapes of the literature."""
