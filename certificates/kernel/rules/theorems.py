"""The rules that apply theorems of our own about whole landscapes (section 6), each with its proof in the docstring.

Write ``x̃ = (x, 1)``, ``z_k(i) = w_k·x̃_i`` for the inputs of unit k of a hidden layer, ``v_k`` for its outgoing weights, and ``ε_i = ∂E_i/∂z_L``: it is 0 if and
only if ``∇E_i`` is, where σ_out' vanishes nowhere. A local minimum is *bad* if it is not global; then ``ε ≠ 0``, by principle-error. If W* is a local minimum,
so are all W near it with the same outputs on the samples, and with the same ε: its *flat neighbours*.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from flint import fmpq, fmpz, fmpz_mat

from lossproof.certificates.kernel.arithmetic.functions import ONE, ZERO
from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.parse import limit, require
from lossproof.certificates.kernel.reading.problem import fraction, rational
from lossproof.certificates.kernel.rules import evidence
from lossproof.certificates.kernel.rules.affine_logits import entropy_of_affine_logits
from lossproof.certificates.kernel.rules.constant_networks import require_constant_minimum
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
    error, ``ε_i = (φ − y_i) σ_out'``, and the logistic one, ``ε_i = (p − y_i) σ_out'``, ``y = ȳ + c s`` on S with ``c ≠ 0``, where ȳ is the output if the error
    is the squared one. Where that fails, the claim is proved.

    *Conversely* let S be all samples, the error squared and σ_out analytic with the value ȳ, or the error logistic and the output the identity, and
    ``y = ȳ + c s`` with ``c ≠ 0``. The best constant output exists (the targets of the logistic error lie in ``[0, 1]`` and differ). At a constant network with
    it, of loss ``J*``, let ρ be the slope of σ_out (1 for the identity). Then ``ε = −c ρ s``. The second derivatives e_i'' of E by ``z_L`` have a positive sum:
    for the logistic error all are ``p(1 − p)``; for the squared one ``e_i'' = ρ² − c s_i σ_out''``, and ``Σ s_i = 0``. For small changes Δ of ``z_L``
    ``T(J − J*) = Σ ε_i Δ_i + ½ Σ e_i'' Δ_i² + o(|Δ|²)``. A unit has ``z(i) = b + a_i``, b its value at a fixed sample, ``x_m`` in the simplex, a corner of the
    parallelogram: ``Σ_i s_i σ(b + a_i) = ½ σ''(b) Σ_i s_i a_i² + O(|a|³)``, as ``Σ s_i a_i = 0``.
    In the simplex ``Σ_i s_i a_i²`` is definite in the other ``a_i`` (Jensen); with ``σ''(b_k) ≠ 0``, and signs of the ``v_k`` that make every term positive
    near 0, ``Σ ε_i Δ_i ≥ κ Σ |v_k| |a_k|²``. With ``Δ_i = δ + r_i``, δ that of ``x_m`` and ``|r|² ≤ C Σ v_k² |a_k|²``, the terms of second order are at
    least ``¼ Σ e_i'' δ² − C' |r|²`` near 0, so with small ``|v_k|`` the network is a local minimum. In the parallelogram with one unit, ``A = w·p``,
    ``B = w·q``, d the mean of Δ, and ``e_i'' = e − g s_i``, ``T(J − J*)`` depends on A, B, d, b, v alone, and has in A, B, d the quadratic part
    ``½ e (4d² + v² σ'² (A² + B²)) − (c ρ v σ'' + g v² σ'²) A B``: with ``σ''(b) ≠ 0`` positive definite for ``v = −c ρ σ''/(g σ'²)``, or if ``g = 0`` for
    large ``|v|``, and J is ``J*`` where A, B, d vanish, so a local minimum (Morse-Bott).
    With ``σ''(b) ≠ 0`` and small ``v ≠ 0``, of the other sign in the simplex, along suitable a the term ``v σ'' Σ_i s_i a_i²`` is negative and outweighs
    those in ``v²``: J falls below ``J*`` near another constant network of loss ``J*``, so these minima are bad.
    """
    found, problem = step.expect(1, "relation"), step.problem
    statement, T, place = step.says("one-relation-simplex", "parallelogram"), problem.T, "evidence.relation"
    right = problem.L == 2 and problem.n_L == 1 and problem.bias == "trainable"
    require(right, "rule", "this needs one hidden layer, one output and trainable biases")
    require(problem.activation.convex_inverse_slope.holds, "rule", "this needs an analytic activation with 1/σ' strictly convex")
    regular = problem.output_activation.nonvanishing_derivative.holds and problem.error.principle_error.holds
    require(regular, "rule", "this needs principle-error, and an output derivative that vanishes nowhere")
    rank = step.bound(0, "Phi-0+", "rank_lower", EVERYWHERE)
    require(rank == T - 1, "premises[0]", "all affine relations but one are to be ruled out", "premise")
    step.count_samples()
    s = evidence.relation(found["relation"], place, problem, step.work)
    require(evidence.total(s, step.work) == 0, place, "the relation is not affine: the sum is not 0")
    require(len(set(problem.X)) == T, "rule", "two inputs are equal")
    signs = [sum(q > 0 for q in s), sum(q < 0 for q in s)]
    if statement == "one-relation-simplex":
        require(min(signs) == 1, place, "no sample has a sign of its own")
    else:
        require(signs == [2, 2] and T == 4 and len({abs(fraction(q)) for q in s}) == 1, place, "the inputs are no parallelogram")
    best = _constant_output(step, s)
    if (statement == "parallelogram" and problem.widths[1] >= 2) or best is None:
        return everywhere(statement), Rigor.EXACT
    record = problem.output_activation
    attained = problem.error.family == "squared" and record.analytic.holds and record.attained.contains(best)
    right = attained or (problem.error.family == "logistic" and record.is_identity)
    require(right, "rule", "it is not decided for this error and this output activation")
    require(all(q != 0 for q in s), place, "it is not decided where some sample takes no part in the relation")
    return everywhere(statement, proved=False), Rigor.EXACT


def _constant_output(step: Step, s: Sequence[fmpq]) -> Fraction | None:
    """Return None if ε is no multiple of s wherever the network is constant on the support of s.

    Else, for the squared and the logistic error, where ε is ``σ_out'`` times a function of the output less the target, the mean target there (for others 0).
    """
    problem, entries = step.problem, dict[fmpq, fmpq]()
    for q, (y,) in zip(s, problem.Y, strict=True):
        if q != 0 and entries.setdefault(y, q) != q:
            return None
    if problem.error.family not in ("squared", "logistic"):
        return Fraction(0)
    longest = max(max(x.p.bit_length(), x.q.bit_length()) for pair in entries.items() for x in pair)
    step.work.spend(2 * len(entries) * limits.rational_work(8 * longest), "differences of targets")
    (y, q), *others = entries.items()
    slope = next((y - target) / (q - entry) for target, entry in others if entry != q)
    fits, mean = all(y - target == slope * (q - entry) for target, entry in others), fraction(y - slope * q)
    out_of_reach = problem.error.family == "squared" and not problem.output_activation.range.contains(mean)
    return mean if fits and not out_of_reach else None


def minimum_in_region(step: Step) -> Result:
    """Where the network is affine (`_affine`) or constant (`_constant`) in its inputs there is a local minimum, of a loss no less than the evidence says."""
    problem, statement = step.problem, step.says("linear-region", "dead-region", "constant-region")
    right = problem.bias == "trainable" or (problem.bias == "none" and statement != "constant-region")
    right = right and problem.L >= 2 and problem.output_activation.is_identity
    require(right, "rule", "this needs a hidden layer, trainable biases (or none, but for constant-region) and the identity at the output")
    cross = problem.error.is_cross_entropy
    require(cross or problem.error.name == "squared", "rule", "this needs the squared error or a cross-entropy")
    found, least = _affine(step, cross) if statement == "linear-region" else _constant(step, cross, statement == "constant-region")
    claimed = read.rational(found["loss"], "evidence.loss")
    require(bool(least >= claimed), "evidence.loss", "the loss of that local minimum is not seen to be so large")
    return everywhere(statement, {"loss_lower": str(claimed)}), Rigor.BALL if cross else Rigor.EXACT


def _affine(step: Step, cross: bool) -> tuple[Mapping[str, Any], Any]:
    """`linear-region`: there is one of at least the loss of the best affine map (for cross-entropies `entropy_of_affine_logits`).

    Let σ be affine with a slope other than 0 on an open interval. Where all hidden units stay on it for all samples, F is an affine map of rank at most r, the
    smallest hidden width, and every such map occurs: scale its first factor and shift it into the interval, pass it on, and undo it in the last layer; units
    left over rest at a point of the interval. The outputs of these maps on the samples, less their means, are all matrices of rank at most r with columns in
    the span of those of the centred inputs: a closed set, so one of the maps is best for the squared error. Weights that give it are a local minimum, as all z
    stay on the interval near them. Its loss is at least that of the best affine map, ``½ Σ|Ax̃_i − y_i|²/T`` with ``X̃ᵀ(X̃A − Y) = 0``. Without biases `_gated`
    gives the place of x̃.
    """
    problem, place = step.problem, "evidence.map"
    require(any(piece.slope != 0 for piece in problem.activation.affine_pieces), "rule", "this needs an activation with an affine piece")
    if cross and problem.bias == "trainable":
        found = step.expect(0, "probabilities", "correction", "loss", "precision")
        return found, entropy_of_affine_logits(step, found)
    require(not cross, "rule", "without biases this needs the squared error")
    found = step.expect(0, "map", "loss", *(["direction"] if problem.bias == "none" else []))
    step.count_samples()
    inputs = [*zip(*problem.X, strict=True), (ONE,) * problem.T] if problem.bias == "trainable" else _gated(step, found)
    X, residuals, scales = _residuals(step, inputs, read.rows(found["map"], place, read.rational, problem.fan_in(1), problem.n_L))
    require(not any((X.transpose() * residuals).entries()), place, "the residuals are not orthogonal to the inputs")
    sums = [sum((r * r for r in column), fmpz(0)) for column in residuals.transpose().tolist()]
    least = evidence.total((fmpq(squares, scale**2) for squares, scale in zip(sums, scales, strict=True)), step.work) / (2 * problem.T)
    return found, least


def _gated(step: Step, found: Mapping[str, Any]) -> list[tuple[fmpq, ...]]:
    """Return the columns of the inputs ``g_i x_i``, where without biases ``g_i`` is the slope of σ on the side of ``u·x_i``, for a direction u.

    Let σ be linear on each side of 0, one hidden layer, and ``u·x_i ≠ 0`` unless ``x_i = 0``. While all w_k lie in the open cone around u of the w with the
    same signs, ``F(x_i) = Bᵀ g_i x_i`` with ``B = W_1 W_2``; at the input 0 it is always 0. If there are more units than ``min(n_0, n_L)``, every B occurs:
    ``B = Σ_j b_j v_jᵀ`` with as many terms, ``w_0 = u``, ``w_j = u + η b_j`` in the cone for a small η, outgoing weights ``v_j/η`` and ``−Σ_j v_j/η``, and
    units left over at u with none. Weights that give the best B, which exists, are a local minimum.
    """
    problem, pieces, place = step.problem, step.problem.activation.affine_pieces, "evidence.direction"
    two_lines = problem.activation.homogeneity == 1 and len(pieces) == 2
    right = two_lines and problem.L == 2 and problem.widths[1] > min(problem.widths[0], problem.n_L)
    require(
        right,
        "rule",
        "without biases this needs an activation linear on each side of 0, and one hidden layer of more units than inputs or outputs",
    )
    u = read.each(found["direction"], place, read.rational, problem.widths[0])
    sides = [evidence.total((q * a for q, a in zip(u, x, strict=True)), step.work) for x in problem.X]
    require(all(side != 0 or not any(x) for side, x in zip(sides, problem.X, strict=True)), place, "some input is on neither side")
    low, high = (rational(piece.slope) for piece in pieces)
    longest = max(max(slope.p.bit_length(), slope.q.bit_length()) for slope in (low, high))
    step.work.spend(problem.T * problem.widths[0] * limits.rational_work(int(longest)), "products with slopes")
    gated = [[(high if side > 0 else low) * a for a in x] for side, x in zip(sides, problem.X, strict=True)]
    return list(zip(*gated, strict=True))


def _residuals(step: Step, inputs: Sequence[Sequence[fmpq]], table: Sequence[Sequence[fmpq]]) -> tuple[fmpz_mat, fmpz_mat, list[fmpz]]:
    """Return the matrix X̃ of inputs, given by columns, and ``X̃A − Y``, each column times a number that makes it whole, and the factors of the latter.

    All that is to be done with them is counted: the product, that with ``X̃ᵀ``, and the squares.
    """
    problem, work = step.problem, step.work
    T, m, n = problem.T, problem.fan_in(1), problem.n_L
    scales, bits = evidence.factors_to_whole(inputs, work)
    limit((T + n) * m * limits.product_work(bits), limits.MAX_ENTRIES, "the length of the inputs in words")
    work.spend(m * n * limits.rational_work(bits), "an affine map")
    maps = [[row[j] / scale for row, scale in zip(table, scales, strict=True)] for j in range(n)]
    targets = list(zip(*problem.Y, strict=True))
    outputs, size = evidence.factors_to_whole([(*a, *y) for a, y in zip(maps, targets, strict=True)], work)
    bits, size = bits + T.bit_length(), bits + size + m.bit_length() + 1
    limit((2 * T + m) * n * limits.product_work(size), limits.MAX_ENTRIES, "the length of the residuals in words")
    work.spend(2 * T * m * n * limits.product_work(bits + size) + T * n * limits.product_work(2 * size), "products of whole numbers")
    X, A, Y = (evidence.whole(*parts) for parts in ((inputs, scales), (maps, outputs), (targets, outputs)))
    return X, X * A - Y, outputs


def _constant(step: Step, cross: bool, curved: bool) -> tuple[Mapping[str, Any], Any]:
    """`dead-region`: there is one with constant outputs, of the loss of the best constant.

    Let σ be constant on an open interval. With ``W_l = 0`` and biases in it for a hidden layer, no small change makes the outputs depend on the input, so the
    best constant output gives a local minimum. It exists for the squared error, ``c = ȳ``, with ``Σ|ȳ − y_i|² = Σ|y_i|² − T|ȳ|²``; and for a cross-entropy
    where no mean is at an end: logistic with ``0 < ȳ_j < 1``, of loss ``Σ_j H(ȳ_j)``, ``H(p) = −p log p − (1−p) log(1−p)``; softmax, whose targets add up to
    1, with ``ȳ_j > 0``, of loss ``−Σ_j ȳ_j log ȳ_j``.

    *Without biases* let σ be 0 for ``z ≤ 0``, and let ``direction`` u have ``u·x_i < 0`` at all inputs but 0. With u into every unit of the first layer, all
    its outputs are 0, at these weights and near them, so all further z are 0, and so is the output: a local minimum, with 0 in the place of the best constant.

    `constant-region`: the same for other activations, where `require_constant_minimum` shows a local minimum with the best constant output.
    """
    problem, work, silent = step.problem, step.work, step.problem.bias == "none"
    more = [("precision", cross), ("output_weights", curved), ("direction", silent)]
    found = step.expect(0, "loss", *(key for key, wanted in more if wanted))
    dead = any(piece.slope == 0 for piece in problem.activation.affine_pieces)
    require(
        problem.activation.is_silent_below if silent else curved or dead,
        "rule",
        "this needs an activation with a constant piece, without biases 0 for z ≤ 0",
    )
    step.count_samples()
    columns = list(zip(*problem.Y, strict=True))
    means = [evidence.total(column, work) / problem.T for column in columns]
    if curved:
        require_constant_minimum(step, found, means)
    if silent:
        means = [fmpq(1, 2) if problem.error.family == "logistic" else fmpq(int(cross), problem.n_L)] * problem.n_L
        u = read.each(found["direction"], "evidence.direction", read.rational, problem.widths[0])
        away = (evidence.total((q * a for q, a in zip(u, x, strict=True)), work) < 0 for x in problem.X if any(x))
        require(all(away), "evidence.direction", "some input is not on its far side")
    if not cross:
        squares = (evidence.total((y * y for y in column), work) for column in columns)
        spread = evidence.total((total - problem.T * mean * mean for total, mean in zip(squares, means, strict=True)), work)
        return found, spread / (2 * problem.T)
    softmax = problem.error.family == "softmax"
    require(all(mean > 0 and (softmax or mean < 1) for mean in means), "rule", "the best constant output is not attained")
    shares = [q for mean in means for q in ((mean,) if softmax else (mean, 1 - mean))]
    with step.balls() as ring:
        work.spend(len(shares) * limits.value_work(ring.bits), "logarithms")
        return found, sum((-p * p.log() for p in map(ring.embed, shares)), ring.embed(ZERO))


THEOREM_RULES = named(one_relation, minimum_in_region)
