"""A training run as text: its last iterations, why it stopped, and the order of convergence it shows."""

from __future__ import annotations

import textwrap
from typing import Any

import mpmath

from lossproof.numerics.training.convergence_order import ConvergenceOrder, convergence_order
from lossproof.numerics.training.records import Training

_ROWS = 12
_COLUMNS = (("loss", "loss"), ("gradient_norm", "‖∇J‖"), ("step_norm", "step"), ("damping", "damping"), ("distance", "distance"))


def render_training(training: Training, title: str, width: int) -> str:
    """Return the text that ``lossproof train`` prints: at most the last twelve iterations, and below them the reason and the measured order."""
    history = training.history
    first = max(len(history) - _ROWS, 0)
    lines = [title, "", f"{'iteration':>9}" + "".join(f"{words:>13}" for _, words in _COLUMNS), "-" * (9 + 13 * len(_COLUMNS))]
    if first:
        lines.append(f"{'…':>9}")
    for k in range(first, len(history)):
        lines.append(f"{k:>9}" + "".join(f"{_short(getattr(history, name)[k]):>13}" for name, _ in _COLUMNS))
    end = "Interrupted" if training.interrupted else "Converged" if training.converged else "Stopped, not converged"
    seconds = f", {float(history.seconds[-1]):.3g} s" if len(history) else ""
    lines += ["", *textwrap.wrap(f"{end} after {history.iterations} iterations{seconds}: {training.reason}.", width)]
    lines += textwrap.wrap(f"Local order, measured and not proved: {order_words(convergence_order(history))}.", width)
    return "\n".join(lines)


def order_words(found: ConvergenceOrder) -> str:
    """Return a measured order in words.

    >>> order_words(ConvergenceOrder("linear", 1.0, 0.5, "each step is 0.5 times as long as the one before"))
    'linear, rate 0.5 (each step is 0.5 times as long as the one before)'
    """
    if found.kind == "linear":
        return f"linear, rate {found.rate:.4g} ({found.reason})"
    if found.kind in ("quadratic", "cubic", "superlinear"):
        return f"{found.kind}, order {found.order:.3g} ({found.reason})"
    return f"{found.kind} ({found.reason})"


def _short(value: Any) -> str:
    """Return four digits and the power of ten, also of numbers that are no doubles."""
    if isinstance(value, float):
        return "0" if value == 0 else f"{value:.3e}"
    if not value or not mpmath.isfinite(value):
        return "0" if not value else str(value)
    exponent = int(mpmath.floor(mpmath.log10(abs(value))))
    return f"{float(value / mpmath.mpf(10) ** exponent):.3f}e{exponent:+03d}"
