"""Proofs: nodes, context, rank bounds, certificates, and their verification."""
