"""Full-rank weights at which P loses rank: the design principles do not suffice.

With c = log(3)/2 every tanh(z) that occurs is ±1/2, so the whole matrix is rational and its rank is computed exactly.
"""

import sympy

import lossproof as lp

c = sympy.log(3) / 2
X = [[0, 0], [0, 1], [1, 0], [1, 1]]
Y = [[0], [1], [1], [0]]
weights = [([[-2 * c, 0], [0, -2 * c]], [c, c]), ([[1], [1]], [0])]

report = lp.check_architecture((2, 2, 1), X, Y, activation="tanh", weights=weights)

print("every W_l has full rank:", report["principle-weights"].verdict)
claim = report["full-rank", "at these weights"]
print("rank P(W) = 4:          ", claim.verdict, dict(claim.facts))
upper = next(bound for bound in claim.premises if not bound.is_lower)
print("kernel vector:          ", upper.evidence["vectors"][0])
