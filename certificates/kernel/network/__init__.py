"""The passes through a network, and the matrices built from them, of the kernel."""
