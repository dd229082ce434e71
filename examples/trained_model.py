"""A network that scikit-learn trained on all of the diabetes data, with its penalty: proved to lie beside a strict local minimum of that very loss."""

import numpy as np
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
