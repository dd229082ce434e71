"""What can be computed: the network over several number fields, its matrices, and ranks with evidence.

A producer here returns *evidence* (a bound together with the data that proves it) or an
``Estimate`` (which proves nothing). Nothing in this folder imports ``certificates``.
"""
