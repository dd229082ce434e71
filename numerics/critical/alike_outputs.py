r"""Networks some of whose outputs follow others, as a family of weights: ``φ_j = s φ_m + c`` at all samples, or up to a bias of its own.

Where targets do so, ``y_j = s y_m + c``, errors do, too: ``ε_j = s ε_m`` for the squared error, for another error of the residuals if ``s = ±1``, and for the
logistic one where targets are equal, or add up to 1 (then ``φ_j = −φ_m``). Output weights ``v_kj = s v_km`` of all hidden units are a family anyhow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from lossproof.numerics.critical.identities import place_of, shifts_logits
from lossproof.theory.problem.numbers import Number
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Layer, Weights

_NEAR = Fraction(1, 10**5)
_LARGEST_DENOMINATOR = 8


@dataclass(frozen=True)
class Following:
    """The weights to output ``follower`` are ``ratio`` times those to output ``leader``, and if there is an ``offset``, its bias this much more than that."""

    follower: int
    leader: int
    ratio: Fraction
    offset: Fraction | None


def alike_targets(problem: Problem) -> list[Following]:
    """Return the outputs whose targets follow others, each one time; none where targets are constant, for softmax, or other outputs than the identity.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> problem = Problem(Architecture.of("1-2-2"), error_named("squared"), Samples.of([[0], [1]], [[0, 1], [3, -2]]))
    >>> alike_targets(problem)
    [Following(follower=1, leader=0, ratio=Fraction(-1, 1), offset=Fraction(1, 1))]
    """
    a, logistic, columns = problem.architecture, problem.error.family == "logistic", list(zip(*problem.samples.Y, strict=True))
    if not a.output_activation.is_identity or problem.error.family == "softmax":
        return []
    found, leaders = list[Following](), list[int]()
    for j, column in enumerate(columns):
        pairs = ((m, _affine(columns[m], column)) for m in leaders)
        one = next(((m, *pair) for m, pair in pairs if pair is not None and _is_kept(problem, *pair)), None)
        if one is None:
            leaders.append(j)
        else:
            m, ratio, offset = one
            found.append(Following(j, m, ratio, Fraction(0) if logistic else offset))
    return [one for one in found if a.bias_rows_of(a.L) or one.offset == 0]


def _affine(leader: Sequence[Fraction], follower: Sequence[Fraction]) -> tuple[Fraction, Fraction] | None:
    """Return the ratio and the offset of a column of targets to another one; None where there are none, or it is constant."""
    i = next((i for i, y in enumerate(leader) if y != leader[0]), 0)
    if leader[i] == leader[0] or follower[i] == follower[0]:
        return None
    ratio = (follower[i] - follower[0]) / (leader[i] - leader[0])
    offset = follower[0] - ratio * leader[0]
    return (ratio, offset) if all(y == ratio * x + offset for x, y in zip(leader, follower, strict=True)) else None


def _is_kept(problem: Problem, ratio: Fraction, offset: Fraction) -> bool:
    if problem.error.family == "logistic":
        return (ratio == 1 and offset == 0) or (ratio == -1 and offset == 1)
    return problem.error.name == "squared" or abs(ratio) == 1


def with_alike_outputs(problem: Problem, weights: Weights) -> Weights | None:
    """Return the weights with the last layer changed so that outputs follow others exactly where they nearly do; None where none does."""
    return _followed(problem, weights, _NEAR)[0]


def ties_of_outputs(problem: Problem, weights: Weights) -> list[tuple[int, int, Fraction]]:
    """Return the ties ``(weight, the one that it follows, ratio)`` of the last layer for outputs that follow others exactly at the weights."""
    a = problem.architecture
    ties = list[tuple[int, int, Fraction]]()
    for one in _followed(problem, weights, Fraction(0))[1]:
        sources = a.widths[a.L - 1] + (a.bias_rows_of(a.L) if one.offset is not None else 0)
        ties += [(place_of(a, a.L, one.follower, k), place_of(a, a.L, one.leader, k), one.ratio) for k in range(sources)]
    return ties


def _followed(problem: Problem, weights: Weights, near: Fraction) -> tuple[Weights | None, list[Following]]:
    """Return the weights with outputs that follow others as nearly as that made to do so, and these outputs."""
    a, last = problem.architecture, weights.layers[-1]
    rows, used = [list(row) for row in (*last.W, last.b)], list[Following]()
    if a.L == 1 or shifts_logits(problem):
        return None, []
    known = {one.follower: one for one in alike_targets(problem)}
    for j in range(1, a.n_L):
        leaders = [m for m in range(j) if all(m != one.follower for one in used)]
        ratios = [(m, ratio) for m in leaders if (ratio := _ratio(last.W, j, m)) is not None]
        free = [Following(j, m, ratio, offset) for m, ratio in ratios for offset in (Fraction(0), None)]
        for one in (*([known[j]] if j in known and known[j].leader in leaders else ()), *free):
            wanted = _wanted(rows, one)
            if wanted is not None and all(_is_near(row[j], x, near) for row, x in zip(rows, wanted, strict=False)):
                for row, x in zip(rows, wanted, strict=False):
                    row[j] = x
                used.append(one)
                break
    return Weights((*weights.layers[:-1], Layer(tuple(map(tuple, rows[:-1])), tuple(rows[-1])))) if used else None, used


def _is_near(number: Number, wanted: Fraction, near: Fraction) -> bool:
    return isinstance(number, Fraction) and abs(number - wanted) <= near * (1 + abs(wanted))


def _wanted(rows: Sequence[Sequence[Number]], one: Following) -> list[Fraction] | None:
    """Return what the weights to the follower would be, with its bias if that follows; None where those to the leader are not rational."""
    leaders = [x for row in (rows if one.offset is not None else rows[:-1]) if isinstance(x := row[one.leader], Fraction)]
    if len(leaders) < len(rows) - (one.offset is None):
        return None
    wanted = [x * one.ratio for x in leaders]
    return wanted if one.offset is None else [*wanted[:-1], wanted[-1] + one.offset]


def _ratio(W: Sequence[Sequence[Number]], j: int, m: int) -> Fraction | None:
    """Return a short ratio that the weights to output j may have to those to output m, by the largest; None without one. A single unit tells 1 or −1 only."""
    pairs = [(row[j], row[m]) for row in W]
    rational = [(y, x) for y, x in pairs if isinstance(y, Fraction) and isinstance(x, Fraction)]
    y, x = max(rational, key=lambda pair: abs(pair[1]), default=(Fraction(0), Fraction(0)))
    ratio = (y / x).limit_denominator(_LARGEST_DENOMINATOR) if x else Fraction(0)
    return ratio if ratio and (len(W) > 1 or abs(ratio) == 1) else None
