"""Tables in text: every encoding, separator and header is read as its owner means it, exactly, or refused with the place and what to do."""

from __future__ import annotations

import re
import time
from fractions import Fraction

import pytest

import lossproof as lp
from lossproof.certificates.inputs.data_source import DataOptions
from lossproof.certificates.inputs.data_sources import load_data
from lossproof.certificates.inputs.labels import Labels

PLAIN = "size,weight,kind\n0.1,1/3,a\n-2e-1,3,b\n"
X = [[Fraction(1, 10), Fraction(1, 3)], [Fraction(-1, 5), 3]]


def load(tmp_path, content, n_outputs=1, name="data.csv", **options):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load_data(str(path), n_outputs, DataOptions(**options))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_ends_of_lines(tmp_path, encoding, end):
    source = load(tmp_path, PLAIN.replace("size", "größe").replace("a\n", "süß\n").replace("\n", end).encode(encoding), classes=True)
    assert source.X == X
    assert Labels(("süß", "b")) == source.Y
    assert source.notes[0] == "The inputs are the columns größe, weight. The target is the column kind."
    assert ("not in UTF-8" in " ".join(source.notes)) == (encoding in ("latin-1", "cp1252"))


def test_bytes_that_windows_does_not_have(tmp_path):
    source = load(tmp_path, b"a\x81,b\n1,2\n")
    assert "Latin-1" in source.notes[-1]
    assert source.X == [[1]]


@pytest.mark.parametrize(
    ("text", "options"),
    [
        (PLAIN, {}),
        (PLAIN.replace(",", ";"), {}),
        (PLAIN.replace(",", "\t"), {}),
        (PLAIN.replace(",", "|"), {}),
        ("sep=;\r\n" + PLAIN.replace(",", ";"), {}),
        ('"sep=|"\n' + PLAIN.replace(",", "|"), {}),
        ("sep=;\n" + PLAIN.replace(",", ";").replace(".", ","), {"decimal": ","}),
        (PLAIN.replace(",", "  "), {"delimiter": "space"}),
        (PLAIN.replace(",", "\t"), {"delimiter": "tab"}),
        (PLAIN.replace(",", ":"), {"delimiter": ":"}),
        (PLAIN.replace(",", ";").replace(".", ","), {"decimal": ","}),
        (PLAIN.replace(",", "\t").replace(".", ","), {"decimal": ",", "delimiter": "tab"}),
        ('"size","weight, in kg",kind\n" 0.1 ","1/3",a\n\n"-2e-1",3,"b"\n', {}),
        ("weight;kind;size\n1/3;a;0,1\n3;b;-2e-1\n", {"decimal": ",", "target": ("kind",), "inputs": ("size,weight",)}),
        ("1/3,a,0.1\n3,b,-2e-1\n", {"target": ("2",), "inputs": ("3", "1")}),
        ("weight,kind,size,more\n1/3,a,0.1,x\n3,b,-2e-1,\n", {"target": ("kind",), "inputs": ("size", "weight")}),
        ("0,1,kind\n0.1,1/3,a\n-2e-1,3,b\n", {"header": True}),
        ("0,1,kind\n0.1,1/3,a\n-2e-1,3,b\n", {"target": ("kind",)}),
    ],
)
def test_separators_decimal_signs_quotes_and_columns(tmp_path, text, options):
    source = load(tmp_path, text, classes=True, **options)
    assert source.X == X
    assert Labels(("a", "b")) == source.Y


def test_tab_separated_files(tmp_path):
    assert load(tmp_path, "a,x\tb\n1\t2\n", name="data.tsv").X == [[1]]
    assert load(tmp_path, "a b\n1 2\n", name="data.txt", delimiter="space").Y == [[2]]


def test_several_targets_by_name_and_number(tmp_path):
    source = load(tmp_path, "y,a,z\n1,2,3\n", 2, target=("z,1",))
    assert (source.X, source.Y) == ([[2]], [[3, 1]])
    assert load(tmp_path, "y,a,z\n1,2,3\n", 2, target=("z", "y")).Y == [[3, 1]]
    assert load(tmp_path, '"a,b",c\n1,2\n', target=("a,b",)).Y == [[1]]


def test_a_file_without_a_header_is_told(tmp_path):
    assert load(tmp_path, "0,1,2\n3,4,5\n").notes == ("The file has no header: its first row is a sample.",)
    assert load(tmp_path, "0,1,2\n3,4,5\n", header=True).X == [[3, 4]]


def test_a_header_of_unusual_names_is_chosen(tmp_path):
    assert load(tmp_path, "2020-01,(2)\n1,2\n", header=True).X == [[1]]
    assert load(tmp_path, "2020-01,y\n1,2\n", target=("y",)).X == [[1]]
    assert load(tmp_path, "%,$\n1,2\n").X == [[1]]


def test_labels_that_are_numbers(tmp_path):
    assert Labels((Fraction(2), Fraction(1))) == load(tmp_path, "1,2\n3,1.0\n", classes=True).Y
    report = lp.check_architecture("1-1", [[1], [3]], Labels((Fraction(2), Fraction(1))), error="logistic", search="none", self_check=False)
    assert report.problem.samples.Y == ((1,), (0,))


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("a,b\n1,2\n3,\n", {}, r"row 3, column 2 \('b'\) of .* must not be missing, got ''"),
        ("sep=;\na;b\n1;x\n", {}, r"row 3, column 2 \('b'\)"),
        ("a,b\n1,NA\n", {}, r"row 2, column 2 \('b'\) .* must not be missing, got 'NA'"),
        ("a,b\n?,1\n", {}, r"row 2, column 1 \('a'\) .* must not be missing"),
        ("a,b\n1,NaN\n", {}, "must not be missing, got 'NaN'"),
        ("a,b\n1,-inf\n", {}, "must be finite"),
        ("a,b\n1,yes\n", {}, "--target with the column, and --classes"),
        ("a,b\n1,yes\n", {"target": ("b",)}, "--classes where these are class labels"),
        ("a,b\nx,1\n", {}, r"column 1 \('a'\).*choose other columns"),
        ("a;b\n1,5;2\n", {"delimiter": ";"}, "with decimal commas, say --decimal ,"),
        ("a;b\n1.5;2\n", {"decimal": ","}, "with decimal points, leave out --decimal"),
        ("a;b\n1.234,5;2\n", {"decimal": ",", "delimiter": ";"}, "must be a number"),
        ("a,b\n1,2,3\n", {}, "must have 2 cells, got 3 in row 2"),
        ("a,b\n1,\n2,a\n", {"classes": True}, r"row 2, column 2 \('b'\) .* must hold a class label, got ''"),
        (",a,b\n0,1,2\n", {}, "must have a name, got none for column 1, as where an index was saved"),
        ("Unnamed: 0,a,b\n0,1,2\n", {"target": ("b",)}, "must have a name"),
        ("a,b\n1,2\n", {"target": ("c",)}, "a number from 1 to 2 or the name of a column, got 'c'"),
        ("sepal,b\n1,2\n", {"target": ("sepel",)}, "did you mean 'sepal'"),
        ("1,2\n", {"target": ("b",)}, "a number from 1 to 2, as there is no header"),
        ("a,b\n1,2\n", {"target": ("0",)}, "a number from 1 to 2"),
        ("a,b\n1,2\n", {"target": ("²",)}, "a number from 1 to 2"),
        ("a,b\n1,2\n", {"target": ("9" * 50,)}, "a number from 1 to 2"),
        ("a,b\n1,2\n", {"target": ("a,b",)}, "at least one input column"),
        ("a,b\n1,2\n", {"inputs": ("b",)}, "different columns"),
        ("a,b\n1,2\n", {"inputs": ("a", "1")}, "different columns"),
        ("a,a,b\n1,2,3\n", {"target": ("a",)}, "'a' twice: choose it by its number"),
        ("a,b,c\n1,2,x\n", {"target": ("b", "c"), "classes": True}, "must stand in one column, got 2"),
        ("1,5;2,5\n3;4\n", {"delimiter": ";"}, "must hold names or numbers, got '1,5', which may be either: .*--decimal ,"),
        ("nan,nan\n1,2\n", {}, "must hold names or numbers, got 'nan'"),
        ("?,a\n1,2\n", {}, "must hold names or numbers, got '[?]'"),
        ("2020-01-05,a\n1,2\n", {}, "must hold names or numbers, got '2020-01-05'"),
        ("1.5;2.5\n3;4\n", {"decimal": ","}, "must hold names or numbers, got '1.5'"),
        ("a,b;c\n1,2;3\n", {}, "got ',' and ';' in the first row: choose one by --delimiter"),
        ("1,2\n", {"delimiter": "::"}, "one character, tab or space"),
        ("1,2\n", {"delimiter": "5"}, "one character, tab or space"),
        ("1,2\n", {"delimiter": ""}, "one character, tab or space"),
        ("1,2\n", {"delimiter": ",", "decimal": ","}, "must differ from the decimal sign"),
        ("1,2\n", {"decimal": "x"}, "a point or a comma, got 'x'"),
        ("1,2\n".encode("utf-16-le"), {}, "bytes 0, as in UTF-16 without its mark"),
        (b"\xff\xfe1,2", {}, "readable .csv file of text"),
        ("a,b\n", {"header": True}, "at least one sample"),
        ("\n \n", {}, "at least one sample"),
        ('a,b\n1,"2\n', {}, "readable .csv file of text"),
        ("a,b\n1," + "2" * 200_000 + "\n", {}, "readable .csv file of text, got field larger"),
        ("a,b\n1,1_000\n", {}, "must be a number"),
        ("a,b\n1,\u0663\n", {}, "must be a number"),
        ("a,b\n1,2 kg\n", {}, "must be a number"),
        ("a,b\n1,2020-01-05\n", {}, "must be a number"),
    ],
)
def test_faults_are_one_clear_sentence(tmp_path, text, options, message):
    with pytest.raises(lp.InputError, match=message) as caught:
        load(tmp_path, text, **options)
    assert "\n" not in str(caught.value)


def test_a_decimal_comma_is_never_guessed(tmp_path):
    """``1,5;2,5`` has two readings as cells; neither is taken without being told."""
    for text in ("1,5;2,5\n", "a;b\n1,5;2,5\n"):
        with pytest.raises(lp.InputError, match=r"--delimiter|--decimal"):
            load(tmp_path, text)
    assert [[Fraction(3, 2)]] == load(tmp_path, "1,5;2,5\n", decimal=",").X


def test_thousands_of_rows_are_fast(tmp_path):
    text = "a,b,c,y\n" + "".join(f"{i / 7:.6f},{i % 13},{i * 0.1:.3f},{i % 2}\n" for i in range(5000))
    start = time.process_time()
    source = load(tmp_path, text)
    assert len(source.X) == 5000
    assert time.process_time() - start < 1


def test_columns_between_spaces_and_truth_values(tmp_path):
    aligned = load(tmp_path, "  1   2.5 3\n -4   5   6\n")
    assert ([[1, Fraction(5, 2)], [-4, 5]], [[3], [6]]) == (aligned.X, aligned.Y)
    assert load(tmp_path, "a,b,c\nTrue,2,false\nFALSE,1,true\n").X == [[1, 2], [0, 1]]


OTHERS = {
    "workbook": (b"PK\x03\x04\x00\x00", "got an archive, as workbooks of spreadsheets are: save the sheet as CSV in UTF-8"),
    "comment": (b"# made by hand\na,b\n1,2\n", "must have 1 cells, got 2 in row 2: remove the lines of comments"),
    "thousands": (b'a,b\n"1,000",2\n', "leave out signs between thousands, or with decimal commas say --decimal ,"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_others_write(tmp_path, name):
    content, message = OTHERS[name]
    path = tmp_path / "d.csv"
    path.write_bytes(content)
    with pytest.raises(lp.InputError, match=re.escape(message)):
        load_data(str(path), 1)
