"""Training: runs, methods, steps, records."""
