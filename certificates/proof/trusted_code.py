"""The code that a certificate rests on: what of the kernel, and of the records it reads, the rules of its steps reach."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

import networkx as nx

_KERNEL = "lossproof.certificates.kernel"
_CHECK, _ENTRY = f"{_KERNEL}.check", "check_certificate"
_LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}

Name: TypeAlias = tuple[str, str | None]
"""A module, and what it defines; None stands for the whole module."""


@dataclass(frozen=True)
class Definition:
    """A function, class or constant (or several in one statement): its module, name, source text, and lines of code, as `code_lines` counts."""

    module: str
    name: str
    text: str
    lines: int


@dataclass(frozen=True)
class TrustedCode:
    """The definitions that the rules of some steps reach, in reading order: a module after those that it imports.

    What is in the list may run in a check of these steps, and what is not in it never does: a definition reaches all that its text names, a class with all of
    its methods, so that nothing depends on the values met. The text shows definitions alone; what modules import stands in their files. Beside it stand the
    interpreter and the libraries of ``docs/trust.md``.
    """

    definitions: tuple[Definition, ...]
    kernel_lines: int

    @property
    def lines(self) -> int:
        """The lines of code that are in the kernel."""
        return sum(found.lines for found in self.definitions if found.module.startswith(_KERNEL))

    @property
    def lines_beside(self) -> int:
        """The lines of code of theory: the records of functions, limits and words that the kernel reads."""
        return sum(found.lines for found in self.definitions) - self.lines

    @property
    def text(self) -> str:
        """The definitions, to be read from the first line to the last, each module under its name."""
        parts = [f"# {self}"]
        for before, found in zip((None, *self.definitions), self.definitions, strict=False):
            if before is None or before.module != found.module:
                parts.append(f"# ---- {found.module} ----")
            parts.append(found.text)
        return "\n\n\n".join(parts) + "\n"

    def __repr__(self) -> str:
        return f"<TrustedCode: {self}>"

    def __str__(self) -> str:
        return f"It rests on {self.lines:,} of the {self.kernel_lines:,} lines of the kernel, and {self.lines_beside:,} lines of theory."


def trusted_code(rules: Iterable[str]) -> TrustedCode:
    """Return the code that steps by these rules rest on; a rule is the function of its name in a module of rules.

    >>> exact, doubles = trusted_code(["rank-minor", "rank-size"]), trusted_code(["critical-ball"])
    >>> exact.lines < doubles.lines < doubles.kernel_lines
    True
    >>> any(found.module.endswith("arithmetic.doubles") for found in exact.definitions)
    False
    """
    graph, wanted = _definitions(), {rule.replace("-", "_") for rule in rules}
    roots = {(_CHECK, _ENTRY), *((module, name) for module, name in graph if name in wanted and module.startswith(f"{_KERNEL}.rules."))}
    reached = roots.union(*(nx.descendants(graph, root) for root in roots))
    ordered = [found for name, found in graph.nodes(data="definition") if name in reached and found is not None]
    return TrustedCode(tuple(ordered), graph.graph["kernel_lines"])


@lru_cache(maxsize=1)
def trusted_modules() -> dict[str, Path]:
    """Return the modules that the kernel consists of, and those of theory that they import, each after those that it imports."""
    graph, waiting = nx.DiGraph(), [_CHECK]
    while waiting:
        module = waiting.pop()
        graph.add_node(module)
        for other in _imported(module):
            waiting += [] if other in graph else [other]
            graph.add_edge(other, module)
    return {module: _path(module) for module in nx.lexicographical_topological_sort(graph, key=_room)}


def code_lines(path: Path) -> int:
    """Return the number of lines of code of a file, without comments, docstrings and blank lines."""
    return len(_code(path.read_text(encoding="utf-8")))


def _room(module: str) -> tuple[int, str]:
    """Return the place of a module among those that might come next: theory, then the rooms of the kernel in their order."""
    rooms = ("theory", "reading", "arithmetic", "network", "rules", "check")
    return next(place for place, room in enumerate(rooms) if f".{room}" in module), module


def _path(module: str) -> Path:
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"no source of {module} is installed")
    return Path(spec.origin)


def _imported(module: str) -> set[str]:
    """Return the modules of the library that a module imports, whole or a name of theirs."""
    return {other for other, _ in _imports(module).values()}


@lru_cache(maxsize=128)
def _imports(module: str) -> dict[str, Name]:
    """Return what the names that a module imports from the library stand for: a module, or a name in one."""
    found: dict[str, Name] = {}
    for node in ast.walk(ast.parse(_path(module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("lossproof."):
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                whole = _path(node.module).stem == "__init__" and find_spec(inner) is not None
                found[alias.asname or alias.name] = (inner, None) if whole else (node.module, alias.name)
    return found


@lru_cache(maxsize=1)
def _definitions() -> nx.DiGraph:
    """Return the graph of all definitions, in reading order: an edge leads to what the text of a definition names.

    The tables of rules by name are no definitions: which of the rules run is what a certificate says.
    """
    graph = nx.DiGraph(kernel_lines=0)
    for module, path in trusted_modules().items():
        source = path.read_text(encoding="utf-8")
        code, lines = _code(source), source.splitlines()
        graph.graph["kernel_lines"] += len(code) if module.startswith(_KERNEL) else 0
        for node in ast.parse(source).body:
            first, last = min([node.lineno, *(item.lineno for item in getattr(node, "decorator_list", []))]), node.end_lineno or node.lineno
            for name in (names := [name for name in _bound(node) if not name.endswith("RULES")]):
                graph.add_node((module, name), node=node)
                graph.add_edges_from([((module, name), (module, names[0]))] if name != names[0] else [])
            for name in names[:1]:
                text, size = "\n".join(lines[first - 1 : last]), len(code & set(range(first, last + 1)))
                graph.nodes[module, name]["definition"] = Definition(module, ", ".join(names), text, size)
    for (module, name), node in list(graph.nodes(data="node")):
        graph.add_edges_from(((module, name), other) for other in _reached(node, module, _imports(module), graph))
    return graph


def _bound(node: ast.stmt) -> list[str]:
    """Return the names that a statement of a module defines."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [inner.id for target in targets for inner in ast.walk(target) if isinstance(inner, ast.Name)]


def _reached(node: ast.stmt, module: str, imports: dict[str, Name], graph: nx.DiGraph) -> Iterator[Name]:
    """Yield the definitions that a definition names: of its own module, imported, or as an attribute of an imported module."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name):
            place: Name = (imports.get(inner.value.id, ("", None))[0], inner.attr)
        elif isinstance(inner, ast.Name):
            place = imports.get(inner.id, (module, inner.id))
        else:
            continue
        if place in graph:
            yield place


def _code(source: str) -> set[int]:
    """Return the numbers of the lines of code, without comments, docstrings and blank lines."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    lines = {line for token in tokens if token.type not in _LAYOUT for line in range(token.start[0], token.end[0] + 1)}
    return lines - set(_strings_alone(ast.parse(source)))


def _strings_alone(tree: ast.Module) -> Iterator[int]:
    """Yield the lines of all strings that stand alone: docstrings, and those below a name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield from range(node.lineno, (node.end_lineno or node.lineno) + 1)
