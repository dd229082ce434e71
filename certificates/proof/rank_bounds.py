"""Proving the rank of a named matrix at a point: which producer of evidence is asked, and in which order.

Producers are tried from the cheapest to the dearest until the lower bound meets the upper bound. What comes back is always a pair of proved
bounds; it is a pair of equal bounds wherever the rank can be decided.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, RankBound, bound, decided
from lossproof.certificates.proof.places import EVERYWHERE, Place, Point
from lossproof.certificates.proof.structural_bounds import product_bound, size_bound, structural_upper_bounds, trivial_bound
from lossproof.certificates.text.enclosures import decimal_below
from lossproof.numerics.ranks.evidence import RankEvidence
from lossproof.numerics.ranks.producers import has_singular_value_evidence, rank_evidence
from lossproof.theory.bounds.lower import khatri_rao_bound, psi_rank
from lossproof.theory.problem.matrix_sizes import matrix_size
from lossproof.theory.rationals import rational_text
from lossproof.theory.verdicts import Rigor

_DIRECT_BLOCK_ENTRIES = 400_000
_MANY_COLUMNS = 1000


@dataclass(frozen=True)
class RankBounds:
    """A proved lower and a proved upper bound of one rank.

    ``obstacle`` says what stood in the way of a proof in doubles, in words that follow "because"; ``singular_value`` is a claim of a positive bound of the
    smallest singular value, if one was proved on the way.
    """

    lower: RankBound
    upper: RankBound
    obstacle: str = ""
    singular_value: Claim | None = None


def rank_bounds(context: ProofContext, matrix: str, point: Point) -> RankBounds:
    """Return the best proved bounds of ``rank matrix`` at a point, remembering them.

    ``Phi-0`` and ``Phi-0+`` depend on no weights: their bounds hold everywhere.
    """
    place: Place = EVERYWHERE if matrix in ("Phi-0", "Phi-0+") else point

    def prove() -> RankBounds:
        context.report_progress(f"rank of {matrix}", 0, 1)
        found = _prove_bounds(context, matrix, point, place)
        context.report_progress(f"rank of {matrix}", 1, 1)
        return found

    return context.once(f"rank of {matrix}", place, prove)


def _prove_bounds(context: ProofContext, matrix: str, point: Point, place: Place) -> RankBounds:
    lowers, uppers = _derived_bounds(context, matrix, point)
    obstacles: list[str] = []
    if not _decided(lowers, uppers) and _worth_direct_proof(context, matrix):
        for found in _direct_bounds(context, matrix, point, place, min(b.value for b in uppers), obstacles):
            (lowers if found.is_lower else uppers).append(found)
            if _decided(lowers, uppers):
                break
    if matrix == "P" and not _decided(lowers, uppers):
        lowers += _by_full_block(context, point, min(b.value for b in uppers))
    lowers.append(trivial_bound(context.problem, matrix))
    best = max(lowers, key=lambda b: b.value)
    values = (p for b in lowers for p in b.premises if isinstance(p, Claim) and p.id == "singular-value" and p.facts["least"] != "0")
    return RankBounds(best, min(uppers, key=lambda b: b.value), obstacles[0] if obstacles else "", next(values, None))


def _decided(lowers: list[RankBound], uppers: list[RankBound]) -> bool:
    return bool(lowers) and max(b.value for b in lowers) >= min(b.value for b in uppers)


def _direct_bounds(
    context: ProofContext, matrix: str, point: Point, place: Place, enough: int, obstacles: list[str]
) -> Iterator[RankBound]:
    effort = replace(context.effort_for(matrix), obstacle=obstacles.append)
    for evidence in rank_evidence(context.problem, point.weights, matrix, effort, enough=enough):
        yield _bound_of(evidence, matrix, place)


def _bound_of(evidence: RankEvidence, matrix: str, place: Place) -> RankBound:
    if evidence.rule == "singular-value":
        found = evidence.payload
        claim = singular_value_claim(matrix, place, Fraction(found["least"]), found["method"], balanced=found["balanced"])
        return regular_bound(matrix, place, evidence.value, claim)
    return bound(matrix, place, evidence.value, evidence.rule, lower=evidence.is_lower, own=evidence.rigor, evidence=evidence.payload)


def singular_value_claim(matrix: str, place: Place, least: Fraction, method: str = "cholesky", *, balanced: bool = False) -> Claim:
    """Claim that the smallest singular value of a matrix, in verified double precision, is positive (``least`` 0), or at least so large."""
    what = "is positive" if least == 0 else f"is at least {decimal_below(least)}, with every equation multiplied by a power of two"
    reason = f"The smallest singular value of {matrix} {what}, by verified double precision."
    facts = {"matrix": matrix, "least": rational_text(least)}
    evidence = {**facts, "method": method, "balanced": balanced}
    return decided("singular-value", place, reason, "singular-value", facts=facts, evidence=evidence, own=Rigor.VERIFIED_FLOAT)


def regular_bound(matrix: str, place: Place, columns: int, reason: Claim) -> RankBound:
    """Return full column rank from a claim about the smallest singular value, or about a regular exact learner."""
    return bound(matrix, place, columns, "rank-regular", reason, lower=True)


def _worth_direct_proof(context: ProofContext, matrix: str) -> bool:
    if not matrix.startswith("Psi-"):
        return True
    rows, columns = matrix_size(context.problem, matrix)
    return rows * columns <= _DIRECT_BLOCK_ENTRIES


def _derived_bounds(context: ProofContext, matrix: str, point: Point) -> tuple[list[RankBound], list[RankBound]]:
    """Bounds that follow from ranks of other matrices."""
    if matrix == "P":
        return _derived_for_jacobian(context, point)
    kind, _, rest = matrix.partition("-")
    uppers = [size_bound(context.problem, matrix)]
    if kind == "Psi":
        return _psi_lower(context, int(rest), point), uppers
    if kind == "P":
        return _derived_for_block(context, int(rest), point, uppers)
    return [], uppers


def _derived_for_jacobian(context: ProofContext, point: Point) -> tuple[list[RankBound], list[RankBound]]:
    problem = context.problem
    a = problem.architecture
    uppers = list(structural_bounds(context))
    if a.frozen:
        return [], uppers
    least, phi = min(b.value for b in uppers), f"Phi-{a.L - 1}+"
    lowers = []
    if a.output_activation.has_nonzero_slopes and a.n_L * min(matrix_size(problem, phi)) >= least:
        last = last_block_bound(context, rank_bounds(context, phi, point).lower)
        if last.value >= least:
            lowers.append(bound("P", last.place, last.value, "rank-stack", last, lower=True))
    if not lowers and problem.columns >= _MANY_COLUMNS and not has_singular_value_evidence(problem, point.weights):
        lowers = _by_full_block(context, point, least)
    return lowers, uppers


def _by_full_block(context: ProofContext, point: Point, least: int) -> list[RankBound]:
    """Derive full rank of P from that of a block of rows, where one has enough of them.

    With many columns this comes first, as `khatri-rao` reports the blocks in any case: one factorisation for both. Else it is tried
    last: a smaller set of weights may be better conditioned than all of them.
    """
    columns = context.problem.columns
    if least < columns or context.problem.architecture.frozen:
        return []
    for l in range(1, context.problem.architecture.L):
        if matrix_size(context.problem, f"P-{l}")[0] >= columns:
            block = rank_bounds(context, f"P-{l}", point).lower
            if block.value == columns:
                return [bound("P", block.place, columns, "rank-stack", block, lower=True)]
    return []


def last_block_bound(context: ProofContext, phi: RankBound) -> RankBound:
    """Return ``rank P_L ≥ n_L · rank Φ_{L-1}⁺`` (or ``≤``), for output activations whose derivative vanishes nowhere it exists."""
    a = context.problem.architecture
    if not phi.is_lower:
        return product_bound(context.problem, a.L, phi)
    return bound(f"P-{a.L}", phi.place, a.n_L * phi.value, "rank-sylvester", phi, _last_psi(context), lower=True)


def _last_psi(context: ProofContext) -> RankBound:
    """Return ``rank Ψ_L ≥ T n_L``, at all weights."""
    a, columns = context.problem.architecture, context.problem.columns
    return context.once("last psi", EVERYWHERE, lambda: bound(f"Psi-{a.L}", EVERYWHERE, columns, "rank-sylvester", lower=True))


def weight_bounds(context: ProofContext, layer: int, point: Point) -> tuple[RankBound, ...] | None:
    """Return lower bounds of the ranks of ``W_L*, …, W_{layer+1}*``, from which Sylvester bounds the ranks of ``Ψ_layer(i)``.

    None where an activation's derivative may vanish.
    """
    a = context.problem.architecture
    if not all(a.activation_of(l).has_nonzero_slopes for l in range(layer, a.L + 1)):
        return None
    return tuple(rank_bounds(context, f"W-{l}*", point).lower for l in range(a.L, layer, -1))


def _psi_lower(context: ProofContext, layer: int, point: Point) -> list[RankBound]:
    ranks = weight_bounds(context, layer, point)
    if ranks is None:
        return []
    value = context.problem.T * psi_rank(context.problem.architecture.widths, layer, [b.value for b in ranks])
    place: Place = point if ranks else EVERYWHERE
    return [bound(f"Psi-{layer}", place, value, "rank-sylvester", *ranks, lower=True)]


def _derived_for_block(context: ProofContext, layer: int, point: Point, uppers: list[RankBound]) -> tuple[list[RankBound], list[RankBound]]:
    problem = context.problem
    a = problem.architecture
    phi, psi = rank_bounds(context, f"Phi-{layer - 1}+", point), rank_bounds(context, f"Psi-{layer}", point).lower
    value = max(0, khatri_rao_bound(a.widths[layer], problem.T, phi.lower.value, psi.value))
    lowers = [bound(f"P-{layer}", point, value, "rank-sylvester", phi.lower, psi, lower=True)]
    uppers = [*uppers, product_bound(problem, layer, phi.upper)]
    return lowers, uppers


def structural_bounds(context: ProofContext) -> list[RankBound]:
    """Return the upper bounds of ``rank P`` that hold at every ``W``, found once."""
    return context.once("structural bounds", EVERYWHERE, lambda: structural_upper_bounds(context.problem, inputs_bounds(context).upper))


def inputs_bounds(context: ProofContext) -> RankBounds:
    """Return the bounds of ``rank Φ_0⁺``, which holds at all weights."""
    return context.once("rank of Phi-0+", EVERYWHERE, lambda: _inputs_bounds(context))


def _inputs_bounds(context: ProofContext) -> RankBounds:
    matrix, problem = "Phi-0+", context.problem
    lowers, uppers = [trivial_bound(problem, matrix)], [size_bound(problem, matrix)]
    for evidence in rank_evidence(problem, None, matrix, context.effort_for(matrix), enough=uppers[0].value):
        found = _bound_of(evidence, matrix, EVERYWHERE)
        (lowers if found.is_lower else uppers).append(found)
        if _decided(lowers, uppers):
            break
    return RankBounds(max(lowers, key=lambda b: b.value), min(uppers, key=lambda b: b.value))


def generic_upper_bound(context: ProofContext) -> RankBound:
    """Return the best upper bound of ``rank P`` that holds at every ``W``."""
    return min(structural_bounds(context), key=lambda b: b.value)
