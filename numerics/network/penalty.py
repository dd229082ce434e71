r"""The penalty of a weight decay, ``½ Σ_k λ_k w_k²``, and its derivatives ``λ_k w_k`` and ``diag(λ)``, over any field.

``λ_k`` is the rate of the k-th trainable weight, in the order of the rows of ``P``.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from lossproof.numerics.fields.field import Array, Field
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.evaluation import Evaluation
from lossproof.numerics.network.weight_vectors import rows_of_step
from lossproof.theory.problem.problem import Problem


def decay_rates(problem: Problem) -> list[Fraction]:
    """Return ``λ_k`` for every trainable weight; all 0 without weight decay."""
    a = problem.architecture
    return [Fraction(0)] * a.N_net if problem.decay is None else problem.decay.rates(a)


def rates_in_doubles(problem: Problem) -> Array:
    """Return the rates as doubles, of shape ``(N_net,)``."""
    return rates_over(problem, Float64Field())


def rates_over(problem: Problem, field: Field) -> Array:
    """Return the rates over a field, of shape ``(N_net,)``."""
    return np.asarray(field.array([decay_rates(problem)])[0])


def penalty_slopes(problem: Problem, evaluation: Evaluation) -> Array:
    """Return ``λ_k w_k`` for every trainable weight, in the field of the evaluation."""
    rows = rows_of_step(problem.architecture, evaluation.layers)
    return evaluation.field.mul(rates_over(problem, evaluation.field), rows)


def with_penalty_curvature(problem: Problem, field: Field, hessian: Array) -> Array:
    """Return a Hessian of the mean error with ``λ_k`` added on its diagonal."""
    if problem.decay is not None:
        place = np.arange(len(hessian))
        hessian[place, place] = field.add(hessian[place, place], rates_over(problem, field))
    return hessian


def penalty_terms(problem: Problem, evaluation: Evaluation) -> Array:
    """Return the summands ``λ_k w_k²/2`` of the weights with a rate above 0, in the field of the evaluation."""
    if problem.decay is None:
        return np.empty(0, dtype=object)
    field, rates = evaluation.field, decay_rates(problem)
    chosen = [k for k, rate in enumerate(rates) if rate]
    rows = rows_of_step(problem.architecture, evaluation.layers)[chosen]
    return field.mul(field.array([[rates[k] / 2 for k in chosen]])[0], field.mul(rows, rows))
