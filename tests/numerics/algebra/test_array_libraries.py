"""Engines that are libraries of arrays: every operation that of numpy, on torch, JAX and a stand-in for CuPy; what is missing, and what fails, is said."""

from __future__ import annotations

from importlib.machinery import ModuleSpec
from types import SimpleNamespace

import numpy as np
import pytest
from cases.cupy_stand_in import FREE, install_cupy
from cases.tile_cases import ENGINES, TILE, engine_of, nearly_singular, parts_of, rows_of, shifted

from lossproof.numerics.algebra import array_libraries, tiled_matrix
from lossproof.numerics.algebra.gram_sums import gram_triangle
from lossproof.numerics.algebra.tiled_cholesky import factor_measured
from lossproof.numerics.algebra.workplace import Workplace, engine_named, workplace_named
from lossproof.numerics.ranks import verified
from lossproof.numerics.ranks.verified import attempt_full_column_rank
from lossproof.numerics.verified.gram import full_column_rank
from lossproof.theory.exceptions import InputError, LossproofError
from lossproof.theory.problem.architecture import Architecture


@pytest.fixture(autouse=True)
def _small_tiles(monkeypatch):
    monkeypatch.setattr(tiled_matrix, "TILE", TILE)


@pytest.mark.parametrize("name", ENGINES)
def test_every_operation_is_that_of_numpy(name):
    """Entry by entry with the same bits, products as near as the order of their sums lets them be."""
    engine, g = engine_of(name), np.random.default_rng(5)
    A, B, C = (g.standard_normal(shape) for shape in ((12, 7), (20, 7), (12, 20)))
    tile = lambda values: engine.copied(engine.array(values))  # noqa: E731
    near = lambda found, exact: np.allclose(engine.host(found), exact, rtol=1e-14, atol=1e-14)  # noqa: E731
    assert near(engine.product(tile(A), tile(B), 3), A @ B.T + 3)
    assert near(engine.minus_product(tile(C), tile(A), tile(B)), C - A @ B.T)
    square = C @ C.T
    assert near(engine.lower(engine.minus_square(tile(square), tile(A))), np.tril(square - A @ A.T))
    assert np.array_equal(engine.host(engine.plus(tile(C), tile(2 * C))), 3 * C)
    assert np.array_equal(engine.host(engine.part(tile(C), slice(2, 5), slice(7, 9))), C[2:5, 7:9])
    assert np.array_equal(engine.host(engine.lower(tile(C), -3)), np.tril(C, -3))
    assert np.array_equal(engine.host(engine.zeros(2, 3)), np.zeros((2, 3)))
    factors = g.standard_normal((3, 5))
    assert np.array_equal(engine.host(engine.scaled(tile(C), tile(factors), 4)), C * np.kron(factors, np.ones((4, 4))))
    left, right = g.standard_normal((3, 4)), g.standard_normal((5, 4))
    units = C.reshape(3, 4, 5, 4).copy()
    for i, j, k in np.ndindex(3, 4, 5):
        units[i, j, k, j] += left[i, j] * right[k, j] * factors[i, k]
    assert np.array_equal(engine.host(engine.plus_units(tile(C), tile(left), tile(right), tile(factors))), units.reshape(12, 20))
    changed = square.copy()
    np.fill_diagonal(changed, np.arange(12.0))
    assert np.array_equal(engine.host(engine.with_diagonal(tile(square), np.arange(12.0))), changed)
    L = engine.factor(tile(square))
    assert near(engine.lower(L), np.linalg.cholesky(square))
    assert np.allclose(engine.host(engine.substitute(L, tile(C.T))) @ np.linalg.cholesky(square).T, C.T)
    assert abs(engine.sum_of_squares(tile(C)) - (C**2).sum()) < 1e-12
    assert engine.factor(tile(-square)) is None
    with np.errstate(invalid="ignore"):
        assert engine.factor(tile(square * np.nan)) is None


@pytest.fixture
def cupy(monkeypatch):
    install_cupy(monkeypatch)
    return engine_named("cupy")


def test_cupy_is_asked_for_nothing_but_the_standard_and_its_record(cupy):
    """On the strict arrays of a stand-in: the same verdicts, and residuals that are measured."""
    assert cupy.described() == "CuPy 0.0 on Stand-in"
    for gap in (1.0, 2.0**-12, 2.0**-40, 0.0):
        blocks = nearly_singular(np.random.default_rng(2), gap)
        assert full_column_rank(blocks, 1, 4.0, place=Workplace(cupy)).proved == full_column_rank(blocks, 1, 4.0).proved == (gap > 2.0**-20)
    K, L = shifted(gram_triangle(parts_of())), shifted(Workplace(cupy).gram(parts_of()))
    assert factor_measured(K) == 0 < factor_measured(L) < 1e-11
    assert np.allclose(rows_of(K), rows_of(L), rtol=1e-10, atol=1e-12)
    assert factor_measured(shifted(Workplace(cupy).gram(parts_of()), -40.0)) is None


def test_a_device_without_room_is_refused(cupy, monkeypatch):
    assert cupy.free_bytes() == FREE + 1
    place, architecture, g = Workplace(cupy), Architecture.of("2-4-1"), np.random.default_rng(0)
    weights = [(g.standard_normal(shape), g.standard_normal(shape[1])) for shape in ((2, 4), (4, 1))]
    X = g.standard_normal((4, 2))
    job = lambda: attempt_full_column_rank(architecture, X, weights, most_bytes=2**30, place=place)  # noqa: E731
    assert (place.holds_triangle, place.held_bytes(10**6)) == (False, 0)
    assert job().evidence is not None
    monkeypatch.setattr(verified, "tile_bytes", lambda n: 2**34)
    assert job().obstacle == "one triangle of K takes 16.0 GiB, and the device of the engine cupy has 8.0 GiB free"


def test_cupy_without_a_device_is_refused(monkeypatch):
    install_cupy(monkeypatch, available=False)
    with pytest.raises(InputError, match="the engine cupy needs a CUDA device, and CuPy sees none"):
        workplace_named("cupy")


@pytest.mark.parametrize(
    ("name", "missing", "words"),
    [
        ("torch", "torch", r"needs the package torch, .*lossproof\[torch\]"),
        ("cuda", "array_api_compat", r"the engine cuda needs the package array-api-compat, .*lossproof\[torch\]"),
        ("jax", "jax", r"needs the package jax, .*lossproof\[jax\]"),
        ("cupy", "cupy", r"needs the package cupy, .*lossproof\[cupy\]', or take the engine numpy"),
    ],
)
def test_what_is_missing_is_said(name, missing, words, monkeypatch):
    found = lambda package: None if package == missing else ModuleSpec(package, None)  # noqa: E731
    monkeypatch.setattr(array_libraries, "find_spec", found)
    monkeypatch.setattr(array_libraries, "import_module", lambda _: SimpleNamespace())
    with pytest.raises(InputError, match=words):
        workplace_named(name)


def test_a_library_that_gives_up_is_said():
    pytest.importorskip("torch")
    pytest.importorskip("array_api_compat")
    engine = engine_of("torch")
    with pytest.raises(LossproofError, match="the engine torch gave up: "):
        engine.product(engine.array(np.ones((2, 3))), engine.array(np.ones((2, 4))))


def test_tiles_of_single_precision_are_no_tiles():
    """Outside of its setting JAX computes with 32 bits, which no operation of the engine does."""
    jax, engine = pytest.importorskip("jax"), engine_of("jax")
    tile = engine.array(np.full((2, 2), 1 / 3))
    assert engine.host(engine.product(tile, tile)).tolist() == (np.full((2, 2), 1 / 3) @ np.full((2, 2), 1 / 3)).tolist()
    assert not jax.config.jax_enable_x64
    with pytest.raises(TypeError, match="tiles of the engine jax must hold doubles, got float32"):
        engine.host(jax.numpy.ones((2, 2)))


def test_a_device_without_doubles_is_refused(monkeypatch):
    jax = pytest.importorskip("jax")
    monkeypatch.setattr(jax, "devices", lambda: [SimpleNamespace(platform="tpu", device_kind="TPU v4")])
    with pytest.raises(InputError, match="the engine jax needs a processor or a GPU, got TPU v4"):
        workplace_named("jax")
