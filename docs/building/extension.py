"""The extension of Sphinx: it writes the generated pages, mends links that leave ``docs/``, sets formulas in MathML, and reads docstrings."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from building.navigation import contents
from building.pages import DOCS, FOLDER, pages
from lossproof.certificates.text.formulas import mathml

_ANCHOR = re.compile(r'^<a id="([\w-]+)"></a>$', re.MULTILINE)
_TO_ROOT = re.compile(r"\]\((?:\.\./)+(CONTRIBUTING|CHANGELOG)\.md")


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect what is here."""
    app.connect("config-inited", lambda *_: write_pages())
    app.connect("source-read", mend_links)
    app.connect("autodoc-process-docstring", read_docstring)
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True}


def write_pages() -> None:
    """Write the generated pages where Sphinx finds them; those that are as they were are left alone."""
    folder = DOCS / FOLDER
    folder.mkdir(exist_ok=True)
    for name, text in pages().items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def mend_links(app: Sphinx, name: str, source: list[str]) -> None:
    """Turn links to the pages of the root into links to their copies, and anchors in HTML into those that Sphinx checks; add the contents."""
    up = "../" * name.count("/")
    text = _TO_ROOT.sub(lambda match: f"]({up}{FOLDER}/{match[1].lower()}.md", source[0])
    source[0] = _ANCHOR.sub(r"(\1)=", text) + (f"\n\n{contents()}\n" if name == "index" else "")


def read_docstring(app: Sphinx, kind: str, name: str, found: object, options: object, lines: list[str]) -> None:
    """Escape what the docstrings mean as it is: bars, asterisks and final underscores of formulas are no markup of reStructuredText."""
    lines[:] = [line if line.lstrip().startswith((">>>", "...")) else _escaped(line) for line in lines]


def _escaped(line: str) -> str:
    parts = re.split(r"(``.*?``|\*\*[^*]+\*\*)", line)
    return "".join(part if k % 2 else re.sub(r"([*|]|(?<=\w)_(?!\w))", r"\\\1", part) for k, part in enumerate(parts))


def _inline(visitor: Any, node: nodes.math) -> None:
    visitor.body.append(mathml(node.astext()))
    raise nodes.SkipNode


def _block(visitor: Any, node: nodes.math_block) -> None:
    visitor.body.append(f'<div class="formula">{mathml(node.astext(), display=True)}</div>')
    raise nodes.SkipNode
