r"""Problems whose critical points have the same outputs, all but trivial ones: convex ones of one layer, and deep linear networks with one output.

With one layer, the identity and an error strictly convex in the outputs, all critical points are global minima of the same outputs. In a deep linear network
``F(x) = p·W_1ᵀx + β`` with ``p = W_2 ⋯ W_L``, without decay, so have those with ``p ≠ 0``. Nothing is proved here.
"""

from __future__ import annotations

import numpy as np

from lossproof.numerics.algebra.products import Floats
from lossproof.theory.problem.problem import Problem

_STEPS, _SMALL = 100, 1e-14


def has_same_outputs(problem: Problem) -> bool:
    """Tell whether this is such a problem."""
    a = problem.architecture
    identity = all(a.activation_of(l).is_identity for l in range(1, a.L + 1))
    if a.L == 1:
        return identity and problem.error.family in ("squared", "logistic")
    linear = identity and problem.error.name == "squared" and a.n_L == 1 and problem.decay is None
    return linear and len(set(a.biases)) == 1 and "fixed" not in a.biases


def one_of_all(problem: Problem) -> Floats | None:
    """Return weights of least loss, as a vector in the order of the rows of P; None where the loss falls without end, or no minimum is met.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> chain = Architecture.of("1-1-1-1", activation="identity", bias="none")
    >>> one_of_all(Problem(chain, error_named("squared"), Samples.of([[1], [2]], [[1], [3]]))).tolist()
    [1.4, 1.0, 1.0]
    """
    a, constant = problem.architecture, problem.architecture.bias_rows_of(1)
    X = np.array([[float(x) for x in row] + [1.0] * constant for row in problem.samples.X])
    Y = np.array([[float(y) for y in row] for row in problem.samples.Y])
    rates = np.zeros(a.N_net) if problem.decay is None else np.array([float(r) for r in problem.decay.rates(a)])
    if a.L == 1:
        found = [
            _newton(X, y, len(X) * r, logistic=problem.error.family == "logistic")
            for y, r in zip(Y.T, rates.reshape(a.n_L, -1), strict=True)
        ]
        least = [W for W in found if W is not None]
        return np.concatenate(least) if len(least) == len(found) else None
    u = _newton(X, Y[:, 0], np.zeros(X.shape[1]), logistic=False)
    if u is None:
        return None
    blocks = [np.zeros((a.widths[l], a.fan_in(l))) for l in range(1, a.L + 1)]
    for block, width in zip(blocks[1:], a.widths[1:], strict=False):
        block[:, :width] = 1.0
    blocks[0][:, : a.widths[0]] = u[: a.widths[0]] / np.prod(a.widths[1:])  # p has the entries n_2 ⋯ n_L
    blocks[-1][:, a.widths[-2] :] = u[a.widths[0] :]
    return np.concatenate([block.ravel() for block in blocks])


def _newton(X: Floats, y: Floats, rates: Floats, *, logistic: bool) -> Floats | None:
    """Return a minimum of the loss of one output, by Newton's iteration with halved steps."""
    w = np.zeros(X.shape[1])

    def value(w: Floats) -> float:
        z = X @ w
        fit = np.logaddexp(0, z).sum() - z @ y if logistic else ((z - y) ** 2).sum() / 2
        return float(fit + (rates * w * w).sum() / 2)

    for _ in range(_STEPS):
        z = X @ w
        p = 1 / (1 + np.exp(-np.clip(z, -700, 700))) if logistic else z
        gradient = X.T @ (p - y) + rates * w
        slope = p * (1 - p) if logistic else np.ones(len(z))
        change = np.linalg.lstsq(X.T @ (slope[:, None] * X) + np.diag(rates), gradient, rcond=1e-13)[0]
        while value(w - change) > value(w) + _SMALL * abs(value(w)) and np.abs(change).max() > _SMALL * np.abs(w).max():
            change = change / 2
        w = w - change
        if np.abs(change).max() <= _SMALL * np.abs(w).max():
            return w
    return w if not logistic else None
