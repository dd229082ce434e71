"""The rules that apply theorems of our own about whole landscapes (section 6); the proofs in full are in ``docs/deciding.md``.

Write ``x̃ = (x, 1)``, ``z_k(i) = w_k·x̃_i`` for the inputs of unit k of a hidden layer, ``v_k`` for its outgoing weights, and ``ε_i = ∂E_i/∂z_L``, which is 0 if and
only if ``∇E_i`` is, where σ_out' vanishes nowhere. A local minimum is *bad* if it is not global; then ``ε ≠ 0`` by principle-error. If W* is a local minimum, so
are all W near it with the same outputs on the samples, with the same ε: its *flat neighbours*.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from flint import fmpq, fmpq_mat

from lossproof.certificates.kernel.arithmetic.functions import ONE, ZERO
from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.parse import limit, require
from lossproof.certificates.kernel.reading.problem import Problem, fraction
from lossproof.certificates.kernel.rules import evidence
from lossproof.certificates.kernel.rules.step import EVERYWHERE, Result, Step
from lossproof.theory import limits
from lossproof.theory.verdicts import Rigor


def one_relation(step: Step) -> Result:
    """The inputs obey exactly one affine relation s, one output and one hidden layer, and ``G = 1/σ'`` is strictly convex: is every local minimum global?

    At a bad local minimum no ``v_k`` is 0: else ``w_k`` moves freely at equal outputs, so ``Σ_i ε_i σ(w·x̃_i) = 0`` for all w in an open set, hence ε = 0, as σ is
    analytic and no polynomial and the inputs differ. So ``Σ_i ε_i σ'(z_k(i)) x̃_i = 0``, that is ``ε_i = c_k s_i G(z_k(i))`` with ``c_k ≠ 0``, and by the output bias
    ``Σ_i s_i G(z_k(i)) = 0`` (∗). All this holds at flat neighbours, too. S is the support of s.

    *Simplex*: one entry ``s_m`` of s has a sign of its own. Then ``z_k(m)`` is the mean of the others with weights ``s_i/|s_m|``, and by (∗) and strict Jensen
    every unit is constant on S. *Parallelogram*: ``s = (1, −1, −1, 1)``, edges p and q. ``G(z) − G(z + a) − G(z + b) + G(z + a + b)`` has the sign of ab, so every
    unit is constant along p or along q. None is so along one only: its two values h_0, h_1 may move freely with v_k and the output bias making up for it, so
    that ``ε_1/ε_3 = −G(z(0))/G(z(1))`` would be constant on an open set. With two units that are constant on S, one can be given two values along p, and the other
    takes the difference back: a flat neighbour of the kind that is impossible. So for two units or more there is no bad local minimum.

    *Constant on S*: ε on S is a function of the target alone and a multiple of s other than 0. So equal targets have equal ``s_i``; and for the squared error,
    with ``ε_i = (φ − y_i) σ_out'``, and the logistic one, with ``ε_i = p − y_i``, y is in ``span(1, s)`` on S and not constant. What breaks this proves the claim.

    *Conversely* let S be all samples, the output the identity, the error squared or logistic and convex in the output, and ``y = ȳ + c s``, ``c ≠ 0``. Constant
    networks with the least constant loss have ε a multiple of s, ``±c s``. Near such a network ``J − J* ≥ Σ ε_i ΔF_i/T``, and ``Σ_i s_i σ(b + a_i) = σ''(b)/2 Σ_i s_i a_i² +
    O(|a|³)``. In the simplex that quadratic form is definite on the a that matter, those orthogonal to s up to constants; with ``σ''(b_k) ≠ 0`` and the right sign of
    every ``v_k`` it is a local minimum. In the parallelogram with one unit ``J − J*`` has the quadratic part ``½ e'' v² σ'² (A² + B²) ∓ c v σ'' A B`` in ``A = w·p``, ``B = w·q``,
    positive definite for large ``|v|``: a local minimum. With v small and of the other sign J falls below ``J*`` near another such network. So it is bad.
    """
    found, problem = step.expect(1, "relation"), step.problem
    statement, T, place = step.conclusion["statement"], problem.T, "evidence.relation"
    require(problem.L == 2 and problem.n_L == 1 and problem.bias == "trainable", "rule", "this needs one hidden layer, one output and trainable biases")
    require(problem.activation.convex_inverse_slope.holds, "rule", "this needs an analytic activation with 1/σ' strictly convex")
    regular = problem.output_activation.nonvanishing_derivative.holds and problem.error.principle_error.holds
    require(regular, "rule", "this needs principle-error, and an output derivative that vanishes nowhere")
    rank = step.bound(0, "Phi-0+", "rank_lower", EVERYWHERE)
    require(rank == T - 1, "premises[0]", "all affine relations but one are to be ruled out", "premise")
    s = [read.rational(q, f"{place}[{i}]") for i, q in enumerate(read.items(found["relation"], place, T))]
    step.count_samples()
    relations = [evidence.total((q * x for q, x in zip(s, column, strict=True)), step.work) for column in (*zip(*problem.X, strict=True), [ONE] * T)]
    require(any(s) and not any(relations), place, "the inputs do not obey the relation")
    require(len(set(problem.X)) == T, "rule", "two inputs are equal")
    signs = [sum(q > 0 for q in s), sum(q < 0 for q in s)]
    if statement == "one-relation-simplex":
        require(min(signs) == 1, place, "no sample has a sign of its own")
    else:
        require(statement == "parallelogram", "conclusion.statement", "this rule says nothing about that statement", "conclusion")
        require(signs == [2, 2] and T == 4 and len({abs(fraction(q)) for q in s}) == 1, place, "the inputs are no parallelogram")
    if (statement == "parallelogram" and problem.widths[1] >= 2) or not _allows_constants(problem, s):
        return step.conclude(statement), Rigor.EXACT
    _require_bad_constants(problem, s)
    return step.conclude(statement, proved=False), Rigor.EXACT


def _targets(problem: Problem, s: Sequence[fmpq]) -> list[tuple[fmpq, fmpq]]:
    return [(q, row[0]) for q, row in zip(s, problem.Y, strict=True) if q != 0]


def _allows_constants(problem: Problem, s: Sequence[fmpq]) -> bool:
    """Tell whether ε may be a multiple of s where the network is constant on the support of s."""
    found = _targets(problem, s)
    if any(y == other and q != r for q, y in found for r, other in found):
        return False
    (q, y), (r, other) = found[0], next(pair for pair in found if pair[0] != found[0][0])
    slope = (y - other) / (q - r)
    known = problem.error.name == "squared" or (problem.error.family == "logistic" and problem.output_activation.is_identity)
    return not known or all(y - target == slope * (q - entry) for entry, target in found)


def _require_bad_constants(problem: Problem, s: Sequence[fmpq]) -> None:
    """Demand what makes constant networks bad local minima, where `_allows_constants`."""
    mean = sum((row[0] for row in problem.Y), ZERO) / problem.T
    right = problem.error.name == "squared" or (problem.error.family == "logistic" and 0 < mean < 1)
    require(right and problem.output_activation.is_identity, "rule", "it is not decided for this error and this output activation")
    require(all(q != 0 for q in s), "evidence.relation", "it is not decided where some sample takes no part in the relation")


def linear_region(step: Step) -> Result:
    """There is a local minimum, of a loss no less than that of the best affine map.

    Let σ be affine with a slope other than 0 on an interval. Where all units of all hidden layers stay on it for all samples, F is an affine map of rank at most
    r, the smallest hidden width, and every such map occurs: scale its first factor and shift it into the interval, pass it on, and undo it in the last layer;
    units left over rest at a point of the interval. On the samples these maps form a closed set, so one of them is best for the squared error. Weights that give
    it are a local minimum: all z stay on the interval near them. Its loss is at least ``J_A = min_A ½ Σ|Ax̃_i − y_i|²/T``, and ``X̃ᵀ(X̃A − Y) = 0`` shows A to be least.
    """
    found, problem, place = step.expect(0, "map", "loss"), step.problem, "evidence.map"
    require(any(piece.slope != 0 for piece in problem.activation.affine_pieces), "rule", "this needs an activation with an affine piece")
    _require_free_output(problem)
    require(problem.error.name == "squared", "rule", "this needs the squared error")
    m = problem.fan_in(1)
    rows = [read.items(row, f"{place}[{a}]", problem.n_L) for a, row in enumerate(read.items(found["map"], place, m))]
    table = [[read.rational(q, f"{place}[{a}][{j}]") for j, q in enumerate(row)] for a, row in enumerate(rows)]
    inputs = [[*x, ONE] for x in problem.X]
    bits = sum(max(max(q.p.bit_length(), q.q.bit_length()) for row in M for q in row) for M in (inputs, inputs, table)) + 2 * problem.T
    limit(bits, limits.MAX_SUM_BITS, "the length of a sum of rational numbers in bits")
    step.work.spend(2 * problem.T * m * problem.n_L * limits.rational_work(bits), "products of rational numbers")
    X, residuals = fmpq_mat(inputs), fmpq_mat(inputs) * fmpq_mat(table) - fmpq_mat([list(row) for row in problem.Y])
    require(all(q == 0 for q in (X.transpose() * residuals).entries()), place, "the residuals are not orthogonal to the inputs")
    least = sum((q * q for q in residuals.entries()), ZERO) / (2 * problem.T)
    return _with_loss_of(step, found, least), Rigor.EXACT


def _require_free_output(problem: Problem) -> None:
    right = problem.L >= 2 and problem.bias == "trainable" and problem.output_activation.is_identity
    require(right, "rule", "this needs a hidden layer, trainable biases and the identity at the output")


def _with_loss_of(step: Step, found: Any, least: Any) -> dict[str, Any]:
    """Return the claim that there is a local minimum of a loss no less than the evidence says, which is proved to be at most ``least``."""
    claimed = read.rational(found["loss"], "evidence.loss")
    require(bool(least >= claimed), "evidence.loss", "the loss of that local minimum is not seen to be so large")
    step.require_at(EVERYWHERE)
    return step.conclude(str(step.conclusion["statement"]), {"loss_lower": str(found["loss"])})


def dead_region(step: Step) -> Result:
    """There is a local minimum with constant outputs, of the loss of the best constant.

    Let σ be constant on an interval. With ``W_l = 0`` and biases in it for a hidden layer, no small change makes the outputs depend on the input, so the best
    constant output gives a local minimum. It exists for the squared error, ``c = ȳ``, and for a cross-entropy where the means are those of a distribution without
    zeros: logistic with ``0 < ȳ_j < 1``, ``Σ_j H(ȳ_j)``; softmax with ``ȳ_j > 0`` and targets that add up to 1 in each sample, ``−Σ_j ȳ_j log ȳ_j``.
    """
    problem = step.problem
    cross = problem.error.is_cross_entropy
    found = step.expect(0, "loss", *(["precision"] if cross else []))
    require(any(piece.slope == 0 for piece in problem.activation.affine_pieces), "rule", "this needs an activation with a constant piece")
    _require_free_output(problem)
    step.count_samples()
    means = [evidence.total(column, step.work) / problem.T for column in zip(*problem.Y, strict=True)]
    if not cross:
        require(problem.error.name == "squared", "rule", "this needs the squared error or a cross-entropy")
        squares = evidence.total(((y - mean) ** 2 for row in problem.Y for y, mean in zip(row, means, strict=True)), step.work)
        return _with_loss_of(step, found, squares / (2 * problem.T)), Rigor.EXACT
    softmax = problem.error.family == "softmax"
    right = all(mean > 0 and (softmax or mean < 1) for mean in means) and (not softmax or all(sum(row, ZERO) == 1 for row in problem.Y))
    require(right, "rule", "the best constant output is not attained")
    with step.balls() as ring:
        shares = [ring.embed(q) for mean in means for q in ((mean,) if softmax else (mean, 1 - mean))]
        return _with_loss_of(step, found, sum((-p * p.log() for p in shares), ring.embed(ZERO))), Rigor.BALL


THEOREM_RULES = {"one-relation": one_relation, "linear-region": linear_region, "dead-region": dead_region}
