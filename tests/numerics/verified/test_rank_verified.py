"""Enclosures in doubles, the Gram matrix, and full column rank of networks."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
import sympy
from flint import arb

from lossproof.numerics.algebra.gram_sums import gram_triangle
from lossproof.numerics.algebra.tiled_matrix import places
from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.ranks.verified import attempt_full_column_rank, verified_full_column_rank
from lossproof.numerics.verified import activations as activation_enclosures
from lossproof.numerics.verified.activations import enclose_activation
from lossproof.numerics.verified.balanced_rows import balanced_rows
from lossproof.numerics.verified.blocks import GramBlock, column_bounds
from lossproof.numerics.verified.enclosures import Enclosure, enclose_balls, enclose_numbers, exact_floats, matrix_product, product, total
from lossproof.numerics.verified.gram import _scale, full_column_rank
from lossproof.numerics.verified.preconditioned import preconditioned_full_column_rank
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.functions.activations import activation_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights
from lossproof.theory.verdicts import Rigor

ACTIVATIONS = (
    "sigmoid",
    "tanh",
    "softsign",
    "softplus",
    "bent-identity",
    "identity",
    "elu",
    "gelu",
    "silu",
    "arctan",
    "erf",
    "sin",
    "power:3",
)


def encloses(enclosure, balls):
    """Whether every ball (a sharp one of the true value) lies within midpoint ± radius."""
    with ball_precision(400):
        pairs = zip(balls, enclosure.mid.ravel().tolist(), enclosure.rad.ravel().tolist(), strict=True)
        return all(bool(abs(ball - arb(m)) <= arb(r)) for ball, m, r in pairs)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_enclosures(name):
    """At the midpoint, both ends and within, from saturation to subnormal arguments, the sharp values lie in the enclosure."""
    z = np.array([0.0, 1e-320, -1e-300, 1e-17, 0.3, -0.7, 1.0, -5.0, 19.0, -37.5, 40.0, 300.0, -745.0])
    rad = np.abs(z) * np.array([0, 1, 2, 3, 1e-16, 1e-12, 1e-3, 1e-2, 1e-3, 1e-15, 6e-3, 1e-16, 1e-15])
    value, slope = enclose_activation(activation_named(name), Enclosure(z, rad))
    field = BallField(400)
    for t in (-1.0, -0.5, 0.0, 0.25, 1.0):
        with ball_precision(400):
            points = [arb(m) + arb(t) * arb(r) for m, r in zip(z, rad, strict=True)]
        array = np.empty(len(points), dtype=object)
        array[:] = points
        assert encloses(value, field.activate(activation_named(name), 0, array))
        assert encloses(slope, field.activate(activation_named(name), 1, array))
    assert np.all(value.rad[4:7] <= 1e-9 + 4 * rad[4:7])


def test_several_processes_enclose_as_one_does(monkeypatch):
    z = Enclosure(np.random.default_rng(0).standard_normal((7, 3)), np.full((7, 3), 1e-9))
    one = enclose_activation(activation_named("gelu"), z)
    monkeypatch.setattr(activation_enclosures, "_ENTRIES_OF_A_PROCESS", 5)
    monkeypatch.setattr(activation_enclosures.os, "cpu_count", lambda: 2)
    several = enclose_activation(activation_named("gelu"), z)
    assert all(np.array_equal(getattr(a, part), getattr(b, part)) for a, b in zip(one, several, strict=True) for part in ("mid", "rad"))
    with pytest.raises(NotDifferentiable):
        enclose_activation(activation_named("relu"), Enclosure(np.append(np.ones(20), 0.0), np.zeros(21)))


def test_wide_arguments_take_the_general_path():
    value, slope = enclose_activation(activation_named("tanh"), Enclosure(np.array([0.0]), np.array([1.0])))
    assert value.rad[0] >= np.tanh(1.0)
    assert slope.mid[0] - slope.rad[0] <= 1 / np.cosh(1.0) ** 2
    assert slope.mid[0] + slope.rad[0] >= 1


def test_kinks_are_refused():
    for z, rad in ((0.0, 0.0), (1e-9, 1e-8)):
        with pytest.raises(NotDifferentiable):
            enclose_activation(activation_named("relu"), Enclosure(np.array([z]), np.array([rad])))
    _, slope = enclose_activation(activation_named("leaky-relu:1/10"), exact_floats([1.0, -1.0]))
    assert slope.mid.tolist() == [1.0, 0.1]
    assert slope.rad[1] > 0


def test_numbers_that_are_no_doubles():
    rows = [[Fraction(1, 3), Fraction(1, 4)], [Fraction(10) ** 400, sympy.log(2)]]
    enclosure = enclose_numbers([[Fraction(1, 3), Fraction(1, 4)], [Fraction(1), Fraction(1, 10**400)]])
    assert enclosure.rad[0, 1] == enclosure.rad[1, 0] == 0
    exact = [Fraction(1, 3), Fraction(1, 4), Fraction(1), Fraction(1, 10**400)]
    for q, m, r in zip(exact, enclosure.mid.ravel(), enclosure.rad.ravel(), strict=True):
        assert abs(q - Fraction(m)) <= Fraction(r)
    assert not enclose_numbers(rows).is_finite()
    assert encloses(enclose_numbers([sympy.log(2)]), [arb(2).log()])


def inside(generator, enclosure):
    """Rational entries at the midpoint or at an end of each interval."""
    rows = zip(enclosure.mid, enclosure.rad, strict=True)
    return [[Fraction(m) + Fraction(r) * int(generator.integers(-1, 2)) for m, r in zip(mid, rad, strict=True)] for mid, rad in rows]


def test_operations_on_enclosures():
    generator = np.random.default_rng(0)
    A, B = (Enclosure(generator.standard_normal((3, 3)), np.abs(generator.standard_normal((3, 3))) * 1e-3) for _ in range(2))
    for _ in range(20):
        a, b = inside(generator, A), inside(generator, B)
        checks = [
            (total(A, B), [[a[i][j] + b[i][j] for j in range(3)] for i in range(3)]),
            (product(A, B), [[a[i][j] * b[i][j] for j in range(3)] for i in range(3)]),
            (matrix_product(A, B), [[sum(a[i][k] * b[k][j] for k in range(3)) for j in range(3)] for i in range(3)]),
        ]
        for enclosure, exact in checks:
            for i, j in itertools.product(range(3), repeat=2):
                assert abs(exact[i][j] - Fraction(enclosure.mid[i, j])) <= Fraction(enclosure.rad[i, j])


def test_balls_as_doubles():
    with ball_precision(200):
        third = [arb(1) / 3, arb(10) ** 400, arb("nan"), arb(2) ** -1080, arb(1, 1e-5)]
        enclosure = enclose_balls(third[:1] + third[3:], (3,))
        assert encloses(Enclosure(enclosure.mid[:2], enclosure.rad[:2]), [third[0], third[3]])
    assert enclosure.rad[2] >= 1e-5
    assert not enclose_balls(third[1:2], (1,)).is_finite()
    assert not enclose_balls(third[2:3], (1,)).is_finite()


GRAM_SHAPES = [
    (3, 1, "dense"),
    (5, 3, "dense identity"),
    (600, 2, "dense dense identity"),
    (1100, 1, "dense identity"),
    (700, 2, "identity"),
    (530, 2, "dense"),
]


def lower(tiled):
    """The stored triangle as a full array, 0 above the diagonal."""
    K = np.zeros((tiled.n, tiled.n))
    for I, J, rows, columns in places(tiled.starts):
        K[rows, columns] = tiled.tiles[I][J]
    return np.tril(K)


@pytest.mark.parametrize(("T", "n_L", "blocks"), GRAM_SHAPES)
def test_gram_is_that_of_the_columns(T, n_L, blocks):
    """Against the columns written out, whatever the tiles."""
    generator = np.random.default_rng(T)
    parts, columns = [], []
    for kind in blocks.split():
        phi = generator.standard_normal((T, 4)) * 10.0 ** generator.integers(-3, 4, (T, 1))
        psi = generator.standard_normal((n_L, T, 3)) if kind == "dense" else None
        parts.append(GramBlock(None if psi is None else exact_floats(psi), exact_floats(phi)))
        factor = np.broadcast_to(np.eye(n_L)[:, None, :], (n_L, T, n_L)) if psi is None else psi
        columns.append(np.einsum("jia,ib->jiab", factor, phi).reshape(n_L * T, -1))
    norms, _ = column_bounds(parts, n_L)
    size = np.sqrt((norms**2).sum(axis=0))
    exponents = np.frexp(size)[1]
    by_output = np.hstack(columns) * np.ldexp(1.0, -exponents).reshape(-1, 1)
    scaled = by_output.reshape(n_L, T, -1).transpose(1, 0, 2).reshape(n_L * T, -1)
    assert np.allclose(size.ravel(), np.linalg.norm(np.hstack(columns), axis=1), rtol=1e-12)
    K = lower(gram_triangle([_scale(part, exponents) for part in parts]))
    assert np.abs(K - np.tril(scaled @ scaled.T)).max() < 1e-13


def test_gram_error_bound_against_exact_arithmetic():
    """``|K̃ − K̂| ≤ γ p_c p_c'`` entry by entry, in rational arithmetic."""
    generator = np.random.default_rng(3)
    psi, phi = generator.standard_normal((2, 4, 5)), generator.standard_normal((4, 3))
    parts = [GramBlock(exact_floats(psi), exact_floats(phi))]
    norms, _ = column_bounds(parts, 2)
    exponents = np.frexp(norms[0])[1]
    scaled = _scale(parts[0], exponents)
    K = lower(gram_triangle([scaled])).T
    for c, d in itertools.combinations_with_replacement(range(8), 2):
        psi, phi = scaled.columns.reshape(8, -1), scaled.values
        left = sum(Fraction(x) * Fraction(y) for x, y in zip(psi[c], psi[d], strict=True))
        right = sum(Fraction(x) * Fraction(y) for x, y in zip(phi[c // 2], phi[d // 2], strict=True))
        sizes = np.ldexp(norms[0], -exponents).T.ravel()
        assert abs(Fraction(K[c, d]) - left * right) <= Fraction(9) / 2**53 * Fraction(sizes[c]) * Fraction(sizes[d])


XOR = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
PLAIN = [([[1.0, -2.0], [1.5, 0.5]], [0.25, -0.5]), ([[1.0], [2.0]], [0.125])]


def test_evidence_and_blocks():
    a = Architecture.of("2-2-1", "tanh")
    bound = verified_full_column_rank(a, XOR, PLAIN)
    plain = {"method": "cholesky", "balanced": False, "least": "0"}
    assert (bound.value, bound.rule, bound.rigor, bound.payload) == (4, "singular-value", Rigor.VERIFIED_FLOAT, plain)
    assert verified_full_column_rank(a, XOR, PLAIN, block=1).value == 4
    assert verified_full_column_rank(a, XOR, PLAIN, block=2) is None
    with pytest.raises(ValueError, match="block must lie"):
        verified_full_column_rank(a, XOR, PLAIN, block=3)


@pytest.mark.parametrize("output", ["identity", "sigmoid", "sin", "relu"])
def test_output_activations(output):
    """Derivatives that vanish nowhere are left out; others count, and those at a kink or 0 prevent the proof."""
    a = Architecture.of("2-3-1", "tanh", output)
    weights = [([[1.0, -2.0, 0.3], [1.5, 0.5, -0.8]], [0.25, -0.5, 1.0]), ([[1.0], [2.0], [1.5]], [4.0])]
    assert verified_full_column_rank(a, XOR, weights).value == 4
    negative = [weights[0], ([[1.0], [2.0], [1.5]], [-9.0])]
    assert (verified_full_column_rank(a, XOR, negative) is None) == (output == "relu")


def test_exact_data_that_are_no_doubles():
    samples = Samples.of([["0", "0"], ["0", "1/3"], ["1/3", "0"], ["1/3", "1/7"]], [0, 1, 1, 0])
    a = Architecture.of("2-2-1", "tanh")
    weights = Weights.of(a, [([["1/3", "-2/3"], ["8/3", "1/7"]], ["1/9", sympy.log(2)]), ([["1/3"], ["2/3"]], ["1/3"])])
    assert verified_full_column_rank(a, samples, weights).value == 4
    huge = Weights.of(a, [([["1e400", 0], [0, 1]], [0, 0]), ([[1], [1]], [0])])
    assert verified_full_column_rank(a, samples, huge) is None


def test_conversion_error_counts():
    """Inputs 1/3 and 1/3 + 2^-90 become one double, inputs 1/3 and 1/3 + 2^-40 two: the proof needs the difference to exceed the radius."""
    a = Architecture.of("1-2-1", "tanh")
    weights = [([[1.0, 2.0]], [0.0, 1.0]), ([[1.0], [-1.0]], [0.0])]
    for exponent, proved in ((-90, False), (-54, False), (-10, True)):
        inputs = Samples.of([[Fraction(1, 3)], [Fraction(1, 3) + Fraction(2) ** exponent]], [0, 0])
        assert (verified_full_column_rank(a, inputs, weights) is not None) == proved


def test_fixed_bias_and_no_bias():
    for bias in ("fixed", "none"):
        a = Architecture.of("2-3-1", "tanh", bias=bias)
        b = [0.3, -0.2, 0.9] if bias == "fixed" else None
        weights = [([[1.0, -2.0, 0.3], [1.5, 0.5, -0.8]], b), ([[1.0], [2.0], [1.5]], [0.0] if bias == "fixed" else None)]
        inputs = XOR + 0.5
        assert verified_full_column_rank(a, inputs, weights).value == 4


def test_never_when_the_shape_forbids_it():
    a = Architecture.of("1-1", "identity")
    weights = [([[1.0]], [0.0])]
    assert verified_full_column_rank(a, np.array([[1.0], [2.0]]), weights).value == 2
    assert verified_full_column_rank(a, np.array([[1.0], [2.0], [3.0]]), weights) is None


def test_more_memory_than_allowed_is_refused_before_anything_is_done():
    wide = Architecture.of((1, 40_000, 1), "tanh")
    weights = [(np.ones((1, 40_000)), np.zeros(40_000)), (np.ones((40_000, 1)), np.zeros(1))]
    tried = attempt_full_column_rank(wide, np.zeros((120, 1)), weights, most_bytes=2**20)
    assert tried.evidence is None
    assert "GiB of memory, more than the 0.0 GiB allowed" in tried.obstacle


def singular_values(N, n, least, seed=0):
    """A matrix whose singular values fall from 1 to ``least`` on a logarithmic scale, as one block with one column a sample."""
    g = np.random.default_rng(seed)
    U, V = (np.linalg.qr(g.standard_normal((rows, n)))[0] for rows in (N, n))
    M = (U * np.geomspace(1, least, n)) @ V.T
    return [GramBlock(exact_floats(M.T[None]), exact_floats(np.ones((n, 1))))]


@pytest.mark.parametrize(("n", "exponent"), [(60, 3), (60, 5), (60, 8), (60, 10), (200, 4), (200, 9)])
def test_preconditioning_reaches_far_beyond_the_gram_matrix(n, exponent):
    blocks = singular_values(2 * n, n, 10.0**-exponent)
    assert full_column_rank(blocks, 1, 4.0).proved == (exponent <= 5)
    assert preconditioned_full_column_rank(blocks, 1, 4.0).proved


@pytest.mark.parametrize("seed", range(10))
def test_singular_integer_matrices_are_never_proved_to_have_full_rank(seed):
    """One column is a combination of the others, exactly; its condition in doubles is whatever rounding makes of it."""
    g = np.random.default_rng(seed)
    n = 12 + seed
    M = g.integers(-(2**20), 2**20, (2 * n, n)).astype(float)
    M[:, n // 2] = M[:, [0, 1, 2]] @ np.array([3.0, -7.0, 5.0])
    blocks = [GramBlock(exact_floats(M.T[None]), exact_floats(np.ones((n, 1))))]
    for scaled in (blocks, balanced_rows(blocks)):
        assert not full_column_rank(scaled, 1).proved
        assert not preconditioned_full_column_rank(scaled, 1).proved


@pytest.mark.parametrize("exponent", [20, 45, 52])
def test_enclosures_count_in_every_rule(exponent):
    """Full rank is proved only if no matrix within the radii is singular."""
    near = np.array([[1.0, 1.0], [1.0, 1.0 + 2.0**-exponent]])
    for rad in (0.0, 2.0 ** -(exponent + 12), 2.0**-exponent):
        block = GramBlock(Enclosure(near[None], np.full((1, 2, 2), rad)), exact_floats(np.ones((2, 1))))
        for scaled in ([block], balanced_rows([block])):
            assert not (rad == 2.0**-exponent and full_column_rank(scaled, 1).proved)
            proved = preconditioned_full_column_rank(scaled, 1).proved
            assert not (rad == 2.0**-exponent and proved)
            assert proved or rad > 0 or exponent > 40


def test_the_method_says_how_far_the_proof_had_to_go():
    a = Architecture.of("2-6-1", "tanh")
    g = np.random.default_rng(0)
    weights = [(g.standard_normal((2, 6)), g.standard_normal(6)), (g.standard_normal((6, 1)), np.zeros(1))]
    found = [verified_full_column_rank(a, np.array([[1.0, 0.0], [1.0, 10.0**-k]]), weights).payload for k in (2, 12)]
    assert [(payload["method"], payload["balanced"]) for payload in found] == [("cholesky", False), ("cholesky", True)]
    close = verified_full_column_rank(
        Architecture.of("1-6-1", "tanh"), np.array([[1.0], [1.0 + 2.0**-24]]), [(weights[0][0][:1], weights[0][1]), weights[1]]
    )
    assert close.payload == {"method": "inverse", "balanced": True, "least": "0"}


def test_the_obstacle_names_the_margin_that_was_missing():
    a = Architecture.of("1-2-1", "tanh")
    weights = [([[1.0, 2.0]], [0.0, 1.0]), ([[1.0], [-1.0]], [0.0])]
    tried = attempt_full_column_rank(a, np.array([[0.5], [0.5]]), weights)
    assert tried.evidence is None
    assert "no approximate left inverse" in tried.obstacle
    many = attempt_full_column_rank(a, np.array([[0.5], [0.5]]), weights, most_bytes=2**28)
    assert many.obstacle == tried.obstacle
    assert (
        "there are fewer rows"
        in attempt_full_column_rank(Architecture.of("1-1", "identity"), np.zeros((3, 1)), [([[1.0]], [0.0])]).obstacle
    )


def test_values_that_are_not_finite():
    a = Architecture.of("2-2-1", "power:3")
    for entry in (np.inf, np.nan, 1e300):
        weights = [([[entry, -2.0], [1.5, 0.5]], [0.25, -0.5]), ([[1.0], [2.0]], [0.125])]
        assert verified_full_column_rank(a, XOR, weights) is None
