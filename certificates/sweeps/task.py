"""One task of a sweep, as a worker runs it: the cells of some groups, proved, and their certificates checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from lossproof.certificates.proof.verify import verify
from lossproof.certificates.sweeps.cells import COLUMNS, SweepCell, prove_group
from lossproof.certificates.sweeps.certificate import cell_certificate
from lossproof.certificates.sweeps.data import SweepData
from lossproof.certificates.sweeps.grid import SweepGroup
from lossproof.numerics.algebra.threads import one_thread
from lossproof.theory.verdicts import Verdict


def prove_task(groups: Iterable[SweepGroup], *, self_check: bool) -> dict[str, list[Any]]:
    """Return the cells of some groups, column by column; with ``self_check`` each as `checked_cell` leaves it."""
    with one_thread():
        cells = [(cell, group.data) for group in groups for cell in prove_group(group)]
        told = [checked_cell(cell, data) if self_check else cell for cell, data in cells]
    return {name: [getattr(cell, name) for cell in told] for name in COLUMNS}


def checked_cell(cell: SweepCell, data: SweepData | None = None) -> SweepCell:
    """Return a decided cell with ``checked`` set if the checker accepts its certificate, else UNDECIDED and without a lower bound.

    >>> from lossproof.certificates.sweeps.grid import SweepGrid
    >>> checked_cell(prove_group(SweepGrid.of("2-2-1", 3, "tanh", 0, "trainable").groups()[0])[0]).checked
    True
    """
    if cell.verdict == Verdict.UNDECIDED.value:
        return cell
    if verify(cell_certificate(cell, data).document).ok:
        return replace(cell, checked=True)
    return replace(cell, rank_lower=0, rank=None, deficiency=None, verdict=Verdict.UNDECIDED.value, decided=False, method="")
