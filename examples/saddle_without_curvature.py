"""A point whose Hessian is positive semidefinite and that is no local minimum: a proved curve along which the loss falls."""

import sympy

import lossproof as lp

c = sympy.log(3) / 2
X, Y = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]
weights = [([[-2 * c, 0], [0, -2 * c]], [c, c]), ([[0], [0]], ["1/2"])]
report = lp.check_architecture("2-2-1", X, Y, activation="tanh", weights=weights)

point, descent = report["critical-point", 0], report["higher-order-descent", 0]
print(point.facts["inertia"], point.facts["kind"])
print(f"along a curve the loss changes by c t^{descent.facts['order']}, with c at most {descent.facts['coefficient']}")
