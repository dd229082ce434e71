"""The sizes of the matrices that claims are about."""

from __future__ import annotations

from lossproof.theory.problem.problem import Problem


def matrix_size(problem: Problem, matrix: str) -> tuple[int, int]:
    """Return (rows, columns) of a matrix named as in ``docs/certificate-format.md`` section 4.

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> xor = Samples.of([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0])
    >>> problem = Problem(Architecture.of("2-2-1"), error_named("squared"), xor)
    >>> matrix_size(problem, "P"), matrix_size(problem, "P-1"), matrix_size(problem, "Phi-1+"), matrix_size(problem, "W-2*")
    ((9, 4), (6, 4), (3, 4), (2, 1))
    """
    a, T = problem.architecture, problem.T
    if matrix == "P":
        return a.N_net, problem.columns
    kind, _, rest = matrix.partition("-")
    layer = int(rest.rstrip("+*"))
    if kind == "Phi":
        return a.widths[layer] + (a.bias_rows_of(layer + 1) if rest.endswith("+") else 0), T
    if kind == "Psi":
        return T * a.widths[layer], problem.columns
    if kind == "P":
        return a.fan_in(layer) * a.widths[layer], problem.columns
    return a.widths[layer - 1] + (0 if rest.endswith("*") else a.bias_rows_of(layer)), a.widths[layer]
