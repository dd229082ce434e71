"""What one would use instead for one Gauss-Newton step: torch's dense solve, curvlinops with CG, SciPy's least squares.

Every function runs in a process of its own and hands in the step that solves ``(H_GN + μ I) δ = −∇J``, or the method's own step.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.training_limits import Board
from benchmarks.training_problems import Case, random_case
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.evaluation import LayerArrays, evaluate
from lossproof.numerics.network.jacobian import jacobian
from lossproof.theory.problem.architecture import Architecture

CG_TOLERANCE = 1e-8
_TINY = random_case((3, 4, 2), 3)


def flat_rows(layers: Any) -> np.ndarray:
    """Return ``(W_l, b_l)`` as one vector in the order of the rows of ``P``: unit by unit, the bias last."""
    return np.concatenate([np.vstack([W, b[None, :]]).T.ravel() for W, b in layers])


def layers_of_rows(widths: tuple[int, ...], flat: np.ndarray) -> list[LayerArrays]:
    """Return the layers of one vector; the inverse of `flat_rows`."""
    layers, offset = [], 0
    for m, n in pairwise(widths):
        block = flat[offset : offset + (m + 1) * n].reshape(n, m + 1).T
        offset += (m + 1) * n
        layers.append((block[:-1], block[-1]))
    return layers


def torch_model(case: Case) -> tuple[Any, Any, Any]:
    """Return a double-precision torch model at the start, and the samples as tensors."""
    import torch

    parts: list[Any] = []
    for W, b in case.start:
        layer = torch.nn.Linear(*W.shape, dtype=torch.float64)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(W.T.copy()))
            layer.bias.copy_(torch.from_numpy(b))
        parts += [layer, torch.nn.Tanh()]
    return torch.nn.Sequential(*parts[:-1]), torch.from_numpy(case.X), torch.from_numpy(case.Y)


def rows_of_torch(tensors: Any) -> np.ndarray:
    """Return torch's parameters ``weight, bias, …`` in the order of the rows of ``P``."""
    arrays = [tensor.detach().numpy() for tensor in tensors]
    return np.concatenate([np.hstack([W, b[:, None]]).ravel() for W, b in zip(arrays[::2], arrays[1::2], strict=True)])


def dense_in_torch(board: Board, case: Case, damping: float) -> None:
    """Form the Jacobian by `torch.func`, then ``H_GN`` of size ``N_net``, and solve by Cholesky."""
    _dense_step(_TINY, 1.0)
    board.begin()
    start = time.perf_counter()
    step = _dense_step(case, damping)
    board.note(math.nan, time.perf_counter() - start, 1)
    board.answer(step)


def _dense_step(case: Case, damping: float) -> np.ndarray:
    import torch

    model, X, Y = torch_model(case)
    values = {name: value.detach() for name, value in model.named_parameters()}

    def output(parameters: Any, x: Any) -> Any:
        return torch.func.functional_call(model, parameters, (x,))

    by_name = torch.func.vmap(torch.func.jacrev(output), in_dims=(None, 0))(values, X)
    J = torch.cat([by_name[name].reshape(case.equations, -1) for name in values], dim=1)
    residuals = (output(values, X) - Y).reshape(-1)
    H = J.T @ J / len(X)
    H.diagonal().add_(damping)
    step = -torch.cholesky_solve((J.T @ residuals / len(X))[:, None], torch.linalg.cholesky(H))[:, 0]
    return rows_of_torch(_pieces(step, list(values.values())))


def curvlinops_with_cg(board: Board, case: Case, damping: float) -> None:
    """Solve with curvlinops' GGN as a linear operator by SciPy's conjugate gradients to a relative residual of ``1e-8``."""
    _cg_step(_TINY, 1.0, lambda products, seconds: None)
    board.begin()
    board.answer(_cg_step(case, damping, lambda products, seconds: board.note(math.nan, seconds, products)))


def _cg_step(case: Case, damping: float, note: Callable[[int, float], None]) -> np.ndarray:
    import curvlinops
    import torch
    from scipy.sparse.linalg import LinearOperator, cg

    model, X, Y = torch_model(case)
    parameters, products, start = list(model.parameters()), 0, time.perf_counter()
    loss = (model(X) - Y).square().sum() / (2 * len(X))
    gradient = torch.cat([part.reshape(-1) for part in torch.autograd.grad(loss, parameters)]).numpy()
    ggn = curvlinops.GGNLinearOperator(model, torch.nn.MSELoss(reduction="sum"), parameters, [(X, Y)], check_deterministic=False).to_scipy()

    def product(v: np.ndarray) -> np.ndarray:
        nonlocal products
        products += 1
        note(products, time.perf_counter() - start)
        return ggn @ v / (2 * len(X)) + damping * v

    step, failed = cg(
        LinearOperator(ggn.shape, matvec=product, dtype=np.float64), -gradient, rtol=CG_TOLERANCE, maxiter=10 * case.equations
    )
    note(products, time.perf_counter() - start)
    if failed:
        raise RuntimeError(f"no relative residual of {CG_TOLERANCE:g} in {products} products")
    return rows_of_torch(_pieces(torch.from_numpy(step), parameters))


def _pieces(flat: Any, like: list[Any]) -> list[Any]:
    """Cut a vector into tensors of the shapes of ``like``."""
    pieces = flat.split([part.numel() for part in like])
    return [piece.reshape(part.shape) for piece, part in zip(pieces, like, strict=True)]


def residuals_and_jacobian(case: Case) -> tuple[Any, Any]:
    """Return the functions SciPy's least squares asks for, with this library's exact Jacobian."""
    architecture, field = Architecture.of(case.widths, "tanh"), Float64Field()

    def residuals(flat: np.ndarray) -> np.ndarray:
        evaluation = evaluate(architecture, case.X, layers_of_rows(case.widths, flat), field)
        return (evaluation.phi[architecture.L] - case.Y).ravel()

    def slopes(flat: np.ndarray) -> np.ndarray:
        return jacobian(evaluate(architecture, case.X, layers_of_rows(case.widths, flat), field)).T

    return residuals, slopes


def one_scipy_step(board: Board, case: Case, method: str, solver: str | None) -> None:
    """Take one step of `scipy.optimize.least_squares`: two evaluations."""
    from scipy.optimize import least_squares

    residuals, slopes = residuals_and_jacobian(case)
    first = flat_rows(case.start)
    board.begin()
    start = time.perf_counter()
    options = {} if solver is None else {"tr_solver": solver}
    found = least_squares(residuals, first, jac=slopes, method=method, max_nfev=2, **options)
    board.note(found.cost / len(case.X), time.perf_counter() - start, 1)
    board.answer(found.x - first)
