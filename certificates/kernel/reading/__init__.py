"""What the kernel reads and returns: documents, problems, outcomes, and the work it counts."""
