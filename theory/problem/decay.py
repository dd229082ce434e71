"""Weight decay: the quadratic penalty on the weights that training adds to the loss."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from typing import Any

from lossproof.theory.exceptions import InputError
from lossproof.theory.options import option
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.containers import plain_values
from lossproof.theory.problem.numbers import exact_numbers
from lossproof.theory.rationals import rational_text
from lossproof.theory.shown import shown

_SHORT = 20


@dataclass(frozen=True)
class Decay:
    r"""The penalty ``½ Σ_l (λ_l |W_l|² + μ_l |b_l|²)`` that is added to the mean error: ``layers[l - 1] = (λ_l, μ_l)``, rationals ≥ 0, not all 0.

    ``W_l`` are the weights of layer l without its biases, in the Frobenius norm. Where biases are not trainable ``μ_l = 0``. The derivative by a weight w with
    rate λ is ``λ w``, the second derivative λ. Build one with `Decay.of`, which checks its input.

    >>> str(Decay.of("1/100", Architecture.of("2-2-1"), biases=False))
    '1/100 for weights, 0 for biases'
    """

    layers: tuple[tuple[Fraction, Fraction], ...]

    @staticmethod
    def of(value: Any, architecture: Architecture, *, biases: bool = True) -> Decay | None:
        """Read a rate for all layers, or one for each: numbers ≥ 0, or pairs of one for the weights and one for the biases. None where all are 0.

        A rate given as one number holds for the biases as well, unless ``biases`` is False; biases that are not trainable are left out. Floats are the exact
        dyadic numbers that they are; ``"1/100"`` is a hundredth. Raises `InputError`.

        >>> Decay.of(0, Architecture.of("2-2-1")) is None
        True
        >>> Decay.of([("1/2", 0), 1], Architecture.of("2-2-1")).layers
        ((Fraction(1, 2), Fraction(0, 1)), (Fraction(1, 1), Fraction(1, 1)))
        """
        given = plain_values(value, option("weight_decay"))
        rates = list(given) if isinstance(given, list) else [given] * architecture.L
        if len(rates) != architecture.L:
            raise InputError(
                f"{option('weight_decay')} must be one rate, or one for each of the {architecture.L} layers of a {architecture} network, got {len(rates)}: "
                "give a number such as 0.01, or a list of them"
            )
        layers = tuple(_pair(rate, biases=biases) for rate in rates)
        layers = tuple(
            (w if architecture.fan_in(l) else Fraction(0), b if architecture.bias_rows_of(l) else Fraction(0))
            for l, (w, b) in enumerate(layers, start=1)
        )
        return Decay(layers) if any(rate for pair in layers for rate in pair) else None

    @property
    def largest(self) -> Fraction:
        """The largest rate."""
        return max(rate for pair in self.layers for rate in pair)

    def rates(self, architecture: Architecture) -> list[Fraction]:
        """Return the rate of every trainable weight, in the order of the rows of ``P``: layer by layer, unit by unit, the bias last.

        >>> a = Architecture.of("2-1")
        >>> [str(rate) for rate in Decay(((Fraction(1, 2), Fraction(0)),)).rates(a)]
        ['1/2', '1/2', '0']
        """
        pairs = enumerate(self.layers, start=1)
        units = (
            ([weights] * (architecture.fan_in(l) - architecture.bias_rows_of(l)) + [biases] * architecture.bias_rows_of(l))
            * architecture.widths[l]
            for l, (weights, biases) in pairs
        )
        return [rate for layer in units for rate in layer]

    def holds_all(self, architecture: Architecture) -> bool:
        """Tell whether every trainable weight has a rate above 0: then J grows without bound in every direction."""
        pairs = enumerate(self.layers, start=1)
        return all(
            not architecture.fan_in(l) or (weights and (not architecture.bias_rows_of(l) or biases)) for l, (weights, biases) in pairs
        )

    def __str__(self) -> str:
        if len(set(self.layers)) > 1:
            return (
                ", ".join(f"({_told(weights)}, {_told(biases)})" for weights, biases in self.layers)
                + " for weights and biases of each layer"
            )
        weights, biases = map(_told, self.layers[0])
        return weights if weights == biases else f"{weights} for weights, {biases} for biases"


def _told(rate: Fraction) -> str:
    """Return a rate as a fraction where that is short, and else its leading digits."""
    plain = rational_text(rate)
    digits = Context(prec=6).divide(Decimal(rate.numerator), Decimal(rate.denominator)).normalize()
    return plain if len(plain) <= _SHORT else f"about {str(digits).lower()}"


def _pair(rate: Any, *, biases: bool) -> tuple[Fraction, Fraction]:
    given = plain_values(rate, option("weight_decay"))
    pair = given if isinstance(given, list) else [given, given if biases else 0]
    if len(pair) != 2:
        raise InputError(f"a pair of weight_decay must be (rate of the weights, rate of the biases), got {len(pair)} numbers: give two")
    found = [number for number in exact_numbers(pair, option("weight_decay")) if isinstance(number, Fraction) and number >= 0]
    if len(found) != 2:
        raise InputError(
            f"{option('weight_decay')} must be a rational number of at least 0, got {shown(rate)}: write for example {option('weight_decay', '1/100')}"
        )
    return found[0], found[1]
