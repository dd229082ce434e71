"""The statements, their graph, and the hypotheses of published theorems."""
