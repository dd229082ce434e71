"""Data and weights are read exactly, and bad files are named with the place."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest

from lossproof.certificates.commands.options import DATA_HELP
from lossproof.certificates.inputs.bundled import BUNDLED
from lossproof.certificates.inputs.data_source import DataOptions
from lossproof.certificates.inputs.data_sources import BUILT_IN, load_data
from lossproof.certificates.inputs.labels import Labels
from lossproof.certificates.inputs.weights_file import load_weights, save_weights
from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights


@pytest.mark.parametrize("name", sorted(set(BUILT_IN) - set(BUNDLED)))
def test_built_in_sets(name):
    source = load_data(name, 1)
    samples = Samples.of(source.X, source.Y)
    assert source.name == name
    assert samples.clash() is None
    assert samples.distinct_inputs() == samples.T <= 64
    assert name.partition("-")[0] in DATA_HELP


def test_built_in_values():
    assert load_data("XOR", 1).Y == [[0], [1], [1], [0]]
    assert load_data("and", 1).Y == [[0], [0], [0], [1]]
    assert load_data("or", 1).Y == [[0], [1], [1], [1]]
    assert load_data("half_adder", 2).Y == [[0, 0], [1, 0], [1, 0], [0, 1]]
    assert sum(row[0] for row in load_data("majority-3", 1).Y) == 4
    assert len(load_data("parity-6", 1).X) == 64
    identity = load_data("identity-2", 2)
    assert identity.X == [[1, 0], [0, 1]]
    assert identity.Y == identity.X


@pytest.mark.parametrize(("name", "near"), [("xro", "xor"), ("partiy-3", "parity-3"), ("identity", "identity-8")])
def test_unknown_name_says_the_nearest(name, near):
    with pytest.raises(InputError, match=f"did you mean '{near}'"):
        load_data(name, 1)


def write(tmp_path, text, name="data.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_text(text, encoding=encoding)
    return str(path)


def test_csv_is_exact(tmp_path):
    source = load_data(write(tmp_path, "0.1,1/3,1\n-2e-1, 3 ,0\n"), 1)
    inputs, targets = source.X, source.Y
    assert inputs == [[Fraction(1, 10), Fraction(1, 3)], [Fraction(-1, 5), Fraction(3)]]
    assert targets == [[Fraction(1)], [Fraction(0)]]
    assert source.name == "data.csv"


@pytest.mark.parametrize("header", ["", "a,b,y\n", '"first, input",b,y\n'])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_csv_header_is_optional(tmp_path, header, encoding):
    source = load_data(write(tmp_path, header + "1,2,3\n\n4,5,6\n", encoding=encoding), 2)
    assert source.X == [[1], [4]]
    assert source.Y == [[2, 3], [5, 6]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2\n3,x\n", r"row 2, column 2 .* got 'x'"),
        ("a,b\n1,2\n\n3,\n", r"row 4, column 2 .* got ''"),
        ("1,nan\n", r"row 1, column 2"),
        ("1,inf\n", r"row 1, column 2"),
        ("1,log(3)/2\n", r"row 1, column 2"),
        ("1,__import__('os')\n", r"row 1, column 2"),
        ("1,2\n3\n", r"must have 2 cells, got 1 in row 2"),
        ("", "at least one sample"),
        ("a,b\n", "at least one sample"),
        ("1\n2\n", "at least one input column"),
        ("1;2,5\n", "got ',' and ';' in the first row"),
        ('1,"2\n', "readable .csv"),
    ],
)
def test_bad_csv(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        load_data(write(tmp_path, text), 1)


def test_npz(tmp_path):
    path = tmp_path / "data.npz"
    np.savez(path, X=np.array([[0.1], [2.0]]), Y=np.array([1, 0]))
    source = load_data(str(path), 1)
    assert Samples.of(source.X, source.Y).X[0][0] == Fraction(0.1)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"X": [[1.0]]}, "must hold the arrays X and Y, got X: add Y with .* --target"),
        ({"inputs": [[1.0]], "Y": [[1.0]]}, "got inputs, Y: add X"),
        ({"X": [[1j]], "Y": [[1.0]]}, "real numbers"),
        ({"X": np.array([[object()]]), "Y": [[1.0]]}, "plain arrays"),
    ],
)
def test_bad_npz(tmp_path, arrays, message):
    path = tmp_path / "data.npz"
    np.savez(path, **arrays)
    with pytest.raises(InputError, match=message):
        load_data(str(path), 1)


def test_npz_that_is_none(tmp_path):
    path = tmp_path / "data.npz"
    for content in (b"", b"PK\x03\x04 broken", b"text"):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"readable \.npz"):
            load_data(str(path), 1)
    with path.open("wb") as file:
        np.save(file, np.zeros(2))
    with pytest.raises(InputError, match="archive of named arrays"):
        load_data(str(path), 1)


@pytest.mark.parametrize("name", ["missing.csv", "missing.npz"])
def test_missing_file(tmp_path, name):
    with pytest.raises(InputError, match="no such file"):
        load_data(str(tmp_path / name), 1)


def test_file_of_another_kind(tmp_path):
    with pytest.raises(InputError, match=r"must end in \.npz, \.npy, \.csv"):
        load_data(write(tmp_path, "1 2", "data.doc"), 1)


def test_weights_from_npz_and_json_agree(tmp_path):
    architecture = Architecture.of("1-2-1")
    np.savez(tmp_path / "w.npz", W1=[[0.5, 2.0]], b1=[0.0, 1.0], W2=[[1.0], [3.0]], b2=[0.25])
    layers = [{"W": [["1/2", 2]], "b": [0, 1]}, {"W": [[1], [3]], "b": [0.25]}]
    (tmp_path / "w.json").write_text(json.dumps(layers), encoding="utf-8")
    found = [Weights.of(architecture, load_weights(str(tmp_path / name), 2)) for name in ("w.npz", "w.json")]
    assert found[0] == found[1]


def test_weights_without_bias(tmp_path):
    np.savez(tmp_path / "w.npz", W1=[[0.5]])
    (tmp_path / "w.json").write_text('[{"W": [[0.5]]}]', encoding="utf-8")
    for name in ("w.npz", "w.json"):
        assert load_weights(str(tmp_path / name), 1)[0][1] is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "readable JSON"),
        ("{}", "list of objects"),
        ('[{"w": [[1]], "b": [0]}]', "list of objects"),
        ('[{"W": 3, "b": [0]}]', "layer 1"),
        ('[{"W": [1], "b": [0]}]', "layer 1"),
        ('[{"W": [[1]], "b": 0}]', "layer 1"),
        ("[" * 100_000, "nested too deep"),
        ("[" + "1" * 5000 + "]", "readable JSON|list of objects"),
    ],
)
def test_bad_json_weights(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        load_weights(write(tmp_path, text, "w.json"), 1)


@pytest.mark.parametrize("entry", ["NaN", "Infinity", '"__import__(1)"', "null", "[1]", "true_"])
def test_no_text_is_evaluated(tmp_path, entry):
    path = write(tmp_path, f'[{{"W": [[{entry}]], "b": [0]}}]', "w.json")
    with pytest.raises(InputError):
        Weights.of(Architecture.of("1-1"), load_weights(path, 1))


def test_bad_npz_weights(tmp_path):
    np.savez(tmp_path / "w.npz", W1=[[0.5]], weights=[1.0])
    with pytest.raises(InputError, match="W1, b1, …, W1, b1, got W1, weights"):
        load_weights(str(tmp_path / "w.npz"), 1)
    with pytest.raises(InputError, match="no such file"):
        load_weights(str(tmp_path / "none.npz"), 1)
    with pytest.raises(InputError, match=r"must end in \.npz or \.json"):
        load_weights(write(tmp_path, "", "w.txt"), 1)


def test_arrays_chosen_by_name(tmp_path):
    path = str(tmp_path / "data.npz")
    np.savez(path, X=[[1.0], [2.0]], y=[1, 0], X_test=[[0.5], [3.0]], kinds=["b", "a"], classes=[2, 1])
    assert load_data(path, 1).Y.tolist() == [1, 0]
    chosen = load_data(path, 1, DataOptions(inputs=("X_test",), target=("kinds",), classes=True))
    assert chosen.X.tolist() == [[0.5], [3.0]]
    assert Labels(("b", "a")) == chosen.Y
    assert chosen.notes == ("The inputs are the array X_test, the targets the array kinds.",)
    assert Labels((Fraction(2), Fraction(1))) == load_data(path, 1, DataOptions(target=("classes",), classes=True)).Y


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (DataOptions(target=("Z",)), "the array for --target must be one of X, y, pair, halves, got 'Z'"),
        (DataOptions(inputs=("X", "y")), "one array of .* must be chosen for --inputs, got 2"),
        (DataOptions(target=("pair",), classes=True), r"one column, got shape \(1, 2\) in pair"),
        (DataOptions(target=("halves",), classes=True), "texts or whole numbers"),
        (DataOptions(decimal=","), "only a text file"),
    ],
)
def test_arrays_that_cannot_be_chosen(tmp_path, options, message):
    path = str(tmp_path / "data.npz")
    np.savez(path, X=[[1.0]], y=[1], pair=[[1, 2]], halves=[0.5])
    with pytest.raises(InputError, match=message):
        load_data(path, 1, options)


def test_one_matrix(tmp_path):
    path = str(tmp_path / "data.npy")
    np.save(path, [[0.1, 2.0, 5.0], [3.0, 4.0, 6.0]])
    source = load_data(path, 1)
    assert (source.X.tolist(), source.Y.tolist()) == ([[0.1, 2.0], [3.0, 4.0]], [[5.0], [6.0]])
    assert load_data(path, 1, DataOptions(target=("1",), inputs=("3",))).X.tolist() == [[5.0], [6.0]]
    assert Labels((Fraction(5), Fraction(6))) == load_data(path, 2, DataOptions(classes=True)).Y


@pytest.mark.parametrize(
    ("array", "message"),
    [([1.0, 2.0], r"a matrix .* got shape \(2,\)"), (np.array([[object()]]), r"readable \.npy"), ([[1j]], "real numbers, got complex128")],
)
def test_one_array_that_is_no_matrix(tmp_path, array, message):
    path = str(tmp_path / "data.npy")
    np.save(path, array, allow_pickle=True)
    with pytest.raises(InputError, match=message):
        load_data(path, 1)
    (tmp_path / "none.npy").write_bytes(b"text")
    with pytest.raises(InputError, match=r"readable \.npy"):
        load_data(str(tmp_path / "none.npy"), 1)


@pytest.mark.parametrize("options", [DataOptions(target=("1",)), DataOptions(classes=True), DataOptions(delimiter=";")])
def test_built_in_sets_come_as_they_are(options):
    with pytest.raises(InputError, match=f"a built-in set must come as it is, got --{options.given()[0]} for 'xor'"):
        load_data("xor", 1, options)


@pytest.mark.parametrize("name", ["w.npz", "w.json"])
def test_weights_that_are_no_rationals_are_written_and_read(tmp_path, name):
    a = Architecture.of("1-2-1")
    layers = [([["log(3)/2", "-1/3 - pi/3"]], [0, "exp(-1/2)"]), ([["2^(1/3)"], [0.5]], ["2*sqrt(2) + 1"])]
    weights = Weights.of(a, layers)
    assert Weights.of(a, load_weights(str(save_weights(tmp_path / name, weights)), 2)) == weights


def test_weights_that_no_file_can_hold(tmp_path):
    import sympy

    weights = Weights.of(Architecture.of("1-1"), [([[sympy.root(2, 5000)]], [0])])
    with pytest.raises(InputError, match="numbers that a file can hold"):
        save_weights(tmp_path / "w.json", weights)
    assert list(tmp_path.iterdir()) == []
