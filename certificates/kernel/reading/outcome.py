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
    """A conclusion that was derived anew and holds, with its rule and rigor; ``step`` counts from 1."""

    step: int
    rule: str
    rigor: Rigor
    conclusion: Mapping[str, Any]

    @staticmethod
    def of(step: int, rule: str, conclusion: Mapping[str, Any], rigor: Rigor) -> AcceptedStep:
        """Build the record."""
        return AcceptedStep(step, rule, rigor, conclusion)

    def __str__(self) -> str:
        found = self.conclusion
        at = "" if found["point"] is None else f" (point {found['point']})"
        if "matrix" in found:
            where = at or " (at all weights)"
            sign, value = (">=", found["rank_lower"]) if "rank_lower" in found else ("<=", found["rank_upper"])
            return f"{self.step}. rank {found['matrix']} {sign} {value}{where} [{self.rule}, {self.rigor}]"
        facts = ", ".join(f"{key} = {json.dumps(value)}" for key, value in found["facts"].items())
        told = f": {facts}" if facts else ""
        return f"{self.step}. {found['verdict']} {found['statement']} {found['scope']}{at}{told} [{self.rule}, {self.rigor}]"


@dataclass(frozen=True)
class Verification:
    """What came of a check.

    ``steps`` are all accepted conclusions, ``failures`` says where and why the certificate was rejected; one of them is empty unless
    the certificate makes no claim. ``digest`` is the SHA-256 of the problem that an accepted certificate is about.
    """

    steps: tuple[AcceptedStep, ...]
    failures: tuple[Failure, ...]
    digest: str | None

    @property
    def ok(self) -> bool:
        """Whether the certificate holds, all of it."""
        return not self.failures

    def __bool__(self) -> bool:
        return self.ok

    @property
    def claims(self) -> tuple[AcceptedStep, ...]:
        """The accepted claims, without the rank bounds they rest on; none if the certificate was rejected."""
        return tuple(step for step in self.steps if "statement" in step.conclusion)

    def __str__(self) -> str:
        if not self.ok:
            return "\n".join(["The certificate is rejected.", *map(str, self.failures)])
        return "\n".join([f"The certificate holds: {len(self.claims)} claims from {len(self.steps)} steps.", *map(str, self.claims)])
