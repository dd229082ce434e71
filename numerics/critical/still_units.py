r"""Hidden units that are level or silent at some samples, so that the weights below them do not matter there to first order, or equal at some.

A unit is level where its slope ``σ'(z_u(i))`` is 0, as sin at ``z = π/2``, and silent where nothing comes back to it: ``κ_u(i) = Σ_j w_uj Ψ_j(i) = 0``.
It is equal at samples of different inputs where it has one z, so that it cannot tell them apart.
These are equations of their own: ``σ'(z_u(i)) = 0`` at one sample, and ``z_u(k) = z_u(i)`` at the others at which the unit is level at the same z;
for equal units the latter alone; ``κ_u(i) = 0`` at one sample of those at which κ is always the same. Where they hold, ``P`` is that of units with the slope 0
there (and one value where they are level, one value and slope where equal), and that matrix obeys more identities than ``P`` itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, TypeAlias, TypeVar

import numpy as np

from lossproof.numerics.fields.field import Array, Field
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.evaluation import Evaluation, carry_back, evaluate
from lossproof.numerics.network.jacobian import jacobian
from lossproof.theory.functions.activations import activation_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_FLAT, _BENT = 1e-6, 1e-3
_SAME, _ALWAYS_SAME, _SILENT = 1e-6, 1e-9, 1e-8


Place: TypeAlias = tuple[int, int]
"""A sample and a unit of a layer."""


@dataclass(frozen=True)
class Equal:
    """A unit of hidden layer ``layer``, and two or more samples at which its z is the same: one equation for each but the first.

    ``alike`` are all pairs of a sample and a unit of the layer whose z is the same as one of these, for all weights of a family: them included.
    """

    layer: int
    unit: int
    samples: tuple[int, ...]
    alike: tuple[Place, ...]


@dataclass(frozen=True)
class Level(Equal):
    """A unit and one sample or more at which its z is the same, and a zero of σ' besides: so many equations."""


@dataclass(frozen=True)
class Silent:
    """A unit of hidden layer ``layer`` to which nothing comes back at a sample: as many equations as outputs, for softmax one less.

    ``alike`` are all pairs of a sample and the unit where what comes back is the same for all weights of a family.
    """

    layer: int
    unit: int
    sample: int
    alike: tuple[Place, ...]


Still: TypeAlias = "tuple[Equal | Silent, ...]"
AlikeT = TypeVar("AlikeT", bound=Equal)


@dataclass(frozen=True, eq=False)
class StillEvaluation(Evaluation):
    """A pass in which units have the slope 0 wherever they are level or silent, and one value where they are level."""

    still: Still = ()

    def _activate(self, l: int, order: int) -> Array:
        found = super()._activate(l, order)
        for one in self.still:
            if one.layer == l and order < 2:
                rows, units = np.array(one.alike).T
                if order == 1 and isinstance(one, (Level, Silent)):
                    found[rows, units] = self.field.embed(Fraction(0))
                elif isinstance(one, Equal):
                    found[rows, units] = found[one.samples[0], one.unit]
        return found


def still_pass(problem: Problem, weights: Weights, field: Field, still: Still = ()) -> Evaluation:
    """Return the pass over all samples, with units as they are where they are level or silent; the output stripped where its slope vanishes nowhere."""
    strip = problem.architecture.output_activation.has_nonzero_slopes
    passed = evaluate(problem.architecture, problem.samples, weights, field, strip_output=strip)
    return StillEvaluation(passed.architecture, field, passed.inputs, passed.layers, strip, still) if still else passed


def still_units(problem: Problem, members: Sequence[Weights]) -> Iterator[Still]:
    """Yield the units of the first member of a family that are level there, and with these those that are silent; then both with those that are equal.

    Nothing where there are none.
    """
    level = level_units(problem, members[0], members[1:])
    equal = equal_units(problem, members[0], members[1:], level)
    choices: list[Still] = [level, (*level, *equal)] if equal else [level]
    for still in choices:
        if still:
            yield still
        silent = silent_units(problem, members[0], members[1:], still)
        if silent:
            yield (*still, *silent)


def level_units(problem: Problem, weights: Weights, members: Sequence[Weights]) -> tuple[Level, ...]:
    """Return the level units of weights, as far as doubles can tell: simple zeros of σ'. The other ``members`` of a family tell which z are always the same.

    None where an activation lacks a second derivative somewhere.
    """

    def are_flat(l: int, first: Evaluation) -> Array:
        return (np.abs(first.slope[l]) <= _FLAT) & (np.abs(first.curvature[l]) > _BENT)

    return _alike_units(problem, (weights, *members), Level, are_flat)


def equal_units(problem: Problem, weights: Weights, members: Sequence[Weights], level: tuple[Level, ...] = ()) -> tuple[Equal, ...]:
    """Return the units of weights with one z at several samples, as far as doubles can tell, that are not level there.

    The other ``members`` of a family tell which z are always the same. None where an activation lacks a second derivative somewhere.
    """

    def are_free(l: int, first: Evaluation) -> Array:
        free = np.ones(first.z[l].shape, dtype=bool)
        for one in level:
            if one.layer == l:
                free[tuple(np.array(one.alike).T)] = False
        return free

    return _alike_units(problem, (weights, *members), Equal, are_free, level)


def _alike_units(
    problem: Problem,
    members: Sequence[Weights],
    kind: type[AlikeT],
    candidates: Callable[[int, Evaluation], Array],
    known: tuple[Level, ...] = (),
) -> tuple[AlikeT, ...]:
    """Return the units of the first member, each with samples of one z, among the pairs of a sample and a unit of each layer that are candidates.

    ``known`` are taken as still in the passes. Of one kind are those with a single sample, too: `Level`.
    """
    a, found = problem.architecture, list[AlikeT]()
    if a.kinked_layers(2) or a.L == 1:
        return ()
    for l in range(1, a.L):
        first, *others = (still_pass(problem, each, Float64Field(), (*known, *found)) for each in members)
        z, wanted = first.z[l], candidates(l, first)
        left = np.argwhere((wanted & np.isfinite(z)).T)[:, ::-1]
        while len(left):
            at, (_, unit) = z[tuple(left.T)], left[0]
            near = (left[:, 1] == unit) & (np.abs(at - at[0]) <= _SAME)
            chosen, alike = _group([each.z[l][tuple(left.T)] for each in others], near)
            if len(chosen) > 1 or kind is Level:
                found.append(kind(l, int(unit), tuple(left[chosen, 0].tolist()), tuple(map(tuple, left[alike].tolist()))))
            left = left[~alike]
    return tuple(found)


def _group(members: Sequence[Array], near: Array) -> tuple[list[int], Array]:
    """Return of places with one z (``near``) those that are not always the same, by their z in other members, and which places always are as one of these."""
    chosen, alike = list[int](), np.zeros(len(near), dtype=bool)
    for k in np.flatnonzero(near).tolist():
        if not alike[k]:
            chosen.append(k)
            same = [np.abs(z - z[k]) <= _ALWAYS_SAME * (1 + np.abs(z)) for z in members]
            alike |= np.logical_and.reduce([np.ones(len(near), dtype=bool), *same])
            alike[k] = True
    return chosen, alike


def silent_units(problem: Problem, weights: Weights, members: Sequence[Weights], still: Still = ()) -> tuple[Silent, ...]:
    """Return the silent units of weights, as far as doubles can tell, that are not silent in another member of a family, nor level by ``still``.

    None where an activation lacks a second derivative somewhere.
    """
    a, found = problem.architecture, list[Silent]()
    if a.kinked_layers(2) or a.L == 1:
        return ()
    passes = [still_pass(problem, each, Float64Field(), still) for each in (weights, *members)]
    for l in range(a.L - 1, 0, -1):
        first, *others = (_without_shifts(problem, _rates_back(each, l)) for each in passes)
        size = max(float(np.max(np.abs(each.layers[l][0])) * np.max(np.abs(each.psi[l + 1]))) for each in passes)
        for u in range(a.widths[l]):
            left = [
                i
                for i in range(problem.T)
                if _are_small(first[i, u], size, _SILENT) and not _are_small(others[0][i, u], size, _ALWAYS_SAME)
            ]
            left = [i for i in left if not any(isinstance(one, Level) and one.layer == l and (i, u) in one.alike for one in still)]
            while left:
                alike = [i for i in left if all(_are_small(each[i, u] - each[left[0], u], size, _ALWAYS_SAME) for each in others)]
                found.append(Silent(l, u, left[0], tuple((i, u) for i in alike)))
                left = [i for i in left if i not in alike]
    return tuple(found)


def _are_small(entries: Array, size: float, tolerance: float) -> bool:
    return bool(np.all(np.abs(entries) <= tolerance * size))


def _rates_back(evaluation: Evaluation, l: int) -> Array:
    """Return ``κ = W_{l+1} Ψ_{l+1}(i)`` of shape ``(T, n_l, n_L)``."""
    return carry_back(evaluation.field, evaluation.layers[l][0], evaluation.psi[l + 1])


def still_values(problem: Problem, evaluation: Evaluation, still: Still) -> list[Any]:
    """Return what vanishes where units are still.

    For a level unit that is its slope at the first of its samples, and how much z at the others differs from that there; for an equal one the latter alone; for
    a silent one κ, for softmax less that of output 0.
    """
    found = list[Any]()
    for one in still:
        if isinstance(one, Silent):
            found += list(_without_shifts(problem, _rates_back(_stripped(evaluation), one.layer)[one.sample, one.unit]))
            continue
        z, (first, *others) = evaluation.z[one.layer][:, one.unit], one.samples
        found += [evaluation.slope[one.layer][first, one.unit]] * isinstance(one, Level)
        found += [z[k] - z[first] for k in others]
    return found


def still_derivatives(problem: Problem, evaluation: Evaluation, still: Still) -> Iterator[Array]:
    """Yield the derivatives by all weights of the `still_values`, each of shape ``(N_net,)``."""
    for one in still:
        if isinstance(one, Equal):
            rates, (first, *others) = _input_rates(evaluation, one.layer)[:, :, one.unit], one.samples
            if isinstance(one, Level):
                yield rates[:, first] * evaluation.curvature[one.layer][first, one.unit]
            yield from (rates[:, k] - rates[:, first] for k in others)
        else:
            yield from _without_shifts(problem, _derivatives_back(_stripped(evaluation), one.layer, one.sample)[:, one.unit]).T


def _without_shifts(problem: Problem, entries: Array) -> Array:
    """Return entries for all outputs (the last axis), for softmax at the output itself as they differ from those for output 0, which are left out."""
    softmax = problem.error.family == "softmax" and problem.architecture.output_activation.is_identity
    return np.asarray(entries[..., 1:] - entries[..., :1]) if softmax else entries


def _stripped(evaluation: Evaluation) -> Evaluation:
    return replace(evaluation, strip_output=evaluation.architecture.output_activation.has_nonzero_slopes)


def _derivatives_back(evaluation: Evaluation, l: int, sample: int) -> Array:
    """Return the derivatives of ``κ`` of layer l at a sample by all weights, of shape ``(N_net, n_l, n_L)``, from those of the layers behind."""
    a = evaluation.architecture
    derivatives = np.zeros((a.N_net, a.n_L, a.n_L)) + 0 * evaluation.psi[a.L][sample]
    for k in range(a.L, l, -1):
        W, psi = evaluation.layers[k - 1][0], evaluation.psi[k][sample]
        if k < a.L or not evaluation.strip_output:
            rates = _input_rates(evaluation, k)[:, sample, :, None]
            before = _rates_back(evaluation, k)[sample] if k < a.L else np.eye(a.n_L)
            derivatives = evaluation.slope[k][sample][:, None] * derivatives + evaluation.curvature[k][sample][:, None] * rates * before
        derivatives = W @ derivatives
        first, rows = sum(a.fan_in(m) * a.widths[m] for m in range(1, k)), a.fan_in(k)
        for unit in range(a.widths[k]):
            for source in range(a.widths[k - 1]):
                at = first + unit * rows + source
                derivatives[at, source] = derivatives[at, source] + psi[unit]
    return np.asarray(derivatives)


def _input_rates(evaluation: Evaluation, l: int) -> Array:
    """Return the derivatives of ``z_l`` at all samples by all weights, of shape ``(N_net, T, n_l)``; those of layers from l + 1 on are 0."""
    whole = evaluation.architecture
    a = Architecture(whole.widths[: l + 1], whole.hidden[: max(l - 1, 1)], activation_named("identity"), whole.biases[:l])
    below = replace(evaluation, architecture=a, layers=evaluation.layers[:l], strip_output=True)
    rates = evaluation.field.finalize(jacobian(below)).reshape(a.N_net, evaluation.T, a.n_L)
    return np.concatenate([rates, np.zeros((whole.N_net - a.N_net, evaluation.T, a.n_L), dtype=rates.dtype)])
