"""Seeded problems of every kind, ordinary and far out, and the entry points that take them."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import sympy

import lossproof as lp
from lossproof.certificates.maps.map import LandscapeMap
from lossproof.certificates.reports.save import SUFFIXES, render_for
from lossproof.certificates.training.table import render_training
from lossproof.theory.functions.activations import ACTIVATION_FAMILIES

WIDTHS = ("1-1", "2-1", "1-2", "1-1-1", "1-2-1", "2-2-1", "1-2-2", "1-1-1-1", "2-3-1", "1-2-2-1", "1-1-1-1-1")
PLAIN = tuple(name for name in ACTIVATION_FAMILIES if name not in ("leaky-relu", "power"))
SLOPES = ("leaky-relu", "leaky-relu:1/3", f"leaky-relu:1/{10**350}")
POWERS = tuple(f"power:{k}" for k in range(1, 17))
SCALES = ("1", "1/8", "1000000", str(10**350), f"1/{10**350}")
ROBUST = tuple(f"{name}:{scale}" for name in ("smooth-l1", "blake-zisserman", "cauchy") for scale in SCALES)
ERRORS = ("squared",) * 5 + ("logistic", "softmax", *ROBUST)
EXPONENTS = (8, 100, 160, 200, 300, 309, 330, 1000, 4200, 4900)
DIGITS = (40, 300, 900, 2400)
ENTRIES = ("check", "check", "check", "check with find_weights", "map", "map", "prove points", "train", "train with digits")
METHODS = ("ggn", "lm", "newton", "bp", "lbfgs")
CONSTANTS = (
    sympy.log(3) / 2,
    sympy.sqrt(2),
    sympy.pi,
    sympy.exp(sympy.Rational(1, 3)),
    sympy.log(2) - sympy.log(5),
    sympy.exp(10**6),
    sympy.exp(-(10**6)),
)


@dataclass(frozen=True)
class Trial:
    """One call: an entry point, the problem it is given, and the weights or None."""

    entry: str
    problem: dict[str, Any]
    weights: list[tuple[Any, Any]] | None
    method: str
    seed: int
    formats: bool


def _short(r: random.Random) -> Any:
    return r.choice((0, 1, -1, 2, -2, Fraction(1, 2), Fraction(-1, 3), Fraction(5, 4)))


def _long(r: random.Random) -> Fraction:
    most = 10 ** r.choice(DIGITS)
    return Fraction(r.randint(-most, most), r.randint(1, most))


def _huge(r: random.Random) -> Fraction:
    return Fraction(r.choice((-1, 1)) * r.randint(1, 9) * 10 ** r.choice(EXPONENTS))


def _tiny(r: random.Random) -> Fraction:
    return Fraction(r.choice((-1, 1)) * r.randint(1, 9), 10 ** r.choice(EXPONENTS))


def _constant(r: random.Random) -> Any:
    return r.choice(CONSTANTS) * sympy.Rational(r.randint(1, 5), r.randint(1, 5))


KINDS: dict[str, Callable[[random.Random], Any]] = {
    "short": _short, "double": lambda r: r.gauss(0, 1), "long": _long, "huge": _huge, "tiny": _tiny, "zero": lambda _: 0,
}  # fmt: skip


def numbers(r: random.Random, rows: int, columns: int, *, constants: bool = False) -> list[list[Any]]:
    """Return a matrix of numbers of one kind, of one number, or of many kinds; weights may be constants such as ``log(3)/2`` as well."""
    kinds = {**KINDS, "constant": _constant} if constants else KINDS
    choice = r.choice(("short", "double", *kinds, "equal", "mixed"))
    if choice == "equal":
        value = kinds[r.choice(list(kinds))](r)
        return [[value] * columns for _ in range(rows)]
    return [[kinds[r.choice(list(kinds)) if choice == "mixed" else choice](r) for _ in range(columns)] for _ in range(rows)]


def targets(r: random.Random, error: str, rows: int, columns: int) -> list[list[Any]]:
    """Return targets that suit an error."""
    if error == "logistic":
        return [[r.choice((0, 1, Fraction(1, 3), Fraction(1, 10**400))) for _ in range(columns)] for _ in range(rows)]
    if error == "softmax":
        share = r.choice((Fraction(0), Fraction(1, 3), Fraction(1, 10**400)))
        return [[1 - share * (columns - 1), *([share] * (columns - 1))] for _ in range(rows)]
    return numbers(r, rows, columns)


def activation(r: random.Random) -> str:
    """Return the name of an activation."""
    return r.choice((r.choice(PLAIN), r.choice(PLAIN), r.choice(SLOPES), r.choice(POWERS)))


def trial(seed: int) -> Trial:
    """Return the trial of a seed."""
    r = random.Random(f"trial-{seed}")
    widths, error, bias = r.choice(WIDTHS), r.choice(ERRORS), r.choice(("trainable", "trainable", "fixed", "none"))
    n, T, entry = [int(k) for k in widths.split("-")], r.randint(1, 4), r.choice(ENTRIES)
    problem = {
        "widths": widths, "X": numbers(r, T, n[0]), "Y": targets(r, error, T, n[-1]), "activation": activation(r),
        "output_activation": r.choice(("identity", "identity", activation(r))), "error": error, "bias": bias,
    }  # fmt: skip
    weights = [(numbers(r, a, b, constants=True), None if bias == "none" else numbers(r, 1, b, constants=True)[0]) for a, b in pairwise(n)]
    given = entry == "prove points" or r.random() < 0.5
    return Trial(entry, problem, weights if given else None, r.choice(METHODS), r.randint(0, 5), r.random() < 0.4)


def run(case: Trial) -> str:
    """Run a trial and return what came of it in a word or a sentence; an `InputError` counts if it is one sentence that fits a few lines."""
    try:
        return _run(case)
    except lp.InputError as error:
        text = str(error)
        if "\n" in text or len(text) > 400:
            raise AssertionError(f"no sentence: {text[:1000]}") from error
        return text


def _run(case: Trial) -> str:
    options: dict[str, Any] = {**case.problem, "seed": case.seed}
    if case.entry == "train":
        return render_training(lp.train(**options, weights=case.weights, method=case.method, max_iterations=20), "A training", 100)
    if case.entry == "train with digits":
        return render_training(lp.train(**options, weights=case.weights, precision=40, max_iterations=10), "A training", 100)
    if case.entry == "map":
        return _told(lp.find_critical_points(**options, starts=8, workers=1), case.formats)
    if case.entry == "prove points":
        return _told(prove_given(case), case.formats)
    report = lp.check_architecture(**options, weights=case.weights, find_weights=case.entry.endswith("find_weights"))
    read_in_every_format(report, all_of_them=case.formats)
    return report.conclusion.verdict.value


def prove_given(case: Trial) -> LandscapeMap:
    """Return what is proved about critical points at or near the weights of a trial."""
    p = case.problem
    architecture = lp.Architecture.of(p["widths"], p["activation"], p["output_activation"], p["bias"])
    problem, weights = (
        lp.Problem(architecture, lp.error_named(p["error"]), lp.Samples.of(p["X"], p["Y"])),
        lp.Weights.of(architecture, case.weights),
    )
    if architecture.bias == "fixed":
        problem = replace(problem, fixed_bias=tuple(layer.b for layer in weights.layers))
    return lp.prove_points(problem, [weights], nearby=case.formats)


def _told(found: LandscapeMap, formats: bool) -> str:
    assert str(found)
    read_in_every_format(found.report, all_of_them=formats)
    return found.conclusion.verdict.value


def read_in_every_format(report: lp.Report, *, all_of_them: bool = True) -> dict[str, str]:
    """Return the texts of a report: plain text and the certificate, or all formats."""
    texts = {".txt": str(report), ".json": report.certificate.text}
    if all_of_them:
        assert report.to_dict()
        texts |= {suffix: render_for(report, Path(f"report{suffix}")) for suffix in SUFFIXES}
    return texts
