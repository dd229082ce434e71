"""What came of checking a certificate, in words: the checker's outcome, as it prints itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lossproof.certificates.kernel.reading.outcome import AcceptedStep, Outcome
from lossproof.theory.notebook import notebook_block
from lossproof.theory.verdicts import Verdict

if TYPE_CHECKING:
    from lossproof.certificates.proof.trusted_code import TrustedCode


@dataclass(frozen=True)
class VerifiedStep(AcceptedStep):
    """A conclusion that was derived anew and holds, with its rule and rigor; ``step`` counts from 1.

    >>> from lossproof.theory.verdicts import Rigor
    >>> print(VerifiedStep(2, "rank-size", Rigor.EXACT, {"matrix": "P", "at": 0, "rank_upper": 4}))
    2. rank P <= 4 at point 0 [rank-size, EXACT]
    """

    @property
    def is_claim(self) -> bool:
        """Whether it is a claim, not the bound of a rank."""
        return "statement" in self.conclusion

    @property
    def place(self) -> str:
        """Where it holds, in words."""
        at = self.conclusion["at"]
        return f"at point {at}" if isinstance(at, int) else f"at {at}" if at[:2] == "W*" else str(at)

    def __str__(self) -> str:
        found, at = self.conclusion, self.place
        if not self.is_claim:
            sign, value = (">=", found["rank_lower"]) if "rank_lower" in found else ("<=", found["rank_upper"])
            return f"{self.step}. rank {found['matrix']} {sign} {value} {at} [{self.rule}, {self.rigor}]"
        facts = ", ".join(f"{key} = {json.dumps(value)}" for key, value in found["facts"].items())
        return f"{self.step}. {found['verdict']} {found['statement']} {at}{f': {facts}' if facts else ''} [{self.rule}, {self.rigor}]"


@dataclass(frozen=True)
class Verification(Outcome):
    """What came of a check.

    ``steps`` are all accepted conclusions, ``failures`` says where and why the certificate was rejected. Both hold something only where steps that rest on
    published theorems were not allowed: then ``steps`` are those that do not. ``digest`` is the SHA-256 of the problem that an accepted certificate is about,
    ``work`` what the check counted. ``engine`` names a library that multiplied tiles of large matrices in place of the checker, and is trusted in that;
    empty where none did.

    >>> from lossproof.certificates.checks.check_architecture import check_architecture
    >>> from lossproof.certificates.proof.verify import verify
    >>> certificate = check_architecture("1-1", [[0], [1]], [[1], [3]], search="none").certificate
    >>> verify(certificate.text).ok, verify(certificate.text.replace('"N_net": 2', '"N_net": 3', 1))
    (True, <Verification: The certificate is rejected.>)
    """

    steps: tuple[VerifiedStep, ...]
    engine: str = ""

    @property
    def claims(self) -> tuple[VerifiedStep, ...]:
        """The accepted claims, without the rank bounds they rest on; none if the certificate was rejected."""
        return tuple(step for step in self.steps if step.is_claim)

    def trusted_code(self) -> TrustedCode:
        """Return what of the kernel the accepted steps rest on: the definitions to read before believing them (see `TrustedCode`)."""
        from lossproof.certificates.proof.trusted_code import trusted_code

        return trusted_code({step.rule for step in self.steps})

    def __repr__(self) -> str:
        return f"<Verification: {str(self).splitlines()[0]}>"

    def _repr_html_(self) -> str:
        held, *rest = str(self).splitlines()
        if not self.ok:
            return notebook_block(held, rows=([failure] for failure in rest))
        rows = ((Verdict(step.conclusion["verdict"]), step.conclusion["statement"], step.place, step.rigor.value) for step in self.claims)
        return notebook_block(held, sentence=self.trusted, rows=rows)

    def __str__(self) -> str:
        if not self.ok:
            return "\n".join(["The certificate is rejected.", *map(str, self.failures)])
        held = f"The certificate holds: {len(self.claims)} claims from {len(self.steps)} steps."
        return "\n".join([held, *([self.trusted] if self.engine else []), *map(str, self.claims)])

    @property
    def trusted(self) -> str:
        """What is trusted beside the checker, in a sentence; empty where nothing is."""
        return f"Products of tiles of large matrices were formed by {self.engine}, tested, and trusted." if self.engine else ""


def in_words(outcome: Outcome, engine: str = "") -> Verification:
    """Return the outcome of a check as what is shown to the user, with what multiplied in place of the checker."""
    return Verification(tuple(VerifiedStep(**vars(step)) for step in outcome.steps), outcome.failures, outcome.digest, outcome.work, engine)
