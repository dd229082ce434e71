"""The record of one statement of the theory."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = {
    "assumption": "what the theory assumes of a problem",
    "principle": "a rule for choosing error, activation, widths or weights",
    "condition": "decided for given weights or for a whole landscape",
    "theorem": "true for every problem that meets the hypotheses",
    "bound": "an inequality that ranks obey",
    "obstruction": "a reason why nothing can be learned exactly",
    "critical point": "a class of critical points",
    "cited theorem": "a published theorem that is not proved again here",
    "false claim": "a claim often made, refuted by a counterexample",
    "conclusion": "what all the rest is for",
}


@dataclass(frozen=True)
class Statement:
    r"""One statement: what is claimed, under which hypotheses, where it comes from and how it is decided.

    - ``id``: the name used in code, reports, certificates and tests;
    - ``title``: a short heading;
    - ``kind``: one of `KINDS`;
    - ``formula``: the central formula as LaTeX, without dollar signs;
    - ``hypotheses``: what must hold for the conclusion, one sentence each, in plain words;
    - ``conclusion``: what is claimed, in plain words; a claim that is false says so in its first words;
    - ``source``: the paper's number or the literature, and where the source is wrong;
    - ``decided_by``: how a verdict is reached for a given problem;
    - ``depends_on``: the IDs of the statements whose truth or terms its proof, or its decision, uses.

    >>> from lossproof.theory.statements.registry import statement_named
    >>> statement_named("count")
    <Statement count: Enough weights>
    """

    id: str
    title: str
    kind: str
    formula: str
    hypotheses: tuple[str, ...]
    conclusion: str
    source: str
    decided_by: str
    depends_on: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Statement {self.id}: {self.title}>"

    def __str__(self) -> str:
        return f"{self.title} ({self.id}): {self.conclusion}"
