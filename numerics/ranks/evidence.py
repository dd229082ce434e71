"""Evidence: a bound of a rank together with the data that proves it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lossproof.theory.verdicts import Rigor

RANK_RULE_KEYS: Mapping[str, frozenset[str]] = {
    "rank-minor": frozenset({"rows", "columns", "prime", "substitution"}),
    "rank-inclusion": frozenset({"rows", "columns", "precision"}),
    "rank-kernel": frozenset({"side", "vectors", "entries"}),
    "rank-patterns": frozenset({"prime", "weights"}),
    "singular-value": frozenset({"method", "balanced", "least"}),
}
"""The payload keys of the rules that bound the rank of a matrix (``docs/certificate-format.md`` section 5), and of the bound of its smallest singular value."""


@dataclass(frozen=True)
class RankEvidence:
    """A proved bound ``rank ≥ value`` (``is_lower``) or ``rank ≤ value`` of one matrix, with the data that proves it.

    ``rule`` is one of `RANK_RULE_KEYS`, ``payload`` has exactly the keys listed there and holds plain data only (whole numbers, strings, None, lists and dicts
    of these, and one truth value, ``balanced``), as a certificate does: a float, a ball or an `Estimate <lossproof.numerics.network.estimates.Estimate>`
    cannot slip in. The rule ``singular-value`` proves that the smallest singular value is positive, hence full column rank.

    Raises `ValueError` on other keys or rules, on a negative value and on an empty minor, `TypeError` on data that is not plain.

    >>> RankEvidence(1, True, "rank-inclusion", Rigor.BALL, {"rows": [0], "columns": [0], "precision": 64}).text
    'rank ≥ 1'
    >>> RankEvidence(1, True, "rank-inclusion", Rigor.BALL, {"rows": [0.5], "columns": [0], "precision": 64})
    Traceback (most recent call last):
        ...
    TypeError: the payload of 'rank-inclusion' must hold whole numbers, strings, lists and dicts, got float at payload.rows[0]
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
        _check_plain({key: value for key, value in self.payload.items() if (key, type(value)) != ("balanced", bool)}, self.rule, "payload")
        if type(self.value) is not int or self.value < 0:
            raise ValueError(f"a rank bound must be a whole number of at least 0, got {self.value!r}")
        if self.is_lower and self.value == 0:
            raise ValueError(f"a lower bound of a rank must be at least 1, got 0 from {self.rule!r}: offer no bound, as 0 needs no proof")

    @property
    def text(self) -> str:
        """The bound in symbols."""
        return f"rank {'≥' if self.is_lower else '≤'} {self.value}"


def value_of(lower: RankEvidence | None) -> int:
    """Return the value of a lower bound, which is 0 where none is offered."""
    return 0 if lower is None else lower.value


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
