"""The certificate of one cell of a sweep, made from what its row says."""

from __future__ import annotations

from lossproof.certificates.claims.full_rank import claim_full_rank_generic
from lossproof.certificates.proof.certificate import Certificate, certificate_of
from lossproof.certificates.proof.nodes import Claim, RankBound
from lossproof.certificates.proof.rank_bounds import generic_upper_bound
from lossproof.certificates.sweeps.cells import INDEPENDENT_VALUES, SweepCell
from lossproof.certificates.sweeps.prover import cell_context
from lossproof.numerics.algebra.threads import one_thread
from lossproof.numerics.ranks.generic import generic_point, has_generic_point
from lossproof.numerics.ranks.modular import largest_minor
from lossproof.theory.exceptions import InputError, LossproofError
from lossproof.theory.problem.weights import Weights
from lossproof.theory.verdicts import Rigor, Scope, Verdict


def cell_certificate(cell: SweepCell) -> Certificate:
    """Return the certificate of a decided cell: `full-rank` almost everywhere, PROVED or REFUTED, with both bounds of the rank as facts.

    Samples, weights and residues are drawn again from the row. `verify` accepts it. Raises `InputError` for a cell whose verdict is UNDECIDED,
    about which there is nothing to certify.

    >>> from lossproof.certificates.sweeps.cells import prove_group
    >>> from lossproof.certificates.sweeps.grid import SweepGrid
    >>> cell = prove_group(SweepGrid.of("2-2-2-1", 4, "tanh", 0, "trainable").groups()[0])[0]
    >>> from lossproof import verify
    >>> verify(cell_certificate(cell).document).ok
    True
    """
    if cell.verdict == Verdict.UNDECIDED.value:
        raise InputError(
            f"a certificate needs a decided cell, got UNDECIDED for {cell.widths} with {cell.activation} and {cell.T} samples: choose another cell"
        )
    a = cell.group.architecture
    context = cell_context(a, cell.T, cell.seed)
    if has_generic_point(a):
        claim, points = _claim_of_prime_field(cell, generic_upper_bound(context))
    else:
        with one_thread():
            claim = claim_full_rank_generic(context)
        points = list(context.points)
    if claim.verdict.value != cell.verdict:
        raise LossproofError(f"the row says {cell.verdict} and the proof {claim.verdict}: the table was altered, or is of another version")
    return certificate_of(context.problem, points, [claim])


def _claim_of_prime_field(cell: SweepCell, upper: RankBound) -> tuple[Claim, list[Weights]]:
    """Return the claim with a largest minor at the cell's point, or at its free values."""
    point = generic_point(cell.group.architecture, cell.T, cell.seed, cell.attempt)
    rows, columns = ([], []) if point is None else largest_minor(point.matrix, point.prime)
    if point is None or len(rows) != cell.rank_lower or upper.value != cell.rank_upper:
        raise LossproofError(
            f"the row's bounds {cell.rank_lower}, {cell.rank_upper} are not found again: the table was altered, or is of another version"
        )
    verdict = Verdict.PROVED if len(rows) == cell.columns else Verdict.REFUTED
    facts = {"rank_lower": len(rows), "rank_upper": upper.value, "columns": cell.columns}
    reason = f"The rank lies between {len(rows)} and {upper.value} at almost every W; T·n_L = {cell.columns}."
    minor = {"rows": rows, "columns": columns}
    if point.free is not None:
        evidence = {**minor, **point.free.payload()}
        claim = Claim("full-rank", Scope.ALMOST_EVERYWHERE, verdict, reason, facts, Rigor.EXACT, INDEPENDENT_VALUES, evidence, (upper,))
        return claim, []
    lower = RankBound("P", 0, True, len(rows), "rank-minor", Rigor.EXACT, {**minor, "prime": point.prime, "u": None})
    claim = Claim("full-rank", Scope.ALMOST_EVERYWHERE, verdict, reason, facts, Rigor.EXACT, "full-rank-generic", {}, (lower, upper))
    return claim, [] if point.weights is None else [point.weights]
