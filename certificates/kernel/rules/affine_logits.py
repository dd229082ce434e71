"""The least cross-entropy of affine logits, from below, by weak duality (section 6): what `minimum_in_region` needs where the best affine map is irrational."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from flint import arb, arb_mat, fmpq

from lossproof.certificates.kernel.arithmetic.functions import ONE, ZERO
from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.parse import limit, require
from lossproof.certificates.kernel.reading.work import Work
from lossproof.certificates.kernel.rules import evidence
from lossproof.certificates.kernel.rules.step import Step
from lossproof.theory import limits

Table: TypeAlias = "Sequence[Sequence[fmpq]]"


def entropy_of_affine_logits(step: Step, found: Mapping[str, Any]) -> arb:
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
    inputs = [[*x, ONE] for x in problem.X]
    _require_balance(inputs, shares, problem.Y, correction, work)
    softmax = problem.error.family == "softmax"
    if softmax:
        sums = [evidence.total(row, work) for row in shares], [evidence.total(row, work) for row in correction]
        right = all(q == 1 for q in sums[0]) and not any(sums[1])
        require(right, "evidence.probabilities", "the probabilities of a sample do not add up to 1")
    with step.balls() as ring:
        work.spend(problem.T * m * n * limits.product_work(ring.bits) + 2 * problem.T * n * limits.value_work(ring.bits), "entropies")
        X, C = (arb_mat([[ring.embed(q) for q in row] for row in table]) for table in (inputs, correction))
        P = [ring.embed(q) + c for q, c in zip((q for row in shares for q in row), (X * C).entries(), strict=True)]
        require(
            all(p > 0 and (softmax or p < 1) for p in P),
            "evidence.probabilities",
            "a probability is not seen to lie strictly between 0 and 1",
        )
        parts = P if softmax else [*P, *(1 - p for p in P)]
        total: arb = sum((-p * p.log() for p in parts), ring.embed(ZERO)) / problem.T
        return total


def _require_balance(inputs: Table, shares: Table, targets: Table, correction: Table, work: Work) -> None:
    """Demand ``X̃ᵀ(P̂ − Y) + X̃ᵀX̃ C = 0``, in whole numbers: each column of X̃, and of the rest, is taken times a common denominator."""
    T, m, n = len(inputs), len(inputs[0]), len(targets[0])
    columns = list(zip(*inputs, strict=True))
    factors, size = evidence.factors_to_whole(columns, work)
    limit((T + n) * m * limits.product_work(size), limits.MAX_ENTRIES, "the length of the inputs in words")
    work.spend((T + m) * n * limits.rational_work(size), "differences to the targets")
    gaps = [[p - y for p, y in zip(*pair, strict=True)] for pair in zip(zip(*shares, strict=True), zip(*targets, strict=True), strict=True)]
    changes = [[c / factor for c, factor in zip(change, factors, strict=True)] for change in zip(*correction, strict=True)]
    scales, rest = evidence.factors_to_whole([(*gap, *change) for gap, change in zip(gaps, changes, strict=True)], work)
    limit((T + m) * n * limits.product_work(rest), limits.MAX_ENTRIES, "the length of the probabilities in words")
    bits = 2 * size + rest + T.bit_length() + m.bit_length() + 1
    limit(bits, limits.MAX_SUM_BITS, "the length of a sum of whole numbers in bits")
    work.spend((T * m * (m + n) + m * m * n) * limits.product_work(bits), "products of whole numbers")
    X, R, C = (evidence.whole(*parts) for parts in ((columns, factors), (gaps, scales), (changes, scales)))
    left = X.transpose() * R + (X.transpose() * X) * C
    require(
        not any(left.entries()), "evidence.correction", "the probabilities are not balanced: the inputs see a difference to the targets"
    )
