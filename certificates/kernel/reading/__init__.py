"""What the kernel reads and returns: documents, problems, limits, outcomes."""
