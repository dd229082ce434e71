"""The matrices that claims are about, by name."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise

import numpy as np

from lossproof.numerics.fields.field import Array, Field, constant_like
from lossproof.numerics.network.evaluation import Evaluation, evaluate
from lossproof.numerics.network.jacobian import jacobian, jacobian_block
from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_NAME = re.compile(r"(?P<kind>Phi|Psi|P|W)(-(?P<layer>\d{1,9}))?(?P<mark>[+*])?")


def named_matrix(problem: Problem, weights: Weights | None, name: str, field: Field) -> Array:
    r"""Return one matrix of ``docs/certificate-format.md`` section 4 over a field.

    - ``Phi-l`` (``n_l × T``), ``Phi-l+`` (with a last row of ones when the bias is trainable), ``l = 0..L-1``;
    - ``Psi-l``: the block-diagonal matrix of the ``Ψ_l(i)``, ``T n_l × T n_L``; ``P-l``: the row block of layer ``l``; ``P``: all
      of them, ``N_net × T n_L``;
    - ``W-l``: ``W_l`` with ``b_l`` as a last row when the bias is trainable, ``W-l*`` without it, ``l = 1..L``.

    Where the output activation's derivative vanishes nowhere it exists, ``Psi-l``, ``P-l`` and ``P`` are built with the identity in place of
    ``Ψ_L(i)``: the same rank. All of them exist only where all of ``P`` does. ``weights`` may be None for ``Phi-0`` and ``Phi-0+``.

    Raises `InputError` on a name that means no matrix here, `NotInField` and `NotDifferentiable`.

    >>> from lossproof.numerics.fields.rational import RationalField
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> problem = Problem(Architecture.of("1-1"), error_named("squared"), Samples.of([[2], [5]], [0, 1]))
    >>> named_matrix(problem, None, "Phi-0+", RationalField()).tolist()
    [[2, 5], [1, 1]]
    """
    kind, l, mark = parsed_name(problem, name)
    if kind == "W" and weights is not None:
        return field.finalize(_weight_matrix(problem, weights, field, l, mark))
    return matrix_at(problem, matrix_evaluation(problem, weights, name, field), name)


def matrix_evaluation(problem: Problem, weights: Weights | None, name: str, field: Field) -> Evaluation:
    """Return the pass from which a matrix ``Phi``, ``Psi`` or ``P`` is built, nothing of it computed yet; raises `InputError` as `named_matrix` does."""
    kind, l, _ = parsed_name(problem, name)
    if kind == "Phi" and l == 0 and weights is None:
        weights = _zero_weights(problem)
    if weights is None:
        raise InputError(f"the matrix {name} depends on the weights, got none: give weights")
    strip = problem.architecture.output_activation.has_nonzero_slopes
    return evaluate(problem.architecture, problem.samples, weights, field, strip_output=strip)


def matrix_at(problem: Problem, evaluation: Evaluation, name: str) -> Array:
    """Return a matrix ``Phi``, ``Psi`` or ``P``, built from its `matrix_evaluation`."""
    kind, l, mark = parsed_name(problem, name)
    return evaluation.field.finalize(_build(evaluation, kind, l, mark))


def _build(evaluation: Evaluation, kind: str, l: int, mark: str) -> Array:
    if kind == "Phi":
        return (evaluation.extended_phi(l) if mark else evaluation.phi[l]).T
    _require_slopes(evaluation)
    if kind == "Psi":
        return _block_diagonal(evaluation, l)
    return jacobian_block(evaluation, l) if l else jacobian(evaluation)


def _require_slopes(evaluation: Evaluation) -> None:
    """Raise `NotDifferentiable` where a derivative does not exist that the whole of ``P`` asks for, even if the block wanted does not."""
    a = evaluation.architecture
    for l in a.kinked_layers(1):
        if l < a.L or not evaluation.strip_output:
            _ = evaluation.slope[l]


def _weight_matrix(problem: Problem, weights: Weights, field: Field, l: int, mark: str) -> Array:
    layer = weights.layers[l - 1]
    W = field.array(layer.W)
    return W if mark or not problem.architecture.bias_rows_of(l) else np.concatenate([W, field.array(layer.b)[None, :]], axis=0)


def _block_diagonal(evaluation: Evaluation, l: int) -> Array:
    psi = evaluation.psi[l]
    T, n, n_L = psi.shape
    result = constant_like(evaluation.field, 0, (T, n, T, n_L), psi)
    result[np.arange(T), :, np.arange(T), :] = psi
    return result.reshape(T * n, T * n_L)


def parsed_name(problem: Problem, name: str) -> tuple[str, int, str]:
    """Return kind, layer (0 for ``P`` as a whole) and mark of the name of a matrix; raises `InputError` on one that means no matrix here.

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> problem = Problem(Architecture.of("1-2-1"), error_named("squared"), Samples.of([[2], [5]], [0, 1]))
    >>> parsed_name(problem, "Phi-1+"), parsed_name(problem, "P")
    (('Phi', 1, '+'), ('P', 0, ''))
    """
    L = problem.architecture.L
    match = _NAME.fullmatch(name)
    if match is None:
        raise _unknown(name, L)
    kind, layer, mark = match["kind"], match["layer"], match["mark"] or ""
    least, most = (0, L - 1) if kind == "Phi" else (1, L)
    right_mark = mark == "" or (mark == "+" and kind == "Phi") or (mark == "*" and kind == "W")
    if not right_mark or (layer is None and kind != "P"):
        raise _unknown(name, L)
    if layer is not None and (not least <= int(layer) <= most or layer != str(int(layer))):
        raise _unknown(name, L)
    return kind, int(layer or 0), mark


def _unknown(name: str, L: int) -> InputError:
    return InputError(
        f"unknown matrix {name!r}: with {L} layers there are P, P-l, Psi-l, W-l and W-l* for l = 1..{L}, "
        f"and Phi-l and Phi-l+ for l = 0..{L - 1}"
    )


def _zero_weights(problem: Problem) -> Weights:
    widths, zero = problem.architecture.widths, Fraction(0)
    return Weights.of(problem.architecture, [([[zero] * n] * m, [zero] * n) for m, n in pairwise(widths)])
