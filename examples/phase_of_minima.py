"""How many minima has a 1-1-1 tanh network? Every cell of a grid of weight decays and targets is decided by a complete map.

Minima that are alike up to the signs of the unit count once. A cell is a proof for the numbers in its middle, checked by the kernel; nothing is proved between
middles. `python phase_of_minima.py 24` takes 24 by 24 cells.
"""

import sys
from collections import Counter
from fractions import Fraction

from matplotlib.figure import Figure

import lossproof as lp

size = int(sys.argv[1]) if len(sys.argv) > 1 else 12
targets = [Fraction(6 * k + 3, size) - 2 for k in range(size)]
decays = [Fraction(1, round(10 * 20 ** ((k + 0.5) / size))) for k in reversed(range(size))]


def minima(decay, target):
    """Return how many minima there are, if that is proved, or None."""
    X, Y = [[-2], [-1], [1], [2]], [[-1], [1], [-1], [target]]
    found = lp.find_critical_points("1-1-1", X, Y, activation="tanh", weight_decay=decay, complete=True)
    count = sum(point.kind in ("strict-minimum", "global") for point in found)
    return count if found.is_complete and count == found.complete.facts["points"] - found.complete.facts["no_minima"] else None


counts = {(row, column): minima(decays[row], targets[column]) for row in range(size) for column in range(size)}
for number, cells in sorted(Counter(n for n in counts.values() if n).items()):
    print(f"{'one minimum' if number == 1 else f'{number} minima'}: proved in {cells} cells")
print("left open:", list(counts.values()).count(None))

axes = (figure := Figure(figsize=(6.2, 4.6), layout="constrained")).subplots()
for (row, column), n in counts.items():
    color = {None: "white", 1: "#e3ebf1", 2: "#8ab8d6"}.get(n, "#0b5c94")
    axes.barh(row, 1, 1, left=column - 0.5, color=color, edgecolor="white", linewidth=0.5)
    axes.text(column, row, n or "?", ha="center", va="center", fontsize=8, color="white" if n and n > 2 else "black")
some = range(0, size, -(-size // 6))
axes.set(xlim=(-0.5, size - 0.5), ylim=(-0.5, size - 0.5), xlabel="target of the fourth sample", ylabel="weight decay λ")
axes.set_xticks(some, [f"{float(targets[k]):g}" for k in some])
axes.set_yticks(some, [f"{decays[k]}" for k in some])
axes.set_title("Proved numbers of minima of 1-1-1 tanh", fontsize=11)
figure.savefig("phase_of_minima.png", dpi=110)
