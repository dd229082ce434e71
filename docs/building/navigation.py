"""The contents of the site, part by part; what is not here is on no page, and Sphinx says so."""

from __future__ import annotations

PARTS = {
    "First steps": ("tutorial", "gallery"),
    "How to": ("guides/model", "guides/minimum", "guides/complete", "guides/width", "guides/cluster", "guides/verify", "guides/paper"),
    "Using it": ("command-line", "python", "data", "models", "critical-points", "complete-maps", "training", "sweeps", "scale", "claims"),
    "Theory": ("generated/statements", "proofs", "deciding", "soundness"),
    "Certificates": ("certificate-format", "security", "trust"),
    "Reference": ("generated/api", "zoo"),
    "Measured": ("experiments", "survey", "benchmarks", "peers"),
    "Development": ("architecture", "generated/contributing", "generated/changelog"),
}


def contents() -> str:
    """Return the hidden lists of contents that the first page carries."""
    lists = ("\n".join(("```{toctree}", ":hidden:", ":maxdepth: 1", f":caption: {part}", *names, "```")) for part, names in PARTS.items())
    return "\n\n".join(lists)
