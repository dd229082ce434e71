"""Tables in Markdown, and how a run puts them into a page between marks while the words around them stay."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown.

    >>> print(markdown_table(["a", "b"], [["1", "2"]]))
    | a | b |
    |---|---|
    | 1 | 2 |
    """
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("|" + "|".join(line) + "|" if line[0] == "---" else "| " + " | ".join(line) + " |" for line in lines)


def replace_block(page: str, name: str, text: str) -> str:
    r"""Return the page with the text between ``<!-- name -->`` and ``<!-- /name -->`` replaced.

    Raises `ValueError` unless the page has these marks once.

    >>> replace_block("<!-- t -->old<!-- /t -->", "t", "new")
    '<!-- t -->\n\nnew\n\n<!-- /t -->'
    """
    pattern = re.compile(rf"(<!-- {re.escape(name)} -->).*?(<!-- /{re.escape(name)} -->)", re.DOTALL)
    if len(pattern.findall(page)) != 1:
        raise ValueError(f"the page must have the marks <!-- {name} --> and <!-- /{name} --> once, got another number: mend the page")
    return pattern.sub(lambda found: f"{found[1]}\n\n{text}\n\n{found[2]}", page)


def write_blocks(path: Path, blocks: dict[str, str]) -> None:
    """Replace blocks of a page in place."""
    page = path.read_text(encoding="utf-8")
    for name, text in blocks.items():
        page = replace_block(page, name, text)
    path.write_text(page, encoding="utf-8")


def power_of_ten(value: float) -> str:
    """Return a number as ``1.2e-10``, short.

    >>> power_of_ten(1.23e-165), power_of_ten(0.0)
    ('1e-165', '0')
    """
    return "0" if value == 0 else f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e+")
