"""The registry of every statement of the theory.

The statements are plain records, in one file for each origin; nothing heavy is imported.
"""

from __future__ import annotations

from types import MappingProxyType

from lossproof.theory.exceptions import InputError
from lossproof.theory.names import nearest_name
from lossproof.theory.shown import shown
from lossproof.theory.statements.cited import CITED
from lossproof.theory.statements.corrections import CORRECTIONS
from lossproof.theory.statements.critical_points import CRITICAL_POINTS
from lossproof.theory.statements.landscape import LANDSCAPE
from lossproof.theory.statements.paper import PAPER
from lossproof.theory.statements.sharper import SHARPER
from lossproof.theory.statements.statement import KINDS, Statement

__all__ = ["KINDS", "Statement", "all_statements", "statement_named"]

_BY_ID = MappingProxyType({statement.id: statement for statement in (*PAPER, *CORRECTIONS, *SHARPER, *CRITICAL_POINTS, *LANDSCAPE, *CITED)})


def all_statements() -> tuple[Statement, ...]:
    """Return every registered statement, in reading order: the paper's, the corrections, the sharper ones, critical points, whole landscapes, others'.

    >>> [s.id for s in all_statements() if s.kind == "false claim"]
    ['principles-suffice', 'failed-bound', 'naive-khatri-rao']
    """
    return tuple(_BY_ID.values())


def statement_named(id: str) -> Statement:
    r"""Return the statement with this ID; raises `InputError` with the nearest known one.

    >>> statement_named("count").formula
    'N_{net} \\geq T\\, n_L'
    >>> statement_named("khatri_rao").id
    'khatri-rao'
    >>> statement_named("kathri-rao")
    Traceback (most recent call last):
        ...
    lossproof.theory.exceptions.InputError: unknown statement 'kathri-rao': did you mean 'khatri-rao'?
    """
    found = _BY_ID.get(str(id).strip().lower().replace("_", "-"))
    if found is None:
        raise InputError(f"unknown statement {shown(id)}{nearest_name(id, _BY_ID)}")
    return found
