"""The rules that apply theorems of our own about whole landscapes (section 6); the proofs in full are in ``docs/deciding.md``.

Write ``x̃ = (x, 1)``, ``z_k(i) = w_k·x̃_i`` for the inputs of unit k of a hidden layer, ``v_k`` for its outgoing weights, and ``ε_i = ∂E_i/∂z_L``: it is 0 if and
only if ``∇E_i`` is, where σ_out' vanishes nowhere. A local minimum is *bad* if it is not global; then ``ε ≠ 0``, by principle-error. If W* is a local minimum,
so are all W near it with the same outputs on the samples, and with the same ε: its *flat neighbours*.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flint import fmpq, fmpq_mat

from lossproof.certificates.kernel.arithmetic.functions import ONE, ZERO
from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.parse import limit, require
from lossproof.certificates.kernel.reading.problem import Problem, fraction
from lossproof.certificates.kernel.rules import evidence
from lossproof.certificates.kernel.rules.step import EVERYWHERE, Result, Step, everywhere, named
from lossproof.theory import limits
from lossproof.theory.verdicts import Rigor


def one_relation(step: Step) -> Result:
    """The inputs obey exactly one affine relation s, one output and one hidden layer, and ``G = 1/σ'`` is strictly convex: is every local minimum global?

    At a bad local minimum no ``v_k`` is 0: else ``w_k`` moves freely at equal outputs, so ``Σ_i ε_i σ(w·x̃_i) = 0`` for all w in an open set, so ε = 0, as σ
    is analytic and no polynomial, and the inputs differ. So ``Σ_i ε_i σ'(z_k(i)) x̃_i = 0``, that is ``ε_i = c_k s_i G(z_k(i))`` with ``c_k ≠ 0``, and by the
    output bias ``Σ_i s_i G(z_k(i)) = 0`` (∗). All this holds at flat neighbours, too. S is the support of s.

    *Simplex*: one entry ``s_m`` of s has a sign of its own. Then ``z_k(m)`` is the mean of the others on S, with weights ``s_i/|s_m|``, and by (∗) and strict
    Jensen every unit is constant on S.

    *Parallelogram*: ``s = (1, −1, −1, 1)``, with edges p and q. ``G(z) − G(z + a) − G(z + b) + G(z + a + b)`` has the sign of ab, so by (∗) every unit is
    constant along p or along q. None is so along one of them only: its two values may move freely while ``v_k`` and the output bias make up for it, so
    ``ε_1/ε_3 = −G(z(0))/G(z(1))`` would be constant on an open set. So all units are constant on S; if there are two, one can be given two values along p
    while the other takes the difference back, a flat neighbour of the kind that is impossible. So for two units or more there is no bad local minimum.

    *Constant on S*: there ε is a function of the target alone, and a multiple of s other than 0. So equal targets have equal ``s_i``; and for the squared
    error, ``ε_i = (φ − y_i) σ_out'``, and the logistic one, ``ε_i = p − y_i``, y is in ``span(1, s)`` on S and not constant. Where that fails, the claim is
    proved.

    *Conversely* let S be all samples, the output the identity, the error squared or logistic, and ``y = ȳ + c s`` with ``c ≠ 0``. At a constant network with
    the best constant output, of loss ``J*``, ``ε = −c s``, and near it ``T(J − J*) ≥ Σ ε_i ΔF_i``, as E is convex. With ``z(i) = b + a_i`` for a unit,
    ``Σ_i s_i σ(b + a_i) = ½ σ''(b) Σ_i s_i a_i² + O(|a|³)``, as ``Σ s_i a_i = 0``.
    In the simplex ``Σ_i s_i a_i²`` is definite up to constants (Jensen); with ``σ''(b_k) ≠ 0``, and signs of the ``v_k`` that make every term positive, the
    network is a local minimum. In the parallelogram with one unit, ``A = w·p``, ``B = w·q``, ``T(J − J*)`` has the quadratic part
    ``½ e''(d² + v² σ'² (A² + B²)) ∓ c v σ'' A B``, d a shift of all outputs: positive definite for large ``|v|``, so a local minimum (Morse-Bott).
    With v small, and of the other sign in the simplex, J falls below ``J*`` near another constant network of loss ``J*``: so these minima are bad.
    """
    found, problem = step.expect(1, "relation"), step.problem
    statement, T, place = step.conclusion["statement"], problem.T, "evidence.relation"
    require(
        problem.L == 2 and problem.n_L == 1 and problem.bias == "trainable",
        "rule",
        "this needs one hidden layer, one output and trainable biases",
    )
    require(problem.activation.convex_inverse_slope.holds, "rule", "this needs an analytic activation with 1/σ' strictly convex")
    regular = problem.output_activation.nonvanishing_derivative.holds and problem.error.principle_error.holds
    require(regular, "rule", "this needs principle-error, and an output derivative that vanishes nowhere")
    rank = step.bound(0, "Phi-0+", "rank_lower", EVERYWHERE)
    require(rank == T - 1, "premises[0]", "all affine relations but one are to be ruled out", "premise")
    s = read.each(found["relation"], place, read.rational, T)
    step.count_samples()
    relations = [
        evidence.total((q * x for q, x in zip(s, column, strict=True)), step.work) for column in (*zip(*problem.X, strict=True), [ONE] * T)
    ]
    require(any(s) and not any(relations), place, "the inputs do not obey the relation")
    require(len(set(problem.X)) == T, "rule", "two inputs are equal")
    signs = [sum(q > 0 for q in s), sum(q < 0 for q in s)]
    if statement == "one-relation-simplex":
        require(min(signs) == 1, place, "no sample has a sign of its own")
    else:
        require(statement == "parallelogram", "conclusion.statement", "this rule says nothing about that statement", "conclusion")
        require(signs == [2, 2] and T == 4 and len({abs(fraction(q)) for q in s}) == 1, place, "the inputs are no parallelogram")
    if (statement == "parallelogram" and problem.widths[1] >= 2) or not _allows_constants(problem, s):
        return everywhere(statement), Rigor.EXACT
    _require_bad_constants(problem, s)
    return everywhere(statement, proved=False), Rigor.EXACT


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

    Let σ be affine with a slope other than 0 on an open interval. Where all hidden units stay on it for all samples, F is an affine map of rank at most r, the
    smallest hidden width, and every such map occurs: scale its first factor and shift it into the interval, pass it on, and undo it in the last layer; units
    left over rest at a point of the interval. On the samples these maps form a closed set, so one of them is best for the squared error. Weights that give it
    are a local minimum, as all z stay on the interval near them. Its loss is at least that of the best affine map, ``½ Σ|Ax̃_i − y_i|²/T`` with
    ``X̃ᵀ(X̃A − Y) = 0``.
    """
    found, problem, place = step.expect(0, "map", "loss"), step.problem, "evidence.map"
    require(any(piece.slope != 0 for piece in problem.activation.affine_pieces), "rule", "this needs an activation with an affine piece")
    _require_free_output(problem)
    require(problem.error.name == "squared", "rule", "this needs the squared error")
    m = problem.fan_in(1)
    table = read.rows(found["map"], place, read.rational, m, problem.n_L)
    inputs = [[*x, ONE] for x in problem.X]
    bits = sum(max(max(q.p.bit_length(), q.q.bit_length()) for row in M for q in row) for M in (inputs, inputs, table)) + 2 * problem.T
    limit(bits, limits.MAX_SUM_BITS, "the length of a sum of rational numbers in bits")
    step.work.spend(2 * problem.T * m * problem.n_L * limits.rational_work(bits), "products of rational numbers")
    X, residuals = fmpq_mat(inputs), fmpq_mat(inputs) * fmpq_mat([list(row) for row in table]) - fmpq_mat([list(row) for row in problem.Y])
    require(all(q == 0 for q in (X.transpose() * residuals).entries()), place, "the residuals are not orthogonal to the inputs")
    least = sum((q * q for q in residuals.entries()), ZERO) / (2 * problem.T)
    return _with_loss_of("linear-region", found, least), Rigor.EXACT


def _require_free_output(problem: Problem) -> None:
    right = problem.L >= 2 and problem.bias == "trainable" and problem.output_activation.is_identity
    require(right, "rule", "this needs a hidden layer, trainable biases and the identity at the output")


def _with_loss_of(statement: str, found: Any, least: Any) -> dict[str, Any]:
    """Return the claim that there is a local minimum of a loss no less than the evidence says, which is proved to be at most ``least``."""
    claimed = read.rational(found["loss"], "evidence.loss")
    require(bool(least >= claimed), "evidence.loss", "the loss of that local minimum is not seen to be so large")
    return everywhere(statement, {"loss_lower": str(found["loss"])})


def dead_region(step: Step) -> Result:
    """There is a local minimum with constant outputs, of the loss of the best constant.

    Let σ be constant on an open interval. With ``W_l = 0`` and biases in it for a hidden layer, no small change makes the outputs depend on the input, so the
    best constant output gives a local minimum. It exists for the squared error, ``c = ȳ``, and for a cross-entropy where no mean is at an end: logistic with
    ``0 < ȳ_j < 1``, of loss ``Σ_j H(ȳ_j)``; softmax with ``ȳ_j > 0`` and targets that add up to 1 in each sample, of loss ``−Σ_j ȳ_j log ȳ_j``.
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
        return _with_loss_of("dead-region", found, squares / (2 * problem.T)), Rigor.EXACT
    softmax = problem.error.family == "softmax"
    right = all(mean > 0 and (softmax or mean < 1) for mean in means) and (not softmax or all(sum(row, ZERO) == 1 for row in problem.Y))
    require(right, "rule", "the best constant output is not attained")
    with step.balls() as ring:
        shares = [ring.embed(q) for mean in means for q in ((mean,) if softmax else (mean, 1 - mean))]
        return _with_loss_of("dead-region", found, sum((-p * p.log() for p in shares), ring.embed(ZERO))), Rigor.BALL


THEOREM_RULES = named(one_relation, linear_region, dead_region)
