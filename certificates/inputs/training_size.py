"""Which systems training may solve."""

from __future__ import annotations

from lossproof.certificates.inputs.memory_allowed import require_memory_for_training
from lossproof.numerics.training.levenberg_marquardt import MOST_WHOLE
from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.problem import Problem

MOST_UNKNOWNS = 16_000
"""The largest system that is factored whole: threaded Cholesky factorisations of OpenBLAS crash near 17,000 rows."""


def check_training_size(problem: Problem, method: str, max_memory: float | None = None) -> None:
    """Raise `InputError` for systems that are too large: of more than 16,000 unknowns, or for ``lm`` in tiles of more than memory allows (in GiB)."""
    N_net, columns = problem.architecture.N_net, problem.columns
    if problem.decay is None and method == "lm" and MOST_WHOLE < columns <= N_net:
        require_memory_for_training(problem, max_memory)
        return
    smaller = min(N_net, columns) if problem.decay is None else N_net
    unknowns = {"ggn": smaller, "lm": smaller, "newton": N_net}.get(method, 0)
    if unknowns > MOST_UNKNOWNS:
        raise InputError(
            f"{method} must solve systems of at most {MOST_UNKNOWNS} unknowns, got {unknowns} (N_net = {N_net}, T·n_L = {columns}): "
            "use bp or lbfgs, or lm where T·n_L is at most N_net"
        )
