"""The checks of an architecture and of a model."""
