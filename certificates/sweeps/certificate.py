"""The certificate of one cell of a sweep, made from what its row says."""

from __future__ import annotations

from lossproof.certificates.claims.full_rank import best_generic_bound, generic_claim_of
from lossproof.certificates.proof.certificate import Certificate, certificate_of
from lossproof.certificates.proof.nodes import RankBound, bound
from lossproof.certificates.proof.places import ALMOST_EVERYWHERE, Point
from lossproof.certificates.sweeps.cells import SweepCell
from lossproof.certificates.sweeps.data import SweepData
from lossproof.certificates.sweeps.prover import cell_context
from lossproof.numerics.algebra.threads import one_thread
from lossproof.numerics.ranks.generic import generic_point, has_generic_point
from lossproof.numerics.ranks.modular import largest_minor
from lossproof.theory.exceptions import InputError, LossproofError
from lossproof.theory.verdicts import Verdict


def cell_certificate(cell: SweepCell, data: SweepData | None = None) -> Certificate:
    """Return the certificate of a decided cell: `full-rank` almost everywhere, PROVED or REFUTED, with both bounds of the rank as facts.

    Samples, weights and residues are drawn again from the row; the samples are those of the ``data``, where the sweep had some. `verify` accepts it. Raises
    `InputError` for a cell whose verdict is UNDECIDED, about which there is nothing to certify.

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
    context, point = cell_context(a, cell.T, cell.seed, data)
    with one_thread():
        lower = _prime_field_bound(cell) if has_generic_point(a) and data is None else best_generic_bound(context, point)
        claim = generic_claim_of(context, lower, point)
    if claim.verdict.value != cell.verdict or (has_generic_point(a) and claim.facts["rank_upper"] != cell.rank_upper):
        raise LossproofError(f"the row says {cell.verdict} and the proof {claim.verdict}: the table was altered, or is of another version")
    return certificate_of(context.problem, [claim])


def _prime_field_bound(cell: SweepCell) -> RankBound:
    """Return the lower bound that a largest minor at the cell's point gives, or at its free values."""
    point = generic_point(cell.group.architecture, cell.T, cell.seed, cell.attempt)
    rows, columns = ([], []) if point is None else largest_minor(point.matrix, point.prime)
    if point is None or len(rows) != cell.rank_lower:
        raise LossproofError(f"the row's lower bound {cell.rank_lower} is not found again: the table was altered, or is of another version")
    place = ALMOST_EVERYWHERE if point.weights is None else Point(point.weights)
    substitution = None if point.free is None else point.free.payload()
    evidence = {"rows": rows, "columns": columns, "prime": point.prime, "substitution": substitution}
    return bound("P", place, len(rows), "rank-minor", lower=True, evidence=evidence)
