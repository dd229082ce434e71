"""Training: the job, its table and its picture."""
