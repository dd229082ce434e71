"""A forward and backward pass by loops over fractions, as a twin of the library's."""

from __future__ import annotations

from fractions import Fraction

BIASES = ("trainable", "fixed", "none")


def naive_activation(activation, order, z):
    """Return a rational activation's value by its definition."""
    family, parameter = activation.family, activation.parameter
    if family == "softsign":
        return z / (1 + abs(z)) if order == 0 else 1 / (1 + abs(z)) ** 2
    if family in ("relu", "leaky-relu"):
        slope = 1 if z > 0 else (parameter or Fraction(0))
        return slope * z if order == 0 else Fraction(slope)
    if family == "hard-tanh":
        return max(Fraction(-1), min(z, Fraction(1))) if order == 0 else Fraction(abs(z) < 1)
    k = int(parameter or 1)
    return z**k if order == 0 else k * z ** (k - 1)


def naive_pass(problem, weights):
    """Return ``φ_l`` and ``Ψ_l`` for every sample, by loops over fractions."""
    a = problem.architecture
    phis, psis = [], []
    for x in problem.samples.X:
        phi, slopes = [list(x)], [None]
        for l, layer in enumerate(weights.layers, start=1):
            z = [sum(layer.W[k][u] * phi[-1][k] for k in range(len(phi[-1]))) + layer.b[u] for u in range(a.widths[l])]
            phi.append([naive_activation(a.activation_of(l), 0, value) for value in z])
            slopes.append([naive_activation(a.activation_of(l), 1, value) for value in z])
        psi = {a.L: [[slopes[a.L][u] if u == j else Fraction(0) for j in range(a.n_L)] for u in range(a.n_L)]}
        for l in range(a.L - 1, 0, -1):
            W = weights.layers[l].W
            psi[l] = [
                [slopes[l][u] * sum(W[u][c] * psi[l + 1][c][j] for c in range(a.widths[l + 1])) for j in range(a.n_L)]
                for u in range(a.widths[l])
            ]
        phis.append(phi)
        psis.append(psi)
    return phis, psis
