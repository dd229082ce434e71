"""Tables in text files: their encoding, the character between their cells, and their header, read without guessing what would change a number."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from lossproof.certificates.inputs.array_files import brief_reason
from lossproof.certificates.inputs.data_source import DataOptions
from lossproof.certificates.inputs.sizes import require_few_numbers
from lossproof.certificates.notes import DataNote
from lossproof.theory.exceptions import InputError
from lossproof.theory.rationals import rational_of_text
from lossproof.theory.shown import shown

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ARCHIVE = b"PK\x03\x04"
_SEPARATORS = {",": "','", ";": "';'", "\t": "tab", "|": "'|'"}
MISSING = ("", "na", "n/a", "nan", "null", "none", "nil", "?", "-")
"""What stands in a cell where a number is missing."""
_TRUTH = {"true": 1, "false": 0}
_SEPARATOR_LINE = re.compile(r'("?sep=(.)"?)(?=[\r\n])', re.IGNORECASE)
"""The first line by which a spreadsheet says how it separates cells."""
_NAMED = {"tab": "\t", "\\t": "\t", "space": " ", "comma": ",", "semicolon": ";"}


@dataclass(frozen=True)
class TextTable:
    """The cells of a text file: names of columns, or None without a header, rows that are not empty with their line numbers, and notes about the reading."""

    names: tuple[str, ...] | None
    rows: list[tuple[int, list[str]]]
    notes: tuple[DataNote, ...]


def read_text_table(path: Path, options: DataOptions) -> TextTable:
    """Return the cells of a ``.csv``, ``.tsv`` or ``.txt`` file.

    - **Encoding**: UTF-8, UTF-16 and UTF-32 with their marks, UTF-8 without one; other files are read as Windows-1252, or as Latin-1 where that is not
      possible, and a note says so: figures, points and separators are the same in all of these.
    - **Separator**: the one chosen; else a tab in ``.tsv``, and otherwise the only one of comma, semicolon, tab and bar that stands in the first row, or the
      one that a line ``sep=;`` before it names; spaces where none of these stands in a first row of several numbers. Quotes as in RFC 4180.
    - **Header**: as chosen; else the first row where it holds one of the names that are asked for, or no number and nothing that may be data.

    Raises `InputError` for a file that cannot be read or has too many rows, several possible separators, and rows of different lengths.
    """
    text, notes = _decoded(path)
    named = _SEPARATOR_LINE.match(text)
    if named is not None:
        text = text[named.end(1) :]
        options = replace(options, delimiter=options.delimiter or named[2])
    delimiter = _delimiter(path, text, options)
    require_few_numbers(text.count("\n"), 1 + _outside_quotes(_first_line(text)).count(delimiter), f"the samples of {str(path)!r}")
    rows = _rows(path, text, delimiter)
    names = None
    if rows and _has_header(path, rows[0][1], options):
        names = tuple(" ".join(cell.split()) for cell in rows[0][1])
        rows = rows[1:]
    elif rows:
        notes = (*notes, DataNote("The file has no header: its first row is a sample."))
    if not rows:
        raise InputError(f"{str(path)!r} must hold at least one sample, got none: add rows of numbers")
    width = len(rows[0][1]) if names is None else len(names)
    for line, cells in rows:
        if len(cells) != width:
            advice = "remove the lines of comments" if text.lstrip().startswith("#") else "make the rows equal"
            raise InputError(f"every row of {str(path)!r} must have {width} cells, got {len(cells)} in row {line}: {advice}")
    return TextTable(names, rows, notes)


def _decoded(path: Path) -> tuple[str, tuple[DataNote, ...]]:
    try:
        content = path.read_bytes()
        mark = next((encoding for start, encoding in _MARKS if content.startswith(start)), None)
        if mark is not None:
            return content.decode(mark), ()
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, brief_reason(error)) from error
    if content.startswith(_ARCHIVE):
        raise _unreadable(path, "an archive, as workbooks of spreadsheets are", "save the sheet as CSV in UTF-8")
    if b"\0" in content:
        raise _unreadable(path, "bytes 0, as in UTF-16 without its mark")
    try:
        return content.decode("utf-8"), ()
    except UnicodeDecodeError:
        encoding, name = _single_byte(content)
        note = DataNote(f"The file is not in UTF-8, and was read as {name}; that touches names and labels, and no number.")
        return content.decode(encoding), (note,)


def _single_byte(content: bytes) -> tuple[str, str]:
    try:
        content.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1", "Latin-1"
    return "cp1252", "Windows-1252"


def _delimiter(path: Path, text: str, options: DataOptions) -> str:
    if options.decimal not in (".", ","):
        raise InputError(f"the decimal sign must be a point or a comma, got {shown(options.decimal)}: write --decimal , or leave it out")
    if options.delimiter is not None:
        chosen = _NAMED.get(options.delimiter.lower(), options.delimiter)
        if len(chosen) != 1 or chosen.isalnum() or chosen in "\"'.+-/\r\n\0":
            raise InputError(
                f"the delimiter must be one character, tab or space, got {shown(options.delimiter)}: write for example --delimiter ';'"
            )
        if chosen == options.decimal:
            raise InputError("the delimiter must differ from the decimal sign, got a comma for both: say --delimiter ';' or another")
        return chosen
    if path.suffix.lower() == ".tsv":
        return "\t"
    first = _first_line(text)
    found = [sign for sign in _SEPARATORS if sign != options.decimal and sign in _outside_quotes(first)]
    if len(found) > 1:
        listed = " and ".join(_SEPARATORS[sign] for sign in found)
        raise InputError(
            f"the cells of {str(path)!r} must be separated by one character, got {listed} in the first row: choose one by --delimiter"
        )
    if not found and _are_numbers(first.split(), options.decimal):
        return " "
    return found[0] if found else ("," if options.decimal == "." else ";")


def _are_numbers(cells: Sequence[str], decimal: str) -> bool:
    return len(cells) > 1 and all(number_in(cell, decimal) is not None for cell in cells)


def _first_line(text: str) -> str:
    return next((line for line in io.StringIO(text) if line.strip()), "")


def _outside_quotes(line: str) -> str:
    return "".join(line.split('"')[::2])


def _rows(path: Path, text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """Return the rows that are not empty with the numbers of their last lines; a run of spaces separates as one."""
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter)
        rows = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise _unreadable(path, brief_reason(error)) from error
    return [(line, [cell for cell in cells if cell]) for line, cells in rows] if delimiter == " " else rows


def _has_header(path: Path, first: Sequence[str], options: DataOptions) -> bool:
    """Tell whether the first row holds names. Raises `InputError` where it holds no number, and yet what may be data: no sample may get lost as a header."""
    if options.header is not None:
        return options.header
    asked = {name for name in (*options.target, *options.inputs) if not name.isdigit()}
    cells = [cell.strip() for cell in first]
    if any(cell in asked for cell in cells):
        return True
    if any(number_in(cell, options.decimal) is not None for cell in cells):
        return False
    unclear = next((cell for cell in cells if _may_be_data(cell)), None)
    if unclear is not None:
        raise InputError(
            f"the first row of {str(path)!r} must hold names or numbers, got {shown(unclear)}, which may be either: say --header or --no-header, "
            "and --decimal , for decimal commas"
        )
    return True


def _may_be_data(cell: str) -> bool:
    """Tell whether a cell is a word for what is missing, or has digits and no letter, as dates and numbers with another decimal sign."""
    return cell.lower() in MISSING[1:] or (any(sign.isdigit() for sign in cell) and not any(sign.isalpha() for sign in cell))


def number_in(cell: str, decimal: str = ".") -> Fraction | None:
    """Return the rational that a cell spells, or None; with a decimal comma a point in it is none. ``True`` and ``False`` are 1 and 0.

    >>> number_in("0.1"), number_in("1,5", ","), number_in("1.5", ","), number_in("True")
    (Fraction(1, 10), Fraction(3, 2), None, Fraction(1, 1))
    """
    truth = _TRUTH.get(cell.strip().lower())
    if truth is not None:
        return Fraction(truth)
    if decimal == ",":
        return None if "." in cell else rational_of_text(cell.replace(",", "."))
    return rational_of_text(cell)


def _unreadable(path: Path, got: str, advice: str = "save it as plain text in UTF-8") -> InputError:
    return InputError(f"{str(path)!r} must be a readable {path.suffix.lower()} file of text, got {got}: {advice}")
