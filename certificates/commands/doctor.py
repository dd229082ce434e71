"""``lossproof doctor``: what this installation consists of, and whether it computes as the proofs assume."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, requires, version
from time import perf_counter
from typing import Any

import typer

from lossproof.certificates.commands.options import Json, print_json
from lossproof.certificates.reports.provenance import blas_in_use
from lossproof.theory.exceptions import LossproofError

_DEVELOPERS = ("test", "bench", "dev", "docs")
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_EXTRA = re.compile(r"""extra == ["']([\w-]+)["']""")
FAILED = 1
"""The exit code where a part is missing or a test fails."""


def examine(as_json: Json = False) -> None:
    """Say which versions, BLAS and cores are used and which extras are installed, and test the arithmetic and the kernel on small cases.

    The exit code is 1 where a required package is missing or a test fails.
    """
    found = _findings()
    if as_json:
        print_json(found)
    else:
        from lossproof.certificates.commands.terminal import show

        show("\n".join(_told(found)))
    if not found["ok"]:
        raise typer.Exit(FAILED)


def _findings() -> dict[str, Any]:
    """Return what was found as plain data: what ``lossproof doctor --json`` prints."""
    from lossproof.numerics.algebra.memory import available_bytes

    packages = {name: _version(name) for name in _required(None)}
    tests = [_tested(name, test) for name, test in _TESTS]
    return {
        "lossproof": version("lossproof"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "packages": packages,
        "blas": blas_in_use(threads=True),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "free_bytes": available_bytes(),
        "extras": {extra: {name: _version(name) for name in _required(extra)} for extra in _extras()},
        "tests": tests,
        "ok": None not in packages.values() and all(test["ok"] for test in tests),
    }


def _told(found: Mapping[str, Any]) -> list[str]:
    """Return what was found as lines of text."""
    from lossproof.numerics.algebra.memory import gibibytes

    return [
        f"lossproof {found['lossproof']}, Python {found['python']}, {found['system']}",
        f"Packages: {_listed(found['packages'])}",
        f"BLAS: {found['blas']}",
        f"Cores: {found['cores']} usable; memory: {gibibytes(found['free_bytes'])} free",
        *(_extra(extra, packages) for extra, packages in found["extras"].items()),
        *(_test_line(test) for test in found["tests"]),
    ]


def _requirements() -> list[tuple[str, str | None]]:
    """Return the packages that lossproof asks for, each with the extra that it belongs to; extras that consist of others are left out."""
    found = []
    for line in requires("lossproof") or ():
        name, extra = _NAME.match(line), _EXTRA.search(line)
        if name is not None and name[0] != "lossproof":
            found.append((name[0], None if extra is None else extra[1]))
    return found


def _required(extra: str | None) -> list[str]:
    return [name for name, of in _requirements() if of == extra]


def _extras() -> list[str]:
    return [extra for extra in dict.fromkeys(of for _, of in _requirements()) if extra is not None and extra not in _DEVELOPERS]


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _listed(packages: Mapping[str, str | None]) -> str:
    return ", ".join(f"{name} {number or 'MISSING'}" for name, number in packages.items())


def _extra(extra: str, packages: Mapping[str, str | None]) -> str:
    if None not in packages.values():
        return f"Extra {extra}: {_listed(packages)}"
    return f"Extra {extra}: not installed (pip install 'lossproof[{extra}]')"


def _test_line(test: Mapping[str, Any]) -> str:
    why = f": {test['error']}" if test["error"] else ""
    return f"[{'OK' if test['ok'] else 'FAILED'}] {test['name']} ({test['milliseconds']:.0f} ms){why}"


def _tested(name: str, test: Callable[[], bool]) -> dict[str, Any]:
    """Make a test twice, so that the time told is not that of imports."""
    begin = perf_counter()
    try:
        held, why = test(), ""
        begin = perf_counter()
        held = test() and held
    except (ImportError, ArithmeticError, LossproofError) as error:
        held, why = False, str(error)
    return {"name": name, "ok": held, "milliseconds": 1000 * (perf_counter() - begin), "error": why}


def _doubles_round_to_nearest() -> bool:
    """Test on doubles, and on a product of BLAS whose entries are exact whatever the order of its sums, that rounding is IEEE's."""
    import numpy as np

    A = np.arange(4096.0).reshape(64, 64) % 97
    exact = A.astype(np.int64) @ A.astype(np.int64).T
    rounds = 1.0 + 2.0**-53 == 1.0 and 1.0 + (2.0**-53 + 2.0**-105) > 1.0 and (0.1 + 0.2).hex() == "0x1.3333333333334p-2"
    return rounds and sys.float_info.mant_dig == 53 and bool(np.array_equal(A @ A.T, exact))


def _balls_enclose() -> bool:
    """Test that a ball of 200 bits encloses ``e``, between the partial sum of its series and that sum and its next term doubled, and is narrow."""
    from fractions import Fraction
    from math import factorial

    from flint import arb, ctx, fmpq

    below = sum(Fraction(1, factorial(k)) for k in range(60))
    before = ctx.prec
    try:
        ctx.prec = 200
        e = arb(1).exp()
        least, most = (arb(fmpq(bound.numerator, bound.denominator)) for bound in (below, below + Fraction(2, factorial(60))))
        return bool(e.overlaps(least) and e.overlaps(most) and e.rad() < arb(2) ** -190)
    finally:
        ctx.prec = before


def _ranks_are_exact() -> bool:
    """Test that FLINT finds the rank of a Hilbert matrix, and of one with a row that is the sum of two others."""
    from flint import fmpq, fmpq_mat

    rows = [[fmpq(1, i + j + 1) for j in range(8)] for i in range(7)]
    dependent = [*rows, [a + b for a, b in zip(rows[0], rows[1], strict=True)]]
    full = [*rows, [fmpq(1, 8 + j) for j in range(8)]]
    return int(fmpq_mat(full).rank()) == 8 and int(fmpq_mat(dependent).rank()) == 7


def _kernel_checks() -> bool:
    """Test that a small proof is accepted, and refused with one number changed."""
    from lossproof.certificates.checks.check_architecture import check_architecture
    from lossproof.certificates.proof.verify import verify

    report = check_architecture("1-1", [[0], [1]], [[1], [3]], search="none", self_check=False)
    text = report.certificate.text
    return verify(text).ok and not verify(text.replace('"N_net": 2', '"N_net": 3', 1)).ok


_TESTS: tuple[tuple[str, Callable[[], bool]], ...] = (
    ("doubles round as IEEE 754 says, and BLAS multiplies exactly where it must", _doubles_round_to_nearest),
    ("balls enclose", _balls_enclose),
    ("ranks of rational matrices are exact", _ranks_are_exact),
    ("the kernel accepts a small proof, and refuses it with one number changed", _kernel_checks),
)
