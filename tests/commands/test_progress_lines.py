"""Progress without a bar: lines at times, from within a long step too, and none of short work."""

from __future__ import annotations

import re
import signal
from threading import Event, active_count

import pytest

from lossproof.certificates.commands.progress_lines import progress_lines

LONG = 60.0


def test_lines_tell_what_goes_on_even_where_nothing_is_called():
    lines, deaf, told = [], set(), Event()

    def say(line):
        lines.append(line)
        deaf.add(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))
        if "search" in line:
            told.set()

    before = active_count()
    with progress_lines(say, first=0.0, following=0.0) as progress:
        progress("search", 3, 200)
        assert told.wait(LONG)
    assert (active_count(), deaf) == (before, {True})
    assert all(re.fullmatch(r"at work for \d+ s: (starting|search, 3 of 200)", line) for line in lines)


def test_short_work_says_nothing_and_leaves_no_thread():
    lines, before = [], active_count()
    with progress_lines(lines.append) as progress:
        progress("search", 3, 200)
    assert (lines, active_count()) == ([], before)


def test_work_that_fails_ends_the_lines_and_fails():
    before = active_count()
    with pytest.raises(KeyboardInterrupt), progress_lines(print, first=LONG):
        raise KeyboardInterrupt
    assert active_count() == before
