"""Every field of every kind of step and certificate, altered in every way that makes it wrong, is rejected with the right reason."""

from __future__ import annotations

import json
import re

import pytest
from cases.kernel_cases import CASES
from cases.kernel_memory import reading_once
from cases.kernel_mutations import LISTS, VALUES, alone, chosen_steps, head_mutations, nodes, pattern, signature, step_mutations

import lossproof.certificates.kernel.check as kernel
from lossproof.certificates.kernel.check import RULES, check_certificate
from lossproof.certificates.proof.verify import verify

READERS = {name: reading_once(getattr(kernel, name)) for name in ("read_problem", "read_points")}
STEPS = chosen_steps(CASES)


@pytest.fixture(autouse=True)
def _readers_with_a_memory(monkeypatch, rules_with_a_memory, tables_with_a_memory):
    for name, reader in READERS.items():
        monkeypatch.setattr(kernel, name, reader)


def failures(mutations):
    """The labels of all mutations, and those that were accepted or rejected for another reason."""
    seen, wrong = [], []
    for mutation in mutations:
        result = check_certificate(mutation.source) if mutation.digest is None else verify(mutation.source, mutation.digest)
        seen.append(mutation.label)
        if result.ok or result.steps or result.failures[0].code not in mutation.codes:
            wrong.append((mutation.label, sorted(mutation.codes), [str(failure) for failure in result.failures]))
    return seen, wrong


@pytest.mark.parametrize("case", CASES)
def test_every_mutation_beside_the_steps_is_rejected_with_the_right_reason(case):
    document = CASES[case]()
    before = json.dumps(document)
    seen, wrong = failures(head_mutations(document, seed=len(case)))
    assert not wrong, wrong[:10]
    assert len(seen) > 200
    assert json.dumps(document) == before
    assert check_certificate(document).ok


@pytest.mark.parametrize("case", [case for case, steps in STEPS.items() if steps])
def test_every_mutation_of_a_step_is_rejected_with_the_right_reason(case):
    document = CASES[case]()
    for k in STEPS[case]:
        assert check_certificate(alone(document, k)).ok
        seen, wrong = failures(step_mutations(document, k))
        assert not wrong, wrong[:10]
        assert len(seen) > 40


def test_every_kind_of_step_is_altered():
    documents = {name: case() for name, case in CASES.items()}
    everything = {signature(document, k) for document in documents.values() for k in range(len(document["steps"]))}
    altered = {signature(documents[name], k) for name, steps in STEPS.items() for k in steps}
    assert altered == everything
    assert {kind[0] for kind in altered} == set(RULES)


def test_the_tables_of_mutations_reach_every_field():
    """Every number and word of a step, and every list of its evidence, has an entry of its own besides changes of type."""
    expressions = [expression for expression, *_ in (*VALUES, *LISTS)]
    fields = {pattern(path) for case in CASES.values() for path, value in nodes(case()) if path and not isinstance(value, dict)}
    fields = {
        field
        for field in fields
        if not re.fullmatch(r"problem\.fixed_bias(\..*)?|problem\.frozen\.\*|points\.\*\.\*\.(W|b).*|steps\.\*\.evidence\.precision", field)
    }
    missing = {field for field in fields if not any(re.fullmatch(expression, field) for expression in expressions)}
    assert missing <= {"steps.*.premises.*", "points.*", "problem.widths", "steps.*.evidence.substitution"}, missing


def test_the_engine_reaches_every_part_of_a_certificate():
    document = CASES["xor_generic"]()
    labels = {mutation.label.split("[")[0].split(" ")[0] for mutation in head_mutations(document)}
    assert {"format:", "version:", "digest:", "length:", "seal:", "points", "problem.X", "steps"} <= labels
    labels = {
        mutation.label.split("].")[1].split(" ")[0].split("[")[0].rstrip(":")
        for mutation in step_mutations(document, 7)
        if "]." in mutation.label
    }
    assert {"id", "rule", "premises", "rigor", "conclusion", "conclusion.at", "conclusion.statement", "conclusion.facts.ranks"} <= labels
