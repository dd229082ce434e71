"""Searches that remember, for tests that ask several jobs one question: where they ask for the same, it is found once."""

from __future__ import annotations

from functools import cache

import pytest

from lossproof.certificates.claims import critical_facts, stationary
from lossproof.numerics.critical import search

ONCE = [
    (module, name, cache(getattr(module, name)))
    for module, name in (
        (search, "search_chunk"), (critical_facts, "weights_below"), (stationary, "critical_box"), (stationary, "family_point"),
    )
]  # fmt: skip
"""What depends on its arguments alone."""


@pytest.fixture
def found_once(monkeypatch):
    """The starts of a problem are run once, and a point is looked for once: with the same numbers and seeds every job would come to the same end."""
    for module, name, found in ONCE:
        monkeypatch.setattr(module, name, found)
