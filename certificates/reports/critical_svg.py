"""Pictures of a critical point as inline SVG: the spectrum of its Hessian, and the loss along a proved curve of descent.

The numbers drawn are estimates; what is proved is told by shapes, legends and captions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lossproof.certificates.claims.critical_kinds import SIGNS
from lossproof.certificates.reports.svg import power_of_ten, svg_document

_WIDTH, _LEFT, _RIGHT = 576, 26, 550
_STEP, _HIGHEST, _SMALLEST = 12, 6, 1e-15
_LEAST_FLOOR, _MOST_EXPONENT = -300, 307
_LABEL, _LETTER = 46, 7.4
_PLOT = (74, 560, 14, 214)


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


def inertia_svg(eigenvalues: Sequence[float], inertia: Mapping[str, int], key: str) -> str:
    """Return a picture of the Hessian's eigenvalues on a symmetric logarithmic axis, with the proved signs as shapes.

    ``eigenvalues`` are estimates, as many as ``inertia`` counts. The lowest are drawn as the proved negative ones, the largest as the proved positive ones;
    of the rest, those next to 0 as the proved zeros, on 0. ``key`` tells apart several pictures on one page.

    >>> inertia_svg([-1.0, 0.0, 2.0], {"negative": 1, "zero": 1, "positive": 1, "undecided": 0}, "1").count('class="eigenvalue')
    6
    """
    marks = _signed(sorted(eigenvalues), inertia)
    axis = _axis([value for value, _ in marks])
    stacks = _stacks(axis, marks)
    tallest = max(min(len(stack), _HIGHEST) for _, stack in stacks)
    base = 16 + tallest * _STEP
    body = [
        *_symlog_grid(axis, base),
        *(mark for x, stack in stacks for mark in _stack(x, base - 10, stack)),
        *_sign_legend(inertia, base + 48),
    ]
    counts = ", ".join(f"{inertia[sign]} {sign}" for sign in SIGNS if inertia[sign])
    description = (
        f"Proved: {counts}. The places of the eigenvalues are estimates in float64, from {min(eigenvalues):.3g} to {max(eigenvalues):.3g}."
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


@dataclass(frozen=True)
class _Frame:
    """A plot with linear axes: ``t`` from 0 to ``span``, the loss from ``low`` to ``high``."""

    span: float
    low: float
    high: float

    def x(self, t: float) -> float:
        return _PLOT[0] + t / self.span * (_PLOT[1] - _PLOT[0])

    def y(self, value: float) -> float:
        return _PLOT[2] + (self.high - value) / (self.high - self.low) * (_PLOT[3] - _PLOT[2])


def descent_svg(
    t: Sequence[float],
    curve: Sequence[float],
    line: Sequence[float] | None,
    bound: Sequence[float],
    term: str,
    key: str,
) -> str:
    """Return a picture of ``J(W(t)) − J(W)`` along a proved curve of descent and along its tangent, with the proved bound ``c t^m``.

    The sequences belong to the same ``t``, from 0 on; ``term`` is the bound in words, such as ``"−0.125 t⁴"``; ``line`` is None where
    there is nothing to compare with. Where the loss along the tangent leaves the frame it is cut.
    """
    depth = -min(*curve, *bound)
    rises = line is not None and max(line) > 0.02 * depth
    frame = _Frame(t[-1], -1.08 * depth, (0.45 if rises else 0.12) * depth)
    kinds = [("bound", bound, f"{term}, the proved bound of the leading term"), ("curve", curve, "along the proved curve W(t)")]
    if line is not None:
        kinds.append(("tangent", line, "along its tangent, a straight line"))
    body = [*_linear_grid(frame), *(_polyline(frame, kind, t, values) for kind, values, _ in kinds)]
    for k, (kind, _, words) in enumerate(reversed(kinds)):
        y = _PLOT[3] - 14 - 18 * (len(kinds) - 1 - k)
        body.append(f'<line class="path {kind}" x1="{_PLOT[0] + 12}" y1="{y - 4}" x2="{_PLOT[0] + 42}" y2="{y - 4}"/>')
        body.append(f'<text class="label start" x="{_PLOT[0] + 50}" y="{y}">{words}</text>')
    along = "" if line is None else f" Along the tangent it changes by {line[-1]:.3g}."
    description = (
        f"At t = {t[-1]:.3g} the loss has changed by {curve[-1]:.3g}; the proved bound is {bound[-1]:.3g}.{along} Values in float64."
    )
    return svg_document("descent", _WIDTH, _PLOT[3] + 42, "Loss along a proved curve of descent", description, body, key)


def _linear_grid(frame: _Frame) -> list[str]:
    left, right, upper, lower = _PLOT
    body = []
    for value in _ticks(frame.low, frame.high):
        y = frame.y(value)
        kind = "axis" if value == 0 else "grid"
        body.append(f'<line class="{kind}" x1="{left}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>')
        body.append(f'<text class="label end" x="{left - 8}" y="{y + 4:.1f}">{_number(value)}</text>')
    for value in _ticks(0.0, frame.span):
        x = frame.x(value)
        body.append(f'<line class="grid" x1="{x:.1f}" y1="{upper}" x2="{x:.1f}" y2="{lower}"/>')
        body.append(f'<text class="label" x="{x:.1f}" y="{lower + 18}">{_number(value)}</text>')
    body.append(f'<text class="label" x="{(left + right) / 2:g}" y="{lower + 36}">t, and J(W(t)) − J(W) upwards (estimates)</text>')
    return body


def _ticks(low: float, high: float) -> list[float]:
    raw = (high - low) / 4
    unit = 10.0 ** math.floor(math.log10(raw))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= raw)
    return [k * step for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _number(value: float) -> str:
    return f"{value:.3g}".replace("e-0", "e-").replace("-", "−")


def _polyline(frame: _Frame, kind: str, t: Sequence[float], values: Sequence[float]) -> str:
    shown = [(s, value) for s, value in zip(t, values, strict=True)]
    cut = next((k for k, (_, value) in enumerate(shown) if not frame.low <= value <= frame.high), len(shown))
    points = " ".join(f"{frame.x(s):.1f},{frame.y(value):.1f}" for s, value in shown[:cut])
    return f'<polyline class="path {kind}" points="{points}"/>'
