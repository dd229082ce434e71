"""The search for a complete list of critical points, with progress, over processes, and kept in a file."""

from __future__ import annotations

from pathlib import Path

from lossproof.certificates.claims.complete import complete_search
from lossproof.certificates.maps.kept_search import keep_search, load_search
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.encoding import problem_digest
from lossproof.numerics.algebra.threads import one_thread
from lossproof.numerics.complete.search import Settled, Tree, TreeBudget, search_tree

_PARTS = 1000


def complete_tree(context: ProofContext, box: float | None, path: Path | None, workers: int | None, *, minima: bool) -> Tree:
    """Search for all critical points of a problem, or all local minima; a file at ``path`` keeps what is settled, and is gone on from. Raises `InputError`."""
    land, bounds = complete_search(context.problem, box)
    of = f"{'minima' if minima else 'all'} {problem_digest(context.problem)} {' '.join(float(b).hex() for b in bounds)}"
    letters = "".join(chr(ord("a") + k) for k in range(land.splits)) + ("SNMDU" if minima else "SNMU")
    begin = None if path is None else load_search(path, of, letters, len(bounds))

    def keep(settled: Settled) -> None:
        if path is not None:
            keep_search(path, of, settled)

    def report(part: float) -> None:
        context.report_progress("settling boxes", int(part * _PARTS), _PARTS)

    with one_thread():
        return search_tree(land, bounds, TreeBudget(), report, workers=workers, begin=begin, keep=keep, minima=minima)
