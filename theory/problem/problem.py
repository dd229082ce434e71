"""The problem: an architecture, an error and a sample set that fit together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from lossproof.theory.exceptions import InputError
from lossproof.theory.functions.errors import ErrorFunction
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.decay import Decay
from lossproof.theory.problem.numbers import Number
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Layer
from lossproof.theory.rationals import brief_name, brief_text, rational_text

_MOST_DIGITS = 400
"""The longest numerator or denominator that stands in the name of a function."""


@dataclass(frozen=True)
class Problem:
    """Everything a landscape ``J(W) = (1/T) Σ_i E(F(W, x_i), y_i)``, plus the penalty of a weight decay, is made of.

    ``fixed_bias`` holds the constants ``b_l`` layer by layer when some layer has the bias mode ``"fixed"``, None for the other layers, else it is None: they
    belong to the problem, not to the weights. ``frozen`` holds the constants ``(W_l, b_l)`` of layers of mode ``"frozen"`` likewise. ``decay`` is None where
    there is none: most theorems about whole landscapes then speak, and few with it.

    >>> from lossproof.theory.functions.errors import error_named
    >>> problem = Problem(Architecture.of("1-2-1"), error_named("squared"), Samples.of([[0], [1], [2]], [[0], [1], [4]]))
    >>> problem.T, problem.columns, problem.architecture.N_net
    (3, 3, 7)
    """

    architecture: Architecture
    error: ErrorFunction
    samples: Samples
    fixed_bias: tuple[tuple[Number, ...] | None, ...] | None = None
    decay: Decay | None = None
    frozen: tuple[Layer | None, ...] | None = None

    def __post_init__(self) -> None:
        widths, samples = self.architecture.widths, self.samples
        for name, rows, expected, unit in (("X", samples.X, widths[0], "inputs"), ("Y", samples.Y, widths[-1], "outputs")):
            if len(rows[0]) != expected:
                raise InputError(
                    f"{name} must have {expected} columns for a {self.architecture} network ({expected} {unit}), "
                    f"got {len(rows[0])}: change the widths or the data"
                )
        self.error.check_targets(samples.Y)
        a = self.architecture
        if self.decay is not None and len(self.decay.layers) != a.L:
            raise InputError(
                f"the weight decay must have a pair of rates for each of the {a.L} layers, got {len(self.decay.layers)}: use Decay.of"
            )
        for parameter in (self.error.beta, *(s.parameter for s in (*a.hidden, a.output_activation))):
            if parameter is not None and max(parameter.numerator, parameter.denominator) >= 10**_MOST_DIGITS:
                raise InputError(
                    f"the parameter of an activation or error must have at most {_MOST_DIGITS} digits above and below the bar, "
                    f"got {brief_text(rational_text(parameter))}: round it"
                )

    def constants(self, layer: int) -> tuple[Number, ...] | None:
        """Return the constants ``b_l`` of a layer: its fixed or frozen biases, zeros where it has none, and None where its biases are trainable."""
        if self.architecture.bias_rows_of(layer):
            return None
        constant = self.frozen_layer(layer)
        if constant is not None:
            return constant.b
        fixed = None if self.fixed_bias is None else self.fixed_bias[layer - 1]
        return (Fraction(0),) * self.architecture.widths[layer] if fixed is None else fixed

    def frozen_layer(self, layer: int) -> Layer | None:
        """Return the constants ``(W_l, b_l)`` of a frozen layer, None for the others."""
        return None if self.frozen is None else self.frozen[layer - 1]

    @property
    def is_free_of_bias(self) -> bool:
        """Whether no layer has a bias other than 0."""
        constants = [self.constants(l) for l in range(1, self.architecture.L + 1)]
        return all(b is not None and not any(b) for b in constants)

    def __repr__(self) -> str:
        decay = "" if self.decay is None else f", weight decay {self.decay}"
        return f"<Problem: {self.architecture!r}, {brief_name(self.error.name)} error{decay}, {self.samples!r}>"

    @property
    def T(self) -> int:
        """Number of samples."""
        return self.samples.T

    @property
    def columns(self) -> int:
        """Number of columns of ``P``, ``T · n_L``."""
        return self.samples.T * self.architecture.n_L

    @property
    def is_convex(self) -> bool:
        """Whether J is a convex function of an affine one of W, plus a convex penalty, on record.

        That is with one trainable layer, the identity there and in all layers behind it, and a convex error.
        """
        a = self.architecture
        return len(a.trained) == 1 and all(a.activation_of(l).is_identity for l in range(a.trained[0], a.L + 1)) and self.error.convex.holds

    @property
    def without_decay(self) -> Problem:
        """The same problem with the mean error alone as its loss: what is said of outputs, ranks and exact learners does not depend on a penalty."""
        return self if self.decay is None else replace(self, decay=None)

    def with_units(self, layer: int, units: Sequence[int]) -> Problem:
        """Return the problem with only these units of a hidden layer, in this order, each with its fixed bias.

        >>> from lossproof.theory.functions.errors import error_named
        >>> problem = Problem(Architecture.of("1-3-1"), error_named("squared"), Samples.of([[1]], [[5]]))
        >>> problem.with_units(1, [0, 2]).architecture.widths
        (1, 2, 1)
        """
        a, fixed = self.architecture, self.fixed_bias
        widths = tuple(len(units) if l == layer else n for l, n in enumerate(a.widths))
        if fixed is not None:
            fixed = tuple(tuple(b[k] for k in units) if l == layer and b is not None else b for l, b in enumerate(fixed, start=1))
        return replace(self, architecture=replace(a, widths=widths), fixed_bias=fixed)
