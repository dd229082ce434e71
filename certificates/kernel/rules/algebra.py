r"""The rule that a list of the critical points of a network of powers is complete, by exact algebra (section 6)."""

from __future__ import annotations

from flint import fmpq

from lossproof.certificates.kernel.arithmetic.balls import ball_precision, not_zero
from lossproof.certificates.kernel.arithmetic.rings import BallRing
from lossproof.certificates.kernel.network import passes
from lossproof.certificates.kernel.network.algebraic import BITS, idle_are_global, is_scaled, require_all_listed
from lossproof.certificates.kernel.network.passes import Box
from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.parse import require
from lossproof.certificates.kernel.reading.problem import Problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.certificates.kernel.rules.step import EVERYWHERE, Result, Step, everywhere, kinds, read_list
from lossproof.theory import limits
from lossproof.theory.verdicts import Rigor

_SIGNS, _SCALE, _OUTPUTS = "signs", "scale", "outputs"


def complete_algebra(step: Step) -> Result:
    r"""All critical points are those of the premises, which are as in `read_list`, up to what the fact ``up_to`` says.

    *Signs* and *scale*: one layer with a power, or one hidden layer of powers, the identity and one output, the squared error: `algebraic`. With a scale, the
    points with ``v = 0`` are critical besides, and no bad local minima. A global minimum exists where all weights decay, and for one layer, where J goes to
    infinity with the z, which fill a linear space. With a scale the ``z^k`` at all samples and the ``−z^k`` form a closed set; so it exists if there is no c,
    or c decays, as then J bounds c and all z. It has ``v ≠ 0`` unless the points with ``v = 0`` are global; where they are, ``attained`` is false: it says that
    the list has one.

    *Outputs*: with one layer, identity output and an error strictly convex in the outputs, squared or logistic, J is a convex function of W, strictly of the
    outputs and of what decays: all critical points are global minima, and have the same outputs. So it is for a deep linear network with one output, the
    squared error, trainable biases or none, and no decay, where ``p = W_2 ⋯ W_L`` is not 0. For ``∂J/∂W_1 = G pᵀ`` with the gradient G of J, as a function ℓ of
    ``u = W_1 p`` and of the constant β, by u; so ``G = 0``; the slope by ``b_L`` is that by β; and ℓ is convex. Where ``p = 0`` the outputs are constant, with
    the best constant. Such a point is global if ``G = 0``; if not, it is no local minimum. For ``W_1 + Δ`` has the same outputs. The lowest terms of p at the
    weights above, in ``t D``, are ``t^m e(D)``, ``m ≥ 1``. For nearly all Δ ``h(D) = Gᵀ(W_1 + Δ) e(D)`` is not the polynomial 0; each of its variables has
    degree 1 at most in it, so it is harmonic, homogeneous, and negative at some D. With β kept by ``b_L``, ``J`` changes by ``t^m h(D) + O(t^{m+1})``, as ``u =
    O(t^m)``. So all local minima are global, and those with ``p ≠ 0`` have the outputs of the one listed.
    """
    found, problem = read.fields(step.evidence, ("points", "zeros"), "evidence"), step.problem
    step.require_at(EVERYWHERE)
    count = read.integer(found["points"], "evidence.points", 0, limits.MAX_CELLS)
    lists = read.items(found["zeros"], "evidence.zeros")
    places, told, alone = read_list(step, count)
    boxes, whole = [step.box(place) for place in places], problem.decay is not None and all(rate > 0 for rate in problem.rates)
    if _is_convex_in_outputs(problem):
        require(count == 1 and not lists, "evidence", "one point, with the outputs of all others, is expected, and no zeros")
        _require_passed_on(step.work, problem, boxes[0])
        up_to, attained = _OUTPUTS, True
    else:
        shaped = problem.L == 1 or (problem.L == 2 and problem.n_L == 1 and problem.output_activation.is_identity)
        powers = all(problem.activation_of(l).degree is not None for l in range(1, problem.L + 1))
        right = shaped and powers and problem.error.name == "squared" and "fixed" not in problem.biases
        require(right, "rule", "this needs a squared error, one layer, or two and one output, and powers")
        zeros = [None if rows is None else read.each(rows, f"evidence.zeros[{n}]", _numbers) for n, rows in enumerate(lists)]
        require_all_listed(step.work, problem, boxes, zeros)
        up_to, attained = _SIGNS, whole or problem.L == 1
        if is_scaled(problem):
            bounded = not problem.bias_rows_of(2) or bool(problem.rates and problem.rates[-1] > 0)
            up_to, attained = _SCALE, bounded and not idle_are_global(step.work, problem)
    facts = {"bounds": [], "minima": False, "up_to": up_to, **told, **kinds(alone, whole=True, attained=attained)}
    return everywhere("complete-list", facts), Rigor.BALL


def _numbers(row: object, place: str) -> tuple[fmpq, ...]:
    return read.each(row, place, read.number)


def _is_convex_in_outputs(problem: Problem) -> bool:
    """Tell whether all critical points but those without a way from the first layer to the output have the same outputs."""
    identity = all(problem.activation_of(l).is_identity for l in range(1, problem.L + 1))
    if problem.L == 1:
        return identity and problem.error.family in ("squared", "logistic")
    linear = identity and problem.error.family == "squared" and problem.n_L == 1 and problem.decay is None
    return linear and len(set(problem.biases)) == 1 and "fixed" not in problem.biases


def _require_passed_on(work: Work, problem: Problem, box: Box) -> None:
    """Check that ``W_2 ⋯ W_L`` is not 0 in a box of a linear network."""
    with ball_precision(BITS):
        ring = BallRing(work, BITS)
        layers = [W for W, _ in passes.weights(ring, problem, box)]
        p = layers.pop()
        for W in reversed(layers[1:]):
            p = ring.times(W, p)
        passed = problem.L == 1 or any(not_zero(x) for x in p.flat)
        require(passed, "premises", "the weights above the first layer may give the product 0", "premise")
