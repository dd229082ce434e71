"""What the kernel says of a draft."""

from __future__ import annotations

import pytest

from cases.kernel_draft import Draft
from lossproof.certificates.kernel.check import check_certificate


def outcome(draft):
    """The code of the rejection, and its place in the last step, before which all must hold."""
    document = draft.finish() if isinstance(draft, Draft) else draft
    result = check_certificate(document)
    assert not result.ok
    assert result.steps == result.claims == ()
    assert len(result.failures) == 1
    last = len(document["steps"]) - 1
    failure = result.failures[0]
    assert failure.place.startswith(f"steps[{last}]"), failure
    return failure.code, failure.place.removeprefix(f"steps[{last}]").removeprefix(".")


def accepted(draft):
    """True if all of it holds; the test fails with the reason if not."""
    result = check_certificate(draft.finish() if isinstance(draft, Draft) else draft)
    return result.ok or pytest.fail(str(result.failures))
