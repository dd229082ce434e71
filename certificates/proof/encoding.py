"""How numbers, problems and points are written in a certificate (``docs/certificate-format.md`` section 2)."""

from __future__ import annotations

import hashlib
import json
from fractions import Fraction
from typing import Any

from lossproof.theory.problem.numbers import Combination, Constant, Number
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Layer, Weights
from lossproof.theory.rationals import rational_text


def encode_rational(value: Fraction) -> str:
    """Write a rational in lowest terms, or as a hexadecimal double where that is exact and shorter.

    >>> encode_rational(Fraction(2, 7)), encode_rational(Fraction(0.1))
    ('2/7', '0x1.999999999999ap-4')
    """
    plain = rational_text(value)
    if len(plain) > 20:
        try:
            nearest = value.numerator / value.denominator
        except OverflowError:
            return plain
        if nearest.as_integer_ratio() == value.as_integer_ratio():
            return nearest.hex()
    return plain


def encode_number(value: Number) -> str | list[Any]:
    """Write an exact number: a string, or ``[r, [[c, q], …]]`` for a combination of constants."""
    if isinstance(value, Combination):
        return [rational_text(value.rational), [[_encode_constant(constant), rational_text(q)] for constant, q in value.terms]]
    return encode_rational(value)


def _encode_constant(constant: Constant) -> list[Any]:
    if constant.kind == "pi":
        return ["pi"]
    if constant.kind == "root":
        return ["root", rational_text(constant.argument), constant.degree]
    return [constant.kind, rational_text(constant.argument)]


def encode_problem(problem: Problem) -> dict[str, Any]:
    """Write a problem as plain JSON data."""
    architecture, bias = problem.architecture, problem.fixed_bias
    found: dict[str, Any] = {
        "widths": list(architecture.widths),
        "activation": architecture.hidden_names,
        "output_activation": architecture.output_activation.name,
        "error": problem.error.name,
        "bias": architecture.bias if len(set(architecture.biases)) == 1 else list(architecture.biases),
        "fixed_bias": None if bias is None else [None if layer is None else [encode_number(b) for b in layer] for layer in bias],
        "X": [[encode_rational(x) for x in row] for row in problem.samples.X],
        "Y": [[encode_rational(y) for y in row] for row in problem.samples.Y],
    }
    if problem.decay is not None:
        found["decay"] = [[encode_rational(rate) for rate in pair] for pair in problem.decay.layers]
    if problem.frozen is not None:
        found["frozen"] = [None if layer is None else _encode_layer(layer) for layer in problem.frozen]
    return found


def encode_point(weights: Weights) -> list[dict[str, Any]]:
    """Write weights as plain JSON data."""
    return list(map(_encode_layer, weights.layers))


def _encode_layer(layer: Layer) -> dict[str, Any]:
    return {"W": [[encode_number(w) for w in row] for row in layer.W], "b": [encode_number(b) for b in layer.b]}


def problem_digest(problem: Problem) -> str:
    """Return the SHA-256 of the problem's canonical JSON text, in hexadecimal."""
    return canonical_digest(encode_problem(problem))


def canonical_digest(value: Any) -> str:
    """Return the SHA-256 of plain JSON data in its canonical text (sorted keys, no spaces, ASCII), in hexadecimal."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
