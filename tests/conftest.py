"""Shared helpers: every certificate that the suite produces is re-checked by the kernel."""

from __future__ import annotations

import pytest

import lossproof as lp


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
