"""What notebooks show: a title, a verdict, a table and a note as a piece of HTML without style sheet, script or reference to the network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from lossproof.theory.verdicts import Verdict

_COLOURS = {Verdict.PROVED: "#0b5c94", Verdict.REFUTED: "#a63a00", Verdict.UNDECIDED: "#5a4a78"}
_CELL = "text-align:left;padding:.15em .9em .15em 0"
MOST_ROWS = 30
"""The most rows that a table in a notebook has: the rest is told by its number."""


def notebook_block(
    title: str,
    *,
    verdict: Verdict | None = None,
    sentence: str = "",
    headings: Sequence[str] = (),
    rows: Iterable[Sequence[str | Verdict]] = (),
    foot: str = "",
    more: str = "",
    under: Iterable[str] = (),
) -> str:
    """Return a piece of HTML; all text is escaped, and colours stand on their own ground, so that it can be read in light and dark notebooks alike.

    The lines ``under`` the title stand with it. ``more`` is HTML that stands at the end as it is. Of more than 30 rows the first are shown, with how many are
    left out.

    >>> notebook_block("A < B", sentence="It holds.")
    '<div><p><strong>A &lt; B</strong></p><p>It holds.</p></div>'
    """
    found = list(rows)
    head = f"<thead><tr>{''.join(_cell(escape(name), 'th') for name in headings)}</tr></thead>" if headings else ""
    body = "".join(f"<tr>{''.join(_cell(_shown(entry)) for entry in row)}</tr>" for row in found[:MOST_ROWS])
    left_out = [f"{len(found) - MOST_ROWS} more rows."] if len(found) > MOST_ROWS else []
    notes = " ".join(filter(None, [*map(escape, left_out), escape(foot), more]))
    said = " ".join(filter(None, ["" if verdict is None else verdict_badge(verdict), escape(sentence)]))
    parts = [
        f"<p><strong>{escape(title)}</strong>{''.join(f'<br>{escape(line)}' for line in under)}</p>",
        f"<p>{said}</p>" if said else "",
        f'<table style="border-collapse:collapse">{head}<tbody>{body}</tbody></table>' if found else "",
        f"<p><small>{notes}</small></p>" if notes else "",
    ]
    return f"<div>{''.join(parts)}</div>"


def verdict_badge(verdict: Verdict) -> str:
    """Return a verdict in white on its colour."""
    return f'<span style="background:{_COLOURS[verdict]};color:#fff;font-weight:bold;padding:.1em .4em;border-radius:.2em">{verdict.value}</span>'


def _shown(entry: str | Verdict) -> str:
    return verdict_badge(entry) if isinstance(entry, Verdict) else escape(entry)


def _cell(markup: str, kind: str = "td") -> str:
    return f'<{kind} style="{_CELL}">{markup}</{kind}>'
