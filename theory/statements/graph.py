"""The dependency graph of the statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lossproof.theory.statements.registry import all_statements

if TYPE_CHECKING:
    import networkx


def statement_graph() -> networkx.DiGraph[str]:
    """Return the graph with an edge from each statement to every statement it depends on, without a cycle.

    Nodes are the IDs and carry ``title`` and ``kind``.

    >>> graph = statement_graph()
    >>> sorted(graph.successors("critical-theorem"))
    ['gradient-identity', 'principle-error']
    """
    import networkx

    graph: networkx.DiGraph[str] = networkx.DiGraph()
    for statement in all_statements():
        graph.add_node(statement.id, title=statement.title, kind=statement.kind)
    graph.add_edges_from((statement.id, needed) for statement in all_statements() for needed in statement.depends_on)
    return graph
