"""A point whose Hessian is positive semidefinite and that is no local minimum: a proved curve along which the loss falls, where no straight line shows it."""

import numpy as np
import sympy
from matplotlib.figure import Figure

import lossproof as lp

c = sympy.log(3) / 2
X, Y = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]
weights = [([[-2 * c, 0], [0, -2 * c]], [c, c]), ([[0], [0]], ["1/2"])]
report = lp.check_architecture("2-2-1", X, Y, activation="tanh", weights=weights)

point, descent = report["critical-point", 0], report["higher-order-descent", 0]
print(point.facts["inertia"], point.facts["kind"])
print(f"along a curve the loss changes by c t^{descent.facts['order']}, with c at most {descent.facts['coefficient']}")


def loss(theta):
    """Return J in doubles; theta has the weights unit by unit, and after those of a unit its bias, as the rows of P."""
    units, output = theta[:6].reshape(2, 3), theta[6:]
    hidden = np.tanh(np.array(X) @ units[:, :2].T + units[:, 2])
    return np.mean((hidden @ output[:2] + output[2] - np.array(Y)[:, 0]) ** 2) / 2


start = np.array([*map(float, (-2 * c, 0, c, 0, -2 * c, c)), 0, 0, 0.5])
shape = {k: np.array([float(sympy.Rational(x)) for x in delta]) for k, delta in descent.evidence["curve"]}
t = np.linspace(-0.6, 0.6, 121)
on_curve = [loss(start + sum(s**k * delta for k, delta in shape.items())) - loss(start) for s in t]
lines = np.random.default_rng(0).normal(size=(60, 9))
axes = (figure := Figure(figsize=(6.4, 3.8), layout="constrained")).subplots()
for line in lines / np.linalg.norm(lines, axis=1, keepdims=True):
    axes.plot(t, [loss(start + s * line) - loss(start) for s in t], color="#9a9a9a", linewidth=0.6)
axes.plot(t, on_curve, color="#a63a00", linewidth=2.4, label="along the proved curve")
axes.plot(t, float(descent.facts["coefficient"]) * t**4, "k:", label="its proved leading term, −t⁴/128")
axes.plot([], [], color="#9a9a9a", linewidth=0.6, label="along 60 straight lines")
axes.set(xlabel="t", ylabel="J(W(t)) − J(W)", ylim=(-2.5e-3, 2.5e-3))
axes.legend(frameon=False, loc="lower center")
figure.savefig("descent.png", dpi=110)
