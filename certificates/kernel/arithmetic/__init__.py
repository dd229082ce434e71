"""The rings, power series and factorisations of the kernel."""
