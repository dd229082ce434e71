"""A network that scikit-learn trained on diabetes data: not critical, but proved to lie beside a strict local minimum of its loss."""

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.neural_network import MLPRegressor

import lossproof as lp

X, y = load_diabetes(return_X_y=True)
X = np.round(X[:, [2, 3, 8]] / X.std(axis=0)[[2, 3, 8]], 2)  # body mass index, blood pressure, a blood serum value
y = np.round((y - y.mean()) / y.std(), 2)
model = MLPRegressor(hidden_layer_sizes=(2,), activation="tanh", alpha=0.0, solver="lbfgs", random_state=1).fit(X, y)

report = lp.check_model(model, X, y, data_name="diabetes", search="none")
given, beside = (claim for claim in report if claim.id == "critical-point")
print("The weights:", given.reason)
print("Beside them:", beside.reason)
print("Signs of the eigenvalues there:", beside.facts["inertia"])
print("The certificate holds:", lp.verify(report.certificate.text).ok)
report.save("trained_model.html")  # draws the eigenvalues with their proved signs, and the loss along the flattest direction
