"""The code that a certificate is said to rest on is all that runs when it is checked, and less than the kernel."""

from __future__ import annotations

import ast
import sys
from functools import cache
from pathlib import Path

import pytest
from cases.kernel_cases import CASES

from lossproof.certificates.kernel.check import RULES, check_certificate
from lossproof.certificates.proof.trusted_code import code_lines, trusted_code, trusted_modules
from lossproof.certificates.proof.verify import verify


@cache
def files_of_modules():
    """The trusted modules by their files."""
    return {str(path.resolve()): module for module, path in trusted_modules().items()}


@cache
def core():
    """What every certificate rests on."""
    return trusted_code([])


def functions_run(document):
    """The functions of trusted modules that run while a certificate is checked, each as its module and first line."""
    seen = set()

    def note(frame, event, _):
        if event == "call":
            seen.add((frame.f_code.co_filename, frame.f_code.co_firstlineno, frame.f_code.co_name))

    sys.setprofile(note)
    try:
        assert check_certificate(document).ok
    finally:
        sys.setprofile(None)
    files = files_of_modules()
    return {(files[path], line, name) for path, line, name in seen if path in files and name != "<module>"}


def places(code):
    """The lines of all functions, lambdas and comprehensions in the listed definitions, by module; found again in the files by their text."""
    found = set()
    for definition in code.definitions:
        source = trusted_modules()[definition.module].read_text(encoding="utf-8")
        start = source[: source.index(definition.text)].count("\n") + 1
        found |= {(definition.module, line) for line in range(start, start + definition.text.count("\n") + 1)}
    return found


@pytest.mark.parametrize("case", CASES)
def test_nothing_runs_that_is_not_listed(case):
    document = CASES[case]()
    listed = places(trusted_code(step["rule"] for step in document["steps"]))
    run = functions_run(document)
    assert run
    assert {(module, line, name) for module, line, name in run if (module, line) not in listed} == set()


def test_the_core_is_a_fraction_of_the_kernel_and_every_rule_adds_to_it():
    assert 700 < core().lines < 1100
    for rule in RULES:
        code = trusted_code([rule])
        assert core().lines < code.lines < 1800, rule
        assert {found.name for found in code.definitions} >= {rule.replace("-", "_"), "check_certificate"}


def test_all_rules_together_rest_on_the_whole_kernel_but_its_imports_and_tables_of_rules():
    code = trusted_code(RULES)
    assert code.kernel_lines == sum(code_lines(path) for module, path in trusted_modules().items() if ".kernel." in module)
    assert 0.85 * code.kernel_lines < code.lines < 0.95 * code.kernel_lines


def test_the_modules_are_all_files_of_the_kernel():
    kernel = Path(sys.modules["lossproof.certificates.kernel.check"].__file__).resolve().parent
    files = {path for path in kernel.rglob("*.py") if path.stem != "__init__"}
    assert {Path(path) for path, module in files_of_modules().items() if ".kernel." in module} == files


def test_modules_hold_nothing_but_imports_definitions_and_docstrings():
    """What stands outside a definition would run without being listed."""
    for module, path in trusted_modules().items():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            typing_only = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
            text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            allowed = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)
            assert isinstance(node, allowed) or typing_only or text, (module, node.lineno)


def test_the_listing_is_code_in_reading_order():
    document = next(iter(CASES.values()))()
    code = verify(document).trusted_code()
    assert code == trusted_code(step["rule"] for step in document["steps"])
    defined = [node for node in ast.parse(code.text).body if not isinstance(node, ast.Expr)]
    assert len(defined) == len(code.definitions)
    modules = list(dict.fromkeys(found.module for found in code.definitions))
    assert modules == [module for module in trusted_modules() if module in modules]
    assert str(code) in code.text.splitlines()[0]


def test_a_rejected_certificate_rests_on_the_core_alone():
    assert verify("{}").trusted_code() == core()
