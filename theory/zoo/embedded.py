"""Zoo: a strict minimum of a network with one hidden unit, embedded in the network with two (Fukumizu and Amari 2000)."""

from __future__ import annotations

from fractions import Fraction

from lossproof.theory.zoo.entry import Exact, ZooEntry, ZooPoint, column, one_hidden_layer

_LITERATURE = (
    "Fukumizu and Amari (Neural Networks 13, 2000): a unit (w, v) of a minimum may be replaced by two units with the same incoming weights w and the outgoing "
    "weights λv and (1 − λ)v. All λ give critical points with one loss. If the matrix B = Σ_i ε_i v σ''(z_i) x̃_i x̃_iᵀ is definite, one part "
    "of this line are local minima and the rest saddles: the Hessian there has the eigenvalues' signs of the minimum and of λ(1 − λ)B, and a zero. "
)


def _embedded(unit: tuple[Exact, ...], outgoing: str, bias: str, share: str, kind: str, *, bad: bool = False) -> ZooPoint:
    first = Fraction(share)
    outputs = (first * Fraction(outgoing), (1 - first) * Fraction(outgoing))
    about = f"the embedded minimum with λ = {share.replace('-', '−')}"
    return ZooPoint(one_hidden_layer((unit, unit), outputs, bias), kind, about, bad)


def _line(unit: tuple[Exact, ...], outgoing: str, bias: str, inside: bool) -> tuple[ZooPoint, ...]:
    """Return points with shares between 0 and 1, where the local minima are if ``inside``, and beyond."""
    points = []
    for share in ("1/2", "1/4", "9/10", "5/4", "-1/2"):
        minimum = (0 < Fraction(share) < 1) == inside
        points.append(_embedded(unit, outgoing, bias, share, "local-minimum" if minimum else "saddle", bad=minimum))
    return tuple(points)


def _better(units: tuple[tuple[Exact, ...], ...], outgoing: tuple[Exact, ...], bias: Exact) -> ZooPoint:
    return ZooPoint(one_hidden_layer(units, outgoing, bias), "not-critical", "a point with a smaller loss")


EMBEDDED = (
    ZooEntry(
        name="fukumizu-amari-inside",
        title="An embedded minimum: local minima for 0 < λ < 1, saddles beyond",
        literature=f"{_LITERATURE}For B ≻ 0 the minima are those with 0 < λ < 1.",
        shows=(
            "Both parts of the line are proved at exact copies of a unit, with λ = 1/2, 1/4, 9/10 inside and 5/4, −1/2 beyond. The local minima are bad: "
            "another point of the wider network has a smaller loss."
        ),
        widths="1-2-1",
        X=column(-4, -2, -1, 0, 1, 2, 4),
        Y=column(0, "-5/2", 0, 0, 2, "5/2", 3),
        points=(
            *_line(("0.8934088285036077", "-0.3969944356804054"), "1.950243398607028", "0.9572028930342783", inside=True),
            _better((("23/10", "-9/5"), (10, 15)), ("7/5", "3/5"), "3/4"),
        ),
    ),
    ZooEntry(
        name="fukumizu-amari-beyond",
        title="An embedded minimum: saddles for 0 < λ < 1, local minima beyond",
        literature=f"{_LITERATURE}For B ≺ 0 the minima are those with λ < 0 or λ > 1.",
        shows=(
            "The other sign of B: the two rays are local minima, and the segment between them consists of saddles. Splitting a unit in the natural way, "
            "0 < λ < 1, leads downhill here."
        ),
        widths="1-2-1",
        X=column(-5, -2, -1, 0, 1, 2, 3),
        Y=column(0, "3/2", 0, "5/2", "7/2", "11/2", 6),
        points=(
            *_line(("0.6264449716768214", "-0.4991951856717855"), "3.033215619563624", "3.392997607622256", inside=False),
            _better((("-1/5", "-11/10"), ("19/10", "43/10")), ("-279/10", "-43/5"), "-57/5"),
        ),
    ),
)
