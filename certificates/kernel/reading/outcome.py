"""The outcome of checking a certificate."""

from __future__ import annotations

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


@dataclass(frozen=True)
class Outcome:
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
        return tuple(step for step in self.steps if "statement" in step.conclusion)
