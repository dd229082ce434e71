"""The sets of scikit-learn are read exactly, scaled exactly, and named with what is asked of them."""

from __future__ import annotations

import builtins
from fractions import Fraction

import numpy as np
import pytest
from sklearn import datasets

from lossproof.certificates.inputs.bundled import BUNDLED, scaled_decimals
from lossproof.certificates.inputs.data_sources import BUILT_IN, load_data
from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.samples import Samples

SHAPES = {"digits": (1797, 64, 10), "iris": (150, 4, 3), "wine": (178, 13, 3), "breast-cancer": (569, 30, 2), "diabetes": (442, 10, 1)}


def raw(name):
    loaders = {"iris": datasets.load_iris, "wine": datasets.load_wine, "breast-cancer": datasets.load_breast_cancer}
    bunch = datasets.load_diabetes(scaled=False) if name == "diabetes" else loaders[name]()
    return bunch.data, bunch.target


def decimal_map(column):
    """The affine map of the docs, naively: the decimals that the doubles are printed as, and the least power of two above their range."""
    values = [Fraction(repr(float(x))) for x in column]
    scale = 1
    while any((value * scale).denominator != 1 for value in values):
        scale *= 10
    whole, k = [int(value * scale) for value in values], 0
    while 2**k < max(whole) - min(whole):
        k += 1
    return [Fraction(2 * w - min(whole) - max(whole), 2**k) for w in whole]


@pytest.mark.parametrize("name", BUNDLED)
def test_shapes_range_and_targets(name):
    T, n_0, n_L = SHAPES[name]
    source = load_data(name, n_L)
    assert (source.name, source.X.shape, source.Y.shape) == (name, (T, n_0), (T, n_L))
    assert source.X.dtype == source.Y.dtype == np.float64
    assert max(abs(source.X).max(), abs(source.Y).max()) <= 1
    assert name in BUILT_IN
    if n_L > 1:
        assert set(source.Y.ravel()) == {0.0, 1.0}
        assert (source.Y.sum(axis=1) == 1).all()
        assert (load_data(name, 1).Y[:, 0] == source.Y.argmax(axis=1)).all()


@pytest.mark.parametrize("name", ["iris", "wine", "breast-cancer", "diabetes"])
def test_every_column_is_an_affine_image_of_its_decimals(name):
    data, target = raw(name)
    source = load_data(name, 1)
    expected = np.array([[float(x) for x in decimal_map(column)] for column in data.T]).T
    assert sorted(map(tuple, source.X)) == sorted(map(tuple, expected))
    for column in data.T[:3]:
        assert [Fraction(x) for x in scaled_decimals(column.reshape(-1, 1))[:, 0]] == decimal_map(column)
    if name == "diabetes":
        assert (expected == source.X).all()
        assert (source.Y[:, 0] == (2 * target - 371) / 512).all()


def test_digits_are_pixels_over_sixteen():
    bunch = datasets.load_digits()
    source = load_data("digits", 10)
    assert (bunch.data == source.X * 16).all()
    assert (source.Y.argmax(axis=1) == bunch.target).all()


@pytest.mark.parametrize("name", ["iris", "wine"])
def test_sorted_classes_take_turns_and_keep_their_samples(name):
    data, target = raw(name)
    source = load_data(name, 1)
    scaled = scaled_decimals(data)
    for label in range(3):
        assert (source.X[source.Y[:, 0] == label] == scaled[target == label]).all()
    shares = np.bincount(target) / len(target)
    for T in (9, 30, 77):
        assert (abs(np.bincount(source.Y[:T, 0].astype(int), minlength=3) - T * shares) <= 1.5).all()


@pytest.mark.parametrize("name", BUNDLED)
def test_fewer_samples_are_the_first_of_more(name):
    few, many = load_data(f"{name.upper()}-20", 1), load_data(name, 1)
    assert few.name == f"{name}-20"
    assert (many.X[:20] == few.X).all()
    assert (many.Y[:20] == few.Y).all()


def test_equal_inputs_are_those_the_docs_name():
    for name in BUNDLED:
        source = load_data(name, 1)
        samples = Samples.of(source.X, source.Y)
        assert samples.clash() is None
        assert samples.repetition() == ((5, 128) if name == "iris" else None)
        assert samples.T - samples.distinct_inputs() == int(name == "iris")


@pytest.mark.parametrize(
    ("name", "n_outputs", "message"),
    [
        ("digits-0", 10, "from 1 to 1797, got 'digits-0'"), ("iris-151", 3, "from 1 to 150"), ("digit", 10, "did you mean 'digits'"),
        ("digits-x", 10, "unknown data"), ("digits", 3, r"1 output \(the number of the class\) or 10 \(unit vectors\), got 3: end the widths with 10"),
        ("breast-cancer", 3, "or 2"), ("diabetes", 2, "must have 1 output, got 2: end the widths with 1"),
    ],
)  # fmt: skip
def test_bad_names_and_outputs(name, n_outputs, message):
    with pytest.raises(InputError, match=message):
        load_data(name, n_outputs)


def test_without_the_extra(monkeypatch):
    real = builtins.__import__

    def without(name, *arguments, **keywords):
        if name.partition(".")[0] == "sklearn":
            raise ImportError(name)
        return real(name, *arguments, **keywords)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r"must come from scikit-learn, got no such package: pip install 'lossproof\[data\]'"):
        load_data("iris", 3)
    assert load_data("xor", 1).X


def test_columns_that_are_no_decimals_are_refused():
    with pytest.raises(InputError, match="at most 12 places"):
        scaled_decimals(np.array([[1 / 3], [1.0]]))


def test_a_report_on_repeated_samples_says_so(check):
    report = check((2, 2, 1), [[1, 0], [0, 1], [1, 0]], [[1], [0], [1]])
    assert any("Samples 0 and 2 (counted from 0) have equal inputs and equal targets" in note for note in report.notes)
