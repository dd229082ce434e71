"""Networks of one hidden layer of tanh units fitted to the outputs of another with noise, and their weights, by least squares."""

from __future__ import annotations

import numpy as np
from scipy.optimize import least_squares

from lossproof.numerics.network.weight_vectors import weights_of_rows
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples

STEPS = np.array([2, 1.5, 1, -1, 3, -5, 1, 1.5, -1, 0.2])


def fitted(n0, n1, T, seed=0, noise=0.02, start=None, X=None):
    """A problem and the trainable weights, in the order of the rows of P, at a minimum of least squares as far as doubles go.

    Inputs are normal and rounded to three digits. The teacher's weights are ``start``, or else normal, too.
    """
    g = np.random.default_rng(seed)
    inputs = np.round(g.normal(size=(T, n0)), 3) if X is None else X
    teacher = g.normal(size=n1 * (n0 + 2) + 1) if start is None else start
    ones = np.hstack([inputs, np.ones((T, 1))])

    def parts(w):
        return w[: n1 * (n0 + 1)].reshape(n1, n0 + 1), w[n1 * (n0 + 1) : -1], w[-1]

    def outputs(w):
        W, v, c = parts(w)
        return np.tanh(ones @ W.T) @ v + c

    def slopes(w):
        W, v, _ = parts(w)
        h = np.tanh(ones @ W.T)
        first = (((1 - h * h) * v)[:, :, None] * ones[:, None, :]).reshape(T, -1)
        return np.hstack([first, h, np.ones((T, 1))]) / np.sqrt(T)

    Y = np.round(outputs(teacher) + noise * g.normal(size=T), 3)
    found = least_squares(lambda w: (outputs(w) - Y) / np.sqrt(T), teacher, slopes, method="lm", xtol=1e-15, ftol=1e-15, gtol=1e-15)
    problem = Problem(Architecture.of((n0, n1, 1), "tanh"), error_named("squared"), Samples.of(inputs.tolist(), Y[:, None].tolist()))
    return problem, found.x


def small_fit():
    """The network 1-3-1 with 20 samples: a strict minimum with a least eigenvalue of about 3e-5."""
    return fitted(1, 3, 20, start=STEPS, X=np.round(np.arange(20)[:, None] / 3 - 3, 3))


def layers(problem, flat):
    """Weights as `check_architecture` takes them."""
    found = weights_of_rows(problem, np.asarray(flat, dtype=float))
    return [([list(row) for row in layer.W], list(layer.b)) for layer in found.layers]
