"""The rings, series, functions and factorisations of the kernel."""
