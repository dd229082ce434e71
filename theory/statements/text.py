"""Statements as plain text, for the terminal."""

from __future__ import annotations

import textwrap

from lossproof.theory.statements.registry import all_statements
from lossproof.theory.statements.statement import KINDS, Statement
from lossproof.theory.statements.weight_decay import with_decay

_WIDTH = 100
_LABEL = 14


def describe_statement(statement: Statement) -> str:
    r"""Return one statement in full: claim, formula, hypotheses, source, decision, and its place in the graph.

    >>> from lossproof.theory.statements.registry import statement_named
    >>> print(describe_statement(statement_named("count")))
    count: Enough weights
    <BLANKLINE>
      Kind          condition (decided for given weights or for a whole landscape)
      Formula       N_{net} \geq T\, n_L
      Conclusion    Full column rank of P needs at least as many trainable weights as P has columns. It
                    is necessary, not sufficient.
      Source        Shen, arXiv 1611.05827, section 3
      Decided by    integers
      With decay    it stays as it is
      Used by       full-rank
    """
    users = [other.id for other in all_statements() if statement.id in other.depends_on]
    parts = [
        ("Kind", f"{statement.kind} ({KINDS[statement.kind]})"),
        ("Formula", statement.formula),
        *(
            (f"Hypothesis {i}" if len(statement.hypotheses) > 1 else "Hypothesis", text)
            for i, text in enumerate(statement.hypotheses, start=1)
        ),
        ("Conclusion", statement.conclusion),
        ("Source", statement.source),
        ("Decided by", statement.decided_by),
        ("With decay", with_decay(statement)),
        ("Rests on", ", ".join(statement.depends_on)),
        ("Used by", ", ".join(users)),
    ]
    return "\n".join([f"{statement.id}: {statement.title}", "", *(_labelled(label, text) for label, text in parts if text)])


def list_statements() -> str:
    """Return all IDs with their titles, grouped by kind, in reading order."""
    width = max(len(statement.id) for statement in all_statements()) + 2
    groups = []
    for kind, meaning in KINDS.items():
        lines = [f"  {statement.id:<{width}}{statement.title}" for statement in all_statements() if statement.kind == kind]
        groups.append("\n".join([f"{kind.capitalize()} ({meaning})", *lines]))
    return "\n\n".join(groups)


def _labelled(label: str, text: str) -> str:
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=f"  {label:<{_LABEL}}",
        subsequent_indent=" " * (_LABEL + 2),
        break_long_words=False,
        break_on_hyphens=False,
    )
