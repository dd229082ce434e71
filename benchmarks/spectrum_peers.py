"""Eigenvalues of the Hessian of a loss as other packages find them, in doubles, which proves nothing.

*torch* forms the Hessian by `torch.func.hessian`, in chunks where the whole takes too much memory, and takes all eigenvalues by `torch.linalg.eigvalsh`.
*lanczos* is the way of curvlinops: its `HessianLinearOperator` multiplies by the Hessian, and `scipy.sparse.linalg.eigsh`, which is ARPACK's Lanczos iteration,
finds the least and the largest eigenvalue. *scipy* forms the Hessian with numpy and takes all eigenvalues by `scipy.linalg.eigvalsh`. What needs a package that
is not installed is None.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import numpy as np
from scipy.linalg import eigvalsh
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.penalty import rates_in_doubles
from lossproof.theory.problem.problem import Problem

MOST_VALUES, CHUNK = 2 * 10**8, 256
TOLERANCE, RESTARTS = 1e-3, 200


def package(name: str) -> ModuleType | None:
    """Return a package, or None where it is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(name)
    except ImportError:
        return None


def tensors(problem: Problem) -> tuple[Any, Any]:
    """Return inputs and targets as tensors."""
    torch = package("torch")
    X, Y = (torch.tensor([[float(x) for x in row] for row in rows], dtype=torch.float64) for rows in (problem.samples.X, problem.samples.Y))
    return X, Y


def outputs(problem: Problem, v: Any, X: Any) -> Any:
    """Return the outputs of all samples from the vector of all weights, in the order of the rows of P."""
    torch, a, phi, start = package("torch"), problem.architecture, X, 0
    for l in range(1, a.L + 1):
        n, m = a.widths[l], a.fan_in(l)
        block = v[start : start + n * m].reshape(n, m)
        z = phi @ block[:, : a.widths[l - 1]].T + (block[:, -1] if a.bias_rows_of(l) else 0)
        phi, start = torch.tanh(z) if l < a.L and not a.activation.is_identity else z, start + n * m
    return phi


def mean_error(problem: Problem, phi: Any, Y: Any) -> Any:
    """Return the mean error of all samples."""
    torch = package("torch")
    if problem.error.family == "softmax":
        return -(Y * torch.log_softmax(phi, 1)).sum() / len(Y)
    if problem.error.family == "logistic":
        return (torch.nn.functional.softplus(phi) - Y * phi).sum() / len(Y)
    return ((phi - Y) ** 2).sum() / 2 / len(Y)


def by_torch(problem: Problem, w: Any) -> Any:
    """Return all eigenvalues."""
    torch, a = package("torch"), problem.architecture
    if torch is None:
        return None
    (X, Y), rates, point = tensors(problem), torch.tensor(rates_in_doubles(problem)), torch.tensor(w, dtype=torch.float64)

    def loss(v: Any) -> Any:
        return (rates * v**2).sum() / 2 + mean_error(problem, outputs(problem, v, X), Y)

    whole = a.N_net * problem.T * max(a.widths[1:]) <= MOST_VALUES
    H = torch.func.hessian(loss)(point) if whole else torch.func.jacrev(torch.func.grad(loss), chunk_size=CHUNK)(point)
    return torch.linalg.eigvalsh(H.detach()).numpy()


def by_lanczos(problem: Problem, w: Any) -> Any:
    """Return the least and the largest eigenvalue; NaN for one that does not converge."""
    torch, curvlinops = package("torch"), package("curvlinops")
    if torch is None or curvlinops is None:
        return None

    class MeanError(torch.nn.Module):  # type: ignore[misc, name-defined]
        reduction = "mean"

        def forward(self, phi: Any, Y: Any) -> Any:
            return mean_error(problem, phi, Y)

    class Network(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.v = torch.nn.Parameter(torch.tensor(w, dtype=torch.float64))

        def forward(self, X: Any) -> Any:
            return outputs(problem, self.v, X)

    network, N = Network(), len(w)
    error = curvlinops.HessianLinearOperator(network, MeanError(), [network.v], [tensors(problem)], check_deterministic=False).to_scipy()
    rates = rates_in_doubles(problem)
    whole = LinearOperator((N, N), matvec=lambda v: error @ np.ravel(v) + rates * np.ravel(v), dtype=np.float64)

    def end(which: str) -> float:
        try:
            return float(eigsh(whole, 1, which=which, tol=TOLERANCE, v0=np.ones(N), maxiter=RESTARTS, return_eigenvectors=False)[0])
        except ArpackNoConvergence:
            return float("nan")

    return np.array([end("SA"), end("LA")])


def by_scipy(problem: Problem, w: Any) -> Any:
    """Return all eigenvalues."""
    return eigvalsh(FloatLandscape(problem).at(np.asarray(w)[None]).hessian[0])


PEERS: Mapping[str, Callable[[Problem, Any], Any]] = {"torch": by_torch, "lanczos": by_lanczos, "scipy": by_scipy}
"""Ways to eigenvalues of the Hessian at weights, each called with a problem and the vector of the weights."""
