"""The tables of ``docs/trust.md``: the kernel's files and those of theory that it imports, in reading order, and what each rule and certificate rests on.

Run with ``python -m benchmarks.trusted``. A file stands after those it imports. Its size counts lines of code, without comments, docstrings and blank lines;
its words are the first sentence of its docstring. A test compares the files with the page, and their sizes roughly.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.paper_text import markdown_table, write_blocks
from lossproof import Report, check_architecture, find_critical_points, prove_entry, verify, zoo_entries
from lossproof.certificates.kernel.check import RULES
from lossproof.certificates.proof.trusted_code import code_lines, trusted_code, trusted_modules

PACKAGE = trusted_modules()["lossproof.certificates.kernel.check"].resolve().parents[2]
"""The folder of the package, in a checkout or where it is installed."""
PAGE, BLOCKS = Path("docs/trust.md"), ("kernel-files", "theory-files")
KERNEL = PACKAGE / "certificates" / "kernel"


def trusted_files() -> tuple[list[Path], list[Path]]:
    """Return the files of the kernel, and those of theory that they import, each after those of its kind that it imports."""
    found = [path.resolve() for path in trusted_modules().values()]
    return [path for path in found if KERNEL in path.parents], [path for path in found if KERNEL not in path.parents]


def words_of(path: Path) -> str:
    """Return the first sentence of a file's docstring."""
    text = " ".join((ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split()).replace("``", "`")
    sentence = re.split(r"(?<=[.])\s", text)[0].rstrip(".")
    return sentence.replace("|", "\\|")


def table(files: list[Path]) -> str:
    """Return the table of some files, and the sum of their sizes."""
    rows = [[f"`{path.relative_to(PACKAGE)}`", str(code_lines(path)), words_of(path)] for path in files]
    return markdown_table(["file", "code", "what it is"], [*rows, ["all", str(sum(map(code_lines, files))), ""]])


def rule_rows() -> list[list[str]]:
    """Return what every certificate rests on, and how much each rule adds to it, in lines of the kernel: the least first."""
    core = trusted_code(()).lines
    added = sorted((trusted_code([rule]).lines - core, rule) for rule in RULES)
    return [["every certificate", str(core)], *([f"`{rule}`", f"+ {lines}"] for lines, rule in added)]


def certificate_rows() -> Iterator[list[str]]:
    """Yield some certificates, with how many rules they use and how many lines of the kernel they rest on."""
    X, Y = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]
    line, targets = [[-2], [-1], [0], [1], [2]], [[-1], [1], [0], [-1], [1]]
    named: dict[str, Callable[[], Report]] = {
        "XOR, 2-2-1, tanh": lambda: check_architecture("2-2-1", X, Y, activation="tanh"),
        "XOR, 2-3-1, relu": lambda: check_architecture("2-3-1", X, Y, activation="relu"),
        "complete map of 1-1-1, tanh, decay 1/10": lambda: (
            find_critical_points("1-1-1", line, targets, activation="tanh", weight_decay="1/10", decay_biases=True, complete=True).report
        ),
        **{f"zoo: {entry.name}": lambda entry=entry: prove_entry(entry).report for entry in zoo_entries()},
    }
    for name, made in named.items():
        result = verify(made().certificate)
        yield [name, str(len(result.steps)), str(len({step.rule for step in result.steps})), str(result.trusted_code().lines)]


if __name__ == "__main__":
    tables = [table(files) for files in trusted_files()]
    rules = markdown_table(["rule", "lines of the kernel"], rule_rows())
    certificates = markdown_table(["certificate", "steps", "rules", "lines of the kernel"], list(certificate_rows()))
    write_blocks(PAGE, dict(zip((*BLOCKS, "rule-lines", "certificate-lines"), [*tables, rules, certificates], strict=True)))
    print(f"written: {PAGE}")
