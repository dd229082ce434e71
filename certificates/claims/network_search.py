"""A short, seeded search of the network itself for bad local minima, where nothing else decides whether there are any."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from math import ceil, isfinite

from lossproof.certificates.claims.critical_facts import claim_loss, claim_loss_below
from lossproof.certificates.claims.critical_point import LandscapeClaims, prove_near
from lossproof.certificates.claims.pool import Pool
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.places import Point
from lossproof.numerics.critical.copied_units import copied_minima
from lossproof.numerics.critical.embedded_minima import embedded_minima
from lossproof.numerics.critical.search import Candidate, SearchResult, search_in_rounds
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.theory.exceptions import InputError
from lossproof.theory.options import option
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights
from lossproof.theory.shown import shown

ROUND, MOST_ROUNDS = 12, 4
"""Starts between two looks at what was found, and so many rounds of a search that the clock does not end."""

_MOST_PARAMETERS, _MOST_COLUMNS = 60, 1000
_MOST_OF_ANY_SEARCH = 300
_MOST_STARTS = 1_000_000
_LONGEST_SECONDS = 1e6
_PROOFS = 4
_APART = 1 + 1e-6
_NO_LOSS = 1e-12
INTERRUPTED, _DECIDED = "it was interrupted", "a bad local minimum was proved"
_ALL_MADE, _TIME_OVER = "all starts were made", "the time was over"
"""Why a search ended, in words."""


@dataclass(frozen=True)
class SearchBudget:
    """How long a search may take: 48 starts, or until so many ``seconds`` have passed; with ``embedded_only`` none but those of narrower networks."""

    seconds: float | None = None
    embedded_only: bool = field(default=False, repr=False)

    @staticmethod
    def of(search: object) -> SearchBudget | None:
        """Read the setting ``search``: ``"auto"``, ``"none"`` (which gives None), or a number of seconds, also as text.

        >>> SearchBudget.of("auto"), SearchBudget.of("none"), SearchBudget.of("2.5")
        (SearchBudget(seconds=None), None, SearchBudget(seconds=2.5))
        """
        if search == "auto":
            return SearchBudget()
        if search == "none":
            return None
        seconds = _number(search)
        if seconds is None or not 0 < seconds <= _LONGEST_SECONDS:
            raise InputError(
                f"{option('search')} must be 'auto', 'none' or a number of seconds up to 10^6, got {shown(search)}: choose one of them"
            )
        return SearchBudget(seconds)

    @property
    def most_starts(self) -> int:
        """The most starts that the search makes."""
        return ROUND * MOST_ROUNDS if self.seconds is None else _MOST_STARTS

    def obstacle(self, problem: Problem) -> str:
        """Return why there is no search of a network within this budget, in words that follow "as"; empty where there is one."""
        a = problem.architecture
        if beyond_doubles(problem) is not None:
            return "a number of the problem is beyond the range of doubles"
        most = _MOST_PARAMETERS if self.seconds is None else _MOST_OF_ANY_SEARCH
        if a.N_net > most or (self.seconds is None and problem.columns > _MOST_COLUMNS):
            size = f"{a.N_net} weights and {problem.columns} outputs of samples are too many"
            return size if a.N_net > _MOST_OF_ANY_SEARCH else f"{size} where no number of seconds is given"
        return ""


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if isfinite(number) else None


@dataclass(frozen=True)
class SearchRecord:
    """What was searched: ``starts`` made in ``seconds``, ``candidates`` for critical points met in doubles, ``minima`` of them proved to be local minima.

    ``ended`` is the reason why it ended, or why there was none, in words; ``boxes`` of weights were looked at for a complete list, in vain.
    """

    starts: int
    seconds: float
    candidates: int
    minima: int
    ended: str
    boxes: int = 0

    @property
    def interrupted(self) -> bool:
        """Whether the user ended it."""
        return self.ended == INTERRUPTED

    def __str__(self) -> str:
        listed = f" {self.boxes:,} boxes of weights are too few for a complete list of the local minima." if self.boxes else ""
        if not self.starts:
            return f"No search for bad local minima was made, as {self.ended}.{listed}"
        return (
            f"Bad local minima were searched for from {self.starts} seeded starts in {self.seconds:.1f} s, until {self.ended}: candidates for critical "
            f"points met in doubles: {self.candidates}; proved local minima among them: {self.minima}. About what it did not meet a search says "
            f"nothing.{listed}"
        )


def no_search(reason: str) -> SearchRecord:
    """Return the record of a search that was not made."""
    return SearchRecord(0, 0.0, 0, 0, reason)


@dataclass
class NetworkSearch:
    """One search: what it adds to the pool, which candidates were ``tried``, and the ``latest`` look at what was found."""

    context: ProofContext
    pool: Pool
    landscape: LandscapeClaims
    budget: SearchBudget
    tried: set[Weights] = field(default_factory=set)
    latest: SearchResult | None = None

    def run(self) -> SearchRecord:
        """Search until a bad local minimum is proved or the budget is used up; `KeyboardInterrupt` ends the search, and keeps what was proved.

        With weight decay minima of narrower networks are copied into networks that are themselves too large for a search.
        """
        obstacle = self.budget.obstacle(self.context.problem)
        if obstacle:
            return no_search(self._in_spite_of(obstacle))
        begin, known = time.perf_counter(), len(self.pool.points)
        try:
            ended = self._search(begin)
        except KeyboardInterrupt:
            ended = INTERRUPTED
        starts, candidates = (0, 0) if self.latest is None else (self.latest.finished, len(self.latest.candidates))
        minima = sum(point.is_minimum for point in self.pool.points[known:])
        return SearchRecord(starts, time.perf_counter() - begin, candidates, minima, ended)

    def _in_spite_of(self, obstacle: str) -> str:
        """Prove minima of narrower networks, with weight decay, where there is no search of this one, and return why there is none, and what that did."""
        if self.context.problem.decay is not None:
            try:
                self._prove_embedded()
            except KeyboardInterrupt:
                return INTERRUPTED
        return (
            obstacle if self.pool.suboptimal is None else f"{obstacle}; a minimum of a narrower network, units of which are copied, decides"
        )

    def _search(self, begin: float) -> str:
        """Search, and return why it ended."""
        ended = _ALL_MADE
        for number, result in enumerate(self._rounds(begin)):
            self.latest = result
            self._prove(result)
            over = self.budget.seconds is not None and time.perf_counter() - begin >= self.budget.seconds
            if number == 0 and self.budget.seconds is not None and self.pool.suboptimal is None and not over:
                self._prove_embedded()
            if self.pool.suboptimal is not None:
                return _DECIDED
            if over:
                ended = _TIME_OVER
                break
        if self.budget.seconds is None:
            self._prove_embedded()
        self._beat_the_best()
        return ended if self.pool.suboptimal is None else _DECIDED

    def _rounds(self, begin: float) -> Iterator[SearchResult]:
        if self.budget.embedded_only:
            return
        seconds, stage = self.budget.seconds, "searching bad minima"
        whole = self.budget.most_starts if seconds is None else ceil(seconds)
        self.context.report_progress(stage, 0, whole)
        for result in search_in_rounds(self.context.problem, starts=ROUND, seed=self.context.seed, most=self.budget.most_starts):
            done = result.finished if seconds is None else int(time.perf_counter() - begin)
            self.context.report_progress(stage, min(done, whole), whole)
            yield result

    def _prove(self, result: SearchResult) -> None:
        """Prove what a round has met: the least loss, the best critical point, if none is known, and minima above the least loss."""
        self._lower_the_best(result)
        for candidate in self._telling(result)[:_PROOFS]:
            self.tried.add(candidate.weights)
            self.pool.add(prove_near(self.context, candidate.weights, self.landscape, nearby=True))
            if self.pool.suboptimal is not None:
                return

    def _prove_embedded(self) -> None:
        """Prove minima of narrower networks, copied into this one, until one minimum is known to be bad."""
        problem, seed = self.context.problem, self.context.seed
        copies = embedded_minima(problem, seed) if problem.decay is None else copied_minima(problem, seed)
        for weights in islice(copies, _PROOFS):
            self.pool.add(prove_near(self.context, weights, self.landscape, nearby=False))
            self.pool.beat_minima()
            if self.pool.suboptimal is not None:
                return

    def _telling(self, result: SearchResult) -> list[Candidate]:
        least = result.candidates[0].loss if result.candidates else 0.0
        best = self.pool.best
        least = least if best is None else min(least, float(best.facts["loss_upper"]))
        minima = [c for c in _minima(result) if c.loss > least * _APART + _NO_LOSS]
        first = [] if self.pool.points else list(result.candidates[:1])
        return [c for c in (*first, *minima) if c.weights not in self.tried]

    def _lower_the_best(self, result: SearchResult) -> None:
        """Prove the least loss that was met, where it is clearly below all that is proved."""
        if not result.candidates:
            return
        best, least = self.pool.best, result.candidates[0]
        if best is None or least.loss * _APART + _NO_LOSS < best.facts["loss_upper"]:
            self.pool.add_losses([claim_loss(self.context, Point(least.weights))])

    def _beat_the_best(self) -> None:
        """Where no minimum that was met is above the least loss, look for a smaller loss by a short training, and prove what it shows to be bad."""
        minima = [] if self.latest is None else [c for c in _minima(self.latest) if c.loss > _NO_LOSS]
        if self.latest is not None and minima:
            self.pool.add_losses([claim_loss_below(self.context, Fraction(min(c.loss for c in minima)))])
            self._prove(self.latest)
        self.pool.beat_minima()


def _minima(result: SearchResult) -> list[Candidate]:
    """Return the candidates that look like minima, those first that look strict."""
    return sorted((c for c in result.candidates if c.inertia[0] == 0), key=lambda c: (c.inertia[1], c.loss))
