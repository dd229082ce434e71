"""Every field of every kind of certificate, altered in every way that makes it wrong, is rejected with the right reason."""

from __future__ import annotations

import json

import pytest
from cases.kernel_cases import CASES
from cases.kernel_mutations import mutations

from lossproof.certificates.kernel.check import check_certificate
from lossproof.certificates.proof.verify import verify


@pytest.mark.parametrize("case", CASES)
def test_every_mutation_is_rejected_with_the_right_reason(case):
    document = CASES[case]()
    before = json.dumps(document)
    seen, wrong = set(), []
    for mutation in mutations(document, seed=len(case)):
        if mutation.digest is None:
            result = check_certificate(mutation.source)
        else:
            result = verify(mutation.source, mutation.digest)
        seen.add(mutation.label)
        if result.ok or result.steps or result.failures[0].code not in mutation.codes:
            wrong.append((mutation.label, sorted(mutation.codes), [str(failure) for failure in result.failures]))
    assert not wrong, wrong[:10]
    assert len(seen) > 200
    assert json.dumps(document) == before
    assert check_certificate(document).ok


def test_the_engine_reaches_every_field():
    labels = {mutation.label.split("[")[0].split(" ")[0] for mutation in mutations(CASES["xor_generic"]())}
    assert {"format:", "version:", "digest:", "length:", "points", "steps"} <= labels
