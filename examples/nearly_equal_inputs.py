"""Two inputs that differ by 1e-30: numpy sees rank 1, the proof says 2."""

import numpy as np

import lossproof as lp

X = [["1"], ["1.000000000000000000000000000001"]]
Y = [[0], [1]]
report = lp.check_architecture((1, 2, 1), X, Y, activation="tanh")

claim = report["full-rank", "at these weights"]
print("lossproof:", claim.verdict, "rank", claim.facts["rank_lower"], f"({claim.rigor})")
print("float64 singular values of P:", np.array(report.spectrum))
