r"""The equations of a point on kinks of one hidden layer: units follow lines ``σ(z) = s z`` with a slope for each sample, given at kinks.

With ``h_k(i) = s_k(i) z_k(i)`` and ε the gradients of the errors at the outputs ``Σ_k h_k v_k + b``, the components are ``Σ_i ε_i + Tμb``,
``Σ_i h_k(i) ε_i + Tκv_k`` and ``Σ_i s_k(i) x̃_i (v_k·ε_i) + TΛw_k``: the gradient of T J off kinks, where s are the slopes. At kinks s may be unknowns besides.
"""

from __future__ import annotations

import numpy as np

from lossproof.numerics.fields.field import Array, Field
from lossproof.numerics.network.penalty import rates_over
from lossproof.theory.problem.problem import Problem


class Lines:
    """The equations over a field at weights, a vector in the order of the rows of P, with slopes s of shape ``(T, n_1)``.

    ``inputs`` are the rows ``x̃_i``, ``eps`` the ``ε_i``, ``gradient`` the components, and `jacobian` their derivatives by the weights. Balls are added at the
    precision in force.
    """

    def __init__(self, problem: Problem, field: Field, point: Array, slopes: Array) -> None:
        a = problem.architecture
        self.problem, self.field, self.slopes = problem, field, slopes
        m, n, o, inner = a.fan_in(1), a.widths[1], a.n_L, a.fan_in(1) * a.widths[1]
        X = field.array(problem.samples.X)
        self.inputs = np.hstack([X, field.array([[1]] * problem.T)]) if a.bias_rows_of(1) else X
        outer = point[inner:].reshape(o, a.fan_in(2))
        self.V, self.z = outer[:, :n], field.matmul(self.inputs, point[:inner].reshape(n, m).T)
        self.h = self.z * slopes
        b = outer[:, -1] if a.bias_rows_of(2) else field.array([list(problem.constants(2) or (0,) * o)])[0]
        self.outputs = field.matmul(self.h, self.V.T) + b
        targets = field.array(problem.samples.Y)
        self.eps = field.error_derivative(problem.error, 1, self.outputs, targets)
        self.curvature = field.error_derivative(problem.error, 2, self.outputs, targets)
        self.rates = rates_over(problem, field) * problem.T
        self.pulls = field.matmul(self.eps, self.V)
        into = field.matmul((slopes * self.pulls).T, self.inputs)
        ones = [field.array([[1] * problem.T])] if a.bias_rows_of(2) else []
        out = field.matmul(self.eps.T, np.vstack([self.h.T, *ones]).T)
        self.gradient = np.concatenate([into.ravel(), out.ravel()]) + self.rates * point

    def jacobian(self) -> Array:
        """Return the derivatives of the components, rows, by the weights, columns."""
        a, T, field = self.problem.architecture, self.problem.T, self.field
        m, n, o, width = a.fan_in(1), a.widths[1], a.n_L, a.fan_in(2)
        inner, zero = m * n, field.array([[0]])[0, 0]
        table = self.slopes[:, :, None] * self.inputs[:, None, :]
        ones = [field.array([[1]] * T)] if a.bias_rows_of(2) else []
        behind = np.hstack([self.h, *ones])
        rows = []
        for j in range(o):
            block = np.full((T, a.N_net), zero, dtype=self.z.dtype)
            block[:, :inner] = (table * self.V[j][None, :, None]).reshape(T, inner)
            block[:, inner + j * width : inner + (j + 1) * width] = behind
            rows.append(block)
        bent = [sum(self.curvature[:, j, c][:, None] * rows[c] for c in range(o)) for j in range(o)]
        found = field.matmul(np.vstack(rows).T, np.vstack(bent))
        cross = field.matmul(table.reshape(T, inner).T, self.eps)
        for k, j in np.ndindex(n, o):
            into, out = slice(k * m, (k + 1) * m), inner + j * width + k
            found[into, out] = found[into, out] + cross[into, j]
            found[out, into] = found[out, into] + cross[into, j]
        place = np.arange(a.N_net)
        found[place, place] = found[place, place] + self.rates
        return np.asarray(found)

    def rates_of_slope(self, units: list[int], samples: list[int]) -> Array:
        """Return the derivatives of the components by one slope that some units have at some samples."""
        a, field = self.problem.architecture, self.field
        zero = field.array([[0]])[0, 0]
        h, here = np.full(self.z.shape, zero, dtype=self.z.dtype), np.full(self.z.shape, zero, dtype=self.z.dtype)
        at = np.ix_(samples, units)
        h[at], here[at] = self.z[at], self.pulls[at]
        outputs = field.matmul(h, self.V.T)
        eps = np.stack([sum(self.curvature[:, j, c] * outputs[:, c] for c in range(a.n_L)) for j in range(a.n_L)], axis=1)
        into = field.matmul((self.slopes * field.matmul(eps, self.V) + here).T, self.inputs)
        ones = [field.array([[1] * self.problem.T])] if a.bias_rows_of(2) else []
        none = [np.full((1, self.problem.T), zero, dtype=self.z.dtype)] * len(ones)
        out = field.matmul(eps.T, np.vstack([self.h.T, *ones]).T) + field.matmul(self.eps.T, np.vstack([h.T, *none]).T)
        return np.concatenate([into.ravel(), out.ravel()])
