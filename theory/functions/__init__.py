"""Activations and errors, with proved properties."""
