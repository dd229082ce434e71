"""The tables of trusted files in ``docs/trust.md``: the kernel, and the modules of theory it imports, in the order in which to read them.

Run with ``python -m benchmarks.trusted``. A file stands after those it imports. Its size counts lines of code, without comments, docstrings and blank lines;
its words are the first sentence of its docstring. A test compares the files with the page, and their sizes roughly.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import networkx as nx

from benchmarks.paper_text import markdown_table, write_blocks

ROOT = Path(__file__).resolve().parents[1]
PAGE, BLOCKS = Path("docs/trust.md"), ("kernel-files", "theory-files")
KERNEL = ROOT / "certificates" / "kernel"
_ROOMS = ("reading", "arithmetic", "network", "rules")
_LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


def path_of(module: str) -> Path | None:
    """Return the file of a module of the three folders, or None for any other module."""
    path = ROOT.joinpath(*module.split(".")[1:]).with_suffix(".py")
    return path if module.startswith("lossproof.") and path.is_file() else None


def imports_of(path: Path) -> set[Path]:
    """Return the files of the three folders that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names = {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
            found |= {target for name in names if (target := path_of(name)) is not None}
    return found


def trusted_files() -> tuple[list[Path], list[Path]]:
    """Return the files of the kernel, and those of theory that they import, each after those of its kind that it imports."""
    graph, waiting = nx.DiGraph(), [path for path in sorted(KERNEL.rglob("*.py")) if path.stem != "__init__"]
    while waiting:
        path = waiting.pop()
        graph.add_node(path)
        for other in imports_of(path):
            waiting += [] if other in graph else [other]
            graph.add_edge(other, path)
    kernel = [path for path in graph if KERNEL in path.parents]
    theory = [path for path in graph if KERNEL not in path.parents]
    ordered = (nx.lexicographical_topological_sort(graph.subgraph(part), key=_place) for part in (kernel, theory))
    first, second = map(list, ordered)
    return first, second


def _place(path: Path) -> tuple[int, str]:
    """Return the place of a file among those that might come next: rooms of the kernel in their order."""
    parts = path.relative_to(ROOT).parts
    return _ROOMS.index(parts[2]) if parts[2:3] and parts[2] in _ROOMS else len(_ROOMS), str(path)


def code_lines(path: Path) -> int:
    """Return the number of lines of code, without comments, docstrings and blank lines."""
    source = path.read_text(encoding="utf-8")
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in _LAYOUT:
            lines |= set(range(token.start[0], token.end[0] + 1))
    return len(lines - set(_docstring_lines(ast.parse(source))))


def _docstring_lines(tree: ast.Module) -> Iterator[int]:
    """Yield the lines of all strings that stand alone: docstrings, and those below a name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield from range(node.lineno, (node.end_lineno or node.lineno) + 1)


def words_of(path: Path) -> str:
    """Return the first sentence of a file's docstring."""
    text = " ".join((ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split()).replace("``", "`")
    sentence = re.split(r"(?<=[.])\s", text)[0].rstrip(".")
    return sentence.replace("|", "\\|")


def table(files: list[Path]) -> str:
    """Return the table of some files, and the sum of their sizes."""
    rows = [[f"`{path.relative_to(ROOT)}`", str(code_lines(path)), words_of(path)] for path in files]
    return markdown_table(["file", "code", "what it is"], [*rows, ["all", str(sum(map(code_lines, files))), ""]])


if __name__ == "__main__":
    write_blocks(PAGE, {block: table(files) for block, files in zip(BLOCKS, trusted_files(), strict=True)})
    print(f"written: {PAGE}")
