"""Verdict, scope and rigor: the three words every claim carries."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum


class Verdict(Enum):
    """What is known about a statement.

    ``UNDECIDED`` is not "no": it says that neither a proof nor a refutation was found. A verdict
    therefore has no truth value.

    >>> Verdict.PROVED.value
    'PROVED'
    >>> bool(Verdict.PROVED)
    Traceback (most recent call last):
        ...
    TypeError: a verdict has no truth value: compare it, as in `verdict is Verdict.PROVED`
    """

    PROVED = "PROVED"
    REFUTED = "REFUTED"
    UNDECIDED = "UNDECIDED"

    def __bool__(self) -> bool:
        raise TypeError("a verdict has no truth value: compare it, as in `verdict is Verdict.PROVED`")

    def __str__(self) -> str:
        return self.value


class Scope(Enum):
    """For which weights a statement is claimed.

    ``ALMOST_EVERYWHERE`` means: outside a set of Lebesgue measure zero.
    """

    AT_WEIGHTS = "at these weights"
    ALMOST_EVERYWHERE = "almost everywhere"
    EVERYWHERE = "everywhere"

    def __str__(self) -> str:
        return self.value


class Rigor(Enum):
    """By which means a claim was decided, from the strongest to the weakest.

    - ``EXACT``: integers, rationals, prime fields, symbolic identities;
    - ``BALL``: Arb ball arithmetic;
    - ``VERIFIED_FLOAT``: IEEE 754 double precision with a-priori error bounds;
    - ``CITED``: rests on a published theorem that is named and not re-proved here.
    """

    EXACT = "EXACT"
    BALL = "BALL"
    VERIFIED_FLOAT = "VERIFIED_FLOAT"
    CITED = "CITED"

    def __str__(self) -> str:
        return self.value


_STRENGTH = (Rigor.EXACT, Rigor.BALL, Rigor.VERIFIED_FLOAT, Rigor.CITED)


def weakest(rigors: Iterable[Rigor]) -> Rigor:
    """Return the weakest of several rigors; a chain of reasons is as strong as its weakest link.

    >>> weakest([Rigor.EXACT, Rigor.BALL]).value
    'BALL'
    >>> weakest([]).value
    'EXACT'
    """
    return max(rigors, key=_STRENGTH.index, default=Rigor.EXACT)
