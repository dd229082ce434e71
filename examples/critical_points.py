"""The proved critical points of a small landscape, one of them a bad local minimum."""

import lossproof as lp

X = [[-2], [-1], ["1/2"], [1], [2], [3]]
Y = [["1/4"], [0], [1], ["3/2"], [3], ["7/2"]]
found = lp.find_critical_points("1-1-1", X, Y, activation="gelu", starts=60)
print(found)

bad = [point for point in found if point.suboptimal is not None]
print("the certificate holds:", lp.verify(found.certificate.text).ok)
print(f"{len(bad)} bad local minima; every local minimum is global: {found.conclusion.verdict}")
