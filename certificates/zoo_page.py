"""The page ``docs/zoo.md``: every entry of the zoo with what was proved about it."""

from __future__ import annotations

from collections.abc import Iterable

from lossproof.certificates.claims import Claim
from lossproof.certificates.critical_rows import HEADINGS
from lossproof.certificates.render_markdown import escape_markdown, markdown_table
from lossproof.certificates.zoo import ZooProof
from lossproof.certificates.zoo_text import conclusion_text, problem_text, samples_text, table_rows
from lossproof.theory.zoo_entry import ZooEntry

_HEAD = """\
# The zoo: known loss landscapes, proved

This page is written by `lossproof zoo --markdown docs/zoo.md`, from proofs that ran for it: every row of a table is a claim whose certificate the kernel
accepts. `lossproof zoo` lists the entries, and any of them is proved again, re-checked and explored with, for example,

```sh
lossproof zoo auer-3 -o auer-3.html   # the proof, its report, and beside it the certificate auer-3.json
lossproof verify auer-3.json          # re-check the certificate with the small independent kernel
lossproof map 1-1 --data zoo:auer-3 --output-activation sigmoid --bias none   # search the landscape for critical points
```

or in Python with `lp.prove_entry("auer-3")`.

How to read the tables: the loss is J(W) = (1/T) Σ E. Only proved digits are shown: after `…` more follow that are left out, and `0.25(67|72)` lies between
0.2567 and 0.2572. The columns −, 0, + and ? count the eigenvalues of the Hessian by their proved sign, ? those that are not decided. The critical point lies
within the radius of the weights in every coordinate; 0 means exactly there. A *suboptimal* local minimum is proved to be beaten by another point of
the table."""


def render_page(proofs: Iterable[ZooProof]) -> str:
    """Return the page for these proofs as Markdown."""
    known = tuple(proofs)
    return "\n\n".join([_HEAD, _contents([proof.entry for proof in known]), *(_entry(proof) for proof in known)]) + "\n"


def _contents(entries: Iterable[ZooEntry]) -> str:
    return "\n".join(f"- [`{entry.name}`](#{entry.name}): {escape_markdown(entry.title)}" for entry in entries)


def _entry(proof: ZooProof) -> str:
    entry = proof.entry
    blocks = [
        f'<a id="{entry.name}"></a>\n\n## {escape_markdown(entry.title)}',
        f"`{entry.name}`: {escape_markdown(problem_text(entry))}. Samples: {escape_markdown(samples_text(entry))}.",
        f"**Literature.** {escape_markdown(entry.literature)}",
        f"**Proved here.** {escape_markdown(entry.shows)}",
        *(_theorem(proof.theorem) if proof.theorem is not None else []),
        _table(proof),
        f"[{proof.conclusion.verdict.value}] {escape_markdown(conclusion_text(proof))}",
        f"Re-check: `lossproof zoo {entry.name} -o {entry.name}.html; lossproof verify {entry.name}.json`",
        *(f"**Different from the record:** {escape_markdown(difference)}" for difference in proof.differences),
    ]
    return "\n\n".join(blocks)


def _theorem(claim: Claim) -> list[str]:
    return [f"**Theorem** (`{claim.id}`, proved for these samples). {escape_markdown(claim.statement.conclusion)}"]


def _table(proof: ZooProof) -> str:
    rows = [(cells[0], point.about, *cells[1:]) for point, cells in zip(proof.entry.points, table_rows(proof), strict=True)]
    return markdown_table([HEADINGS[0], "which", *HEADINGS[1:]], [[escape_markdown(cell) for cell in row] for row in rows])
