"""Symmetries of the samples: inputs whose outputs determine each other at all weights."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lossproof.numerics.fields.rest import value_at_zero
from lossproof.theory.limits import MAX_BITS
from lossproof.theory.problem.problem import Problem

_ODD, _EVEN = (-1, 0, 0), (1, 0, 0)


@dataclass(frozen=True)
class Orbit:
    """``z_L`` at a sample is ``factor`` times that at the sample ``first``, for all weights; with factor 0 it is 0 for all weights."""

    first: int
    factor: Fraction


def orbits(problem: Problem) -> list[Orbit]:
    """Return the orbit of every sample (`sample-symmetry`); the first sample of an orbit has the factor 1, unless it is 0.

    Equal inputs are of one orbit. Without any bias so are ``x`` and ``−x`` for odd hidden activations, or where one is even and those below it are odd, ``x``
    and ``cx``, ``c > 0``, for homogeneous ones, and the output of ``x = 0`` does not depend on the weights if ``σ(0) = 0`` in all hidden layers.

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> samples = Samples.of([[1, 2], [-2, -4], [0, 0]], [0, 1, 1])
    >>> [(o.first, int(o.factor)) for o in orbits(Problem(Architecture.of("2-3-1", "power:3", bias="none"), error_named("squared"), samples))]
    [(0, 1), (0, -8), (2, 0)]
    """
    hidden, free = problem.architecture.hidden[: problem.architecture.L - 1], problem.is_free_of_bias
    parity, degree = (-1, 1) if free else (None, None)
    for activation in hidden:
        parity = {_ODD: -1, _EVEN: 1}.get(activation.reflection or (0, 0, 0)) if parity == -1 else parity
        degree = None if degree is None or activation.homogeneity is None else min(degree * activation.homogeneity, MAX_BITS)
    silent, power = free and all(value_at_zero(activation) == 0 for activation in set(hidden)), degree or 1
    known: dict[tuple[Fraction, ...], tuple[int, Fraction]] = {}
    found = []
    for i, x in enumerate(problem.samples.X):
        lead = next((q for q in x if q != 0), None)
        if lead is None and silent:
            found.append(Orbit(i, Fraction(0)))
            continue
        sign = -1 if parity is not None and lead is not None and lead < 0 else 1
        scale = Fraction(1) if degree is None or lead is None else abs(lead)
        if power * max(scale.numerator.bit_length(), scale.denominator.bit_length()) > MAX_BITS:
            return [Orbit(k, Fraction(1)) for k in range(problem.T)]
        multiplier = scale**power * ((parity or 1) if sign < 0 else 1)
        first, base = known.setdefault(tuple(entry / (sign * scale) for entry in x), (i, multiplier))
        found.append(Orbit(first, multiplier / base))
    return found


def output_of_orbit(problem: Problem, factor: Fraction, y: Fraction) -> Fraction | None:
    """Return the output that belongs to ``factor·z_L`` where y belongs to ``z_L``, as far as the output activation tells it; None where it does not."""
    output = problem.architecture.output_activation
    if factor == 1 or problem.error.is_cross_entropy:
        return y if factor == 1 else None
    if factor == 0:
        return value_at_zero(output)
    if output.homogeneity is not None and (factor > 0 or output.reflection in (_ODD, _EVEN)):
        return y * abs(factor) ** output.homogeneity * (1 if factor > 0 or output.reflection == _EVEN else -1)
    return y * output.reflection[0] if factor == -1 and output.reflection in (_ODD, _EVEN) and output.reflection is not None else None


def clash(problem: Problem) -> tuple[int, ...] | None:
    """Return one or two samples whose targets no network of this architecture fits, for reasons of symmetry alone; None without any.

    Two samples are of one orbit, and the output at the first determines another one at the second than its target; a single one has an output that does not
    depend on the weights.

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> clash(Problem(Architecture.of("1-2-1", "tanh", bias="none"), error_named("squared"), Samples.of([[1], [-1]], [1, 1])))
    (0, 1)
    """
    found, Y = orbits(problem), problem.samples.Y
    seen: dict[tuple[int, Fraction], int] = {}
    for k, orbit in enumerate(found):
        silent = orbit.factor == 0
        others = [k] if silent else [seen.get((orbit.first, f)) for f in (orbit.factor, -orbit.factor)] + [orbit.first]
        for other in others:
            if other is None or (other == k) != silent or (silent and problem.error.is_cross_entropy):
                continue
            factor = orbit.factor if silent else orbit.factor / found[other].factor
            wanted = [output_of_orbit(problem, factor, y) for y in Y[other]]
            if any(w is not None and w != y for w, y in zip(wanted, Y[k], strict=True)):
                return (k,) if silent else (other, k)
        seen.setdefault((orbit.first, orbit.factor), k)
    return None
