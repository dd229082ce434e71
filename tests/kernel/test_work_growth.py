"""Work is counted where time goes: for every sort of arithmetic the count grows as the time does, and no unit of it takes long."""

from __future__ import annotations

import time

import pytest
from cases.kernel_growth import GROWING

from lossproof.certificates.kernel.check import check_certificate
from lossproof.certificates.kernel.reading.work import Work

UNIT, START = 5e-6, 0.02
"""Seconds of a unit of work, many times what it takes as a rule, and of the reading of a document."""


def counted(document):
    """The work of a check, which no limit ends, and its time on the processor."""
    work = Work()
    start = time.process_time()
    result = check_certificate(document, work=work)
    passed = time.process_time() - start
    assert result.ok or result.failures[0].code not in ("limit", "schema", "rule", "premise"), result.failures
    return work.spent, passed


@pytest.mark.parametrize("kind", GROWING)
def test_work_grows_with_what_is_done(kind):
    certificate, small, large, least = GROWING[kind]
    first, _ = counted(certificate(small).finish())
    document = certificate(large).finish()
    second, passed = counted(document)
    assert second >= least * first
    tries = 1
    while passed > START + UNIT * second and tries < 3:
        passed, tries = min(passed, counted(document)[1]), tries + 1
    assert passed <= START + UNIT * second
