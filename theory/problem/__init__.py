"""Problems: architectures, samples, weights, exact numbers."""
