"""The record of one entry of the zoo of known landscapes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TypeAlias

from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.decay import Decay
from lossproof.theory.problem.numbers import Combination, Constant, Number, combination
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights

Exact: TypeAlias = int | str | Fraction | Combination
Rows: TypeAlias = tuple[tuple[Exact, ...], ...]
Layers: TypeAlias = tuple[tuple[Rows, tuple[Exact, ...] | None], ...]


@dataclass(frozen=True)
class ZooPoint:
    """One point of an entry.

    - ``layers``: the pairs ``(W_l, b_l)`` exactly, ``b_l`` None without bias; a point known only numerically is given by decimals, and the proof
      says how near the critical point lies;
    - ``kind``: what is proved about it, a value of the fact ``kind`` of the claim ``critical-point``;
    - ``about``: which point it is, in words;
    - ``suboptimal``: whether it is proved to be a bad local minimum.
    """

    layers: Layers
    kind: str
    about: str
    suboptimal: bool = False


@dataclass(frozen=True)
class ZooEntry:
    """One known landscape: the problem, what the literature says, and points that are proved to be what it says or denies.

    - ``name``: the name used on the command line and by `zoo_entry`; ``title``: a short heading;
    - ``literature``: what was published about it, with the citations; ``shows``: what the proofs here add to that;
    - ``widths``, ``X``, ``Y``, ``activation``, ``output_activation``, ``error``, ``bias``: the problem, as `check_architecture` takes it;
    - ``points``: the points, each with what is proved about it;
    - ``theorem``: the ID of a statement proved about the whole landscape, or empty;
    - ``weight_decay``: the rate of all weights; ``complete``: whether all critical points are listed, which is proved.

    >>> from lossproof.theory.zoo.registry import zoo_entry
    >>> entry = zoo_entry("auer-2")
    >>> entry, len(entry.points), entry.complete
    (<ZooEntry auer-2: One sigmoid neuron, two samples, two strict minima>, 2, True)
    """

    name: str
    title: str
    literature: str
    shows: str
    widths: str
    X: Rows
    Y: Rows
    points: tuple[ZooPoint, ...]
    activation: str = "tanh"
    output_activation: str = "identity"
    error: str = "squared"
    bias: str = "trainable"
    theorem: str = ""
    weight_decay: Exact = 0
    complete: bool = False

    def __repr__(self) -> str:
        return f"<ZooEntry {self.name}: {self.title}>"

    @cached_property
    def problem(self) -> Problem:
        """The problem as a checked record."""
        architecture = Architecture.of(self.widths, self.activation, self.output_activation, self.bias)
        return Problem(architecture, error_named(self.error), Samples.of(self.X, self.Y), None, Decay.of(self.weight_decay, architecture))

    @cached_property
    def weights(self) -> tuple[Weights, ...]:
        """The points as checked weights, in their order."""
        architecture = self.problem.architecture
        return tuple(Weights.of(architecture, point.layers) for point in self.points)


def log_of(prime: int, factor: Fraction = Fraction(1)) -> Number:
    """Return ``factor · log(prime)`` as an exact number.

    >>> str(log_of(3, Fraction(1, 2)))
    '1/2*log(3)'
    """
    return combination(Fraction(0), {Constant("log", Fraction(prime)): factor})


def column(*entries: Exact) -> Rows:
    """Return numbers as a matrix of one column: samples with one input or one target.

    >>> column(1, "1/2")
    ((1,), ('1/2',))
    """
    return tuple((entry,) for entry in entries)


def one_hidden_layer(units: Sequence[Sequence[Exact]], outgoing: Sequence[Exact], output_bias: Exact | None) -> Layers:
    """Return the weights of a network with one hidden layer and one output.

    ``units`` has for each hidden unit its incoming weights, followed by its bias unless ``output_bias`` is None, which stands for a network without biases.

    >>> one_hidden_layer([(1, 2, 3), (4, 5, 6)], (7, 8), 9)
    ((((1, 4), (2, 5)), (3, 6)), (((7,), (8,)), (9,)))
    """
    rows = tuple(zip(*units, strict=True))
    if output_bias is None:
        return (rows, None), (column(*outgoing), None)
    return (rows[:-1], rows[-1]), (column(*outgoing), (output_bias,))


def one_layer(weights: Sequence[Exact], bias: Exact | None) -> Layers:
    """Return the weights of a single neuron.

    >>> one_layer((1, 2), None)
    ((((1,), (2,)), None),)
    """
    return ((column(*weights), None if bias is None else (bias,)),)
