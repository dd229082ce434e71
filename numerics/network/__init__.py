"""Passes through a network, and the matrices and numbers they give."""
