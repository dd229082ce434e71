"""The tasks of a factorisation do every operation once, in the order of one machine, and the most urgent ones are those with the longest path behind them."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import pytest

from lossproof.numerics.algebra.tile_tasks import TERMS, tile_tasks, urgencies


def needs(task):
    """The tiles that a task needs, finished."""
    if task.terms is None:
        return {(task.J, task.J)} - {(task.I, task.J)}
    return {(row, K) for K in task.terms for row in (task.I, task.J)}


@pytest.mark.parametrize("count", [1, 2, TERMS, TERMS + 1, 2 * TERMS + 1, 14])
def test_every_product_is_subtracted_once_in_order_and_after_its_factors(count):
    terms, finished = {}, set()
    for task in tile_tasks(count):
        assert needs(task) <= finished
        if task.terms is None:
            assert terms[task.I, task.J] == list(range(task.J))
            finished.add((task.I, task.J))
        else:
            assert len(task.terms) <= TERMS
            assert task.terms.start == len(terms.setdefault((task.I, task.J), []))
            terms[task.I, task.J] += task.terms
    assert finished == {(I, J) for I in range(count) for J in range(I + 1)}


@pytest.mark.parametrize("count", [1, 3, 2 * TERMS + 1, 14])
def test_urgency_is_the_longest_path(count):
    tasks = list(tile_tasks(count))
    following = {task: [other for other in tasks if needs(other) & {(task.I, task.J)} and task.terms is None] for task in tasks}
    for one, other in pairwise(tasks):
        if (one.I, one.J) == (other.I, other.J):
            following[one].append(other)

    @cache
    def longest(task):
        return task.cost + max(map(longest, following[task]), default=0.0)

    assert urgencies(tasks) == [longest(task) for task in tasks]
