"""The outcome of checking a certificate, and `verify`, which reads one from wherever it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lossproof.theory.exceptions import InputError
from lossproof.theory.verdicts import Rigor

_MAX_BYTES = 4 * 256 * 2**20


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


def verify(source: str | Path | Mapping[str, Any], problem_digest: str | None = None) -> Verification:
    """Check a certificate: a file's path, JSON text (a string whose first character other than a blank is ``{``), or the parsed object.

    With ``problem_digest`` (``report.certificate.digest``) the certificate must also be about that very problem. The result's ``ok`` means that
    every claim in it holds, proved by the rules of ``docs/certificate-format.md``. A malformed certificate fails with place and reason.
    Raises `InputError` when a path cannot be read.

    >>> verify('{"format": "lossproof-certificate"}').failures[0].code
    'schema'
    """
    from lossproof.certificates.kernel import check_certificate

    if isinstance(source, Path) or (isinstance(source, str) and not source.lstrip().startswith("{")):
        text = _read(Path(source))
        result = text if isinstance(text, Verification) else check_certificate(text)
    else:
        result = check_certificate(source)
    if result.ok and problem_digest is not None and result.digest != problem_digest:
        return Verification(
            (), (Failure("digest", "problem", f"the certificate is about another problem, with digest {result.digest}"),), None
        )
    return result


def _read(path: Path) -> str | Verification:
    try:
        size = path.stat().st_size
        data = path.read_bytes() if path.is_file() and size <= _MAX_BYTES else None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(
            f"a certificate must be a file that can be read, got {str(path)[:200]!r} ({reason}): give the path of a .json file"
        ) from None
    if data is None and not path.is_file():
        raise InputError(f"a certificate must be a file, got {str(path)[:200]!r}: give the path of a .json file")
    if data is None:
        return Verification((), (Failure("document", "limit", f"the file has {size} bytes, at most {_MAX_BYTES} are read"),), None)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        return Verification((), (Failure(f"byte {error.start}", "syntax", "the file is not UTF-8 text"),), None)
