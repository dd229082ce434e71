"""Looking for critical points of any index from many seeded starts, in double precision and over the cores.

What comes back are candidates: that a critical point lies there, and of what class, is proved afterwards.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from lossproof.numerics.child_processes import pooled
from lossproof.numerics.critical.descent import descend, gradient_quality
from lossproof.numerics.critical.kink_newton import descend_with_pins
from lossproof.numerics.critical.kink_search import descend_onto_kinks
from lossproof.numerics.critical.polish import Settled, settle
from lossproof.numerics.critical.starts import (
    embedded_point,
    generator_of,
    problem_without_unit,
    seeks_minimum,
    splittable_layers,
    start_plan,
    start_point,
)
from lossproof.numerics.critical.symmetries import balanced_weights, canonical_weights, homogeneity, same_up_to_symmetry
from lossproof.numerics.fields.field import Array
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.weight_vectors import weights_of_rows
from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

Progress: TypeAlias = Callable[[str, int, int], None]

_CHUNK = 40
_CHUNK_ENTRIES = 1_500_000
_ITERATIONS = 300
_FINISHING = 60
_ROUNDS_ONTO_KINKS = 100
_PROMISING = 1e-5
_SAME_POINT = 1e-6
_SAME_LOSS = 1e-9
_KEPT_OF_A_FAMILY = 3
_WORTH_A_POOL = 4.0
_SINGLE_THREADED = 25
_ROUNDS_TOGETHER = 3
_SMALL_PROBLEM = 10_000


@dataclass(frozen=True)
class Candidate:
    """Weights near or at a critical point, as far as doubles can tell.

    ``weights`` are the doubles as exact rationals (a fixed bias as the problem has it), ``loss`` and ``gradient_norm`` = ``|∇J|_∞`` estimates, ``hits``
    the number of starts that ended here, ``inertia`` the estimated numbers of negative, vanishing and positive eigenvalues of the Hessian. Hidden units
    are turned over and sorted as by `canonical_weights`, those of homogeneous activations scaled as by `balanced_weights`; zeros and equal units are
    exact where that is critical too. On kinks, where J has no gradient, ``gradient_norm`` is 0, and ``inertia`` counts all eigenvalues as vanishing.
    """

    weights: Weights
    loss: float
    gradient_norm: float
    hits: int
    inertia: tuple[int, int, int]


@dataclass(frozen=True)
class SearchResult:
    """What a search found: ``candidates`` by increasing loss; of ``starts`` starts ``finished`` ran, and ``strays`` of them ended nowhere.

    A stray ran off to infinity, stopped at a kink from which the loss falls, or did not converge. ``obstacle`` says why no start was run, where none could be.
    """

    candidates: tuple[Candidate, ...]
    starts: int
    strays: int
    finished: int
    obstacle: str = ""


def find_candidates(
    problem: Problem,
    *,
    starts: int,
    seed: int,
    workers: int | None = None,
    progress: Progress | None = None,
    on_candidates: Callable[[SearchResult], None] | None = None,
) -> SearchResult:
    """Search for critical points of ``J`` from ``starts`` seeded starts; the result depends on ``problem``, ``starts`` and ``seed`` alone.

    Half of the starts minimise, half look for roots of the gradient (saddles and maxima too). Points that are equal up to `same_up_to_symmetry` are
    one candidate; of a degenerate family (equal loss and estimated inertia, singular Hessian beyond the scaling of homogeneous units) at most three points are
    kept, and further hits are counted at the first. No candidate is proved to be critical, and not every critical point is found. Where a number of the
    problem has no double (`beyond_doubles`) no start is run.

    - ``workers``: processes, by default one a core; short searches of small networks use none. Where processes cannot be started, the search
      goes on in this one.
    - ``on_candidates(result so far)`` and ``progress(stage, done, total)`` are called after every chunk of starts, in this order. On `KeyboardInterrupt`
      the processes are ended and the exception is passed on: what ``on_candidates`` received last is what was found.

    Raises `InputError` when ``starts`` is below 1.
    """
    if starts < 1:
        raise InputError(f"starts must be at least 1, got {starts}: give the number of points to start from")
    obstacle = beyond_doubles(problem)
    if obstacle is not None:
        return SearchResult((), starts, 0, 0, obstacle)
    chunks = _chunks(problem, starts)
    collection = _Collection(problem, starts)
    with closing(_results(problem, chunks, seed, workers)) as results:
        for found in results:
            collection.add(found)
            if on_candidates is not None:
                on_candidates(collection.result())
            if progress is not None:
                progress("search", collection.finished, starts)
    return collection.result()


def search_in_rounds(problem: Problem, *, starts: int, seed: int, most: int) -> Iterator[SearchResult]:
    """Yield what was found so far after every ``starts`` starts, up to ``most`` of them, all run in this process: the caller may stop at any time.

    The starts are those of `find_candidates`, and so are the candidates. Nothing is yielded where a number of the problem has no double. Of a small problem
    several rounds after the first are run together: moving more points costs hardly more there.
    """
    if beyond_doubles(problem) is not None:
        return
    collection = _Collection(problem, most)
    together = starts * (_ROUNDS_TOGETHER if problem.architecture.N_net**2 * problem.columns <= _SMALL_PROBLEM else 1)
    first, last = 0, min(starts, most)
    while first < most:
        found = search_chunk(problem, range(first, last), seed)
        for done in range(0, len(found), starts):
            collection.add(found[done : done + starts])
            yield collection.result()
        first, last = last, min(last + together, most)


@np.errstate(all="ignore")
def search_chunk(problem: Problem, indices: range, seed: int) -> list[Settled | None]:
    """Run the starts with these numbers, together; None stands for a stray."""
    landscape = FloatLandscape(problem)
    points = np.empty((len(indices), problem.architecture.N_net))
    plans = [start_plan(problem, index) for index in indices]
    for row, (index, plan) in enumerate(zip(indices, plans, strict=True)):
        if plan != "embedded":
            points[row] = start_point(problem, plan, generator_of(seed, index))
    _embed(
        problem, [(row, index) for row, (index, plan) in enumerate(zip(indices, plans, strict=True)) if plan == "embedded"], seed, points
    )
    down = np.array([seeks_minimum(index) and plan != "embedded" for index, plan in zip(indices, plans, strict=True)])
    points = descend(landscape, points, np.where(down, _ITERATIONS, 0), np.where(down, _FINISHING, _ITERATIONS))
    at = landscape.at(points)
    promising = gradient_quality(points, at.gradient, at.hessian) < _PROMISING
    settled = [settle(landscape, point) if good else None for point, good in zip(points, promising, strict=True)]
    return [_on_kinks(landscape, point) if one is None and low else one for one, point, low in zip(settled, points, down, strict=True)]


def _on_kinks(landscape: FloatLandscape, point: Array) -> Settled | None:
    """Return what a descent across kinks leads to from a point."""
    problem = landscape.problem
    if problem.decay is not None:
        end = descend_with_pins(problem, point, _ROUNDS_ONTO_KINKS)
        if end is None or not end.pins:
            return None if end is None else settle(landscape, end.point)
        return Settled(canonical_weights(problem, end.point), end.loss, 0.0, (0, problem.architecture.N_net, 0))
    found = descend_onto_kinks(problem, point)
    if found is None or not found.pinned:
        return None if found is None else settle(landscape, found.point)
    return Settled(canonical_weights(problem, balanced_weights(problem, found.point)), found.loss, 0.0, (0, problem.architecture.N_net, 0))


def _embed(problem: Problem, places: list[tuple[int, int]], seed: int, points: Array) -> None:
    """Fill rows of ``points`` with critical points of networks with one hidden unit less, one unit split."""
    layers = splittable_layers(problem)
    for turn, layer in enumerate(layers):
        mine = [(row, index) for row, index in places if index % len(layers) == turn]
        if not mine:
            continue
        smaller, gone, twin = problem_without_unit(problem, layer)
        landscape = FloatLandscape(smaller)
        generators = [generator_of(seed, index) for _, index in mine]
        found = np.array([start_point(smaller, "plain", generator) for generator in generators])
        down = np.array([seeks_minimum(index) for _, index in mine])
        found = descend(landscape, found, np.where(down, _ITERATIONS, 0), _ITERATIONS)
        for (row, _), point, generator in zip(mine, found, generators, strict=True):
            points[row] = embedded_point(smaller, point, layer, (gone, twin), generator)


class _Collection:
    """The points found so far, equal ones put together in the order of the starts."""

    def __init__(self, problem: Problem, starts: int) -> None:
        self.problem, self.starts = problem, starts
        self.finished = self.strays = 0
        self._points: list[Settled] = []
        self._hits: list[int] = []
        a = problem.architecture
        self._scaling = sum(a.widths[l] for l in range(1, a.L) if homogeneity(problem, l) is not None)

    def add(self, found: list[Settled | None]) -> None:
        """Take in the results of one chunk."""
        self.finished += len(found)
        for one in found:
            if one is None:
                self.strays += 1
                continue
            place = self._place(one)
            if place is None:
                self._points.append(one)
                self._hits.append(1)
            else:
                self._hits[place] += 1

    def result(self) -> SearchResult:
        """Return what was found so far."""
        order = sorted(range(len(self._points)), key=lambda k: (self._points[k].loss, k))
        return SearchResult(tuple(self._candidate(k) for k in order), self.starts, self.strays, self.finished)

    def _candidate(self, k: int) -> Candidate:
        found = self._points[k]
        return Candidate(weights_of_rows(self.problem, found.point), found.loss, found.gradient_norm, self._hits[k], found.inertia)

    def _place(self, one: Settled) -> int | None:
        """Return the place of a point that counts as the same."""
        alike = [k for k, other in enumerate(self._points) if abs(other.loss - one.loss) <= _SAME_LOSS * (1e-3 + abs(one.loss))]
        for k in alike:
            if same_up_to_symmetry(self.problem, self._points[k].point, one.point, _SAME_POINT):
                return k
        family = [k for k in alike if self._points[k].inertia == one.inertia]
        return family[0] if one.inertia[1] > self._scaling and len(family) >= _KEPT_OF_A_FAMILY else None


def _chunks(problem: Problem, starts: int) -> list[range]:
    size = max(1, min(_CHUNK, _CHUNK_ENTRIES // problem.architecture.N_net**2))
    return [range(first, min(first + size, starts)) for first in range(0, starts, size)]


def _results(problem: Problem, chunks: list[range], seed: int, workers: int | None) -> Generator[list[Settled | None], None, None]:
    """Yield the results of the chunks in order.

    Of small networks the first chunk is run here, and tells whether processes are worth their start. Larger ones always go to processes, even to a
    single one: they use one thread each, and LAPACK's threads slow small eigenvalue problems down several times.
    """
    done, worth_it, least = 0, True, 1
    if problem.architecture.N_net <= _SINGLE_THREADED:
        begin = time.perf_counter()
        yield search_chunk(problem, chunks[0], seed)
        done, least = 1, 2
        worth_it = (time.perf_counter() - begin) * (len(chunks) - 1) > _WORTH_A_POOL
    processes = min(workers or os.cpu_count() or 1, len(chunks) - done)
    if worth_it and processes >= least and multiprocessing.parent_process() is None:
        try:
            with closing(pooled(search_chunk, [(problem, chunk, seed) for chunk in chunks[done:]], processes)) as results:
                for found in results:
                    done += 1
                    yield found
        except BrokenProcessPool:
            pass
    for chunk in chunks[done:]:
        yield search_chunk(problem, chunk, seed)
