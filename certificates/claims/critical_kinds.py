"""The kinds of critical points, and the signs of eigenvalues, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KIND_WORDS = {
    "global": "global minimum",
    "strict-minimum": "strict local minimum",
    "local-minimum": "local minimum",
    "saddle": "saddle",
    "maximum": "local maximum",
    "higher-order-descent": "no minimum: higher-order descent",
    "undecided": "kind undecided",
    "not-critical": "not critical",
}
MINIMA = ("strict-minimum", "local-minimum")
SIGNS = ("negative", "zero", "positive", "undecided")
"""The signs of eigenvalues that an inertia counts."""


def kind_words(facts: Mapping[str, Any]) -> str:
    """Return the kind of a critical point in words, of the facts of a claim ``critical-point``.

    A maximum is strict where no eigenvalue of the Hessian is 0. A ``saddle`` is called one where an eigenvalue is proved positive: else it may be a maximum.

    >>> signs = {"negative": 1, "zero": 0, "positive": 0, "undecided": 1}
    >>> kind_words({"kind": "saddle", "inertia": signs}), kind_words({"kind": "saddle", "inertia": signs | {"positive": 1}})
    ('no minimum: negative curvature', 'saddle')
    """
    kind, signs = str(facts["kind"]), facts.get("inertia")
    if kind == "maximum" and signs:
        return f"{'local' if signs['zero'] else 'strict local'} maximum{', not strict' if signs['zero'] else ''}"
    return "no minimum: negative curvature" if kind == "saddle" and signs and not signs["positive"] else KIND_WORDS[kind]
