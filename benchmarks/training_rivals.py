"""What one would use instead to train to a tiny loss: SciPy's least squares, and L-BFGS and Adam in torch; each runs in a process of its own."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from benchmarks.training_limits import Board
from benchmarks.training_peers import flat_rows, residuals_and_jacobian, torch_model
from benchmarks.training_problems import Case

LBFGS_HISTORY = 100
ADAM_RATES = (1e-3, 3e-3, 1e-2)
_PILOT = 400


class _ReachedError(Exception):
    """The loss asked for is reached."""


def scipy_to(board: Board, case: Case, target: float, solver: str) -> None:
    """Run `scipy.optimize.least_squares` (``trf``) with this library's exact Jacobian until the loss is reached."""
    from scipy.optimize import least_squares

    residuals, slopes = residuals_and_jacobian(case)
    board.begin()
    start, count = time.perf_counter(), 0

    def noted(flat: np.ndarray) -> np.ndarray:
        nonlocal count
        count += 1
        r = residuals(flat)
        loss = float(r @ r) / (2 * len(case.X))
        board.note(loss, time.perf_counter() - start, count)
        if loss <= target:
            raise _ReachedError
        return r

    try:
        least_squares(noted, flat_rows(case.start), jac=slopes, method="trf", tr_solver=solver, ftol=None, xtol=1e-15, gtol=None)
    except _ReachedError:
        return
    raise RuntimeError("stopped by its own rules")


def lbfgs_to(board: Board, case: Case, target: float) -> None:
    """Run torch's L-BFGS (strong Wolfe line search, 100 pairs) until the loss is reached."""
    import torch

    model, X, Y = torch_model(case)
    optimiser = torch.optim.LBFGS(
        model.parameters(),
        max_iter=10**9,
        max_eval=10**9,
        tolerance_grad=0,
        tolerance_change=0,
        history_size=LBFGS_HISTORY,
        line_search_fn="strong_wolfe",
    )
    board.begin()
    start, count = time.perf_counter(), 0

    def closure() -> Any:
        nonlocal count
        count += 1
        optimiser.zero_grad()
        loss = _loss(model, X, Y)
        loss.backward()
        value = float(loss.detach())
        board.note(value, time.perf_counter() - start, count)
        if value <= target:
            raise _ReachedError
        return loss

    try:
        optimiser.step(closure)
    except _ReachedError:
        return
    raise RuntimeError("stopped by its own rules")


def adam_to(board: Board, case: Case, target: float) -> None:
    """Run torch's Adam over all samples, with the best of three rates after a pilot that is not counted, until the loss is reached."""
    rate = min(ADAM_RATES, key=lambda rate: _adam(case, rate, _PILOT))
    board.begin()
    _adam(case, rate, None, board, target)


def _adam(case: Case, rate: float, iterations: int | None, board: Board | None = None, target: float = 0.0) -> float:
    import torch

    model, X, Y = torch_model(case)
    optimiser = torch.optim.Adam(model.parameters(), lr=rate)
    start, count, last = time.perf_counter(), 0, float("inf")
    while iterations is None or count < iterations:
        count += 1
        optimiser.zero_grad()
        loss = _loss(model, X, Y)
        loss.backward()
        last = float(loss.detach())
        if board is not None:
            board.note(last, time.perf_counter() - start, count)
        if last <= target:
            break
        optimiser.step()
    return last


def _loss(model: Any, X: Any, Y: Any) -> Any:
    return (model(X) - Y).square().sum() / (2 * len(X))
