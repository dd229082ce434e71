"""Evidence: a bound or a decision together with the data that proves it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lossproof.theory.verdicts import Rigor

RANK_RULE_KEYS: Mapping[str, frozenset[str]] = {
    "rank-minor": frozenset({"rows", "columns", "prime", "u"}),
    "rank-ball": frozenset({"rows", "columns", "precision"}),
    "rank-gram": frozenset(),
    "rank-gram-balanced": frozenset(),
    "rank-gram-preconditioned": frozenset(),
    "rank-singular-value": frozenset({"least"}),
    "rank-kernel": frozenset({"side", "vectors"}),
    "rank-kernel-function-field": frozenset({"vectors"}),
}
"""The payload keys of the rules that bound the rank of a plain matrix (``docs/certificate-format.md`` section 5)."""


@dataclass(frozen=True)
class Evidence:
    """What proves one decision: the rule that re-checks it, its own rigor, and the data the rule asks for.

    ``payload`` holds plain data only (whole numbers, strings, None, lists and dicts of these), as a certificate does: a float, a ball or an
    `Estimate <lossproof.numerics.network.estimates.Estimate>` raises `TypeError`, so that no unproved number can slip in.

    >>> Evidence("rank-gram", Rigor.VERIFIED_FLOAT).payload
    {}
    >>> Evidence("rank-minor", Rigor.EXACT, {"rows": [0.5]})
    Traceback (most recent call last):
        ...
    TypeError: the payload of 'rank-minor' must hold whole numbers, strings, lists and dicts, got float at payload.rows[0]
    """

    rule: str
    rigor: Rigor
    payload: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_plain(self.payload, self.rule, "payload")


@dataclass(frozen=True)
class RankEvidence:
    """A proved bound ``rank ≥ value`` (``is_lower``) or ``rank ≤ value`` of one matrix, with the data that proves it.

    ``rule`` is one of `RANK_RULE_KEYS`, ``payload`` has exactly the keys listed there and holds plain data only. Raises
    `ValueError` on other keys or rules and on a negative value, `TypeError` on data that is not plain.

    >>> RankEvidence(1, True, "rank-minor", Rigor.EXACT, {"rows": [0], "columns": [0], "prime": 1048583, "u": None}).text
    'rank ≥ 1'
    """

    value: int
    is_lower: bool
    rule: str
    rigor: Rigor
    payload: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        expected = RANK_RULE_KEYS.get(self.rule)
        if expected is None:
            raise ValueError(f"a rank bound must name one of the rules {', '.join(RANK_RULE_KEYS)}, got {self.rule!r}")
        if frozenset(self.payload) != expected:
            raise ValueError(f"the payload of {self.rule!r} must have the keys {sorted(expected)}, got {sorted(self.payload)}")
        _check_plain(self.payload, self.rule, "payload")
        if type(self.value) is not int or self.value < 0:
            raise ValueError(f"a rank bound must be a whole number of at least 0, got {self.value!r}")

    @property
    def text(self) -> str:
        """The bound in symbols."""
        return f"rank {'≥' if self.is_lower else '≤'} {self.value}"


def _check_plain(value: Any, rule: str, where: str) -> None:
    if value is None or type(value) in (int, str):
        return
    if isinstance(value, Mapping):
        for key, entry in value.items():
            _check_plain(key, rule, f"a key of {where}")
            _check_plain(entry, rule, f"{where}.{key}")
    elif type(value) is list:
        for k, entry in enumerate(value):
            _check_plain(entry, rule, f"{where}[{k}]")
    else:
        raise TypeError(f"the payload of {rule!r} must hold whole numbers, strings, lists and dicts, got {type(value).__name__} at {where}")
