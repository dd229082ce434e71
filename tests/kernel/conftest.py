"""Rules that remember, for tests that alter one place of a certificate many times: the steps that stay as they are are checked once."""

from __future__ import annotations

import pytest
from cases.kernel_memory import remembering

import lossproof.certificates.kernel.check as kernel

REMEMBERING = remembering(kernel.RULES)


@pytest.fixture
def rules_with_a_memory(monkeypatch):
    """Let the kernel apply each rule once to equal steps."""
    monkeypatch.setattr(kernel, "RULES", REMEMBERING)
