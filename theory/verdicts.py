"""Verdict, scope and rigor: the three words every claim carries."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum


class _Word(Enum):
    """A word that equals its text: ``verdict == "PROVED"`` holds where ``verdict is Verdict.PROVED`` does, and both are one key of a dict."""

    def __eq__(self, other: object) -> bool:
        return self.value == other if isinstance(other, str) else self is other

    def __hash__(self) -> int:
        return hash(self.value)

    def __str__(self) -> str:
        return str(self.value)


class Verdict(_Word):
    """What is known about a statement.

    ``UNDECIDED`` is not "no": it says that neither a proof nor a refutation was found. A verdict
    therefore has no truth value. It equals its text.

    >>> Verdict.PROVED.value
    'PROVED'
    >>> Verdict.PROVED == "PROVED", Verdict.PROVED == "REFUTED"
    (True, False)
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


class Scope(_Word):
    """For which weights a statement is claimed.

    ``ALMOST_EVERYWHERE`` means: outside a set of Lebesgue measure zero. A scope equals its text.

    >>> Scope.ALMOST_EVERYWHERE == "almost everywhere"
    True
    """

    AT_WEIGHTS = "at these weights"
    ALMOST_EVERYWHERE = "almost everywhere"
    EVERYWHERE = "everywhere"


class Rigor(_Word):
    """By which means a claim was decided, from the strongest to the weakest.

    - ``EXACT``: integers, rationals, prime fields, symbolic identities;
    - ``BALL``: Arb ball arithmetic;
    - ``VERIFIED_FLOAT``: IEEE 754 double precision with a-priori error bounds;
    - ``CITED``: rests on a published theorem that is named and not re-proved here.

    A rigor equals its text.

    >>> Rigor.BALL == "BALL"
    True
    """

    EXACT = "EXACT"
    BALL = "BALL"
    VERIFIED_FLOAT = "VERIFIED_FLOAT"
    CITED = "CITED"


_STRENGTH = (Rigor.EXACT, Rigor.BALL, Rigor.VERIFIED_FLOAT, Rigor.CITED)


def weakest(rigors: Iterable[Rigor]) -> Rigor:
    """Return the weakest of several rigors; a chain of reasons is as strong as its weakest link.

    >>> weakest([Rigor.EXACT, Rigor.BALL]).value
    'BALL'
    >>> weakest([]).value
    'EXACT'
    """
    return max(rigors, key=_STRENGTH.index, default=Rigor.EXACT)
