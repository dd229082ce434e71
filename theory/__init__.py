"""What is true: architectures, activations, errors, rank bounds and the registry of statements.

No floating point and no matrices of numbers live here: exact integers, rationals, SymPy
expressions and frozen records only. Nothing in this folder imports ``numerics`` or ``certificates``.
"""
