"""Whatever problem of the right shapes comes in, the answer is a report, a training or one sentence, and never a traceback or a warning."""

from __future__ import annotations

import pytest
from cases.fuzz_cases import ENTRIES, run, trial

GROUPS, SIZE = 12, 8


@pytest.mark.parametrize("group", range(GROUPS))
def test_no_traceback_reaches_a_user(group):
    for seed in range(group * SIZE, (group + 1) * SIZE):
        assert run(trial(seed)), seed


def test_the_trials_reach_every_entry_point():
    assert {trial(seed).entry for seed in range(GROUPS * SIZE)} == set(ENTRIES)
