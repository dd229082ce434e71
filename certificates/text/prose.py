"""Indices and exponents within plain sentences: ``φ_{L-1}`` and ``Φ_1^{-T}`` split into runs that a renderer can set."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SYMBOL = r"(?<![A-Za-zͰ-Ͽ_])[A-Za-zͰ-Ͽ]\u0303?'?"
_SCRIPT = r"(?:\{[^{}]{1,24}\}|[A-Za-z0-9]+)"
_SET = re.compile(rf"(?P<base>{_SYMBOL})(?:_(?P<sub>{_SCRIPT}))?(?:\^(?P<sup>\{{[^{{}}]{{1,24}}\}}|[0-9]+|[A-Za-z](?![A-Za-z0-9])))?(?!_)")


@dataclass(frozen=True)
class Run:
    """A piece of a sentence: plain text, or a symbol ``base`` with an index ``sub`` and an exponent ``sup`` (either may be empty)."""

    base: str
    sub: str = ""
    sup: str = ""

    @property
    def is_symbol(self) -> bool:
        """Tell whether the run carries an index or an exponent."""
        return bool(self.sub or self.sup)


def runs_of(sentence: str) -> tuple[Run, ...]:
    """Split a sentence into runs.

    >>> [(r.base, r.sub, r.sup) for r in runs_of("rank W_1 of N_net, raise max_precision")]
    [('rank ', '', ''), ('W', '1', ''), (' of ', '', ''), ('N', 'net', ''), (', raise max_precision', '', '')]
    >>> [(r.base, r.sub, r.sup) for r in runs_of("a_i^m")]
    [('a', 'i', 'm')]
    """
    runs: list[Run] = []
    position = 0
    for found in _SET.finditer(sentence):
        if found["sub"] is None and found["sup"] is None:
            continue
        if found.start() > position:
            runs.append(Run(sentence[position : found.start()]))
        runs.append(Run(found["base"], (found["sub"] or "").strip("{}"), (found["sup"] or "").strip("{}")))
        position = found.end()
    if position < len(sentence):
        runs.append(Run(sentence[position:]))
    return tuple(runs)
