"""Small work runs on one thread of BLAS, large work on all that are allowed, and what was set before comes back."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import lossproof as lp
from lossproof.numerics.algebra import threads
from lossproof.numerics.algebra.gram_sums import GramPart, gram_of_parts, gram_triangle
from lossproof.numerics.algebra.numpy_engine import NumpyEngine
from lossproof.numerics.algebra.threads import LARGE, blas_threads, one_thread, threads_for
from lossproof.numerics.algebra.tiled_cholesky import factor_in_place

XOR = ([[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]])


def in_use():
    """The numbers of threads of all BLAS libraries."""
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def _three_allowed():
    """Three threads, whatever the machine and the environment."""
    with threadpool_limits(3, user_api="blas"):
        assert in_use() == {3}
        yield
        assert in_use() == {3}, "what was set before comes back"


def test_the_size_of_the_work_decides():
    with threads_for(LARGE - 1):
        assert in_use() == {1}
    with threads_for(LARGE):
        assert in_use() == {3}


def test_the_libraries_of_numpy_and_scipy_are_both_covered():
    bundled = {library["filepath"] for library in threadpool_info() if "numpy" in library["filepath"] or "scipy" in library["filepath"]}
    assert bundled <= {library["filepath"] for library in blas_threads()._libraries.info()}


def test_inner_blocks_decide_and_give_back():
    with one_thread():
        with threads_for(LARGE):
            assert in_use() == {3}
            with one_thread():
                assert in_use() == {1}
            assert in_use() == {3}
        assert in_use() == {1}


def test_no_more_threads_than_allowed():
    with threadpool_limits(1, user_api="blas"), one_thread(), threads_for(LARGE):
        assert in_use() == {1}
    with threadpool_limits(2, user_api="blas"), threads_for(LARGE):
        assert in_use() == {2}


def test_an_exception_gives_back():
    with pytest.raises(ZeroDivisionError), one_thread(), threads_for(LARGE):
        1 / 0  # noqa: B018


def test_of_several_threads_of_python_the_first_decides():
    """It ends before the other: what was set before both comes back, and is not changed again."""
    begun, ended, inside = threading.Event(), threading.Event(), []

    def second():
        with threads_for(LARGE):
            inside.append(in_use())
            begun.set()
            ended.wait(60)

    worker = threading.Thread(target=second)
    with one_thread():
        worker.start()
        assert begun.wait(60)
        assert in_use() == {1}
    assert inside == [{1}]
    assert in_use() == {3}
    ended.set()
    worker.join(60)
    assert in_use() == {3}
    with one_thread():
        assert in_use() == {1}


def test_the_libraries_are_looked_for_once_and_again_when_asked():
    first = blas_threads()
    assert blas_threads() is first
    blas_threads.cache_clear()
    assert blas_threads() is not first


def test_jobs_run_on_one_thread():
    seen = []
    report = lp.check_architecture("2-2-1", *XOR, find_weights=True, progress=lambda *_: seen.append(in_use()))
    lp.train("2-3-1", *XOR, progress=lambda *_: seen.append(in_use()))
    lp.train("2-2-1", *XOR, precision=30, progress=lambda *_: seen.append(in_use()))
    lp.find_critical_points("1-1", [[0], [1]], [[1], [3]], starts=4, workers=1, progress=lambda *_: seen.append(in_use()))
    lp.prove_entry("auer-2", progress=lambda *_: seen.append(in_use()))
    assert len(seen) > 10
    assert all(threads == {1} for threads in seen)
    assert lp.verify(report.certificate.text).ok


@pytest.mark.parametrize("large", [False, True])
def test_training_goes_by_the_work_of_a_pass(large, monkeypatch):
    monkeypatch.setattr(threads, "LARGE", 4 * 13 if large else 4 * 13 + 1)
    seen = []
    lp.train("2-3-1", *XOR, method="bp", max_iterations=3, progress=lambda *_: seen.append(in_use()))
    before, *run = seen
    assert before == {1}
    assert run
    assert all(threads == {3 if large else 1} for threads in run)


def test_a_job_that_is_refused_gives_back():
    with pytest.raises(lp.InputError):
        lp.check_architecture("2-2-2", [[0, 1], [1, 0]], [[1, 0], [0, 1]], error="softmax", find_weights=True)


@pytest.mark.parametrize("large", [False, True])
def test_factorisations_and_gram_sums_go_by_their_own_size(large, monkeypatch):
    monkeypatch.setattr(threads, "LARGE", 1000 if large else LARGE)
    seen = []

    def noted(*given):
        seen.append(in_use())
        return given[1]

    g = np.random.default_rng(0)
    parts = [GramPart(g.standard_normal((30, 2, 3)), g.standard_normal((30, 80)))]
    with one_thread():
        assert factor_in_place(gram_triangle(parts), noted)
        monkeypatch.setattr(NumpyEngine, "scaled", noted)
        gram_of_parts(parts)
    assert len(seen) == 2
    assert all(threads == {3 if large else 1} for threads in seen)


@pytest.mark.parametrize("large", [False, True])
def test_the_checker_goes_by_the_columns_of_the_problem(large, monkeypatch):
    text = lp.check_architecture("2-2-1", *XOR).certificate.text
    monkeypatch.setattr(threads, "LARGE", 4**3 // 3 if large else LARGE)
    seen = []
    from lossproof.certificates.kernel import check

    original = check._check_step
    monkeypatch.setattr(check, "_check_step", lambda *args: (seen.append(in_use()), original(*args))[1])
    assert lp.verify(text).ok
    assert seen
    assert all(threads == {3 if large else 1} for threads in seen)
