"""The proved ranks of each layer at point 0, for the picture of the network."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lossproof.certificates.proof.nodes import RankBound, proof_order
from lossproof.certificates.proof.places import EVERYWHERE
from lossproof.certificates.reports.record import ReportRecord
from lossproof.theory.problem.matrix_sizes import matrix_size

_DIGITS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_SYMBOLS = {"W": "W", "P": "P", "Phi": "Φ"}


def layer_ranks(report: ReportRecord) -> Mapping[str, Mapping[int, str]]:
    """Return what the bounds in the proofs say of the ranks of ``W_l``, of the row blocks ``P_l`` of P and of ``Φ_l⁺``, in words by family and layer.

    A bound counts that holds at point 0, or at every W, besides the size of the matrix. Where both bounds meet the rank is told, else the lower bound.
    Nothing is computed here: the bounds are steps of the certificate.
    """
    first = report.first_points[0] if report.first_points else None
    lower: dict[str, int] = {}
    upper: dict[str, int] = {}
    for node in proof_order(report.claims):
        if isinstance(node, RankBound) and (node.place is EVERYWHERE or node.place == first):
            ends, better = (lower, max) if node.is_lower else (upper, min)
            ends[node.matrix] = better(node.value, ends.get(node.matrix, node.value))
    told: dict[str, dict[int, str]] = {family: {} for family in ("Phi", "W", "P")}
    for name, least in lower.items():
        found = re.fullmatch(r"(W|P|Phi)-(\d+)(\+?)", name)
        if found is not None and (found[3] == "+") == (found[1] == "Phi"):
            rows, columns = matrix_size(report.problem, name)
            sign = "=" if least == min(rows, columns, upper.get(name, rows)) else "≥"
            plus = "⁺" if found[3] else ""
            told[found[1]][int(found[2])] = f"rank {_SYMBOLS[found[1]]}{found[2].translate(_DIGITS)}{plus} {sign} {least}"
    return told
