"""Over a box the Hessian is as narrow by one weight as by the other: activations ``z·f(z)`` must not lose what their slopes show."""

import random
from fractions import Fraction

import pytest
from flint import arb, fmpq

from lossproof.certificates.kernel.arithmetic.balls import ball_precision
from lossproof.certificates.kernel.arithmetic.rings import BallRing
from lossproof.certificates.kernel.network.passes import Box, hessian
from lossproof.certificates.kernel.reading.problem import read_points, read_problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.certificates.proof.encoding import encode_point, encode_problem
from lossproof.numerics.critical.systems import hessian_over_box
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights

RADIUS = Fraction(1, 512)


def far_out(activation, seed):
    """One hidden unit with inputs of size 10 to 100, on either side, where σ is nearly a line."""
    g = random.Random(f"{activation} {seed}")
    a = Architecture.of("2-1-1", activation)
    X = [[Fraction(g.randint(8, 32), 16), Fraction(g.randint(8, 32), 16)] for _ in range(5)]
    side = -1 if seed % 2 else 1
    weights = Weights.of(
        a,
        [
            ([[side * g.randint(20, 90)], [side * g.randint(20, 90)]], [side * g.randint(1, 9)]),
            ([[g.randint(2, 80)]], [g.randint(-80, 80)]),
        ],
    )
    return Problem(a, error_named("squared"), Samples.of(X, [[g.randint(-3, 3)] for _ in X])), weights


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("activation", ["softsign", "bent-identity", "elu", "gelu", "silu", "swish:3/2", "mish", "tanh", "softplus"])
def test_boxes_are_as_narrow_as_those_of_the_prover(activation, seed):
    problem, weights = far_out(activation, seed)
    known, n = read_problem(encode_problem(problem)), problem.architecture.N_net
    (point,) = read_points([encode_point(weights)], known)
    with ball_precision(128):
        found = hessian(
            BallRing(Work(), 128), known, Box(point, fmpq(RADIUS.numerator, RADIUS.denominator)), list(range(n)), list(range(n))
        )
        wide = hessian_over_box(problem, weights, 2 * RADIUS, 128)
        for k in range(n):
            for m in range(n):
                assert arb(found[k, m] / problem.T).rad() <= arb(2) * wide[k, m].rad() + arb(2) ** -60
                assert arb(found[k, m]).overlaps(arb(found[m, k]))
