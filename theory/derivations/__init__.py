"""Proofs of what the records of activations and errors say."""
