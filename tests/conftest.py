"""Shared helpers: every certificate that the suite produces is re-checked by the kernel."""

from __future__ import annotations

import os

import pytest

import lossproof as lp

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # numpy is not loaded yet; tests run on one process a core, and threads beside them only wait


@pytest.fixture
def check():
    """`check_architecture` whose certificate must be accepted, with exactly the decided claims."""

    def checked(*args, **kwargs):
        report = lp.check_architecture(*args, **kwargs)
        verification = lp.verify(report.certificate.text)
        assert verification.ok, verification.failures
        decided = [claim for claim in report if claim.verdict is not lp.Verdict.UNDECIDED]
        assert len({(claim.id, claim.scope, claim.point) for claim in report}) == len(report.claims)
        accepted = {tuple(step.conclusion[key] for key in ("statement", "scope", "verdict")) for step in verification.claims}
        assert {(claim.id, claim.scope.value, claim.verdict.value) for claim in decided} <= accepted
        return report

    return checked
