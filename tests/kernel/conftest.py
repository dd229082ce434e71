"""Rules that remember, for tests that alter one place of a certificate many times: the steps that stay as they are are checked once."""

from __future__ import annotations

import pytest
from cases.kernel_memory import made_once, remembering

import lossproof.certificates.kernel.check as kernel
from lossproof.certificates.kernel.network import many_boxes

REMEMBERING = remembering(kernel.RULES)
TABLES = made_once(many_boxes.Table)


@pytest.fixture
def rules_with_a_memory(monkeypatch):
    """Let the kernel apply each rule once to equal steps."""
    monkeypatch.setattr(kernel, "RULES", REMEMBERING)


@pytest.fixture
def tables_with_a_memory(monkeypatch):
    """Let the kernel make equal tables of Taylor polynomials once, and count their work each time."""
    monkeypatch.setattr(many_boxes, "Table", TABLES)
