"""Shared helpers: every certificate that the suite produces is re-checked by the kernel."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

import lossproof as lp

TESTS = Path(__file__).parent
os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # numpy is not loaded yet; tests run on one process a core, and threads beside them only wait


def pytest_configure():
    """Nothing that is imported and collected is unused: no search for unused cycles meanwhile."""
    gc.disable()


def pytest_collection_modifyitems(items):
    """Whole pages, examples and documents come first: no process is left with a long test at the end, where the others have none to take from it."""
    items.sort(key=lambda item: item.path.parent != TESTS)


def pytest_collection_finish():
    """What is imported and collected lives to the end: the search for unused cycles leaves it alone, unused cycles and all, and comes less often."""
    gc.freeze()
    gc.enable()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(autouse=True, scope="session")
def _no_lines_of_progress():
    """How fast the machine is changes nothing that commands print in this process."""
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr("lossproof.certificates.commands.progress_lines.FIRST", 3600.0)
        yield


@pytest.fixture
def check(monkeypatch):
    """`check_architecture` whose certificate must be accepted as it is, with exactly the decided claims: nothing is demoted before.

    Of the rounds of a search that nobody asks for one is made: the others do the same from other starts.
    """

    def checked(*args, **kwargs):
        with monkeypatch.context() as changed:
            if "search" not in kwargs:
                changed.setattr("lossproof.certificates.claims.network_search.MOST_ROUNDS", 1)
            report = lp.check_architecture(*args, **{"self_check": False, **kwargs})
        verification = lp.verify(report.certificate.text)
        assert verification.ok, verification.failures
        decided = [claim for claim in report if claim.verdict is not lp.Verdict.UNDECIDED]
        assert len({(claim.id, claim.place) for claim in report}) == len(report.claims)
        accepted = {tuple(step.conclusion[key] for key in ("statement", "at", "verdict")) for step in verification.claims}
        assert {(claim.id, report.numbering.name(claim.place), claim.verdict.value) for claim in decided} <= accepted
        return report

    return checked
