"""The XOR network 2-2-1: what follows from the theory, and what does not."""

import lossproof as lp

X = [[0, 0], [0, 1], [1, 0], [1, 1]]
Y = [[0], [1], [1], [0]]

report = lp.check_architecture((2, 2, 1), X, Y, activation="tanh", data_name="xor")

print("rank P = 4 for almost every W:", report["full-rank", "almost everywhere"].verdict)
print("rank P = 4 for every W:       ", report["full-rank", "everywhere"].verdict)
print("no bad local minima:          ", report.conclusion.verdict)
print()
print(report.conclusion.reason)
