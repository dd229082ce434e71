"""Starting points of a search for critical points: random ones of several scales, and ones from which degenerate points are met."""

from __future__ import annotations

import numpy as np

from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.weight_vectors import unit_blocks
from lossproof.theory.problem.problem import Problem

_SPREAD = 1.5
_PLANS = ("plain", "plain", "varied", "embedded", "plain", "wide", "small", "degenerate")
_SHARE_PARTS = 8
_LEAST_SQUARED = 1e-150


def start_plan(problem: Problem, index: int) -> str:
    """Return the kind of start number ``index``.

    One of ``"zero"`` (weights 0, biases not), ``"plain"``, ``"varied"`` (the scale drawn over two decades), ``"wide"`` (every weight drawn over
    three, on the scale of an input drawn at random: inputs of different sizes have minima at different sizes), ``"small"``, ``"degenerate"`` (equal or
    silent units), ``"embedded"`` (a point of a network with one hidden unit less, one unit split). The last two are for networks with a
    hidden layer of at least two units.
    """
    if index < 2:
        return "zero"
    plan = _PLANS[index % len(_PLANS)]
    if plan in ("degenerate", "embedded") and not splittable_layers(problem):
        return "wide" if problem.architecture.L == 1 else "plain"
    return plan


def seeks_minimum(index: int) -> bool:
    """Tell whether start number ``index`` minimises the loss, else it looks for a root of the gradient."""
    return index >= 2 and (index // 2 + index // 8) % 2 == 0


def generator_of(seed: int, index: int) -> np.random.Generator:
    """Return the random numbers of start number ``index``, the same in every process."""
    return np.random.default_rng([seed, index])


def start_point(problem: Problem, plan: str, generator: np.random.Generator) -> Array:
    """Return the trainable weights of one start, in the order of the rows of ``P``."""
    natural = _natural_scale(problem, _some_input(problem, generator) if plan == "wide" else _root_mean_square(problem.samples.X))
    normal = generator.standard_normal(natural.size)
    if plan == "zero":
        return np.where(_is_bias(problem), _SPREAD * normal, 0.0)
    if plan == "varied":
        return np.asarray(natural * normal * 10.0 ** generator.uniform(-0.7, 1.3))
    if plan == "wide":
        return np.asarray(natural * np.sign(normal) * 10.0 ** generator.uniform(-1.5, 1.5, natural.size))
    if plan == "small":
        return natural * normal * 0.05
    point = _SPREAD * natural * normal
    return _degenerate(problem, point, generator) if plan == "degenerate" else point


def splittable_layers(problem: Problem) -> list[int]:
    """Return the hidden layers, none beside a frozen one, with two units whose biases are not fixed at different values."""
    a = problem.architecture
    return [l for l in range(1, a.L) if a.widths[l] > 1 and a.moves_units(l) and len(set(problem.constants(l) or ())) < a.widths[l]]


def problem_without_unit(problem: Problem, layer: int) -> tuple[Problem, int, int]:
    """Return the problem without one unit of a hidden layer, the place of that unit, and a remaining unit with the same fixed bias."""
    n, biases = problem.architecture.widths[layer], problem.constants(layer)
    gone, twin = n - 1, 0
    if biases is not None and any(biases):
        gone = next(k for k in range(1, n) if biases[k] in biases[:k])
        twin = biases.index(biases[gone])
    return problem.with_units(layer, [k for k in range(n) if k != gone]), gone, twin


def embedded_point(smaller: Problem, point: Array, layer: int, places: tuple[int, int], generator: np.random.Generator) -> Array:
    """Split a unit: ``places`` are the place of the new unit and the unit whose incoming weights it copies.

    The outgoing row ``v`` becomes ``s·v`` and ``(1 − s)·v`` with ``s`` a multiple of 1/8 from −1 to 2.
    """
    gone, twin = places
    share = int(generator.integers(-_SHARE_PARTS, 2 * _SHARE_PARTS + 1)) / _SHARE_PARTS
    blocks = unit_blocks(smaller.architecture, point)
    incoming, outgoing = blocks[layer - 1], blocks[layer]
    blocks[layer - 1] = np.insert(incoming, gone, incoming[twin], axis=0)
    column = outgoing[:, twin].copy()
    outgoing[:, twin] = (1 - share) * column
    blocks[layer] = np.insert(outgoing, gone, share * column, axis=1)
    return np.concatenate([block.ravel() for block in blocks])


def _natural_scale(problem: Problem, input_size: float) -> Array:
    """Return for each weight the size at which the units' inputs, and linear outputs, are of the order of one and of the targets."""
    a = problem.architecture
    parts = []
    for l in range(1, a.L + 1):
        size = input_size if l == 1 else 1.0
        row = np.append(np.full(a.widths[l - 1], 1 / (size * np.sqrt(a.widths[l - 1]))), 1.0)[: a.fan_in(l)]
        if l == a.L and a.output_activation.is_identity and not problem.error.is_cross_entropy:
            row = row * _root_mean_square(problem.samples.Y)
        parts.append(np.tile(row, a.widths[l]))
    return np.concatenate(parts)


def _some_input(problem: Problem, generator: np.random.Generator) -> float:
    """Return the size of an entry of the inputs drawn at random among those that are not 0."""
    sizes = np.abs(Float64Field().array(problem.samples.X)).ravel()
    sizes = sizes[sizes > 0]
    return float(generator.choice(sizes)) if sizes.size else 1.0


def _is_bias(problem: Problem) -> Array:
    a = problem.architecture
    rows = [np.tile(np.arange(a.fan_in(l)) == a.widths[l - 1], a.widths[l]) for l in range(1, a.L + 1)]
    return np.concatenate(rows)


def _root_mean_square(rows: object) -> float:
    """Return the root mean square of some numbers, 1 where all are 0; numbers whose squares have no double are divided by the largest first."""
    values = Float64Field().array(rows)
    largest = float(np.max(np.abs(values)))
    unit = 1.0 if _LEAST_SQUARED < largest < 1 / _LEAST_SQUARED else largest or 1.0
    return unit * float(np.sqrt(np.mean((values / unit) ** 2))) or 1.0


def _degenerate(problem: Problem, point: Array, generator: np.random.Generator) -> Array:
    """Make two units of a hidden layer equal, or silence one, in its outgoing weights or altogether."""
    blocks = unit_blocks(problem.architecture, point)
    layers = splittable_layers(problem)
    l = layers[int(generator.integers(len(layers)))]
    first, second = (int(k) for k in generator.choice(problem.architecture.widths[l], 2, replace=False))
    choice = int(generator.integers(3))
    if choice == 0:
        blocks[l - 1][second] = blocks[l - 1][first]
        blocks[l][:, second] = blocks[l][:, first]
    else:
        blocks[l][:, second] = 0.0
        if choice == 2:
            blocks[l - 1][second, : problem.architecture.widths[l - 1]] = 0.0
    return np.concatenate([block.ravel() for block in blocks])
