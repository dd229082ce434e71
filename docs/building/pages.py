"""The pages that are generated when the site is built: every statement, the public names, and the two pages of the root."""

from __future__ import annotations

import re
from pathlib import Path

from building import api, statements

DOCS = Path(__file__).resolve().parents[1]
FOLDER = "generated"
_ROOT_PAGES = {"contributing.md": "CONTRIBUTING.md", "changelog.md": "CHANGELOG.md"}


def pages() -> dict[str, str]:
    """Return the text of each page of ``docs/generated/`` by its name."""
    copies = {name: (DOCS.parent / source).read_text(encoding="utf-8") for name, source in _ROOT_PAGES.items()}
    mended = {name: re.sub(r"\]\(docs/", "](../", text) for name, text in copies.items()}
    return {"statements.md": statements.page(), "api.md": api.page(), **mended}
