"""Bounds of ranks in integers."""
