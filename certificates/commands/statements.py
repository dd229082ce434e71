"""``lossproof statements``: list the statements of the theory, or show one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def show_statements(
    id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="A statement's ID, such as full-rank; without it all are listed.")
    ] = None,
    graph: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw which statement depends on which, as .svg.")] = None,
) -> None:
    """List the statements of the theory, or show one in full."""
    from lossproof.theory.statements.registry import statement_named
    from lossproof.theory.statements.text import describe_statement, list_statements

    if id is not None:
        typer.echo(describe_statement(statement_named(id)))
    elif graph is None:
        typer.echo(list_statements())
    if graph is not None:
        from lossproof.certificates.pictures.statements import draw_statement_graph

        draw_statement_graph(graph)
        typer.echo(f"Graph: {graph}")
