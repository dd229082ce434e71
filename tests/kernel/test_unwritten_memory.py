"""No rule of the kernel reads memory that was not written: every certificate made by hand is accepted as before."""

from __future__ import annotations

import pytest
from cases.kernel_cases import CASES
from cases.stand_ins import poison_new_memory

from lossproof.certificates.kernel.check import check_certificate


@pytest.mark.parametrize("case", CASES)
def test_certificates_are_accepted(case, monkeypatch):
    poison_new_memory(monkeypatch)
    result = check_certificate(CASES[case]())
    assert result.ok, result.failures
