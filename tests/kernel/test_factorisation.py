"""The kernel's factorisation uses what BLAS and LAPACK return, reads no triangle that they need not fill, and asks for no more than fixed limits."""

from __future__ import annotations

import itertools
import json
import random

import numpy as np
import pytest
from cases.command_cases import invoke
from cases.kernel_draft import Draft, layer
from cases.stand_ins import copy_arguments_of_routines, poison_new_memory

import lossproof as lp
from lossproof.certificates.kernel.arithmetic import cholesky
from lossproof.certificates.kernel.arithmetic.cholesky import has_positive_pivots
from lossproof.certificates.kernel.check import check_certificate
from lossproof.certificates.kernel.network import gram
from lossproof.certificates.kernel.reading.work import Work
from lossproof.numerics.algebra.numpy_engine import NumpyEngine
from lossproof.numerics.algebra.tiles_on_cluster import TilesOnCluster
from lossproof.numerics.algebra.tiles_on_device import TilesOnDevice
from lossproof.numerics.algebra.tiles_on_disk import TilesOnDisk
from lossproof.theory import limits
from lossproof.theory.exceptions import LossproofError

STAND_INS = {"as it is": lambda monkeypatch: None, "routines that copy": copy_arguments_of_routines, "unwritten memory": poison_new_memory}
WAYS = (("cholesky", False), ("cholesky", True), ("inverse", False), ("inverse", True))
WIDTHS, T = (3, 30, 2), 35


@pytest.fixture(autouse=True)
def _small_tiles(monkeypatch):
    """Five tile rows."""
    monkeypatch.setattr(cholesky, "TILE", 16)


@pytest.fixture(params=STAND_INS)
def _routines(request, monkeypatch):
    STAND_INS[request.param](monkeypatch)


def certificate(way, *, repeat=None):
    """Full rank of ``P``, 70 columns; with ``repeat`` the last sample is that one again, and ``P`` singular."""
    rng = random.Random(1)
    hexed = lambda rows, columns: [[rng.gauss(0, 1).hex() for _ in range(columns)] for _ in range(rows)]  # noqa: E731
    X = hexed(T, WIDTHS[0])
    if repeat is not None:
        X[-1] = X[repeat]
    point = [layer(hexed(m, n), hexed(1, n)[0]) for m, n in itertools.pairwise(WIDTHS)]
    d = Draft(WIDTHS, X, [["1/2"] * WIDTHS[-1]] * T, point)
    d.lower("rank-regular", "P", T * WIDTHS[-1], 0, [d.singular("P", "0", 0, *way)])
    return d.finish()


@pytest.mark.usefixtures("_routines")
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_full_rank_is_accepted(way):
    result = check_certificate(certificate(way))
    assert result.ok, result.failures


@pytest.mark.usefixtures("_routines")
@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("repeat", [0, 20, T - 2])
def test_a_false_rank_is_rejected(way, repeat):
    """Samples that are equal lie in tiles of the first, the middle and the last rows."""
    failure = check_certificate(certificate(way, repeat=repeat)).failures[0]
    assert failure.code == "evidence", failure


def shifted(n, eigenvalue, seed):
    """A symmetric matrix with this eigenvalue, the others between 1 and 2."""
    g = np.random.default_rng(seed)
    Q, _ = np.linalg.qr(g.standard_normal((n, n)))
    M = (Q * np.append(g.uniform(1, 2, n - 1), eigenvalue)) @ Q.T
    return (M + M.T) / 2


@pytest.mark.usefixtures("_routines")
@pytest.mark.parametrize("n", [1, 15, 16, 17, 50])
@pytest.mark.parametrize("seed", [0, 1])
def test_pivots_tell_the_sign_of_the_smallest_eigenvalue(n, seed):
    for eigenvalue, positive in ((1e-6, True), (-1e-6, False), (-1.0, False)):
        M = shifted(n, eigenvalue, seed)
        assert has_positive_pivots(lambda rows, others, M=M: M[rows, others].copy(), n) is positive


@pytest.mark.usefixtures("_routines")
@pytest.mark.parametrize("n", [17, 40])
def test_a_repeated_column_far_away_is_seen(n):
    """``M/2`` for the identity with its last row and column those of the first: singular, and unlike a factor of itself everywhere."""
    M = np.eye(n) / 2
    M[0, -1] = M[-1, 0] = 1 / 2
    M[np.diag_indices(n)] -= 1e-9
    assert not has_positive_pivots(lambda rows, others: M[rows, others].copy(), n)


@pytest.mark.parametrize(
    ("name", "most", "what"),
    [("MAX_GRAM_COLUMNS", 70, "the number of columns"), ("MAX_GRAM_VALUES", 35 * 35, "the number of values of activations")],
)
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_the_limits_of_memory_are_fixed(way, name, most, what, monkeypatch):
    monkeypatch.setattr(limits, name, most)
    assert check_certificate(certificate(way)).ok
    monkeypatch.setattr(limits, name, most - 1)
    failure = check_certificate(certificate(way)).failures[0]
    assert (failure.code, failure.place) == ("limit", "steps[0].evidence")
    assert failure.message == f"{what} is {most}, at most {most - 1} is allowed"


@pytest.mark.parametrize(
    ("name", "most", "what"),
    [("MAX_INVERSE_COLUMNS", 70, "the number of columns"), ("MAX_INVERSE_ENTRIES", 182 * 70, "the number of entries of P")],
)
def test_the_limits_of_an_inverse_are_fixed(name, most, what, monkeypatch):
    monkeypatch.setattr(limits, name, most)
    assert check_certificate(certificate(("inverse", False))).ok
    monkeypatch.setattr(limits, name, most - 1)
    failure = check_certificate(certificate(("inverse", False))).failures[0]
    assert (failure.code, failure.message) == ("limit", f"{what} is {most}, at most {most - 1} is allowed")


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -float("inf"), 0.0, 1.0, 1e308])
def test_no_wrong_approximate_inverse_proves_anything(wrong, monkeypatch):
    """Nothing is assumed of it, not even that it is finite."""
    monkeypatch.setattr(gram, "qr", lambda A, **options: (np.full(A.shape, wrong), np.eye(A.shape[1])))
    failure = check_certificate(certificate(("inverse", False))).failures[0]
    assert (failure.code, failure.place) == ("evidence", "steps[0].evidence.least")


@pytest.mark.parametrize("repeat", [None, 20])
def test_tiles_on_disk_change_nothing(repeat, tmp_path):
    text = certificate(WAYS[0], repeat=repeat)
    assert lp.verify(text, engine=f"disk:{tmp_path}") == lp.verify(text)
    assert lp.verify(text).ok == (repeat is None)
    assert list(tmp_path.iterdir()) == []


def test_a_tile_that_changed_on_disk_is_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(TilesOnDisk, "_path", lambda self, key: tmp_path / f"{key[0]}.tile")
    with pytest.raises(lp.InputError, match="is no longer what was written: name another place"):
        lp.verify(certificate(WAYS[0]), engine="disk")


@pytest.mark.parametrize("engine", ["numpy:", "numpy:here", "auto:", "torch:cpu", "dusk"])
def test_other_engines_are_refused(engine):
    with pytest.raises(
        lp.InputError,
        match=r"the engine of the checker must be one of numpy, disk, disk:FOLDER, auto, dask, .*, cupy, got",
    ):
        lp.verify("{}", engine=engine)


@pytest.mark.parametrize("repeat", [None, 20])
@pytest.mark.parametrize("bytes_free", [0, 2 * 8 * 16**2 * 7, 2**30])
def test_auto_keeps_in_memory_what_there_is_room_for(bytes_free, repeat, monkeypatch):
    written = []
    monkeypatch.setattr("lossproof.numerics.algebra.memory.available_bytes", lambda: bytes_free)
    path = TilesOnDisk._path
    monkeypatch.setattr(TilesOnDisk, "_path", lambda self, key: written.append(key) or path(self, key))
    text = certificate(WAYS[0], repeat=repeat)
    assert lp.verify(text, engine="auto") == lp.verify(text)
    assert (written == []) == (bytes_free == 2**30)
    assert ((2, 0) in written) == (bytes_free == 0)


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0", silence_logs=50) as found:
        yield found


@pytest.mark.parametrize("repeat", [None, 0, 20])
def test_a_cluster_changes_nothing_but_what_is_trusted(repeat, cluster):
    text, address = certificate(WAYS[0], repeat=repeat), cluster.scheduler_address
    found, plain = lp.verify(text, engine=f"dask:{address}"), lp.verify(text)
    assert (found.steps, found.failures, found.digest, found.work) == (plain.steps, plain.failures, plain.digest, plain.work)
    assert found.ok == (repeat is None)
    assert found.engine.endswith(f"of workers of the cluster at {address}")


def test_products_of_a_cluster_are_begun_before_they_are_asked_for(cluster):
    with cluster.get_client() as client:
        tiles, g = TilesOnCluster(lambda: client), np.random.default_rng(0)
        A = {key: g.standard_normal((4, 4)) for key in ((0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2))}
        begun = []
        for key, tile in A.items():
            tiles[key] = tile
            begun.append(len(tiles._begun))
        assert begun == [0, 1, 1, 2, 4, 4]
        for I, J, K in ((1, 1, 0), (2, 1, 0), (2, 2, 0), (2, 2, 1)):
            assert np.allclose(tiles.product(tiles[I, K], tiles[J, K]), A[I, K] @ A[J, K].T)
        assert tiles._begun == {}
        assert tiles[1, 1] is A[1, 1]
        lost = tiles[2, 1]
        lost.cancel()
        with pytest.raises(OSError, match="a tile was lost with its worker"):
            tiles.product(lost, tiles[2, 0])


def test_a_worker_with_other_products_is_refused(cluster, monkeypatch):
    monkeypatch.setattr("lossproof.numerics.algebra.cluster_worker._tested", lambda: "its products are wrong")
    with pytest.raises(lp.InputError, match=r"a worker .* is refused, because its products are wrong"):
        lp.verify(certificate(WAYS[0]), engine=f"dask:{cluster.scheduler_address}")


def test_an_engine_that_gives_up_is_no_verdict(monkeypatch):
    class Lost(NumpyEngine):
        def product(self, A, B, ones=0, out=None):
            raise LossproofError("the engine torch gave up: out of memory")

    monkeypatch.setattr("lossproof.numerics.algebra.workplace.engine_named", lambda name: Lost())
    with pytest.raises(
        lp.InputError, match="tiles must stay as they are, got: the engine torch gave up: out of memory: name another place"
    ):
        lp.verify(certificate(WAYS[0]), engine="torch")


@pytest.mark.parametrize("name", ["torch", "jax"])
@pytest.mark.parametrize("repeat", [None, 0, 20])
def test_an_engine_that_multiplies_changes_nothing_but_what_is_trusted(name, repeat):
    pytest.importorskip(name)
    pytest.importorskip("array_api_compat")
    text = certificate(WAYS[0], repeat=repeat)
    found, plain = lp.verify(text, engine=name), lp.verify(text)
    assert (found.steps, found.failures, found.digest, found.work) == (plain.steps, plain.failures, plain.digest, plain.work)
    assert found.ok == (repeat is None)
    assert plain.engine == plain.trusted == ""
    assert name in found.engine.lower()
    assert found.engine in found.trusted
    assert (found.trusted in str(found)) == found.ok


class Multiplied(dict):
    """A place for tiles with products of its own."""

    def __init__(self, product):
        self.product = product


def transposed(A, B):
    return B @ A.T


def in_single_precision(A, B):
    return (A.astype(np.float32) @ B.astype(np.float32).T).astype(np.float64)


def of_factors_with_few_bits(A, B):
    return short(A) @ short(B).T


def short(A):
    mantissa, exponent = np.frexp(A)
    return np.ldexp(np.round(mantissa * 2.0**24) / 2.0**24, exponent)


def in_fixed_point(A, B):
    """With 100 bits below the largest entry."""
    scale = 2.0 ** (100 - np.frexp(np.abs(A).max())[1])
    return np.rint(A * scale) / scale @ B.T


def with_one_entry_wrong(A, B):
    found = cholesky.matrix_product(A, B)
    found[-1, 3] *= 1 + 1e-12
    return found


def without_a_term(A, B):
    return cholesky.matrix_product(np.ascontiguousarray(A[:, 1:]), np.ascontiguousarray(B[:, 1:]))


WRONG = (
    transposed,
    in_single_precision,
    of_factors_with_few_bits,
    in_fixed_point,
    with_one_entry_wrong,
    without_a_term,
    lambda A, B: np.full((len(A), len(B)), np.nan),
    lambda A, B: np.zeros((len(A), len(B))),
)


@pytest.mark.parametrize("product", WRONG)
@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid")
def test_products_that_are_not_those_of_doubles_are_refused(product):
    """A true certificate, and yet nothing that such products say is believed."""
    text = certificate(WAYS[0])
    assert check_certificate(text, work=Work(tiles=lambda: Multiplied(cholesky.matrix_product))).ok
    failure = check_certificate(text, work=Work(tiles=lambda: Multiplied(product))).failures[0]
    assert failure.code == "evidence"
    assert failure.message == "the products of the engine are not those of doubles: take the engine numpy"


def test_tiles_are_tested_as_they_are_kept():
    """A place that loses bits of what it keeps."""

    class Lossy(Multiplied):
        def __setitem__(self, key, tile):
            super().__setitem__(key, tile if key[0] == key[1] else tile.astype(np.float32).astype(np.float64))

    failure = check_certificate(certificate(WAYS[0]), work=Work(tiles=lambda: Lossy(cholesky.matrix_product))).failures[0]
    assert failure.message.startswith("the products of the engine")


def test_an_engine_without_room_is_told():
    class Full(NumpyEngine):
        def free_bytes(self):
            return 100

    outcome = check_certificate(certificate(WAYS[0]), work=Work(tiles=lambda: TilesOnDevice(Full())))
    assert (outcome.failures[0].code, outcome.failures[0].message) == ("limit", "the check needs too much memory")


def test_the_command_says_what_was_trusted(tmp_path, monkeypatch):
    engine = lambda name: NumpyEngine()  # noqa: E731
    monkeypatch.setattr("lossproof.numerics.algebra.workplace.engine_named", engine)
    file = tmp_path / "full.json"
    file.write_text(json.dumps(certificate(WAYS[0])))
    words = f"Products of tiles of large matrices were formed by {NumpyEngine().described()}, tested, and trusted."
    plain, told = (invoke("verify", str(file), "--engine", name) for name in ("numpy", "torch"))
    assert plain.exit_code == told.exit_code == 0
    assert words in " ".join(told.stdout.split())
    assert "trusted" not in plain.stdout
    (found,) = json.loads(invoke("verify", str(file), "--engine", "torch", "--json").stdout)
    assert found["engine"] == NumpyEngine().described()
    (found,) = json.loads(invoke("verify", str(file), "--json").stdout)
    assert "engine" not in found
