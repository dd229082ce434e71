"""Numbers, formulas and prose as text."""
