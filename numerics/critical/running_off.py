"""Signs, in double precision, that a point belongs to a sequence that goes to infinity, or sits at a kink."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.float64 import nearest_double
from lossproof.numerics.fields.rest import samples_at_rest
from lossproof.numerics.functions.formulas import Tails
from lossproof.numerics.functions.table import formulas_of
from lossproof.numerics.network.float_derivatives import Derivatives, FloatLandscape
from lossproof.theory.problem.problem import Problem

_RANK = 1e-6
_KINK = 1e-13
_SUSPICION = 4.0
_CERTAIN = 21.0


def meets_kink(problem: Problem, at: Derivatives) -> bool:
    """Tell whether some unit has its input at a kink of its activation, as far as doubles can tell."""
    a = problem.architecture
    for l in a.kinked_layers(1):
        z = np.delete(at.z[l - 1][0], samples_at_rest(problem, l), axis=0)
        near = _KINK * max(1.0, float(np.abs(z).max(initial=0.0)))
        if any(np.any(np.abs(z - float(point)) <= near) for point in a.activation_of(l).kinks(1)):
            return True
    return False


def runs_off(landscape: FloatLandscape, at: Derivatives) -> bool:
    """Tell whether the (one) point looks like one of a sequence that goes to infinity.

    That is so when the samples at which a unit is not saturated leave a direction of its incoming weights open that other samples see (units of frozen layers
    have no such direction), or when a unit with a linear branch sees all samples on its branches. Saturation of the error (cross-entropy of certain answers,
    outliers of robust errors) counts as saturation of the outputs. A penalty on all weights keeps every such sequence from being critical in the end.
    """
    a, decay = landscape.problem.architecture, landscape.problem.decay
    if decay is not None and decay.holds_all(a):
        return False
    for l in a.trained:
        z, inputs, tails = at.z[l - 1][0], at.values[l - 1][0], formulas_of(a.activation_of(l)).tails
        flat = _saturated(tails, z)
        if l == a.L:
            flat = flat | _certain(landscape, at.values[-1][0])
        for k in range(a.widths[l]):
            if np.all(np.abs(z[:, k]) > tails.linear):
                return True
            if np.any(flat[:, k]) and _rank(inputs[~flat[:, k]], inputs) < _rank(inputs, inputs):
                return True
    return False


def is_suspicious(landscape: FloatLandscape, at: Derivatives) -> bool:
    """Tell whether a unit is saturated so far at some sample that slopes too small for doubles may hide a way to infinity."""
    a = landscape.problem.architecture
    for l in range(1, a.L + 1):
        z, tails = at.z[l - 1][0], formulas_of(a.activation_of(l)).tails
        if np.any(_saturated(tails, z * _SUSPICION)) or np.any(np.abs(z) * _SUSPICION > tails.linear):
            return True
    return bool(np.any(_certain(landscape, at.values[-1][0], _SUSPICION)))


def _saturated(tails: Tails, z: Array) -> Array:
    return np.asarray((z < -tails.below) | (z > tails.above))


def _certain(landscape: FloatLandscape, outputs: Array, factor: float = 1.0) -> Array:
    """Return where the error no longer bends although it is not at its least value; a larger factor tells this earlier."""
    error, shape, bound = landscape.problem.error, outputs.shape, _CERTAIN / factor
    if error.family == "logistic":
        return np.asarray(np.abs(outputs) > bound)
    if error.family == "softmax":
        ordered = np.sort(outputs, axis=1)
        sure = ordered[:, -1] - ordered[:, -2] > bound if shape[1] > 1 else np.zeros(shape[0], dtype=bool)
        return np.broadcast_to(sure[:, None], shape)
    far = {"blake-zisserman": 5.0, "cauchy": 3e4 * np.sqrt(nearest_double(error.beta or Fraction(1)))}.get(error.family, np.inf)
    return np.asarray(np.abs(outputs - landscape.targets) * factor > far)


def _rank(rows: Array, all_rows: Array) -> int:
    if rows.shape[0] == 0:
        return 0
    return int(np.linalg.matrix_rank(rows, tol=_RANK * float(np.linalg.norm(all_rows, 2))))
