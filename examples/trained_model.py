"""A network that scikit-learn trained on all of the diabetes data, with its penalty: proved to lie beside a strict local minimum of that very loss."""

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import load_diabetes
from sklearn.neural_network import MLPRegressor

import lossproof as lp

X, y = load_diabetes(return_X_y=True)
X = np.round(X / X.std(axis=0), 2)
y = np.round((y - y.mean()) / y.std(), 2)
model = MLPRegressor(hidden_layer_sizes=(5,), activation="tanh", alpha=4.42, solver="lbfgs", max_iter=2000, random_state=0).fit(X, y)

report = lp.check_model(model, X, y, data_name="diabetes", search="none")  # alpha is a weight decay of 4.42/442
given, beside = (claim for claim in report if claim.id == "critical-point")
print("The weights:", given.reason)
print("Beside them:", beside.reason)
print("Signs of the eigenvalues there:", beside.facts["inertia"])
print("The certificate holds:", lp.verify(report.certificate.text).ok)
report.save("trained_model.html")  # draws the eigenvalues with their proved signs, and the loss along the flattest direction

spectrum = [claim for claim in report if claim.id == "hessian-spectrum"][-1].facts
lower, upper = ([float(x + side * spectrum["within"]) for x in spectrum["eigenvalues"]] for side in (-1, 1))
axes = (figure := Figure(figsize=(6.4, 3.6), layout="constrained")).subplots()
axes.vlines(range(1, 62), lower, upper, color="#0b5c94", linewidth=3)
axes.scatter(range(1, 62), lower, marker="_", color="#0b5c94")
axes.set(yscale="log", xlabel="number", ylabel="eigenvalue", title="Proved enclosures of the Hessian's eigenvalues")
figure.savefig("trained_model.png", dpi=110)
