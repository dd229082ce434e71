"""Arrays in shared memory are written once, by one process, and as a whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from lossproof.numerics.algebra import shared_arrays
from lossproof.numerics.algebra.shared_arrays import SharedArray, SharedMemory, can_share, opened

pytestmark = pytest.mark.skipif(not can_share(), reason="no memory to share")


@pytest.fixture
def memory():
    found = SharedMemory()
    yield found
    found.release()


def fill(room, number, *, before="pass"):
    """Fill a room with a number in a process of its own."""
    module = SharedArray.__module__
    code = f"import numpy as np, os, signal\nfrom {module} import SharedArray\n{before}\n{room!r}.fill(np.full({room.shape}, {number}))"
    return subprocess.Popen([sys.executable, "-c", code])


@pytest.mark.parametrize("shape", [(1, 1), (511, 1), (512, 1), (3, 171), (64, 64), (5, 7, 3)])
def test_rooms_do_not_overlap(shape, memory):
    g = np.random.default_rng(0)
    values = [g.standard_normal(shape) for _ in range(3)]
    rooms = [memory.room(shape) for _ in values]
    for room, X in zip(rooms[::-1], values[::-1], strict=True):
        assert not room.is_filled()
        room.fill(X.T.copy().T)
    assert all(np.array_equal(room.array(), X) and np.array_equal(opened(room), X) for room, X in zip(rooms, values, strict=True))
    assert not rooms[0].array().flags.writeable


def test_who_comes_second_changes_nothing(memory):
    room = memory.room((300, 300))
    ended = [fill(room, number) for number in (1.0, 2.0)]
    assert [process.wait(60) for process in ended] == [0, 0]
    found = room.array()
    assert found.min() == found.max() in (1.0, 2.0)
    room.fill(np.zeros((300, 300)))
    assert found.min() == found.max() != 0


_KILL = """
write = os.pwrite
def half(file, values, at):
    write(file, values[: len(values) // 2], at)
    os.kill(os.getpid(), signal.SIGKILL)
os.pwrite = half
"""


def test_an_array_that_was_not_finished_is_not_there(memory):
    room = memory.room((300, 300))
    assert fill(room, 1.0, before=_KILL).wait(60) == -signal.SIGKILL
    assert not room.is_filled()
    room.fill(np.full((300, 300), 2.0))
    assert room.array().min() == 2


def test_many_writes_make_one_array(memory, monkeypatch):
    write = os.pwrite
    monkeypatch.setattr(shared_arrays.os, "pwrite", lambda file, values, at: write(file, values[:1000], at))
    X = np.arange(999.0).reshape(27, 37)
    assert np.array_equal(memory.filled(X).array(), X)


def test_an_array_outlives_the_memory_that_it_was_in():
    memory = SharedMemory()
    found = memory.filled(np.ones((9, 9))).array()
    memory.release()
    assert found.sum() == 81


def test_memory_of_a_process_that_has_ended_is_an_error():
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True)
    with pytest.raises(OSError, match="/proc/"):
        SharedArray(f"/proc/{ended.stdout.strip()}/fd/3", 0, (1, 1)).is_filled()


def test_many_read_while_one_writes(memory):
    rooms = [memory.room((64, 64)) for _ in range(40)]
    read = lambda room: room.array().sum() if room.is_filled() else None  # noqa: E731
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(read, rooms * 5)
        for k, room in enumerate(rooms):
            room.fill(np.full((64, 64), k + 1.0))
        allowed = {None, *((k + 1) * 4096.0 for k in range(40))}
        assert set(found) <= allowed
