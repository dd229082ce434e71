"""The folders import in one direction: theory <- numerics <- certificates; the kernel imports theory only."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ALLOWED = {
    "theory": {"theory"},
    "numerics": {"theory", "numerics"},
    "certificates": {"theory", "numerics", "certificates"},
}


def imported_modules(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} uses a relative import"
            found.add(node.module or "")
    return found


def sources(folder: str) -> list[Path]:
    found = sorted((ROOT / folder).glob("**/*.py"))
    assert found, f"no sources in {folder}"
    return found


@pytest.mark.parametrize("folder", ALLOWED)
def test_folders_import_downwards_only(folder: str) -> None:
    for path in sources(folder):
        for module in imported_modules(path):
            parts = module.split(".")
            if parts[0] == "lossproof" and len(parts) > 1:
                assert parts[1] in ALLOWED[folder], f"{folder}/{path.name} imports {module}"
            assert parts[0] not in ALLOWED, f"{folder}/{path.name} imports {module} without the package name"


def test_kernel_is_independent() -> None:
    kernel = [path for path in sources("certificates") if path.name.startswith("kernel")]
    assert {"kernel.py"} < {path.name for path in kernel}
    for path in kernel:
        for module in imported_modules(path):
            if module.startswith("lossproof."):
                own = module.startswith(("lossproof.certificates.kernel", "lossproof.theory."))
                assert own or module == "lossproof.certificates.verification", f"{path.name} imports {module}"
            else:
                assert module.split(".")[0] not in {"sympy", "mpmath", "networkx"}, f"{path.name} imports {module}"


def test_kernel_has_no_assert() -> None:
    for path in sources("certificates"):
        if path.name.startswith("kernel"):
            assert not [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Assert)]


def test_detects_an_upward_import(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("def f():\n    from lossproof.certificates.report import Report\n", encoding="utf-8")
    assert imported_modules(bad) == {"lossproof.certificates.report"}
