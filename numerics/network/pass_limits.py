"""How much a certificate may ask of a forward pass: the bounds of ``docs/certificate-format.md`` section 7, minded where claims are made."""

from __future__ import annotations

from itertools import pairwise

from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.field import KinkInBall
from lossproof.numerics.network.evaluation import evaluate
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_KINK_PRECISIONS = (64, 256, 1024)


FORWARD_PRODUCTS = 2 * 10**8
FORWARD_BITS = 2**36
VALUE_BITS = 2**28
_SIGN_BITS = 1024


def forward_products(problem: Problem) -> int:
    """Return the number of products of a forward pass of all samples, ``T Σ_l (n_{l-1} + 1) n_l``.

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> forward_products(Problem(Architecture.of("2-2-1"), error_named("squared"), Samples.of([[0, 0], [0, 1]], [0, 1])))
    18
    """
    return problem.T * sum((n + 1) * m for n, m in pairwise(problem.architecture.widths))


def forward_precision(problem: Problem, cap: int) -> int:
    """Return the highest precision in bits, at most ``cap``, at which a certificate may ask for a forward pass; 0 where it may not at all."""
    products, values = forward_products(problem), problem.T * sum(problem.architecture.widths[1:])
    return min(cap, FORWARD_BITS // products, VALUE_BITS // values) if products <= FORWARD_PRODUCTS else 0


def derivatives_can_be_checked(problem: Problem, weights: Weights) -> bool:
    """Tell whether a certificate may ask for the sign of every ``z`` where an activation has a kink: exactly if all is rational, else in 1024 bits."""
    a = problem.architecture
    last = max(a.kinked_layers(1), default=0)
    exact = weights.is_rational() and all(a.activation_of(l).rational.holds for l in range(1, last))
    return last == 0 or forward_products(problem) <= (FORWARD_PRODUCTS if exact else FORWARD_BITS // _SIGN_BITS)


def jacobian_exists(problem: Problem, weights: Weights) -> bool:
    """Tell whether every derivative in the rank matrices of ``P(W)`` is proved to exist.

    It fails only where some ``z`` hits a kink, cannot be told from one by balls of 1024 bits, or lies in a pass too large for a certificate.
    """
    a = problem.architecture
    if not a.kinked_layers(1):
        return True
    if not derivatives_can_be_checked(problem, weights):
        return False
    needed = [l for l in a.kinked_layers(1) if l < a.L or not a.output_activation.nonvanishing_derivative.holds]
    for bits in _KINK_PRECISIONS:
        try:
            evaluation = evaluate(a, problem.samples, weights, BallField(bits))
            _ = [evaluation.slope[l] for l in needed]
        except KinkInBall:
            continue
        except NotDifferentiable:
            return False
        return True
    return False
