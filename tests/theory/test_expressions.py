"""Texts of the grammar are the SymPy numbers they spell, in little time; everything else is refused, and nothing is run."""

from __future__ import annotations

import random
import sys
import time
from contextlib import suppress
from fractions import Fraction

import flint
import pytest
import sympy

import lossproof as lp
from lossproof.numerics.fields.ball import ball_of
from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.expressions import sympy_number_of_text
from lossproof.theory.problem.numbers import exact_number, number_text

SPELT = {
    "log(3)/2": sympy.log(3) / 2,
    "ln ( 12 )": sympy.log(12),
    "2*sqrt(8) - pi": 2 * sympy.sqrt(8) - sympy.pi,
    "exp(-1/2)*3": 3 * sympy.exp(sympy.Rational(-1, 2)),
    "2^(1/3)": sympy.root(2, 3),
    "(1/2)**-0.5": sympy.sqrt(2),
    "2**(1/2)*3**(1/3)": sympy.sqrt(2) * sympy.root(3, 3),
    "-(1+pi)/3": -(1 + sympy.pi) / 3,
    "1.5e3*pi": 1500 * sympy.pi,
    "0.1*log(2)": sympy.log(2) / 10,
    "-2^2 + log(2)": -4 + sympy.log(2),
    "(-2)^3*pi": -8 * sympy.pi,
    "2^-1*pi": sympy.pi / 2,
    "+-+log(2)": -sympy.log(2),
    "sqrt(4)": sympy.Integer(2),
    "sqrt(1+3)^2": sympy.Integer(4),
    "exp(0)": sympy.Integer(1),
    "2^3^2": sympy.Integer(512),
}


@pytest.mark.parametrize("text", SPELT)
def test_what_is_spelt(text):
    assert sympy_number_of_text(text) == SPELT[text]
    assert exact_number(text, expressions=True) == exact_number(SPELT[text])


REFUSED = (
    "", "()", "(", "1+", "*2", "log", "log()", "log(3", "log 3)", "pi()", "pi pi", "2 3", "log(3)log(2)", "3!", "1_0", "1..2", "x", "e", "E", "I", "oo", "zoo",
    "nan", "inf", "Infinity", "True", "None", "log(0)", "log(-1)", "log(pi)", "log(log(3))", "exp(log(2))", "sqrt(-1)", "sqrt(0)", "sqrt(pi)", "(-8)^(1/3)",
    "0^-1", "1/0", "1/pi", "pi/pi", "pi^2", "2^pi", "pi*pi", "log(3)*pi", "(1+pi)*(1+sqrt(2))", "9^9^9", "2^100000", "10^5000^2", "2^(1/1001)",
    "9" * 1001 + "*pi",
    "2020-01-05", "12-31", "1/2/3", "1/3 + 1/6", "0.1.2020", "3-4", "(1)", "1 2/3",
    "__import__('os')", "log.__class__", "[1]", "lambda: 1", "'a'", "1;2", "1,5", "log2(3)", "logx(3)", "sin(1)", "π", "²", "２", "1e99999*pi", "1e6000",
)  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_refused(text):
    with pytest.raises(InputError) as caught:
        exact_number(text, "W_1[0][0]", expressions=True)
    assert str(caught.value).startswith("W_1[0][0] must ")
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "text",
    ["(" * 300 + "1" + ")" * 300, "2^" * 400 + "1", "-" * 900 + "1", "sqrt(" * 150 + "2" + ")" * 150, "+".join(["log(2)"] * 140), "(1+pi)*" * 120 + "1",
     "*".join(["sqrt(2)"] * 120), "exp(1000)^1000", "+".join(f"sqrt({n})" for n in range(2, 110)), "log(" + "9" * 900 + ")", "9^1000*9^1000*pi"],
)  # fmt: skip
def test_hostile_texts_take_little_time(text):
    start = time.process_time()
    with suppress(InputError):
        exact_number(text, expressions=True)
    assert time.process_time() - start < 2


def random_text(source, depth=0):
    """A text of the grammar, and its value as a ball computed another way."""
    kind = source.choice(["number", "pi", "log", "exp", "sqrt", "root", "sum", "times", "over"] if depth < 3 else ["number", "pi", "log"])
    p, q = source.randint(1, 20), source.randint(1, 9)
    ball = flint.arb(p) / q
    if kind in ("log", "exp", "sqrt"):
        return f"{kind}({p}/{q})", getattr(ball, kind)()
    if kind == "root":
        return f"({p}/{q})^(1/{q})", ball ** (flint.arb(1) / q)
    if kind == "sum":
        (a, x), (b, y) = random_text(source, depth + 1), random_text(source, depth + 1)
        return (f"({a} + {b})", x + y) if source.random() < 0.5 else (f"({a} - {b})", x - y)
    if kind == "times":
        a, x = random_text(source, depth + 1)
        return f"{p}/{q}*{a}", ball * x
    if kind == "over":
        a, x = random_text(source, depth + 1)
        return f"{a}/{p}", x / p
    return (f"{p}/{q}", ball) if kind == "number" else ("pi", flint.arb.pi())


def test_values_are_those_of_an_independent_computation():
    source = random.Random(5)
    for _ in range(60):
        text, ball = random_text(source)
        number = exact_number(f"0*pi + {text}", expressions=True)
        found = ball_of(number)
        assert ball.overlaps(found), text
        assert abs(float((ball - found).mid())) < 1e-9 * (1 + abs(float(ball.mid())))
        assert exact_number(number_text(number), expressions=True) == number


def test_weights_from_texts_are_those_from_sympy():
    a = lp.Architecture.of("1-1")
    given = lp.Weights.of(a, [([["log(3)/2"]], ["1/3"])])
    assert given == lp.Weights.of(a, [([[sympy.log(3) / 2]], [Fraction(1, 3)])])
    with pytest.raises(InputError, match="must spell a rational number"):
        lp.Samples.of([["log(3)/2"]], [[1]])


def test_rationals_do_not_need_sympy():
    import subprocess

    code = "import sys; from lossproof.theory.problem.numbers import exact_number as n; n('1/3'); n('0.1'); print('sympy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "False"
