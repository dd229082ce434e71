"""Complete lists of critical points: an interval branch and prune over boxes of weights."""
