"""The thin set around XOR where P loses rank, in two planes through it: a pair of lines in one, a point in the other.

The colours are singular values in floating point, which prove nothing. The marks are proofs: rank 3 on the set, rank 4 off it.
"""

from fractions import Fraction

import numpy as np
from matplotlib.figure import Figure

import lossproof as lp

X, Y = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]
PLANES = {
    "first unit: weight a, bias b": lambda a, b: [([[a, 0], [0, -2]], [b, 1]), ([[1], [1]], [0])],
    "biases a and b of both units": lambda a, b: [([[-2, 0], [0, -2]], [a, b]), ([[1], [1]], [0])],
}
SOME = [Fraction(k, 2) for k in (-4, -2, 2, 4)]
POINTS = (
    [(a, -a / 2) for a in SOME] + [(Fraction(0), a / 2) for a in SOME] + [(a, a / 2) for a in SOME],
    [(Fraction(1), Fraction(1))] + [(Fraction(1), b) for b in SOME if b != 1] + [(a, Fraction(1)) for a in SOME if a != 1],
)


def smallest_singular_value(weights):
    """Return the smallest singular value of P in doubles."""
    (W, b), (V, _) = ((np.array(W, float), np.array(b, float)) for W, b in weights)
    inputs = np.hstack([X, np.ones((4, 1))])
    hidden = np.tanh(inputs @ np.vstack([W, b]))
    columns = [np.concatenate([np.outer((1 - h**2) * V[:, 0], x).ravel(), h, [1]]) for x, h in zip(inputs, hidden, strict=True)]
    return np.linalg.svd(np.array(columns), compute_uv=False)[-1]


figure = Figure(figsize=(9, 4), layout="constrained")
for axes, (title, weights_at), points in zip(figure.subplots(1, 2), PLANES.items(), POINTS, strict=True):
    across, up = np.linspace(-2.5, 2.5, 51), np.linspace(-2.5, 2.5, 101)
    values = [[smallest_singular_value(weights_at(a, b)) for a in across] for b in up]
    mesh = axes.pcolormesh(across, up, np.log10(np.maximum(values, 1e-4)), cmap="cividis", shading="nearest", vmin=-4, vmax=-0.2)
    ranks = {}
    for a, b in points:
        report = lp.check_architecture("2-2-1", X, Y, activation="tanh", weights=weights_at(a, b), search="none")
        ranks[a, b] = report["full-rank", 0].facts["rank_upper"]
        full = report["full-rank", 0].verdict == "PROVED"
        axes.plot(a, b, "o" if full else "X", color="white", markeredgecolor="black", markersize=7)
    axes.set(title=title, xlabel="a", ylabel="b", aspect="equal")
    print(f"{title}: rank 4 proved at {list(ranks.values()).count(4)} points, rank 3 at {list(ranks.values()).count(3)}")
figure.colorbar(mesh, ax=figure.axes, label="log10 of the smallest singular value (an estimate)")
figure.savefig("thin_set.png", dpi=110)
