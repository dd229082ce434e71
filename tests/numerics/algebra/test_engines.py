"""One tiled algorithm on several engines and places: the same bits, the same verdicts, a killed run that goes on, and engines that are not what they say."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tracemalloc
from fractions import Fraction
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from cases import tile_cases
from cases.tile_cases import ENGINES, TILE, ByInverse, engine_of, nearly_singular, parts_of, rows_of, shifted

from lossproof.numerics import dask_cluster
from lossproof.numerics.algebra import cluster_worker, dask_matrix, tiled_matrix
from lossproof.numerics.algebra.gram_sums import gram_triangle
from lossproof.numerics.algebra.memory import gram_bytes
from lossproof.numerics.algebra.numpy_engine import NUMPY, NumpyEngine
from lossproof.numerics.algebra.product_self_test import _is_near, fault_of
from lossproof.numerics.algebra.products import gamma
from lossproof.numerics.algebra.shared_arrays import SharedArray, can_share
from lossproof.numerics.algebra.tiled_cholesky import factor_measured, solve_factored
from lossproof.numerics.algebra.workplace import Workplace, workplace_named
from lossproof.numerics.ranks.verified import attempt_full_column_rank
from lossproof.numerics.verified import activations
from lossproof.numerics.verified.gram import full_column_rank, smallest_singular_value
from lossproof.theory.exceptions import InputError, LossproofError
from lossproof.theory.problem.architecture import Architecture


@pytest.fixture(autouse=True)
def _small_tiles(monkeypatch):
    monkeypatch.setattr(tiled_matrix, "TILE", TILE)


@pytest.mark.parametrize("most_tiles", [0, 7, 12, 20, 1000])
def test_a_factor_on_disk_has_the_same_bits(most_tiles, tmp_path):
    K = shifted(gram_triangle(parts_of()))
    D = Workplace(NUMPY, tmp_path, most_bytes=8 * TILE**2 * most_tiles).gram(parts_of())
    assert D.diagonal().tolist() == gram_triangle(parts_of()).diagonal().tolist()
    shifted(D)
    assert [I for panel in D.panels for I in panel] == list(range(len(K.starts) - 1))
    assert (len(D.panels) == 1) == (most_tiles == 1000)
    assert factor_measured(K) == factor_measured(D) == 0
    assert np.array_equal(rows_of(K), rows_of(D))
    assert np.array_equal(solve_factored(K, np.arange(96.0)), solve_factored(D, np.arange(96.0)))
    D.release()
    assert list(tmp_path.iterdir()) == []


def peak_of(*jobs):
    """The least peak of jobs that do the same: the interpreter's own tables, such as that of interned names, may grow in one of them."""
    peaks = []
    for job in jobs:
        tracemalloc.start()
        try:
            job()
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    return min(peaks)


@pytest.mark.parametrize("most_tiles", [0, 40, 100])
@pytest.mark.parametrize("m", [1, 4])
def test_no_more_tiles_are_held_than_allowed(m, most_tiles, monkeypatch, tmp_path):
    monkeypatch.setattr(tiled_matrix, "TILE", 64)
    n, parts = 960, parts_of(T=960 // m, m=m)
    places = [Workplace(NUMPY, tmp_path / name, most_bytes=8 * 64**2 * most_tiles) for name in "ab"]
    factors = [shifted(place.gram(parts)) for place in places]
    measured = []
    peak = peak_of(*(lambda K=K: measured.append(factor_measured(K)) for K in factors))
    assert measured == [0, 0]
    assert peak <= max(places[0].held_bytes(n), places[0].most_bytes) + 2**16


@pytest.mark.parametrize(
    ("widths", "T", "activation"),
    [((8, 300, 10), 50, "tanh"), ((8, 100, 100, 5), 80, "tanh"), ((200, 80, 4), 80, "gelu"), ((4, 200, 1), 180, "tanh"), ((4, 80, 1), 70, "gelu")],
)  # fmt: skip
def test_factors_and_their_copies_are_counted(widths, T, activation, monkeypatch, tmp_path):
    monkeypatch.setattr(tiled_matrix, "TILE", 64)
    monkeypatch.setattr(activations, "_BALLS_AT_ONCE", 128)
    architecture, g = Architecture.of(widths, activation), np.random.default_rng(0)
    weights = [(g.standard_normal((a, b)), g.standard_normal(b)) for a, b in pairwise(widths)]
    X, place = g.standard_normal((T, widths[0])), Workplace(NUMPY, tmp_path, most_bytes=0)
    job = lambda: attempt_full_column_rank(architecture, X, weights, place=place)  # noqa: E731
    assert job().evidence is not None
    assert peak_of(job, job) <= gram_bytes(architecture, T, 0) - gram_bytes(Architecture.of("1-1"), 0, 0) + place.held_bytes(T * widths[-1])


_KILLED = """
import os, pathlib, runpy, signal, sys
from lossproof.numerics import dask_cluster
from lossproof.numerics.algebra import dask_matrix, tiled_matrix
from lossproof.numerics.algebra.tiled_cholesky import factor_measured
from lossproof.numerics.algebra.workplace import IN_MEMORY, Workplace
module = runpy.run_path(sys.argv[2])
tiled_matrix.TILE = TILE = module["TILE"]
place = Workplace(IN_MEMORY.engine, pathlib.Path(sys.argv[1]), most_bytes=8 * TILE**2 * 7)
K = module["shifted"](place.gram(module["parts_of"]()))
kept, keep = [], K.keep
def keep_some(I, J, tile):
    keep(I, J, tile)
    kept.append((I, J))
    if len(kept) == 9:
        os.kill(os.getpid(), signal.SIGKILL)
K.keep = keep_some
factor_measured(K)
"""


def test_a_killed_factorisation_goes_on_where_it_was(tmp_path):
    ended = subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path), tile_cases.__file__], check=False, timeout=60)
    assert ended.returncode == -signal.SIGKILL
    D, kept = shifted(Workplace(NUMPY, tmp_path, most_bytes=8 * TILE**2 * 7).gram(parts_of())), []
    keep = D.keep
    D.keep = lambda *tile: (kept.append(tile[:2]), keep(*tile))
    assert factor_measured(D) == 0
    count = len(D.starts) - 1
    assert len(kept) == count * (count + 1) // 2 - 9
    K = shifted(gram_triangle(parts_of()))
    assert factor_measured(K) == 0
    assert np.array_equal(rows_of(K), rows_of(D))


def test_only_tiles_that_are_whole_count(tmp_path):
    place = Workplace(NUMPY, tmp_path)
    D = shifted(place.gram(parts_of()))
    factor_measured(D)
    whole, journal = rows_of(D), D.folder / "journal.txt"
    (D.folder / "2-1.tile").write_bytes(b"\0" * 8)
    with (D.folder / "3-0.tile").open("r+b") as file:
        file.write(b"\1")
    (D.folder / "4-4.tile").unlink()
    journal.write_text(journal.read_text("ascii") + "9 9 9\nnot a line\n5 ", "ascii")
    again = shifted(place.gram(parts_of()))
    assert [again.is_final(*tile) for tile in ((2, 1), (3, 0), (4, 4), (9, 9), (5, 5))] == [False, False, False, False, True]
    factor_measured(again)
    assert np.array_equal(rows_of(again), whole)
    with (D.folder / "3-0.tile").open("r+b") as file:
        file.write(b"\1")
    with pytest.raises(InputError, match=r"must be what was written"):
        again.row(3)


def test_the_next_row_of_a_factor_is_read_ahead(tmp_path, monkeypatch):
    """Row by row of a finished factor, each file of the row after it once, and nothing after the last row."""
    D, asked = shifted(Workplace(NUMPY, tmp_path).gram(parts_of())), []
    factor_measured(D)
    whole = rows_of(D)
    monkeypatch.setattr("lossproof.numerics.algebra.disk_matrix._read_ahead", lambda path: asked.append(path.name))
    assert np.array_equal(rows_of(D), whole)
    assert asked == [f"{I}-{J}.tile" for I in range(1, len(D.starts) - 1) for J in range(I + 1)]


def test_tiles_of_another_user_count_for_nothing(tmp_path, monkeypatch):
    D = shifted(Workplace(NUMPY, tmp_path).gram(parts_of()))
    factor_measured(D)
    monkeypatch.setattr("lossproof.numerics.algebra.disk_matrix.os.getuid", lambda: 2**20)
    with pytest.raises(InputError, match="belongs to another user"):
        factor_measured(shifted(Workplace(NUMPY, tmp_path).gram(parts_of())))


def test_another_matrix_or_diagonal_has_another_folder(tmp_path):
    place = Workplace(NUMPY, tmp_path)
    K = place.gram(parts_of())
    folders = {place.gram(parts).folder for parts in (parts_of(), parts_of(2), parts_of()[:2], parts_of(T=25))}
    assert len({*folders, shifted(K, 1.0).folder, shifted(K.copy(), 2.0**-40).folder}) == 6


@pytest.mark.parametrize("name", ENGINES)
def test_residuals_bound_what_is_wrong_with_a_factor(name, tmp_path):
    """``‖A − LLᵀ‖`` in extended precision is below the bound of the head of `tiled_cholesky`, on each engine, in memory and on disk."""
    engine = engine_of(name)
    for place in (Workplace(engine), Workplace(engine, tmp_path, most_bytes=0)):
        K = shifted(place.gram(parts_of()), 2.0**-20)
        A = rows_of(K).astype(np.longdouble)
        residual = factor_measured(K)
        L = rows_of(K).astype(np.longdouble)
        error = np.tril(A - L @ L.T)
        norm = float(np.sqrt(2 * (error**2).sum()))
        rounding = (2 * TILE + len(K.starts) + 8) * 2.0**-53 * float(np.trace(A))
        assert norm <= rounding + 2 * residual
        assert engine.stable == (residual == 0)


@pytest.mark.parametrize(
    ("name", "on_disk"), [(name, on_disk) for name in ENGINES for on_disk in (False, True) if (name, on_disk) != ("jax", True)]
)
def test_the_verdict_is_that_of_numpy_in_memory(name, on_disk, tmp_path):
    place = Workplace(engine_of(name), tmp_path if on_disk else None, most_bytes=0)
    for exponent in range(0, 60, 4):
        blocks = nearly_singular(np.random.default_rng(exponent), 2.0**-exponent)
        expected = full_column_rank(blocks, 1, 4.0).proved
        assert full_column_rank(blocks, 1, 4.0, place=place).proved == expected, exponent
        assert expected or exponent > 16, exponent
        assert not expected or exponent < 28, exponent
    bound, plain = (
        smallest_singular_value(blocks := nearly_singular(np.random.default_rng(0), 0.5), 1, place=place),
        smallest_singular_value(blocks, 1),
    )
    assert abs(bound.lower / plain.lower - 1) < 1e-6
    assert not on_disk or list(tmp_path.iterdir()) == []


class Careless(NumpyEngine):
    """An engine that is not stable, and says of every tile that it was factored."""

    name, stable = "careless", False

    def __init__(self, spoil):
        self.spoil = spoil

    def factor(self, tile):
        if not np.abs(tile).max() < 1e100:
            return tile
        found, vectors = np.linalg.eigh(np.tril(tile) + np.tril(tile, -1).T)
        L = np.linalg.qr((vectors * np.sqrt(np.maximum(found, 1e-300))).T)[1].T
        self.spoil(L)
        return L


@pytest.mark.parametrize(
    "spoil", [lambda L: None, np.abs, lambda L: L.fill(0), lambda L: L.fill(np.nan), lambda L: np.multiply(L, 1 + 1e-9, out=L)]
)
def test_no_engine_proves_what_is_false(spoil):
    """A column that is twice there, in a matrix that an engine factors as well as one can."""
    g = np.random.default_rng(3)
    blocks = nearly_singular(g, 0.0)
    assert not full_column_rank(blocks, 1, place=Workplace(Careless(spoil))).proved
    K = Workplace(Careless(spoil)).gram(parts_of())
    K.set_diagonal(K.diagonal() - 1e3)
    residual = factor_measured(K)
    assert not residual < 1


def strassen(A, B, out):
    """One step of Strassen's algorithm for ``A Bᵀ``."""
    h, B = len(A) // 2, B.T
    (a, b), (c, d) = ((X[:h, :h], X[:h, h:]) for X in (A, A[h:]))
    (e, f), (p, q) = ((X[:h, :h], X[:h, h:]) for X in (B, B[h:]))
    m1, m2, m3, m4 = (a + d) @ (e + q), (c + d) @ e, a @ (f - q), d @ (p - e)
    m5, m6, m7 = (a + b) @ q, (c - a) @ (e + f), (b - d) @ (p + q)
    out[...] = np.block([[m1 + m4 - m5 + m7, m3 + m5], [m2 + m4, m1 - m2 + m3 + m6]])


def single(A, B, out):
    out[...] = A.astype(np.float32) @ B.astype(np.float32).T


def cut(X, bits):
    mantissa, exponent = np.frexp(X)
    return np.ldexp(np.round(mantissa * 2.0**bits) / 2.0**bits, exponent)


def short_factors(A, B, out):
    """Ten bits of each factor, as tensor cores take them, and sums in full."""
    out[...] = cut(A, 11) @ cut(B, 11).T


def short_sums(A, B, out):
    """Products in full, and a sum of 24 bits."""
    out[...] = 0
    for k in range(0, A.shape[1], 8):
        out[...] = cut(out + A[:, k : k + 8] @ B[:, k : k + 8].T, 24)


def sliced(A, B, out):
    """Fixed point with 64 bits below the largest entry of all, as emulated doubles have it."""
    fixed = lambda X: np.ldexp(np.rint(np.ldexp(X, 64 - np.frexp(np.abs(X).max())[1])), np.frexp(np.abs(X).max())[1] - 64)  # noqa: E731
    out[...] = fixed(A) @ fixed(B).T


@pytest.mark.parametrize("multiply", [strassen, single, short_factors, short_sums, sliced])
@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid")
def test_engines_with_other_products_are_found_out(multiply):
    class Other(NumpyEngine):
        def product(self, A, B, ones=0, out=None):
            out = np.empty((len(A), len(B)))
            multiply(A, B, out)
            return out

    assert "farther from the exact one" in fault_of(Other(), 64)
    assert fault_of(NUMPY, 64) == ""


def test_entries_that_are_rounded_otherwise_are_found_out():
    class Other(NumpyEngine):
        def plus(self, A, B):
            return cut(super().plus(A, B), 52)

    assert "IEEE 754" in fault_of(Other(), 64)


def test_sums_of_products_are_compared_exactly():
    """The comparison of the self-test has a twin in fractions, at the edge of its bound, with zeros and subnormal numbers."""
    g, seen = np.random.default_rng(0), set()
    for _ in range(400):
        k = int(g.integers(1, 9))
        a, b = (np.ldexp(g.standard_normal(k), g.integers(-500, 400, k)) for _ in range(2))
        a[0] *= g.choice([0.0, 1.0, 5e-324])
        terms = [Fraction(x) * Fraction(y) for x, y in zip(a.tolist(), b.tolist(), strict=True)]
        value = float(sum(terms)) * (1 + int(g.integers(-2 * k, 2 * k)) * 2.0**-53)
        near = abs(Fraction(value) - sum(terms)) <= Fraction(gamma(k + 1)) * sum(map(abs, terms))
        assert _is_near(value, a, b) == near
        seen.add(near)
    assert seen == {True, False}


@pytest.mark.parametrize("name", ENGINES)
def test_engines_pass_their_test(name):
    assert fault_of(engine_of(name), 128) == ""


def test_an_engine_that_fails_is_refused_with_a_sentence(monkeypatch):
    monkeypatch.setattr("lossproof.numerics.algebra.workplace.fault_of", lambda engine: "its entries are wrong")
    with pytest.raises(InputError, match=r"the engine disk .* is refused, because its entries are wrong"):
        workplace_named("disk")
    for name in ("", "Numpy", "torch:x", "numpy:/tmp", "dusk"):
        with pytest.raises(InputError, match=r"engine must be one of"):
            workplace_named(name)


def test_auto_chooses_by_memory_and_says_so():
    assert workplace_named("auto", 1000, 2**30).note == ""
    chosen = workplace_named("auto", 40_000, 2**32)
    assert chosen.folder is not None
    assert "engine disk" in chosen.note
    assert "6.0 GiB in" in chosen.note


def test_a_disk_without_room_is_refused_and_what_is_finished_counts(tmp_path, monkeypatch):
    D, free = shifted(Workplace(NUMPY, tmp_path).gram(parts_of())), 8 * 96 * 112 // 2
    usage = lambda size: monkeypatch.setattr(shutil, "disk_usage", lambda path: type("Usage", (), {"free": size}))  # noqa: E731
    usage(free - 1)
    with pytest.raises(InputError, match=r"needs 0\.0 GiB more in"):
        factor_measured(D)
    usage(free)
    assert factor_measured(D) == 0
    usage(0)
    assert factor_measured(shifted(Workplace(NUMPY, tmp_path).gram(parts_of()))) == 0


def test_residuals_of_another_run_do_not_count(tmp_path):
    place = Workplace(ByInverse(), tmp_path)
    first = factor_measured(shifted(place.gram(parts_of())))
    again = shifted(place.gram(parts_of()))
    assert not again.is_final(0, 0)
    assert factor_measured(again) == first > 0


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0", silence_logs=50) as found:
        yield found


SHARED = [False, *([True] if can_share() else [])]


@pytest.mark.parametrize("shares", SHARED)
def test_tiles_of_workers_have_the_same_bits(shares, cluster):
    K, place = shifted(gram_triangle(parts_of())), Workplace(cluster=cluster.scheduler_address, shares=shares)
    D, done = shifted(place.gram(parts_of())), []
    assert factor_measured(K) == factor_measured(D, lambda *at: done.append(at)) == 0
    assert done[-1] == (96**2, 96**2)
    assert np.array_equal(rows_of(K), rows_of(D))
    assert np.array_equal(solve_factored(K, np.arange(96.0)), solve_factored(D, np.arange(96.0)))
    D.release()
    assert factor_measured(shifted(place.gram(parts_of()), -40.0)) is None
    assert isinstance(place.gram(parts_of(T=4)), tiled_matrix.TiledMatrix)


@pytest.mark.parametrize("most_bytes", [None, 0])
def test_rows_of_a_factor_are_fetched_once_where_there_is_room(most_bytes, cluster):
    D = shifted(Workplace(cluster=cluster.scheduler_address, most_bytes=most_bytes).gram(parts_of()))
    assert factor_measured(D) == 0
    assert (D.row(3) is D.row(3)) == (most_bytes is None)
    D.release()


@pytest.mark.parametrize("shares", SHARED)
def test_a_worker_that_dies_costs_nothing_but_time(shares, monkeypatch):
    """What it has put into shared memory is not even formed again."""
    distributed = pytest.importorskip("distributed")
    K, lost, finished = shifted(gram_triangle(parts_of(T=48))), [], []
    assert factor_measured(K) == 0
    solve = cluster_worker.solve_tile
    monkeypatch.setattr(cluster_worker, "solve_tile", lambda *given: finished.append(1) or solve(*given))
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0", silence_logs=50) as mortal:
        D = shifted(Workplace(cluster=mortal.scheduler_address, shares=shares).gram(parts_of(T=48)))

        def lose_one(done, total):
            if not lost:
                lost.append(next(iter(mortal.workers.values())))
                mortal.sync(lost[0].close, nanny=False, reason="killed")

        assert factor_measured(D, lose_one) == 0
        assert len(mortal.scheduler.workers) == 1
        assert np.array_equal(rows_of(K), rows_of(D))
        tiles = len(D.starts) * (len(D.starts) - 1) // 2
        assert len(finished) <= tiles + 1 if shares else len(finished) >= tiles
        D.release()


@pytest.mark.parametrize("shares", SHARED)
def test_workers_that_all_die_are_replaced_by_others(shares, monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(dask_cluster, "_LOOK", 0.05)
    K, lost = shifted(gram_triangle(parts_of(T=48))), []
    assert factor_measured(K) == 0

    async def start(address):
        return await distributed.Worker(address, nthreads=1)

    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0", silence_logs=50) as mortal:
        D = shifted(Workplace(cluster=mortal.scheduler_address, shares=shares).gram(parts_of(T=48)))

        def lose_all(done, total):
            if not lost:
                lost.extend(mortal.workers.values())
                for worker in lost:
                    mortal.sync(worker.close, nanny=False, reason="killed")
                lost.append(mortal.sync(start, mortal.scheduler_address))

        assert factor_measured(D, lose_all) == 0
        assert list(mortal.scheduler.workers) == [lost[-1].address]
        assert np.array_equal(rows_of(K), rows_of(D))
        D.release()
        mortal.sync(lost[-1].close)


@pytest.mark.skipif(not can_share(), reason="no memory to share")
def test_memory_that_cannot_be_shared_is_said(cluster, monkeypatch):
    def short(file, values, at):
        raise OSError(28, "No space left on device")

    D = shifted(Workplace(cluster=cluster.scheduler_address, shares=True).gram(parts_of()))
    fill = SharedArray.fill
    monkeypatch.setattr(
        SharedArray, "fill", lambda room, values: fill(room, values) if values.ndim == 3 or len(values) < TILE else short(0, 0, 0)
    )
    with pytest.raises(LossproofError, match=r"must be able to use memory of this process, got .*No space left on device: take the engine"):
        factor_measured(D)


@pytest.mark.skipif(not can_share(), reason="no memory to share")
def test_workers_of_this_machine_share_where_there_is_room_and_it_is_said(monkeypatch):
    for n, most_bytes, shares in ((17_970, 2**33, True), (17_970, 2**30, False), (60_000, 2**33, False)):
        place = workplace_named("dask", n, most_bytes)
        assert place.shares == shares
        assert ("tiles in memory that they share" in place.note) == shares
        assert ("tiles sent from one to another" in place.note) != shares
    assert not workplace_named("dask:tcp://127.0.0.1:9", 17_970, 2**33).shares
    monkeypatch.delattr("os.memfd_create")
    assert not workplace_named("dask", 17_970, 2**33).shares


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("_tested", "its products are wrong", "is refused, because its products are wrong"),
        ("described", "SciPy 0", "every worker must have SciPy 1"),
    ],
)
def test_a_worker_that_is_not_what_it_must_be_is_refused(name, value, words, cluster, monkeypatch):
    D = shifted(Workplace(cluster=cluster.scheduler_address).gram(parts_of()))
    monkeypatch.setattr(dask_matrix, "described", lambda: "SciPy 1" if name == "described" else cluster_worker.described())
    monkeypatch.setattr(cluster_worker, name, lambda: value)
    with pytest.raises(InputError, match=words):
        factor_measured(D)


def test_a_tile_that_ends_its_workers_ends_the_factorisation(cluster, monkeypatch):
    distributed = pytest.importorskip("distributed")

    def deadly(*tile, on_diagonal):
        raise distributed.KilledWorker("a tile", SimpleNamespace(address="somewhere"), 20)

    monkeypatch.setattr(dask_matrix, "finish", deadly)
    with pytest.raises(LossproofError, match="lost every worker it was given to"):
        factor_measured(shifted(Workplace(cluster=cluster.scheduler_address).gram(parts_of())))


def test_a_cluster_without_workers_is_not_waited_for(monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(dask_cluster, "_WORKERLESS", 0.1)
    with (
        distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=":0", silence_logs=50) as empty,
        pytest.raises(InputError, match=r"must have workers, got none for 0\.1 s: start some with dask worker, or take the engine numpy"),
    ):
        factor_measured(shifted(Workplace(cluster=empty.scheduler_address).gram(parts_of())))


def test_without_dask_the_engine_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"pip install 'lossproof\[sweep\]', or take the engine numpy or disk"):
        factor_measured(shifted(Workplace(cluster="").gram(parts_of())))
