"""Maps of loss landscapes: the job, its table and its picture."""
