"""Producers of evidence about ranks."""
