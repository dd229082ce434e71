"""Proofs, not impressions, about the loss landscape of a multilayer perceptron."""
