"""The rule about regions of weights where the network is affine or constant in its inputs, and has a local minimum (section 6).

``x̃`` is x with the unit of a trainable bias, samples are the rows of X̃.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from flint import arb, fmpq, fmpz, fmpz_mat

from lossproof.certificates.kernel.arithmetic.balls import ONE, ZERO, vanishes
from lossproof.certificates.kernel.arithmetic.inertia import inertia
from lossproof.certificates.kernel.arithmetic.rings import BallRing
from lossproof.certificates.kernel.arithmetic.series import Series, constant_term
from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.parse import limit, require
from lossproof.certificates.kernel.reading.problem import Problem, fraction, rational
from lossproof.certificates.kernel.rules import evidence
from lossproof.certificates.kernel.rules.step import Result, Step, everywhere, slopes_at
from lossproof.theory import limits
from lossproof.theory.verdicts import Rigor

Table: TypeAlias = "Sequence[Sequence[fmpq]]"


def minimum_in_region(step: Step) -> Result:
    """Where the network is affine (`_affine`) or constant (`_constant`) in its inputs there is a local minimum, of a loss no less than the evidence says."""
    problem, statement = step.problem, step.says("linear-region", "dead-region", "constant-region")
    decays, curved = problem.decay is not None, statement == "constant-region"
    right = problem.bias == "trainable" or (problem.bias == "none" and curved == decays)
    right = right and problem.L >= 2 and problem.output_activation.is_identity
    require(right, "rule", "this needs a hidden layer, trainable biases (or none, but for constant-region) and the identity at the output")
    cross = problem.error.is_cross_entropy
    require(cross or problem.error.name == "squared", "rule", "this needs the squared error or a cross-entropy")
    held = all(rate > 0 for rate, _ in problem.decay or ()) and statement != "dead-region"
    require(held or not decays, "rule", "with weight decay this needs a rate above 0 of all weights, and is no dead region")
    found, least = _affine(step, cross) if statement == "linear-region" else _constant(step, cross, curved)
    claimed = read.rational(found["loss"], "evidence.loss")
    require(bool(least >= claimed), "evidence.loss", "the loss of that local minimum is not seen to be so large")
    return everywhere(statement, {"loss_lower": str(claimed)}), Rigor.BALL if "precision" in found else Rigor.EXACT


def _affine(step: Step, cross: bool) -> tuple[Mapping[str, Any], Any]:
    """`linear-region`: there is one of at least the loss of the best affine map (for cross-entropies `_entropy_of_affine_logits`).

    Let σ be affine with a slope other than 0 on an open interval. Where all hidden units stay on it for all samples, F is an affine map of rank at most r, the
    smallest hidden width, and every such map occurs: scale its first factor and shift it into the interval, pass it on, and undo it in the last layer; units
    left over rest at a point of the interval. The outputs of these maps on the samples, less their means, are all matrices of rank at most r with columns in
    the span of those of the centred inputs: a closed set, so one of the maps is best for the squared error. Weights that give it are a local minimum, as all z
    stay on the interval near them. Its loss is at least that of the best affine map, ``½ Σ|Ax̃_i − y_i|²/T`` with ``X̃ᵀ(X̃A − Y) = 0``. Without biases `_gated`
    gives the place of x̃.

    *With decay* of all weights and no bias, let the interval be a half-line, and s its slope. There ``F(x_i) = s^{L-1} (W_1⋯W_L)ᵀx_i + a``, and the biases give
    every a with all z on the half-line, at no penalty. So J is a function of the ``W_l`` and a, that tends to infinity with them: the penalty does with the
    ``W_l``, and while these are bounded the errors do with a (for softmax, with a less its mean), as below. It has a least value, a local minimum, of a loss no
    less than that of the best affine map without a penalty.
    """
    problem, place = step.problem, "evidence.map"
    pieces = [piece for piece in problem.activation.affine_pieces if problem.decay is None or None in (piece.lower, piece.upper)]
    free = problem.decay is None or not any(rate for _, rate in problem.decay)
    right = free and any(piece.slope != 0 for piece in pieces)
    require(right, "rule", "this needs an activation with an affine piece; decay: unbounded, and of no bias")
    if cross and problem.bias == "trainable":
        found = step.expect(0, "probabilities", "correction", "loss", "precision")
        return found, _entropy_of_affine_logits(step, found)
    require(not cross, "rule", "without biases this needs the squared error")
    found = step.expect(0, "map", "loss", *(["direction"] if problem.bias == "none" else []))
    step.count_samples()
    inputs = [*zip(*problem.X, strict=True), (ONE,) * problem.T] if problem.bias == "trainable" else _gated(step, found)
    gaps = [[-y for y in column] for column in zip(*problem.Y, strict=True)]
    table = read.rows(found["map"], place, read.rational, problem.fan_in(1), problem.n_L)
    residuals, scales = _balanced(step, inputs, gaps, table, place)
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
    require(right, "rule", "without biases this needs lines on each side of 0, and one hidden layer of more units than inputs or outputs")
    u = read.each(found["direction"], place, read.rational, problem.widths[0])
    sides = [evidence.total((q * a for q, a in zip(u, x, strict=True)), step.work) for x in problem.X]
    require(all(side != 0 or not any(x) for side, x in zip(sides, problem.X, strict=True)), place, "some input is on neither side")
    low, high = (rational(piece.slope) for piece in pieces)
    longest = max(max(slope.p.bit_length(), slope.q.bit_length()) for slope in (low, high))
    step.work.spend(problem.T * problem.widths[0] * limits.rational_work(int(longest)), "products with slopes")
    gated = [[(high if side > 0 else low) * a for a in x] for side, x in zip(sides, problem.X, strict=True)]
    return list(zip(*gated, strict=True))


def _balanced(step: Step, inputs: Table, gaps: Table, change: Table, place: str) -> tuple[fmpz_mat, list[fmpz]]:
    """Return ``R = G + X̃C`` with ``X̃ᵀR = 0``, each column times a factor that makes it whole, and the factors; X̃ and G are given by columns."""
    problem, work = step.problem, step.work
    T, m, n = problem.T, len(inputs), problem.n_L
    scales, bits = evidence.factors_to_whole(inputs, work)
    limit((T + n) * m * limits.product_work(bits), limits.MAX_ENTRIES, "the length of the inputs in words")
    work.spend((T + m) * n * limits.rational_work(bits), "differences to the targets")
    changes = [[row[j] / scale for row, scale in zip(change, scales, strict=True)] for j in range(n)]
    factors, size = evidence.factors_to_whole([(*gap, *each) for gap, each in zip(gaps, changes, strict=True)], work)
    bits, size = bits + T.bit_length(), bits + size + m.bit_length() + 1
    limit((2 * T + m) * n * limits.product_work(size), limits.MAX_ENTRIES, "the length of the residuals in words")
    work.spend(2 * T * m * n * limits.product_work(bits + size) + T * n * limits.product_work(2 * size), "products of whole numbers")
    X, C, G = (evidence.whole(*parts) for parts in ((inputs, scales), (changes, factors), (gaps, factors)))
    R = G + X * C
    require(not any((X.transpose() * R).entries()), place, "the inputs see a difference to the targets")
    return R, factors


def _entropy_of_affine_logits(step: Step, found: Mapping[str, Any]) -> arb:
    """Return a ball that holds ``Σ_i H(p_i)/T`` for probabilities P that prove: affine logits have at least this loss, and a least one of each rank.

    ``P = P̂ + X̃C``, from ``probabilities`` P̂ and a ``correction`` C, has ``X̃ᵀ(P − Y) = 0``, and lies strictly within the simplex of each sample (softmax), or
    strictly between 0 and 1 (logistic). So for all logits ``Z = X̃A``, ``T J = Σ_i (lse(z_i) − y_i·z_i) = Σ_i (lse(z_i) − p_i·z_i) ≥ Σ_i H(p_i)``, with
    ``log(1 + e^z)`` for lse, and ``H(p) = −p log p − (1−p) log(1−p)``, in the logistic case.

    The least loss over maps whose linear part has rank at most r is attained. Their logits form a closed set, as ``XA`` without its means does for these A. For
    softmax z_i may be taken to have sum 0, as p_i has sum 1: that subtracts from A, and its constants, their means over the outputs, does not raise the rank,
    and leaves a closed set. There each of the finitely many terms ``lse(z_i) − p_i·z_i`` is bounded below and tends to infinity with ``|z_i|``, as no entry of
    p_i is at an end.
    """
    problem, work, m, n = step.problem, step.work, step.problem.fan_in(1), step.problem.n_L
    shares = read.rows(found["probabilities"], "evidence.probabilities", read.rational, problem.T, n)
    correction = read.rows(found["correction"], "evidence.correction", read.rational, m, n)
    step.count_samples()
    gaps = [[p - y for p, y in zip(*pair, strict=True)] for pair in zip(shares, problem.Y, strict=True)]
    inputs = [*zip(*problem.X, strict=True), (ONE,) * problem.T]
    R, factors = _balanced(step, inputs, list(zip(*gaps, strict=True)), correction, "evidence.correction")
    softmax = problem.error.family == "softmax"
    if softmax:
        sums = [evidence.total(row, work) for row in shares], [evidence.total(row, work) for row in correction]
        right = all(q == 1 for q in sums[0]) and not any(sums[1])
        require(right, "evidence.probabilities", "the probabilities of a sample do not add up to 1")
    with step.balls() as ring:
        ring.count(problem.T * n, 2 * problem.T * n)
        P = [ring.embed(problem.Y[i][j]) + arb(R[i, j]) / factors[j] for i, j in np.ndindex(problem.T, n)]
        inside = all(p > 0 and (softmax or p < 1) for p in P)
        require(inside, "evidence.probabilities", "a probability is not seen to lie strictly between 0 and 1")
        parts = P if softmax else [*P, *(1 - p for p in P)]
        total: arb = sum((-p * p.log() for p in parts), ring.embed(ZERO)) / problem.T
        return total


def _constant(step: Step, cross: bool, curved: bool) -> tuple[Mapping[str, Any], Any]:
    """`dead-region`: there is one with constant outputs, of the loss of the best constant.

    Let σ be constant on an open interval. With ``W_l = 0`` and biases in it for a hidden layer, no small change makes the outputs depend on the input, so the
    best constant output gives a local minimum. It exists for the squared error, ``c = ȳ``, with ``Σ|ȳ − y_i|² = Σ|y_i|² − T|ȳ|²``; and for a cross-entropy
    where no mean is at an end: logistic with ``0 < ȳ_j < 1``, of loss ``Σ_j H(ȳ_j)``, ``H(p) = −p log p − (1−p) log(1−p)``; softmax, whose targets add up to
    1, with ``ȳ_j > 0``, of loss ``−Σ_j ȳ_j log ȳ_j``.

    *Without biases* let σ be 0 for ``z ≤ 0``, and let ``direction`` u have ``u·x_i < 0`` at all inputs but 0. With u into every unit of the first layer, all
    its outputs are 0, at these weights and near them, so all further z are 0, and so is the output: a local minimum, with 0 in the place of the best constant.

    `constant-region`: the same for other activations, where `_require_constant_minimum` shows a local minimum with the best constant output, or with weight
    decay `_require_minimum_at_zero`.
    """
    problem, work, silent, decays = step.problem, step.work, step.problem.bias == "none", step.problem.decay is not None
    keys = ["hidden_bias"] if decays else ["output_weights"] if curved else ["direction"] if silent else []
    found = step.expect(0, "loss", *keys, *(["precision"] if cross or decays else []))
    dead = any(piece.slope == 0 for piece in problem.activation.affine_pieces)
    right = decays or (problem.activation.is_silent_below if silent else curved or dead)
    require(right, "rule", "this needs an activation with a constant piece, without biases 0 for z ≤ 0")
    step.count_samples()
    columns = list(zip(*problem.Y, strict=True))
    means = [evidence.total(column, work) / problem.T for column in columns]
    if silent:
        means = [fmpq(1, 2) if problem.error.family == "logistic" else fmpq(int(cross), problem.n_L)] * problem.n_L
    if decays:
        _require_minimum_at_zero(step, found, means)
    elif curved:
        _require_constant_minimum(step, found, means)
    elif silent:
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


def _require_constant_minimum(step: Step, found: Mapping[str, Any], means: Sequence[fmpq]) -> None:
    """Demand what makes some network with ``W_1 = 0`` and the best constant output a local minimum, at any depth and all widths; E is convex.

    With c the best constant output let ``e_i = ∇E(c, y_i)``, the mean of the targets less ``y_i``, so that ``Σ e_i = 0``; the evidence ``output_weights`` is u.
    It is demanded that ``Σ e_i x_iᵀ = 0``, and that ``M = Σ (u·e_i) x_i x_iᵀ`` is definite. σ is curved: ``σ'(a), σ''(a) ≠ 0`` for some a. Let ``W_1 = 0``, and
    all hidden z be a. Near these weights ``F_i = G(A x_i)``, with ``A = W_1ᵀ``, and G the layers above, whose weights may vary as well. E is convex, so
    ``T (J − J*) ≥ Σ e_i·(F_i − c) = ½ Σ_j tr(Aᵀ H_j A M_j) + o(|A|²)``, uniformly, with ``H_j = ∇²G_j(0)`` and ``M_j = Σ_i e_ij x_i x_iᵀ``. Let the rows of
    ``W_L`` be ``τu``, and all entries of the other ``W_l``, ``l > 1``, be η. Then ``H_j = u_j H``, with ``H = τη^{L−2}(κI + O(η))``, ``κ ≠ 0``, by the chain
    rule from the top: ``∇²_l = σ''(a) diag(W_{l+1} ∇_{l+1}) + σ'(a)² W_{l+1} ∇²_{l+1} W_{l+1}ᵀ``, where the second term has one factor η more. For small η, and
    τ of the right sign, the sum is ``tr(AᵀHAM) ≥ δ|A|²``, and by continuity at least half of that for all weights of the layers above that are near: a minimum.
    """
    problem, work, place = step.problem, step.work, "evidence.output_weights"
    require(problem.activation.is_curved, "rule", "this needs an activation that is not piecewise linear")
    u = read.each(found["output_weights"], place, read.rational, problem.n_L)
    n, T = problem.widths[0], problem.T
    gaps = [[mean - y for mean, y in zip(means, row, strict=True)] for row in problem.Y]
    columns = list(zip(*problem.X, strict=True))
    for gap in zip(*gaps, strict=True):
        balanced = all(evidence.total((e * x for e, x in zip(gap, column, strict=True)), work) == 0 for column in columns)
        require(balanced, "rule", "the residuals of the best constant see the inputs")
    pulls = [evidence.total((q * e for q, e in zip(u, row, strict=True)), work) for row in gaps]
    limit(n * n * T, limits.MAX_ENTRIES, "the number of products of inputs")
    M = np.full((n, n), ZERO, dtype=object)
    for a, b in zip(*np.triu_indices(n), strict=True):
        M[a, b] = evidence.total((e * x * y for e, x, y in zip(pulls, columns[a], columns[b], strict=True)), work)
    signs = inertia(work, M)
    require(n in signs, place, "the inputs, weighted with the residuals, are not definite")


def _require_minimum_at_zero(step: Step, found: Mapping[str, Any], means: Sequence[fmpq]) -> None:
    r"""Demand what makes ``W_l = 0`` for all l, with hidden biases a and the best constant output c, a local minimum of the loss with decay; E is convex.

    Let ``λ_l > 0`` and ``μ_l`` be the rates, c least for the mean error plus ``½μ_L|c|²`` (0 without biases), and ``e_i = ∇E(c, y_i)``, so that with biases
    ``Σ e_i = −Tμ_L c``. The evidence ``hidden_bias`` is a; it is 0 where some of these decay, or are none. For weights nearby, with φ_i the outputs of
    the last hidden layer, and l < L for the biases, convexity gives

        ``T (J − J*) ≥ Σ_i e_i·W_Lᵀφ_i + ½T Σ_l (λ_l|W_l|² + μ_l|b_l|²)``.

    σ is Lipschitz near a, as all are. *If* ``Σ e_i = 0``, φ_i counts less the φ of the input 0, ``O(Π_{l<L} |W_l|)``: for ``L > 2`` the sum has three small
    factors, which the penalty outweighs. For ``L = 2`` it is ``Σ_k σ'(a) v_k·Rᵀw_k + o(|v_k||w_k|)`` over the units, with the rows ``Σ_i x_ir e_i`` of R.
    *Else* ``σ(a) = 0`` is demanded, and for ``L = 2`` the bias ``b_k − a`` comes in like one more input, 1, with a row ``Σ e_i`` of R and a rate that must be
    positive. For ``L > 2`` that row alone is left, as ``φ_i = σ(b) + O(|W_{L-1}||φ_{L-2}|)`` with ``φ_{L-2} → 0``; without biases none is.

    With s the slope of σ at a, and Λ the rates of the rows, the terms with R are at most ``s|Λ^{-1/2}R| Σ_k |v_k||Λ^{1/2}w_k|``, with ``2√λ_L |v_k||Λ^{1/2}w_k|
    ≤ λ_L|v_k|² + |Λ^{1/2}w_k|²``: the penalty outweighs them if ``s²|Λ^{-1/2}R|² < T²λ_L``. At a kink, for ``L > 2``, s is the largest slope beside it.
    For a cross-entropy with ``μ_L > 0``, and ``L > 2``, c is not computed: ``|Σ e_i| = Tμ_L|c|``, and c has no larger norm than the c_0 that is best without
    penalty, as the mean error is no larger at c_0, and the sum with the penalty no larger at c.
    """
    problem, work, record, silent = step.problem, step.work, step.problem.activation, step.problem.bias == "none"
    rates, place, a = problem.decay or (), "evidence.hidden_bias", read.rational(found["hidden_bias"], "evidence.hidden_bias")
    (_, within), (outer, pulled) = rates[-2:]
    still = a == 0 or not (silent or any(rate for _, rate in rates[:-1]))
    require(still, place, "hidden biases that decay, or that there are none of, are 0")
    held = pulled > 0 and problem.error.is_cross_entropy
    right = pulled == 0 or (within > 0 and (problem.L > 2 or not held))
    require(right, "rule", "output biases that decay need a decay of the last hidden ones, and for a cross-entropy two hidden layers")
    if pulled > 0 or silent:
        formal = step.formal()
        formal.count(0, 1)
        value = formal.apply(record, Series([formal.array([[a]])])).coefficients[0][0, 0]
        require(vanishes(value), place, "the activation is not seen to be 0 there")
    gaps = [[y - mean / (1 + pulled) for y in column] for mean, column in zip(means, zip(*problem.Y, strict=True), strict=True)]
    rows = [(rates[0][0], column) for column in zip(*problem.X, strict=True)] if problem.L == 2 else []
    rows += [(within, (ONE,) * problem.T)] if pulled > 0 and not held else []
    sums = [(rate, evidence.total((x * e for x, e in zip(row, gap, strict=True)), work)) for rate, row in rows for gap in gaps]
    pull = evidence.total((r * r / rate for rate, r in sums), work)
    with step.balls() as ring:
        sides = slopes_at(record, a) if record.is_piecewise_linear else []
        require(problem.L > 2 or fraction(a) not in record.kinks(1), place, "the activation has a kink there")
        ring.count(0, 1)
        steep = max(map(abs, sides)) if sides else constant_term(ring.slope(record, Series([ring.array([[a]])])), (1, 1))[0, 0]
        size = ring.embed(pull) + (_best_logits(ring, problem, means) * ((problem.T * pulled) ** 2 / within) if held else 0)
        outweighed = ring.embed(steep) ** 2 * size < problem.T**2 * outer
    require(outweighed, place, "the penalty is not seen to outweigh what the errors gain")


def _best_logits(ring: BallRing, problem: Problem, means: Sequence[fmpq]) -> arb:
    """Return ``|c|²`` for the best constant logits c of a cross-entropy: ``log ȳ_j`` less the mean of these, or ``log ȳ_j − log(1 − ȳ_j)``."""
    ring.count(0, 2 * len(means))
    softmax, shares = problem.error.family == "softmax", [ring.embed(mean) for mean in means]
    logs = [p.log() if softmax else p.log() - (1 - p).log() for p in shares]
    middle = sum(logs, ring.embed(ZERO)) / len(logs) if softmax else ring.embed(ZERO)
    squares: arb = sum(((x - middle) ** 2 for x in logs), ring.embed(ZERO))
    return squares
