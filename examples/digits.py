"""Real data: a network that is proved to be able to fit a hundred handwritten digits exactly, and what its landscape looks like there."""

from matplotlib.figure import Figure

import lossproof as lp
from lossproof.certificates.inputs.data_sources import load_data

digits = load_data("digits-100", 10)
report = lp.check_architecture((64, 40, 10), digits.X, digits.Y, activation="tanh", find_weights=True, data_name=digits.name)

learner = report["exact-learning"]
print("some weights fit all of them:  ", learner.verdict, f"within {float(learner.facts['distance']):.0e} of those found")
print("rank P = 1000 at almost all W: ", report["full-rank", "almost everywhere"].verdict)
print("rank of the Hessian there:     ", report["hessian-rank"].facts["rank_lower"], "of", report.problem.architecture.N_net)
print("dimension of exact learners:   ", report["manifold"].facts["dimension"])

figure = Figure(figsize=(8, 2.5), layout="constrained")
figure.suptitle("Weights exist that fit these hundred digits exactly")
for axes, pixels in zip(figure.subplots(5, 20).flat, digits.X, strict=True):
    axes.imshow([[float(pixels[8 * i + j]) for j in range(8)] for i in range(8)], cmap="gray_r")
    axes.set_axis_off()
figure.savefig("digits.png", dpi=100)
