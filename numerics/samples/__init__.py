"""Facts about the samples alone."""
