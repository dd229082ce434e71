"""The rooms import in the directions that one table allows, no file imports itself in a circle, and the kernel stands on its own."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import networkx as nx
import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("theory", "numerics", "certificates")

MAY_IMPORT = {
    "theory": "",
    "theory.functions": "theory",
    "theory.problem": "theory theory.functions",
    "theory.bounds": "theory theory.functions theory.problem",
    "theory.derivations": "theory theory.functions theory.problem",
    "theory.statements": "theory theory.functions theory.problem",
    "theory.zoo": "theory theory.functions theory.problem",
    "numerics": "",
    "numerics.functions": "numerics",
    "numerics.fields": "numerics numerics.functions",
    "numerics.algebra": "numerics numerics.fields",
    "numerics.verified": "numerics numerics.functions numerics.fields numerics.algebra",
    "numerics.network": "numerics numerics.fields numerics.algebra",
    "numerics.training": "numerics numerics.fields numerics.algebra numerics.network",
    "numerics.ranks": "numerics numerics.fields numerics.algebra numerics.verified numerics.network",
    "numerics.samples": "numerics numerics.fields numerics.algebra numerics.ranks",
    "numerics.curves": "numerics numerics.functions numerics.fields numerics.algebra numerics.network numerics.ranks",
    "numerics.critical": "numerics numerics.functions numerics.fields numerics.algebra numerics.network numerics.verified numerics.ranks numerics.samples "
    "numerics.curves",
    "numerics.complete": "numerics numerics.functions numerics.algebra",
    "numerics.learners": "numerics numerics.fields numerics.algebra numerics.verified numerics.network numerics.ranks numerics.training",
    "certificates": "",
    "certificates.text": "certificates",
    "certificates.pictures": "certificates",
    "certificates.inputs": "certificates",
    "certificates.kernel.reading": "",
    "certificates.kernel.arithmetic": "certificates.kernel.reading",
    "certificates.kernel.network": "certificates.kernel.reading certificates.kernel.arithmetic",
    "certificates.kernel.rules": "certificates.kernel.reading certificates.kernel.arithmetic certificates.kernel.network",
    "certificates.kernel": "certificates.kernel.reading certificates.kernel.arithmetic certificates.kernel.network certificates.kernel.rules",
    "certificates.proof": "certificates certificates.text",
    "certificates.claims": "certificates certificates.text certificates.proof",
    "certificates.reports": "certificates certificates.text certificates.pictures certificates.proof certificates.claims",
    **{
        f"certificates.{job}": "certificates certificates.text certificates.pictures certificates.inputs certificates.proof "
        "certificates.claims certificates.reports certificates.training"
        for job in ("checks", "maps", "sweeps", "training", "zoo")
    },
    "certificates.commands": "certificates certificates.text certificates.pictures certificates.inputs certificates.proof certificates.claims "
    "certificates.reports certificates.checks certificates.maps certificates.sweeps certificates.training certificates.zoo",
}
"""The rooms of its own folder that a room may import, besides itself; the folders below it may import whole, except the kernel."""

KERNEL_MAY_IMPORT = {
    f"lossproof.theory.{name}" for name in ("functions.activations", "functions.errors", "verdicts", "exceptions", "limits")
}
"""All that the kernel may import of this project besides itself."""

KERNEL_USERS = {
    "lossproof.certificates.proof.verify": {
        f"lossproof.certificates.kernel.{name}" for name in ("check", "reading.outcome", "reading.work")
    },
    "lossproof.certificates.proof.verification": {"lossproof.certificates.kernel.reading.outcome"},
}
"""Who may import the kernel, and what of it."""


def module_name(path: Path) -> str:
    return ".".join(["lossproof", *path.relative_to(ROOT).with_suffix("").parts]).removesuffix(".__init__")


def sources() -> dict[str, Path]:
    found = {module_name(path): path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))}
    assert len(found) > 250
    return found


SOURCES = sources()


def imported_modules(path: Path) -> set[str]:
    """Return the modules that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} uses a relative import"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in SOURCES else node.module or "" for name in names}
    return found


def room_of(module: str) -> str:
    return module.removeprefix("lossproof.").rpartition(".")[0] if SOURCES[module].stem != "__init__" else module.removeprefix("lossproof.")


@cache
def imports_of(module: str) -> set[str]:
    return imported_modules(SOURCES[module])


def own_imports(module: str) -> set[str]:
    return {name for name in imports_of(module) if name.partition(".")[0] in ("lossproof", *FOLDERS)}


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_rooms_import_what_the_table_allows(room: str) -> None:
    folder = room.partition(".")[0]
    below = FOLDERS[: FOLDERS.index(folder)]
    allowed = {room, *MAY_IMPORT[room].split()}
    for module in (m for m in SOURCES if room_of(m) == room):
        for name in own_imports(module):
            assert name in SOURCES, f"{module} imports {name}, which is no file of the three folders"
            target = room_of(name)
            through = name in KERNEL_USERS.get(module, ()) or (
                not room.startswith("certificates.kernel") and target.partition(".")[0] in below
            )
            assert target in allowed or through or (room.startswith("certificates.kernel") and name in KERNEL_MAY_IMPORT), (
                f"{module} imports {name}"
            )


def test_every_room_is_in_the_table() -> None:
    assert {room_of(module) for module in SOURCES} - {"certificates.reports.templates"} <= set(MAY_IMPORT)


def test_rooms_say_what_they_are_for_and_import_nothing() -> None:
    for path in (path for path in SOURCES.values() if path.stem == "__init__"):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        assert len(body) == 1, path
        assert isinstance(body[0], ast.Expr), path


def test_no_file_imports_itself_in_a_circle() -> None:
    graph = nx.DiGraph((module, name) for module in SOURCES for name in own_imports(module))
    assert [sorted(part) for part in nx.strongly_connected_components(graph) if len(part) > 1] == []


def test_only_verify_calls_the_kernel() -> None:
    users = {module for module in SOURCES if ".kernel" not in module for name in own_imports(module) if ".certificates.kernel" in name}
    assert users == set(KERNEL_USERS)


def kernel_sources() -> dict[str, Path]:
    found = {module: path for module, path in SOURCES.items() if module.startswith("lossproof.certificates.kernel")}
    assert "lossproof.certificates.kernel.check" in found
    return found


def test_kernel_is_independent() -> None:
    for module in kernel_sources():
        for name in imports_of(module):
            assert name.partition(".")[0] not in {"sympy", "mpmath", "networkx", "psutil"}, f"{module} imports {name}"


def test_rules_import_no_other_rules() -> None:
    shared = {f"lossproof.certificates.kernel.rules.{name}" for name in ("step", "evidence")}
    for module in (m for m in SOURCES if room_of(m) == "certificates.kernel.rules"):
        others = {name for name in own_imports(module) if name.startswith("lossproof.certificates.kernel.rules.")}
        assert others <= shared, f"{module} imports {others - shared}"


def test_kernel_has_no_assert() -> None:
    for path in kernel_sources().values():
        assert not [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Assert)]


def test_detects_an_upward_import(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("def f():\n    from lossproof.certificates.reports.report import Report\n", encoding="utf-8")
    assert imported_modules(bad) == {"lossproof.certificates.reports.report"}
