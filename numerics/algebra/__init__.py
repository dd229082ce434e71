"""Linear algebra: products, tiles, factorisations, inertia, kernels."""
