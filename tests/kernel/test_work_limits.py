"""Limits of work: every rule is driven to what it spends and not further, and to every limit of size that there is."""

from __future__ import annotations

from functools import cache

import pytest
from cases.kernel_cases import CASES
from cases.kernel_draft import Draft

from lossproof.certificates.kernel.check import RULES, check_certificate
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory.limits import step_work

FREE = {
    "rank-size", "rank-sylvester", "rank-stack", "rank-almost", "rank-regular", "rank-family", "unlearnable-range",
    "record", "definition",
}  # fmt: skip
"""Rules that look at widths, functions and premises only, or at one target: nothing but the reading of a step is counted."""


class Steps(Work):
    """The work of each step."""

    def __init__(self):
        super().__init__()
        self.of_steps = []

    def begin_step(self):
        super().begin_step()
        self.of_steps.append(0)

    def spend(self, amount, what):
        super().spend(amount, what)
        self.of_steps[-1] += amount


@cache
def document(case):
    return CASES[case]()


@cache
def spent(case):
    """What the steps of a case spend."""
    work = Steps()
    result = check_certificate(document(case), work=work)
    assert result.ok, result.failures
    assert result.work == work.spent == sum(work.of_steps)
    return work.of_steps


def refused(document, work):
    """The step at which a check ends for want of work."""
    result = check_certificate(document, work=work)
    assert [failure.code for failure in result.failures] == ["limit"]
    return int(result.failures[0].place.removeprefix("steps[").partition("]")[0])


@pytest.mark.parametrize("case", CASES)
def test_a_certificate_takes_what_it_spends_and_no_less(case):
    steps = spent(case)
    total, heaviest = sum(steps), max(steps)
    assert check_certificate(document(case), work=Work(total, heaviest)).ok
    assert refused(document(case), Work(total - 1)) == len(steps) - 1
    assert refused(document(case), Work(total, heaviest - 1)) == steps.index(heaviest)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_driven_to_the_limit_of_a_step(rule):
    """The first, the least and the most that a rule spends in the cases, each as the last step of a certificate."""
    found = [(spent(case)[k], case, k) for case in CASES for k, step in enumerate(document(case)["steps"]) if step["rule"] == rule]
    own = [work - step_work(len(document(case)["problem"]["widths"]) - 1) for work, case, k in found]
    assert min(own) >= 0
    assert (max(own) == 0) == (rule in FREE)
    for work, case, k in {found[0], min(found), max(found)}:
        alone = Draft.of(document(case), k + 1).finish()
        before = sum(spent(case)[:k])
        assert check_certificate(alone, work=Work(before + work)).ok
        assert refused(alone, Work(before + work - 1)) == k


def test_cheap_steps_add_up():
    d = Draft.of(document("wide"), 0)
    for _ in range(50):
        d.size("P", 3)
    assert check_certificate(d.finish(), work=Work(50 * step_work(2))).ok
    assert refused(d.finish(), Work(50 * step_work(2) - 1)) == 49


def test_a_limit_is_no_license_to_spend_it_again():
    """A step that was refused leaves no more than there was."""
    work = Work(1000)
    d = Draft.of(document("wide"), 0)
    d.size("P", 3)
    before = work.spent
    assert check_certificate(d.finish(), work=work).ok
    assert work.spent == before + step_work(2)
    assert refused(document("wide"), work) < len(document("wide")["steps"])
    assert work.spent > 1000
    assert refused(d.finish(), work) == 0
