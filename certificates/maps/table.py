"""A map of critical points as a plain table."""

from __future__ import annotations

import textwrap

from lossproof.certificates.maps.record import MapRecord
from lossproof.certificates.notes import data_notes
from lossproof.certificates.reports.critical_rows import HEADINGS, LEFT_COLUMNS, aligned_table, critical_rows
from lossproof.certificates.reports.plain_words import (
    QUESTION,
    conclusion_headline,
    in_sentence,
    infimum_sentence,
    notes_on_doubles,
    plural,
    report_title,
)
from lossproof.theory.notebook import notebook_block
from lossproof.theory.verdicts import Verdict

_HITS = "Every point in the table is proved; how many starts led there (hits) proves nothing."
_CAVEAT = "A map need not be complete: critical points that no start led to are not on it."

_OTHERS = "Critical points that are no local minima may be missing."
_PROVED = "Every point in the table is proved. Hits tell nothing here: the points come from {}."


def render_map(map: MapRecord, width: int = 100) -> str:
    """Return the proved critical points as a table by loss, then how the search went and what follows.

    A row has the index of the point in the report, its kind, the enclosure of the loss (only digits that are proved), the numbers of negative, zero,
    positive and undecided eigenvalues of the Hessian, the proved rank of ``P``, the radius within which the point lies, and the number of starts that
    ended there, which proves nothing. Where weights were given to start from, a column has the numbers of those that led there, and a sentence for each says
    how far away it is, or what was seen. Sentences are wrapped to ``width`` columns; the table is as wide as it must be.

    >>> from lossproof.certificates.maps.find_critical_points import find_critical_points
    >>> print(render_map(find_critical_points("1-1", [[0], [1]], [[1], [3]], starts=4, workers=1)))  # doctest: +ELLIPSIS
    Critical points of the 1-1 network with identity on 2 samples
    ...
    point  kind            loss  −  0  +  ?  rank P  radius  hits
    -------------------------------------------------------------
        0  global minimum  0     0  0  2  0       2       0     4
    ...
    """
    title = _title(map)
    read = textwrap.wrap(" ".join(data_notes(map.report.notes)), max(width, 30), break_long_words=False, break_on_hyphens=False)
    lines = [title, "=" * len(title), "", *(read and [*read, ""]), *_table(map), ""]
    sentences = (
        *_found_texts(map),
        *(str(start) for start in map.given),
        *notes_on_doubles(map.report.problem, map.report.points),
        f"[{map.conclusion.verdict.value}] {QUESTION} {_conclusion_text(map)}",
        _caveat(map),
    )
    for sentence in sentences:
        lines += textwrap.wrap(sentence, max(width, 30), subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def map_in_notebook(map: MapRecord) -> str:
    """Return the map as a piece of HTML for notebooks: what follows from it, the table, and how the search went."""
    cells = _cells(map)
    return notebook_block(
        _title(map),
        verdict=map.conclusion.verdict,
        sentence=f"{QUESTION} {_conclusion_text(map)}",
        headings=cells[0],
        rows=cells[1:],
        foot=" ".join(_found_texts(map)),
        more="All of it: <code>print(map)</code>, <code>map.report</code>, <code>map.save(&quot;map.svg&quot;)</code>.",
    )


def _title(map: MapRecord) -> str:
    return f"Critical points of {in_sentence(report_title(map.report))}"


def _conclusion_text(map: MapRecord) -> str:
    if map.conclusion.verdict is not Verdict.UNDECIDED:
        return conclusion_headline(map.report)
    return f"{map.conclusion.reason} {infimum_sentence(map.report)}".rstrip()


def _found_texts(map: MapRecord) -> list[str]:
    parts = [_search_text(map)] if map.complete is None or map.starts else []
    if map.complete is not None:
        parts.append(f"[{map.complete.verdict.value}] {map.complete.reason} {map.complete.missing}".rstrip())
    return parts


def _caveat(map: MapRecord) -> str:
    """Return what the table does not say: a list that was sought from the first has no hits, and one sought after starts is of minima."""
    if map.complete is not None and not map.starts:
        return _PROVED.format("exact algebra" if map.tree is None else "a branch and prune of a box of weights")
    return f"{_HITS} {_OTHERS if map.is_complete else _CAVEAT}"


def _cells(map: MapRecord) -> list[tuple[str, ...]]:
    """Return the headings and the rows of the table, or headings alone."""
    claims = (*(point.claim for point in map), *(point.suboptimal for point in map if point.suboptimal is not None))
    rows = critical_rows(claims, map.report.number)
    points = {point.point: point for point in map}
    cells = [(*HEADINGS, "hits"), *((*row.cells, str(points[row.point].hits)) for row in rows)]
    if map.given:
        numbers = ["given", *(", ".join(str(number) for number in points[row.point].given) for row in rows)]
        cells = [(*row, number) for row, number in zip(cells, numbers, strict=True)]
    return cells


def _table(map: MapRecord) -> list[str]:
    cells = _cells(map)
    return aligned_table(cells, LEFT_COLUMNS) if len(cells) > 1 else ["No critical point was proved."]


def _search_text(map: MapRecord) -> str:
    begun = [plural(map.starts, "start")] if map.starts or not map.given else []
    begun += [f"{len(map.given)} given weights"] if map.given else []
    parts = [f"{' and '.join(begun)} led to {plural(len(map), 'proved critical point')}"]
    if map.strays:
        problem = map.report.problem
        held = problem.decay is not None and problem.decay.holds_all(problem.architecture)
        parts.append(f"{map.strays} ended nowhere" + ("" if held else ", most often on the way to infinity"))
    if map.unproved:
        parts.append(
            f"{plural(map.unproved, 'candidate')} of the search in doubles could not be proved and {'is' if map.unproved == 1 else 'are'} left out"
        )
    text = "; ".join(parts) + "."
    return f"{text} The search was interrupted: this is what was proved until then." if map.interrupted else text
