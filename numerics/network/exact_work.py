"""The work that a checker counts for what needs an exact pass, from above."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.lengths import EXCESS, products_work, sum_length
from lossproof.numerics.fields.term_counts import TERM_WORK, sum_of_terms_work
from lossproof.numerics.network.evaluation import Evaluation
from lossproof.numerics.network.jacobian import backward_errors, output_residuals
from lossproof.numerics.network.layer_work import LayerWork, most_terms, product_terms
from lossproof.numerics.network.matrices import parsed_name
from lossproof.theory.limits import MAX_STEP_WORK, MAX_SUM_BITS, MAX_TERMS, error_work, rational_work
from lossproof.theory.limits import hessian_work as passes_of_hessian
from lossproof.theory.problem.matrix_sizes import matrix_size
from lossproof.theory.problem.problem import Problem
from lossproof.theory.verdicts import Rigor


@dataclass(frozen=True)
class ExactWork:
    """Bounds of the work of a pass, and of the number of terms of what comes out of it; 0 terms where all is rational.

    ``rigor`` is BALL where an irrational z is met by an activation with a kink, as its side is seen in balls.
    """

    work: int
    terms: int
    rigor: Rigor = Rigor.EXACT

    @property
    def is_allowed(self) -> bool:
        """Whether half of the work of a step is left, and no number or polynomial on the way is too long."""
        return self.work <= MAX_STEP_WORK // 2


TOO_MUCH = ExactWork(EXCESS, 0)
"""What no checker does."""


def matrix_work(problem: Problem, evaluation: Evaluation, name: str) -> ExactWork:
    """Return the work of all entries of a matrix ``Phi``, ``Psi`` or ``P``, from its `matrix_evaluation` over the rationals or the formal ring.

    >>> from lossproof.numerics.fields.formal import FormalField
    >>> from lossproof.numerics.network.matrices import matrix_evaluation
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> from lossproof.theory.problem.weights import Weights
    >>> a = Architecture.of("1-2-1", "tanh")
    >>> problem = Problem(a, error_named("squared"), Samples.of([[2], [5]], [[0], [1]]))
    >>> weights = Weights.of(a, [([[1, 2]], [0, 0]), ([[1], [1]], [0])])
    >>> found = matrix_work(problem, matrix_evaluation(problem, weights, "P", FormalField()), "P")
    >>> found.is_allowed, found.terms
    (True, 2)
    """
    kind, layer, _ = parsed_name(problem, name)
    a, found = problem.architecture, LayerWork(evaluation)
    if kind == "Phi":
        found.forward(layer)
        return ExactWork(found.passed, found.phi[-1], found.rigor)
    found.forward(a.L - 1 if evaluation.strip_output else a.L, slopes=True)
    terms = 0 if evaluation.strip_output else found.slope[a.L]
    found.spend(problem.T * a.n_L**2 * TERM_WORK * terms)
    errors = found.backward(terms, lambda l: evaluation.psi[l], max(layer, 1), a.n_L)
    rows, columns = matrix_size(problem, name)
    largest = product_terms(max(errors), max(found.phi[: a.L]))
    found.limit(largest <= MAX_TERMS)
    found.spend(rows * columns * TERM_WORK * largest)
    return ExactWork(found.passed, largest, found.rigor)


def output_work(problem: Problem, evaluation: Evaluation) -> ExactWork:
    """Return the work of the outputs, and where they are rational, of the sum of their squared distances from the targets."""
    found, L = LayerWork(evaluation), evaluation.architecture.L
    found.forward(L)
    outputs, targets = evaluation.phi[L], evaluation.field.array(problem.samples.Y)
    found.sums(2, outputs.size, 0, outputs, outputs, targets, targets)
    return ExactWork(found.passed, found.phi[L], found.rigor)


def residual_work(problem: Problem, evaluation: Evaluation) -> ExactWork:
    """Return the work of the gradients of the errors by the outputs, and of their sums, plain and with the inputs as factors."""
    found = LayerWork(evaluation)
    found.forward(evaluation.architecture.L)
    terms = _error_terms(problem, evaluation, found)
    residuals, T = output_residuals(problem, evaluation), problem.T
    found.sums(residuals.size * (problem.architecture.widths[0] + 2), T, terms, evaluation.phi[0], residuals)
    return ExactWork(found.passed, terms, found.rigor)


def gradient_work(problem: Problem, evaluation: Evaluation) -> ExactWork:
    """Return the work of the gradient of the loss; raises `NotInField` and `NotDifferentiable` where that does not exist in the field."""
    found, a, T = LayerWork(evaluation), problem.architecture, problem.T
    found.forward(a.L, slopes=True)
    errors = backward_errors(problem, evaluation)
    last = product_terms(_error_terms(problem, evaluation, found), found.slope[a.L])
    found.spend(T * a.n_L * TERM_WORK * last)
    terms = found.backward(last, lambda l: errors[l - 1], 1)
    for l, (m, n) in enumerate(pairwise(a.widths)):
        found.sums((m + 1) * n, T, product_terms(terms[l], found.phi[l]), evaluation.phi[l], errors[l])
    return ExactWork(found.passed, max(terms), found.rigor)


def hessian_work(problem: Problem, evaluation: Evaluation, directions: int) -> ExactWork:
    r"""Return the work of the Hessian times some directions of zeros and ones, at weights at which all is rational; `TOO_MUCH` where something is not.

    Along a direction each number has the derivatives by the weights as another coefficient: sums over paths of products of weights, slopes and curvatures, at
    most two of each layer, so that their lengths add up. Denominators that are no powers of two may all differ, and multiply in a sum.
    """
    widths, L = problem.architecture.widths, problem.architecture.L
    arrays = [
        A for l in range(1, L + 1) for A in (evaluation.phi[l], evaluation.slope[l], evaluation.curvature[l], evaluation.layers[l - 1][0])
    ]
    arrays += [evaluation.phi[0], output_residuals(problem, evaluation)]
    if any(most_terms(A) for A in arrays):
        return TOO_MUCH
    terms = 1 if all(_is_dyadic(A) for A in arrays) else max(*widths, problem.T) + 1
    bits = 4 * terms * sum(sum_length(A, 1) for A in arrays)
    passes = passes_of_hessian(widths, problem.T, 0, directions, softmax=problem.error.family == "softmax")
    return TOO_MUCH if bits > MAX_SUM_BITS else ExactWork(passes * rational_work(bits), 0)


def _is_dyadic(A: Array) -> bool:
    return all((int(x.q) & (int(x.q) - 1)) == 0 for x in A.flat)


def argument_work(evaluation: Evaluation, layer: int) -> ExactWork:
    """Return the work of ``z_layer``, whose activation is left out."""
    found = LayerWork(evaluation)
    found.forward(layer, values=False)
    return ExactWork(found.passed, 0, found.rigor)


def _error_terms(problem: Problem, evaluation: Evaluation, found: LayerWork) -> int:
    """Return a bound of the terms of ``∇E``, and count its work: unless the error is squared there are more symbols in it, for softmax one for each output."""
    outputs, terms, n_L = evaluation.phi[problem.architecture.L], found.phi[-1], problem.architecture.n_L
    softmax, squared = problem.error.family == "softmax", problem.error.family == "squared"
    targets = evaluation.field.array(problem.samples.Y)
    found.spend(error_work(n_L, problem.T, 0, softmax=softmax) + products_work(outputs.size, 1, outputs, targets))
    if squared and not terms:
        return 0
    formal = 2 * (max(terms, 1) + 1) + (2 * n_L if softmax else 0)
    found.spend(outputs.size * (n_L if softmax else 1) * sum_of_terms_work(4 * (n_L if softmax else 1), formal))
    return formal
