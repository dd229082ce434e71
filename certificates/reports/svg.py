"""Pictures as inline SVG: the network, and the singular spectrum of ``P``.

They use ``currentColor`` and the style sheet's colours, so they follow light and dark mode, and carry a title and a description for
screen readers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from lossproof.certificates.text.enclosures import decimal_above
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.rationals import brief_name

_GAP, _ROW, _RADIUS, _RANK_ROW = 128, 34, 10, 19
_MOST_UNITS, _MOST_LAYERS, _MOST_DOTS = 7, 8, 300
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_FLOAT64_EPSILON, _NEAR_CUT, _FEW_DOTS = 2.0**-52, 1e6, 60

Place = tuple[float, float]


def network_svg(architecture: Architecture, ranks: Mapping[str, Mapping[int, str]] | None = None) -> str:
    """Return a drawing of the network: units, biases, connections, widths and activations, with the ``ranks`` of its layers below (see `layer_ranks`).

    Wide layers show their first and last units, deep networks their first and last layers. ``Φ_l⁺`` stands below layer l, ``W_l`` and ``P_l`` before it.

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> network_svg(Architecture.of("2-2-1")).count('class="unit"')
    5
    """
    layers = _kept(architecture.L + 1, _MOST_LAYERS)
    has_bias = set(architecture.biases) != {"none"}
    tallest = max(len(_kept(n, _MOST_UNITS)) for n in architecture.widths)
    told = [(family, found) for family, found in (ranks or {}).items() if found]
    height, width = tallest * _ROW + (_ROW if has_bias else 0) + 64, (len(layers) - 1) * _GAP + 120
    middle = 12 + tallest * _ROW / 2
    units = {c: _unit_places(architecture, l, 60 + c * _GAP, middle) for c, l in enumerate(layers) if l is not None}
    floor = 12 + tallest * _ROW + _ROW / 2
    biases = {
        c: (60.0 + c * _GAP, floor)
        for c, l in enumerate(layers)
        if l is not None and l < architecture.L and architecture.biases[l] != "none"
    }
    body = [*_edges(layers, units, biases)]
    for c, l in enumerate(layers):
        if l is None:
            body.append(f'<text x="{60 + c * _GAP}" y="{middle:g}" class="dots">⋯</text>')
        else:
            body += [*_units(units[c]), *_labels(architecture, l, 60 + c * _GAP, height)]
    body += [_bias_mark(architecture.biases[layers[c] or 0], place) for c, place in biases.items()]
    for row, (family, found) in enumerate(told):
        body += _ranks(layers, found, 0.0 if family == "Phi" else _GAP / 2, height + 10 + row * _RANK_ROW)
    title = f"The network {architecture}"
    counts = ", ".join(f"layer {l} has {n}" for l, n in enumerate(architecture.widths))
    proved = [text for _, found in told for _, text in sorted(found.items())]
    description = f"Units by layer: {counts}. Bias: {', '.join(dict.fromkeys(architecture.biases))}."
    description += f" Proved at point 0: {', '.join(proved)}." if proved else ""
    return svg_document("network", width, height + len(told) * _RANK_ROW, title, description, body)


def _ranks(layers: Sequence[int | None], found: Mapping[int, str], before: float, y: float) -> list[str]:
    """Return one family of ranks, each as far ``before`` its layer; a layer that is left out, or that stands after one that is, has none."""
    return [
        f'<text class="label soft" x="{60 + c * _GAP - before:g}" y="{y:g}">{found[l]}</text>'
        for c, l in enumerate(layers)
        if l is not None and l in found and not (before and layers[c - 1] is None)
    ]


def _unit_places(architecture: Architecture, layer: int, x: float, middle: float) -> list[Place | None]:
    kept = _kept(architecture.widths[layer], _MOST_UNITS)
    top = middle - (len(kept) - 1) * _ROW / 2
    places: list[Place | None] = [None if unit is None else (x, top + row * _ROW) for row, unit in enumerate(kept)]
    return places


def _edges(layers: list[int | None], units: dict[int, list[Place | None]], biases: dict[int, Place]) -> list[str]:
    paths = []
    for c in range(len(layers) - 1):
        if c not in units or c + 1 not in units:
            continue
        targets = [place for place in units[c + 1] if place is not None]
        paths += [_line("edge", a, b) for a in units[c] if a is not None for b in targets]
        if c in biases:
            paths += [_line("edge faint", biases[c], b) for b in targets]
    return paths


def _line(kind: str, start: Place, end: Place) -> str:
    return f'<line class="{kind}" x1="{start[0]:g}" y1="{start[1]:g}" x2="{end[0]:g}" y2="{end[1]:g}"/>'


def _units(places: list[Place | None]) -> list[str]:
    marks = []
    for row, place in enumerate(places):
        if place is not None:
            marks.append(f'<circle class="unit" cx="{place[0]:g}" cy="{place[1]:g}" r="{_RADIUS}"/>')
        else:
            before, after = places[row - 1], places[row + 1]
            if before is not None and after is not None:
                marks.append(f'<text class="dots" x="{before[0]:g}" y="{(before[1] + after[1]) / 2 + 5:g}">⋮</text>')
    return marks


def _labels(architecture: Architecture, layer: int, x: float, height: float) -> list[str]:
    role = "inputs" if layer == 0 else brief_name(architecture.activation_of(layer).name)
    count = f"n{str(layer).translate(_SUBSCRIPTS)} = {architecture.widths[layer]}"
    return [
        f'<text class="label" x="{x:g}" y="{height - 26:g}">{count}</text>',
        f'<text class="label soft" x="{x:g}" y="{height - 8:g}">{role}</text>',
    ]


def _bias_mark(mode: str, place: Place) -> str:
    x, y = place
    kind = "bias" if mode == "trainable" else "bias fixed"
    square = f'<rect class="{kind}" x="{x - 9:g}" y="{y - 9:g}" width="18" height="18" rx="3"/>'
    return square + f'<text class="one" x="{x:g}" y="{y + 4:g}">1</text>'


@dataclass(frozen=True)
class _Plot:
    """A logarithmic plot: powers of ten from ``bottom`` to ``top`` over ``count`` places."""

    top: int
    bottom: int
    count: int
    left: int = 62
    right: int = 560
    upper: int = 16
    lower: int = 210

    def y(self, logarithm: float) -> float:
        return self.upper + (self.top - logarithm) / (self.top - self.bottom) * (self.lower - self.upper)

    def x(self, index: int) -> float:
        return self.left + 18 + (self.right - self.left - 36) * (index / (self.count - 1) if self.count > 1 else 0.5)


def spectrum_svg(values: Sequence[float], rows: int, columns: int, within: float | None = None) -> str:
    """Return a picture of the singular values of ``P`` on a logarithmic axis, each proved ``within`` a distance, or marked as an estimate.

    ``rows`` and ``columns`` are the shape of ``P``: the dashed line is where ``numpy.linalg.matrix_rank`` would cut, largest value times
    ``max(rows, columns)`` times ``2⁻⁵²``; it is drawn when some value comes near. Values that are zero in float64, or that
    the distance does not tell from zero, stand on the floor as open marks.
    """
    ordered = sorted((abs(float(value)) for value in values if math.isfinite(value)), reverse=True)
    positive = [value for value in ordered if value > (within or 0)]
    largest = positive[0] if positive else 1.0
    smallest = positive[-1] if positive else 1.0
    cut = max(largest * _FLOAT64_EPSILON * max(rows, columns), math.ulp(0.0))
    near_cut = smallest < cut * _NEAR_CUT or len(positive) < len(ordered)
    bottom = math.floor(math.log10(min(smallest, cut) if near_cut else smallest) - 0.05)
    plot = _Plot(math.ceil(math.log10(largest) + 0.05), bottom, len(ordered))
    body = [*_grid(plot), *(_cut_line(plot, cut) if near_cut else []), *_dots(plot, ordered, len(positive))]
    caption = f"index k = 1, …, {len(ordered)} of the singular value σₖ(P){'' if within else ' (estimate)'}"
    body.append(f'<text class="label" x="{(plot.left + plot.right) / 2:g}" y="{plot.lower + 34}">{caption}</text>')
    zeros = len(ordered) - len(positive)
    text = f"{len(ordered)} singular values of P" + (
        f", the largest {largest:.3g}, the smallest positive one {smallest:.3g}" if positive else ""
    )
    text += f", {zeros} of them {'not told from zero' if within else 'zero in float64'}" if zeros else ""
    proved = (
        f"Each is proved to lie within {decimal_above(Fraction(within))} of its place."
        if within
        else "Computed in plain float64: it decides nothing."
    )
    title = "Singular spectrum of P" + ("" if within else ", an estimate")
    return svg_document("spectrum", plot.right + 16, plot.lower + 46, title, f"{text}. {proved}", body)


def _grid(plot: _Plot) -> list[str]:
    marks = []
    for power in range(plot.top, plot.bottom - 1, -max(1, math.ceil((plot.top - plot.bottom) / 7))):
        y = plot.y(power)
        marks.append(f'<line class="grid" x1="{plot.left}" y1="{y:.1f}" x2="{plot.right}" y2="{y:.1f}"/>')
        marks.append(f'<text class="label end" x="{plot.left - 8}" y="{y + 4:.1f}">{power_of_ten(power)}</text>')
    return marks


def _cut_line(plot: _Plot, cut: float) -> list[str]:
    y = plot.y(math.log10(cut))
    return [
        f'<line class="cut" x1="{plot.left}" y1="{y:.1f}" x2="{plot.right}" y2="{y:.1f}"/>',
        f'<text class="label soft start" x="{plot.left + 6}" y="{y - 5:.1f}">numpy’s matrix_rank cuts here</text>',
    ]


def _dots(plot: _Plot, ordered: Sequence[float], positive: int) -> list[str]:
    radius = 4 if len(ordered) <= _FEW_DOTS else 2.5
    marks = []
    for index in _thinned(len(ordered)):
        kind, y = ("dot", plot.y(math.log10(ordered[index]))) if index < positive else ("dot zero", plot.lower)
        marks.append(f'<circle class="{kind}" cx="{plot.x(index):.1f}" cy="{y:.1f}" r="{radius}"/>')
    return marks


def _thinned(count: int) -> list[int]:
    if count <= _MOST_DOTS:
        return list(range(count))
    return sorted({round(k * (count - 1) / (_MOST_DOTS - 1)) for k in range(_MOST_DOTS)})


def _kept(count: int, most: int) -> list[int | None]:
    """Return the indices to show, with None where some are left out."""
    if count <= most:
        return list(range(count))
    tail = (most - 1) // 2
    return [*range(most - 1 - tail), None, *range(count - tail, count)]


def svg_document(kind: str, width: float, height: float, title: str, description: str, body: Sequence[str], key: str = "") -> str:
    """Return a picture of class ``kind`` with its title and description; ``key`` tells apart several pictures of one kind on a page."""
    name = f"{kind}-{key}" if key else kind
    head = (
        f'<svg class="{kind}" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" role="img" '
        f'aria-labelledby="{name}-title {name}-desc"><title id="{name}-title">{title}</title><desc id="{name}-desc">{description}</desc>'
    )
    return head + "".join(body) + "</svg>"


def power_of_ten(exponent: int) -> str:
    """Return a power of ten for a label.

    >>> power_of_ten(-3)
    '10⁻³'
    """
    return f"10{superscript(exponent)}"


def superscript(number: int) -> str:
    """Return a whole number as an exponent.

    >>> superscript(-12)
    '⁻¹²'
    """
    return str(number).translate(_SUPERSCRIPTS)
