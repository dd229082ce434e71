"""Proofs of the known landscapes, and their pages."""
