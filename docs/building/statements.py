"""The page of all statements of the theory, made from the registry: what each says, its status, where its proof stands, and what was found wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from lossproof.theory.statements.registry import all_statements
from lossproof.theory.statements.statement import KINDS, Statement
from lossproof.theory.statements.weight_decay import with_decay

DOCS = Path(__file__).resolve().parents[1]
PROOF_PAGES = ("deciding.md", "proofs.md")
_HEADING = re.compile(r"^#+ .*`", re.MULTILINE)
_INTRODUCTION = """# Every statement

What lossproof knows, statement by statement, as `lossproof statements ID` shows it. This page is made from the registry that the program itself reads.
`Status` says on what a statement rests:

- **proved**: the proof stands on the page linked; what a certificate uses of it is proved once more in the docstring of the kernel's rule;
- **definition**: there is nothing to prove; for one problem it is decided as told;
- **record**: a property of an activation or an error, decided once with its argument, and derived again by the tests;
- **cited**: a published theorem; its hypotheses are checked, and every claim from it says CITED;
- **false**: often claimed, with a counterexample.

## Corrections to the paper

The paper is Hao Shen, *Towards a Mathematical Understanding of the Difficulty in Learning with Feedforward Neural Networks*, arXiv 1611.05827. Where it is
wrong, or says less than it seems to, these statements say so:

"""


def page() -> str:
    """Return the page as Markdown."""
    corrections = [statement for statement in all_statements() if "correction of" in statement.source or statement.kind == "false claim"]
    parts = [_INTRODUCTION + "\n".join(f"- [`{one.id}`](#{one.id}): {_escaped(one.conclusion)}" for one in corrections)]
    for kind, meaning in KINDS.items():
        parts.append(f"## {kind.capitalize()}\n\n*{meaning[0].upper()}{meaning[1:]}.*")
        parts += [entry(statement) for statement in all_statements() if statement.kind == kind]
    return "\n\n".join(parts) + "\n"


def entry(statement: Statement) -> str:
    """Return one statement: formula, conclusion, hypotheses, status with its proof, source, decision, and what it rests on."""
    users = [other.id for other in all_statements() if statement.id in other.depends_on]
    rows = [
        ("Hypotheses", " ".join(f"({k}) {_escaped(text)}" for k, text in enumerate(statement.hypotheses, start=1))),
        ("Status", status(statement)),
        ("Decided", _escaped(statement.decided_by)),
        ("With weight decay", with_decay(statement)),
        ("Source", _escaped(statement.source)),
        ("Rests on", _links(statement.depends_on)),
        ("Used by", _links(users)),
    ]
    told = "\n".join(f"- *{label}*: {text}" for label, text in rows if text)
    heading = f"({statement.id})=\n\n### `{statement.id}`: {_escaped(statement.title)}"
    return f"{heading}\n\n$$\n{statement.formula}\n$$\n\n{_escaped(statement.conclusion)}\n\n{told}"


def status(statement: Statement) -> str:
    """Return on what a statement rests, with a link to its proof where it has one. Raises `LookupError` for one that must have a proof and has none."""
    proof = proofs().get(statement.id)
    if statement.kind == "cited theorem":
        return "cited" if proof is None else f"cited ([remarks]({proof}))"
    if proof is not None:
        return f"false ([counterexample]({proof}))" if statement.kind == "false claim" else f"proved ([proof]({proof}))"
    words = {
        "principle": "record",
        "assumption": "definition",
        "condition": "definition",
        "critical point": "definition",
        "conclusion": "definition",
    }
    if statement.kind not in words:
        raise LookupError(f"{statement.id} is a {statement.kind}: write its proof in docs/proofs.md, under a heading with its name in code")
    return words[statement.kind]


def proofs() -> dict[str, str]:
    """Return where each proof stands: statements named in code in the headings of the pages of proofs."""
    found: dict[str, str] = {}
    for name in PROOF_PAGES:
        for line in (DOCS / name).read_text(encoding="utf-8").splitlines():
            if _HEADING.match(line):
                anchor = re.sub(r"[^\w\- ]", "", line.lstrip("# ")).strip().lower().replace(" ", "-")
                found |= dict.fromkeys(re.findall(r"`([\w-]+)`", line), f"../{name}#{anchor}")
    return found


def _links(ids: Iterable[str]) -> str:
    return ", ".join(f"[`{id}`](#{id})" for id in ids)


def _escaped(text: str) -> str:
    """Return prose as Markdown that shows it as it is."""
    return re.sub(r"([\\`*_\[\]<>$])", r"\\\1", text)
