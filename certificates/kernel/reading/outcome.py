"""The outcome of checking a certificate."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lossproof.theory.verdicts import Rigor


@dataclass(frozen=True)
class Failure:
    """Why a certificate does not hold: a place such as ``steps[3].evidence.prime``, a code of the format's section 7, a message."""

    place: str
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message} [{self.code}]"


@dataclass(frozen=True)
class AcceptedStep:
    """A conclusion that was derived anew and holds, with its rule and rigor; ``step`` counts from 1. Later steps use the conclusion and the rigor."""

    step: int
    rule: str
    rigor: Rigor
    conclusion: Mapping[str, Any]

    @property
    def facts(self) -> Mapping[str, Any]:
        """The facts of a claim; none of a bound."""
        facts: Mapping[str, Any] = self.conclusion.get("facts", {})
        return facts

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
class Verification:
    """What came of a check.

    ``steps`` are all accepted conclusions, ``failures`` says where and why the certificate was rejected. Both hold something only where steps that rest on
    published theorems were not allowed: then ``steps`` are those that do not. ``digest`` is the SHA-256 of the problem that an accepted certificate is about,
    ``work`` what the check counted.
    """

    steps: tuple[AcceptedStep, ...]
    failures: tuple[Failure, ...]
    digest: str | None
    work: int = 0

    @property
    def ok(self) -> bool:
        """Whether the certificate holds, all of it."""
        return not self.failures

    def __bool__(self) -> bool:
        return self.ok

    @property
    def claims(self) -> tuple[AcceptedStep, ...]:
        """The accepted claims, without the rank bounds they rest on; none if the certificate was rejected."""
        return tuple(step for step in self.steps if step.is_claim)

    def __str__(self) -> str:
        if not self.ok:
            return "\n".join(["The certificate is rejected.", *map(str, self.failures)])
        return "\n".join([f"The certificate holds: {len(self.claims)} claims from {len(self.steps)} steps.", *map(str, self.claims)])
