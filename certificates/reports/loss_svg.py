"""Pictures of the loss around a critical point as inline SVG: along a proved curve of descent, and along an eigenvector of the Hessian.

The numbers drawn are estimates; what is proved is told by legends and captions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lossproof.certificates.reports.svg import svg_document

_WIDTH = 576
_PLOT = (74, 560, 14, 214)
_ROW, _LEGEND = 18, 300


@dataclass(frozen=True)
class _Frame:
    """A plot with linear axes: a parameter from ``start`` to ``end``, the loss from ``low`` to ``high``."""

    start: float
    end: float
    low: float
    high: float

    def x(self, t: float) -> float:
        return _PLOT[0] + (t - self.start) / (self.end - self.start) * (_PLOT[1] - _PLOT[0])

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
    frame = _Frame(0.0, t[-1], -1.08 * depth, (0.45 if rises else 0.12) * depth)
    kinds = [("bound", bound, f"{term}, the proved bound of the leading term"), ("curve", curve, "along the proved curve W(t)")]
    if line is not None:
        kinds.append(("tangent", line, "along its tangent, a straight line"))
    body = [*_grid(frame, "t, and J(W(t)) − J(W) upwards (estimates)"), *(_polyline(frame, kind, t, values) for kind, values, _ in kinds)]
    body += _legend([(kind, words) for kind, _, words in reversed(kinds)], _PLOT[0] + 12, _PLOT[3] - 14)
    along = "" if line is None else f" Along the tangent it changes by {line[-1]:.3g}."
    description = (
        f"At t = {t[-1]:.3g} the loss has changed by {curve[-1]:.3g}; the proved bound is {bound[-1]:.3g}.{along} Values in float64."
    )
    return svg_document("descent", _WIDTH, _PLOT[3] + 42, "Loss along a proved curve of descent", description, body, key)


def line_svg(
    s: Sequence[float], change: Sequence[float], parabola: Sequence[float], proved: tuple[float, float], loss: str, key: str
) -> str:
    """Return a picture of ``J(W + s v) − J(W)`` along an eigenvector ``v`` of the Hessian, with its parabola ``λ s²/2``, and the proved loss at 0.

    The sequences belong to the same ``s``, on both sides of 0; ``proved`` are the proved bounds of the loss at the critical point, less the double ``J(W)``,
    and ``loss`` says them in words. Where they are too close to tell apart, they are one line, else a band.
    """
    values = (*change, *parabola)
    pad = 0.08 * (max(values) - min(values))
    frame = _Frame(s[0], s[-1], min(values) - pad, max(values) + pad)
    low, high = (min(max(end, frame.low), frame.high) for end in proved)
    upper, lower = frame.y(high), frame.y(low)
    kinds = [("curve", "the loss along v"), ("tangent", "its parabola ½ λ s²"), ("bound", f"the proved loss, {loss}")]
    body = _grid(frame, "s, and J(W + s v) − J(W) upwards (estimates)")
    if lower - upper > 2:
        body.append(f'<rect class="band" x="{_PLOT[0]}" y="{upper:.1f}" width="{_PLOT[1] - _PLOT[0]}" height="{lower - upper:.1f}"/>')
    middle = (upper + lower) / 2
    body.append(f'<line class="path bound" x1="{_PLOT[0]}" y1="{middle:.1f}" x2="{_PLOT[1]}" y2="{middle:.1f}"/>')
    body += [_polyline(frame, kind, s, drawn) for kind, drawn in (("curve", change), ("tangent", parabola))]
    opens_upwards = abs(max(change)) >= abs(min(change))
    first = _PLOT[2] + 16 if opens_upwards else _PLOT[3] - 14 - 2 * _ROW
    body += _legend(kinds, (_PLOT[0] + _PLOT[1] - _LEGEND) / 2, first + 2 * _ROW)
    description = f"The loss changes by {change[0]:.3g} at s = {s[0]:.3g}, by {change[-1]:.3g} at s = {s[-1]:.3g} (float64). The proved loss is {loss}."
    return svg_document("line", _WIDTH, _PLOT[3] + 42, "Loss along an eigenvector of the Hessian", description, body, key)


def _legend(rows: Sequence[tuple[str, str]], x: float, last: float) -> list[str]:
    """Return a sample of each kind of path with its words, one below the other, the last at the height ``last``."""
    body = []
    for k, (kind, words) in enumerate(rows):
        y = last - _ROW * (len(rows) - 1 - k)
        body.append(f'<line class="path {kind}" x1="{x:g}" y1="{y - 4}" x2="{x + 30:g}" y2="{y - 4}"/>')
        body.append(f'<text class="label start" x="{x + 38:g}" y="{y}">{words}</text>')
    return body


def _grid(frame: _Frame, caption: str) -> list[str]:
    left, right, upper, lower = _PLOT
    body = []
    for value in _ticks(frame.low, frame.high):
        y = frame.y(value)
        kind = "axis" if value == 0 else "grid"
        body.append(f'<line class="{kind}" x1="{left}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>')
        body.append(f'<text class="label end" x="{left - 8}" y="{y + 4:.1f}">{_number(value)}</text>')
    for value in _ticks(frame.start, frame.end):
        x = frame.x(value)
        body.append(f'<line class="grid" x1="{x:.1f}" y1="{upper}" x2="{x:.1f}" y2="{lower}"/>')
        body.append(f'<text class="label" x="{x:.1f}" y="{lower + 18}">{_number(value)}</text>')
    body.append(f'<text class="label" x="{(left + right) / 2:g}" y="{lower + 36}">{caption}</text>')
    return body


def _ticks(low: float, high: float) -> list[float]:
    raw = (high - low) / 6
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
