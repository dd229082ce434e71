"""The distance between trained weights and the critical point beside them, through every door by which weights come in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cases.command_cases import run
from cases.trained_networks import fitted, layers, small_fit
from sklearn.neural_network import MLPRegressor

import lossproof as lp
from lossproof.certificates.inputs.weights_file import save_weights
from lossproof.numerics.network.weight_vectors import flat_weights, weights_of_rows


@pytest.fixture(scope="module")
def fit():
    """A problem, its samples in doubles, and weights at a strict minimum but for rounding."""
    problem, w = small_fit()
    X, Y = (np.array([[float(x) for x in row] for row in rows]) for rows in (problem.samples.X, problem.samples.Y))
    return problem, X, Y, w


def require_minimum_beside(report, given, most):
    """The report has a strict minimum and its distance from the given weights, which is what doubles say, and at most so much."""
    kinds = {claim.facts["kind"] for claim in report if claim.id == "critical-point" and claim.verdict is lp.Verdict.PROVED}
    assert kinds == {"strict-minimum"}
    distance = report["distance"]
    true = np.linalg.norm(flat_weights(report.problem, distance.point.weights) - given)
    assert true - 1e-12 <= distance.facts["distance"] <= 1.001 * true + 1e-5
    assert true <= most
    assert report.number(distance.facts["point"]) == 0
    assert lp.verify(report.certificate.text).ok


def test_a_regressor_of_scikit_learn_that_was_trained_without_a_penalty():
    problem, _ = fitted(2, 2, 60)
    X, Y = (np.array([[float(x) for x in row] for row in rows]) for rows in (problem.samples.X, problem.samples.Y))
    model = MLPRegressor(
        hidden_layer_sizes=(2,), activation="tanh", solver="lbfgs", alpha=0.0, random_state=3, max_iter=1000, tol=1e-12
    ).fit(X, Y.ravel())
    report = lp.check_model(model, X, Y, search="none", self_check=False)
    require_minimum_beside(report, flat_weights(report.problem, report.points[0]), 1e-2)
    assert not any("alpha" in note for note in report.notes)


def test_a_module_of_torch_in_single_precision(fit):
    torch = pytest.importorskip("torch")
    problem, X, Y, w = fit
    model = torch.nn.Sequential(torch.nn.Linear(1, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
    with torch.no_grad():
        for module, (W, b) in zip((model[0], model[2]), layers(problem, w), strict=True):
            module.weight.copy_(torch.tensor([[float(x) for x in row] for row in W]).T)
            module.bias.copy_(torch.tensor([float(x) for x in b]))
    report = lp.check_model(model, X, Y, search="none", self_check=False)
    require_minimum_beside(report, w.astype(np.float32).astype(float), 1e-6)


def test_the_command_line(fit, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    problem, X, Y, w = fit
    np.savez("samples.npz", X=X, Y=Y)
    given = w + 1e-5
    save_weights(Path("weights.npz"), weights_of_rows(problem, given))
    out, err = run("check", "1-3-1", "--data", "samples.npz", "--weights", "weights.npz", "--search", "none", "-o", "report.json")
    assert err == ""
    assert "3.17e-5" in out
    assert "[PROVED] distance – " in run("verify", "report.json")[0]
