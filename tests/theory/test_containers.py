"""Numbers are read from containers as their owner sees them, or the container is refused by name; a library is recognised without being imported."""

from __future__ import annotations

import math
import sys
from array import array
from collections import ChainMap, OrderedDict, UserList, deque, namedtuple
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction

import numpy as np
import pytest
import sympy

import lossproof as lp
from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.architecture import parse_widths
from lossproof.theory.problem.grids import parse_numbers, parse_width_grid
from lossproof.theory.problem.numbers import exact_number
from lossproof.theory.problem.samples import exact_rows

Pair = namedtuple("Pair", "first second")


class Reversed(list):
    """A list that iterates backwards."""

    def __iter__(self):
        return reversed(list(super().__iter__()))


class Doubled(tuple):
    """A tuple that gives other entries by index."""

    def __getitem__(self, i):
        return 2 * super().__getitem__(i)


class Metres(np.ndarray):
    """An array whose entries are not what they seem."""

    def tolist(self):
        return [[9.0]]


class OtherFloat(float):
    """A float that tells something else than it holds."""

    def as_integer_ratio(self):
        return 7, 1

    def __float__(self):
        return 7.0


class OtherInt(int):
    """A whole number that tells something else than it holds."""

    def __int__(self):
        return 7

    def __index__(self):
        return 7


class OtherText(str):
    """A text that strips to something else than it holds."""

    def strip(self, chars=None):
        return "7"


class OtherFraction(Fraction):
    """A fraction that tells something else than it holds."""

    @property
    def numerator(self):
        return 7


class Choice(IntEnum):
    """Whole numbers with names."""

    THREE = 3


class Looks:
    """Whatever has the methods of an array, and a name for symbols, and is none."""

    free_symbols = frozenset()

    def tolist(self):
        return [[1.0]]

    def __iter__(self):
        return iter([[1.0]])

    def __len__(self):
        return 1

    def as_integer_ratio(self):
        return 1, 2

    def __str__(self):
        return "__import__('sys').exit()"


COLUMN = ((Fraction(1, 2),), (Fraction(3),))


@pytest.mark.parametrize(
    "given",
    [
        [[0.5], [3]], ([0.5], (3,)), [0.5, 3], (0.5, 3), [np.array([0.5]), [3]], [np.array(0.5), np.array(3)], np.array([[0.5], [3]]), np.array([0.5, 3]),
        np.array([[0.5], [3]], dtype=np.float16), np.array([[0.5], [3]], dtype=">f4"), np.array([[0.5], [3]], dtype=np.longdouble),
        np.array([[0.5], [3]]).view(np.matrix),
        np.array([["1/2"], ["3"]]), np.array([[0.5], ["3"]], dtype=object), np.array([[0.5, 9], [3, 9]])[:, :1], np.ma.array([[0.5], [3]]),
        np.ma.array([[0.5], [3]], mask=[[0], [0]]), array("d", [0.5, 3]), sympy.Matrix([[0.5], [3]]), sympy.ImmutableMatrix([[0.5], [3]]),
    ],
)  # fmt: skip
def test_what_is_read(given):
    assert exact_rows(given, "X") == COLUMN


def test_whole_numbers_and_truth_values_are_exact():
    large = 2**53 + 1
    assert exact_rows(np.array([[large], [1]]), "X")[0][0] == large
    assert exact_rows(np.array([[True], [False]]), "X") == ((1,), (0,))
    assert exact_rows([[True], [np.bool_(False)]], "X") == ((1,), (0,))
    assert exact_rows([range(3), (*Pair(1, 2), 3)], "X") == ((0, 1, 2), (1, 2, 3))
    assert exact_rows([Pair(1, 2)], "X") == ((1, 2),)


@pytest.mark.parametrize(
    "value", [OtherFloat(0.5), OtherInt(3), OtherText("1/3"), OtherFraction(1, 3), Choice.THREE, np.float64(0.5), np.str_("1/3")]
)
def test_a_subclass_counts_as_what_it_holds(value):
    expected = next(base for base in (float, int, str, Fraction) if isinstance(value, base))
    held = {float: Fraction(1, 2), int: Fraction(3), str: Fraction(1, 3), Fraction: Fraction(1, 3)}[expected]
    exact = exact_number(value)
    assert exact == held
    assert type(exact) is Fraction


REFUSED = {
    "dict": {0: [0.5], 1: [3]},
    "ordered dict": OrderedDict({0: [0.5]}),
    "chain map": ChainMap({0: 1}),
    "dict keys": {0: 1}.keys(),
    "dict values": {0: [1]}.values(),
    "set": {1, 2},
    "frozen set": frozenset([1]),
    "generator": ([x] for x in (1, 2)),
    "map": map(float, (1, 2)),
    "zip": zip((1, 2), (3, 4), strict=True),
    "iterator": iter([[1.0]]),
    "text": "12",
    "bytes": b"12",
    "bytearray": bytearray(b"12"),
    "memoryview": memoryview(b"12"),
    "characters": array("w" if sys.version_info >= (3, 13) else "u", "12"),
    "deque": deque([[1.0]]),
    "user list": UserList([[1.0]]),
    "list that iterates backwards": Reversed([[1.0], [2.0]]),
    "tuple with other entries": Doubled(([1.0], [2.0])),
    "subclass of ndarray": np.array([[1.0]]).view(Metres),
    "record array": np.rec.array([(1, 2)]),
    "structured array": np.array([(1, 2.0)], dtype=[("a", int), ("b", float)]),
    "complex array": np.array([[1j]]),
    "bytes array": np.array([[b"1"]]),
    "date array": np.array([["2020-01-01"]], dtype="datetime64[ns]"),
    "duration array": np.array([[1]], dtype="timedelta64[ns]"),
    "masked": np.ma.array([[0.5], [3]], mask=[[0], [1]]),
    "masked constant": np.ma.masked,
    "looks like an array": Looks(),
    "number": 7,
    "array of one number": np.array(7.0),
    "none": None,
    "module": sys,
}
REFUSED |= {f"row: {name}": [value] for name, value in REFUSED.items() if name not in ("number", "array of one number", "text")}
REFUSED |= {
    "ragged": [[1, 2], [3]],
    "ragged, nested": [[[1], [2, 3]], [[4], [5]]],
    "ragged objects": np.array([[1, 2], [3]], dtype=object),
    "rows beside numbers": [[1], 2],
    "numbers beside rows": [1, [2]],
    "three dimensions": np.zeros((2, 1, 1)),
    "no rows": np.zeros((0, 2)),
    "empty rows": np.zeros((2, 0)),
    "duration": [np.timedelta64(1, "s")],
    "date": [np.datetime64("2020-01-01")],
    "complex number": [1j],
    "true of sympy": [sympy.true],
    "symbol": [sympy.Symbol("x")],
    "nan": np.array([[0.5], [math.nan]]),
    "infinity": [[Decimal("Infinity")]],
    "signalling nan": [[Decimal("sNaN")]],
    "missing": [[None]],
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    given = REFUSED[name]
    for call in (lambda: exact_rows(given, "X"), lambda: lp.Weights.of(lp.Architecture.of("1-1"), [(given, [0])])):
        with pytest.raises(InputError) as caught:
            call()
        text = str(caught.value)
        assert "\n" not in text
        assert len(text) < 300
        assert "X" in text or "W_1" in text


@pytest.mark.parametrize(
    "given", [{0: [[1.0]], 1: [0.0]}, {1, 2}, "ab", Looks(), ([[1.0]], [0.0]), [{0: 1, 1: 2}], [([[1.0]], {0: 0.0})], [([[1.0]], "0")], 5]
)
def test_weights_in_other_containers(given):
    with pytest.raises(InputError, match=r"weights|b_1"):
        lp.Weights.of(lp.Architecture.of("1-1"), given)


@pytest.mark.parametrize(
    "given",
    [
        {2: 0, 1: 0},
        {2, 1},
        (n for n in (2, 1)),
        Reversed([1, 2]),
        Looks(),
        (2, True),
        (2, 1.5),
        (2, math.nan),
        (2, 10**5000),
        (2, "1"),
        7,
        None,
    ],
)
def test_widths_in_other_containers(given):
    with pytest.raises(InputError, match="width") as caught:
        parse_widths(given)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("given", [{2: 0}, Looks(), None, [10**5000], "1" * 5000, 1.5, [True]])
def test_lists_of_numbers_in_other_containers(given):
    with pytest.raises(InputError, match="seeds") as caught:
        parse_numbers(given, "seeds", 0)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("given", [{2: 0, 1: 0}, 7, None, Looks(), [2.5, 1.0], (2, {1: 0}, 1), "2-" * 5000])
def test_grids_in_other_containers(given):
    with pytest.raises(InputError, match="width") as caught:
        parse_width_grid(given)
    assert len(str(caught.value)) < 300


def test_lists_of_numbers_in_any_order():
    assert (
        parse_numbers({3, 1}, "seeds")
        == parse_numbers(np.array([1, 3]), "seeds")
        == parse_numbers((n for n in (3, 1, 3)), "seeds")
        == (1, 3)
    )
    assert parse_width_grid((2, np.array([1, 3]), 1)) == ((2, 1, 1), (2, 3, 1))


def test_no_library_is_imported_to_read():
    import subprocess

    code = "import sys, lossproof as lp; lp.Samples.of([[0.5]], [1]); print([m for m in ('pandas', 'torch', 'numpy', 'sympy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
