"""What the kernel says of a draft."""

from __future__ import annotations

import pytest

from cases.kernel_draft import Draft
from lossproof.certificates.kernel.check import check_certificate


def outcome(draft):
    document = draft.finish() if isinstance(draft, Draft) else draft
    result = check_certificate(document)
    assert not result.ok
    assert result.steps == ()
    last = len(document["steps"]) - 1
    failure = result.failures[0]
    assert failure.place.startswith(f"steps[{last}]"), failure
    return failure.code, failure.place.removeprefix(f"steps[{last}].")


def accepted(draft):
    result = check_certificate(draft.finish())
    return result.ok or pytest.fail(str(result.failures))
