"""The picture of the spectrum of the Hessian at a critical point, as inline SVG.

The numbers drawn are estimates; what is proved is told by shapes, legends and captions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from lossproof.certificates.claims.critical_kinds import SIGNS
from lossproof.certificates.reports.svg import power_of_ten, svg_document

_WIDTH, _LEFT, _RIGHT = 576, 26, 550
_STEP, _HIGHEST, _SMALLEST = 12, 6, 1e-15
_LEAST_FLOOR, _MOST_EXPONENT = -300, 307
_LABEL, _LETTER, _COUNT, _BAR = 46, 7.4, 30, 9


@dataclass(frozen=True)
class _Axis:
    """A symmetric logarithmic axis: a band around 0 of half the width ``band``, then one unit for each power of ten beyond ``10^{floor}``."""

    floor: int
    band: float
    lowest: float
    highest: float

    def place(self, value: float) -> float:
        decades = math.log10(abs(value)) - self.floor if value != 0 else -math.inf
        return math.copysign(decades + self.band if decades >= 0 else self.band * abs(value) / 10.0**self.floor, value)

    def clear(self, value: float, sign: str) -> float:
        """Return the value, or one on its proved side of 0 when doubles do not see that."""
        least = 10.0**self.floor / 2
        return min(value, -least) if sign == "negative" else max(value, least) if sign == "positive" else value

    def x(self, value: float) -> float:
        return _LEFT + (self.place(value) - self.lowest) / (self.highest - self.lowest) * (_RIGHT - _LEFT)


def inertia_svg(eigenvalues: Sequence[float], inertia: Mapping[str, int], key: str, radius: str = "") -> str:
    """Return a picture of the Hessian's eigenvalues on a symmetric logarithmic axis, with the proved signs as shapes.

    ``eigenvalues`` are estimates, or proved up to a ``radius`` in words, as many as ``inertia`` counts. The lowest are drawn as the proved negative ones, the
    largest as the proved positive ones; of the rest, those next to 0 as the proved zeros, on 0. Where there are too many for marks, bars count them. ``key``
    tells apart several pictures on one page.

    >>> inertia_svg([-1.0, 0.0, 2.0], {"negative": 1, "zero": 1, "positive": 1, "undecided": 0}, "1").count('class="eigenvalue')
    6
    """
    marks = _signed(sorted(eigenvalues), inertia)
    axis = _axis([value for value, _ in marks])
    stacks = _stacks(axis, marks)
    tallest = max(min(len(stack), _HIGHEST) for _, stack in stacks)
    base = 16 + tallest * _STEP
    drawn = _bars(stacks, base) if _is_crowded(stacks) else [mark for x, stack in stacks for mark in _stack(x, base - 10, stack)]
    body = [*_symlog_grid(axis, base), *drawn, *_sign_legend(inertia, base + 48)]
    counts = ", ".join(f"{inertia[sign]} {sign}" for sign in SIGNS if inertia[sign])
    description = (
        f"Proved: {counts}. The places of the eigenvalues are {f'proved up to {radius}' if radius else 'estimates in float64'}, "
        f"from {min(eigenvalues):.3g} to {max(eigenvalues):.3g}."
    )
    return svg_document("inertia", _WIDTH, base + 58, "Spectrum of the Hessian, with the proved signs", description, body, key)


def _signed(ordered: Sequence[float], inertia: Mapping[str, int]) -> list[tuple[float, str]]:
    low, high = inertia["negative"], len(ordered) - inertia["positive"]
    inner = sorted(ordered[low:high], key=abs)
    zeros = [(0.0, "zero")] * inertia["zero"]
    return (
        [(v, "negative") for v in ordered[:low]]
        + zeros
        + [(v, "undecided") for v in inner[inertia["zero"] :]]
        + [(v, "positive") for v in ordered[high:]]
    )


def _axis(values: Sequence[float]) -> _Axis:
    sizes = [abs(value) for value in values if value != 0]
    largest = max(sizes, default=1.0)
    floor = max(math.floor(math.log10(min((size for size in sizes if size >= largest * _SMALLEST), default=1.0))), _LEAST_FLOOR)
    spans = [
        math.ceil(math.log10(max(side, default=0.0) or 10.0**floor) - floor)
        for side in ([-v for v in values if v < 0], [v for v in values if v > 0])
    ]
    band = max(0.5, sum(spans) / 12)
    below, above = (band + max(span, 0) for span in spans)
    pad = 0.04 * (below + above)
    return _Axis(floor, band, -below - pad, above + pad)


def _symlog_grid(axis: _Axis, base: float) -> list[str]:
    """Return the axis with its ticks: 0, then powers of ten from the inside outwards wherever their labels have room."""
    body = [f'<line class="axis" x1="{_LEFT}" y1="{base}" x2="{_RIGHT}" y2="{base}"/>']
    ticks = [(0.0, "0")]
    for k in range(min(math.ceil(max(-axis.lowest, axis.highest)), _MOST_EXPONENT + 1 - axis.floor)):
        ticks += [(sign * 10.0 ** (axis.floor + k), mark + _decade(axis.floor + k)) for sign, mark in ((1, ""), (-1, "−"))]
    taken: list[float] = []
    for value, label in ticks:
        x = axis.x(value)
        if axis.lowest <= axis.place(value) <= axis.highest and all(abs(x - other) >= _LABEL for other in taken):
            taken.append(x)
            body.append(f'<line class="{"axis" if value == 0 else "grid"}" x1="{x:.1f}" y1="6" x2="{x:.1f}" y2="{base + 4}"/>')
            body.append(f'<text class="label" x="{x:.1f}" y="{base + 19}">{label}</text>')
    return body


def _decade(exponent: int) -> str:
    return f"{10.0**exponent:g}" if -2 <= exponent <= 2 else power_of_ten(exponent)


def _stacks(axis: _Axis, marks: Sequence[tuple[float, str]]) -> list[tuple[float, list[str]]]:
    """Return the marks that share a place, left to right."""
    stacks: list[tuple[float, list[str]]] = []
    for x, sign in sorted(((axis.x(axis.clear(value, sign)), sign) for value, sign in marks), key=lambda mark: mark[0]):
        if stacks and x - stacks[-1][0] < _STEP:
            stacks[-1][1].append(sign)
        else:
            stacks.append((x, [sign]))
    return stacks


def _is_crowded(stacks: Sequence[tuple[float, list[str]]]) -> bool:
    """Tell whether two places with counts are too close to each other for the numbers."""
    counted = [x for x, stack in stacks if len(stack) > _HIGHEST]
    return any(after - before < _COUNT for before, after in pairwise(counted))


def _bars(stacks: Sequence[tuple[float, list[str]]], base: int) -> list[str]:
    """Return for each place a bar as high as it has eigenvalues, signs one above the other, and the number of the highest."""
    most = max(len(stack) for _, stack in stacks)
    unit, body = (base - 24) / most, []
    for x, stack in stacks:
        floor = float(base)
        for sign in SIGNS:
            height = unit * stack.count(sign)
            floor -= height
            if height:
                body.append(
                    f'<rect class="eigenvalue {sign}" x="{x - _BAR / 2:.1f}" y="{floor:.1f}" width="{_BAR}" height="{height:.1f}"/>'
                )
    x = next(x for x, stack in stacks if len(stack) == most)
    told = f'<text class="label end" x="{_RIGHT}" y="{base + 48}">bars count eigenvalues</text>'
    return [*body, f'<text class="label" x="{x:.1f}" y="18">×{most}</text>', told]


def _stack(x: float, floor: float, signs: Sequence[str]) -> list[str]:
    """Return the marks of one place above each other; where there are many, one mark for each sign and above it how often it occurs."""
    ordered = sorted(signs, key=SIGNS.index)
    if len(ordered) <= _HIGHEST:
        return [_mark(sign, x, floor - k * _STEP) for k, sign in enumerate(ordered)]
    body = []
    for k, sign in enumerate(dict.fromkeys(ordered)):
        y = floor - 2 * k * _STEP
        body += [_mark(sign, x, y), f'<text class="label" x="{x:.1f}" y="{y - 8:.1f}">×{ordered.count(sign)}</text>']
    return body


def _mark(sign: str, x: float, y: float) -> str:
    if sign == "zero":
        return f'<circle class="eigenvalue zero" cx="{x:.1f}" cy="{y:.1f}" r="4.2"/>'
    points = {
        "negative": [(-5, -4), (5, -4), (0, 5)],
        "positive": [(-5, 4), (5, 4), (0, -5)],
        "undecided": [(-4, -4), (4, -4), (4, 4), (-4, 4)],
    }[sign]
    outline = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in points)
    return f'<polygon class="eigenvalue {sign}" points="{outline}"/>'


def _sign_legend(inertia: Mapping[str, int], y: float) -> list[str]:
    body, x = [], _LEFT + 2.0
    proved = [sign for sign in SIGNS[:3] if inertia[sign]]
    for heading, signs in (("proved:", proved), ("undecided:", [SIGNS[3]] if inertia[SIGNS[3]] else [])):
        if signs:
            body.append(f'<text class="label start" x="{x:g}" y="{y}">{heading}</text>')
            x += _LETTER * len(heading) + 14
        for sign in signs:
            words = f"{inertia[sign]} {sign}" if sign in proved else str(inertia[sign])
            body += [_mark(sign, x, y - 4), f'<text class="label start" x="{x + 10:g}" y="{y}">{words}</text>']
            x += _LETTER * len(words) + 30
    return body
