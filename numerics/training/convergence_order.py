r"""The local order of convergence, measured from the iterates of a run: an estimate, never a fact that a certificate carries.

Derivation. Let ``e_k = W_k − W_∞`` and ``s_k = ‖W_{k+1} − W_k‖``. Where ``‖e_{k+1}‖ = o(‖e_k‖)``, ``s_k`` is the distance ``‖e_k‖`` to the limit up to a
factor that tends to 1; where ``e_{k+1} ≈ A e_k``, it is proportional to it. Unlike the distance to the last iterate, which is no limit,
``s_k`` is right to the end of the run. If ``s_{k+1} = C s_k^q``, the decrements ``D_k = log s_k − log s_{k+1}`` obey ``D_{k+1} = q D_k``, whatever ``C``:
their quotients are the order. If ``q = 1`` they are constant and ``C = e^{−D}`` is the rate. The order reported is the geometric mean of the
last two quotients, where both exceed 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from lossproof.numerics.fields.field import Array
from lossproof.numerics.training.records import History

_SPARE = 2.0
_WINDOW = 20
_STEADY = 6
_QUADRATIC, _CUBIC = 0.3, 0.35
_SAME_RATE = 0.25
_SLOW = 0.005


@dataclass(frozen=True)
class ConvergenceOrder:
    """What a run shows of its local order.

    - ``kind``: ``"quadratic"``, ``"cubic"``, ``"superlinear"`` (faster than any rate, of another order), ``"linear"``, ``"sublinear"``,
      ``"diverging"`` or ``"none"``;
    - ``order``: the measured ``q``, 1 for linear, NaN where none was found;
    - ``rate``: ``C`` of ``d_{k+1} ≈ C d_k^q``, for ``q`` rounded to 1, 2 or 3: for linear convergence the factor a step; NaN where none was found;
    - ``reason``: the figures it rests on, in words.

    >>> steps = np.array([0.0, *(0.25**k for k in range(9))])
    >>> found = convergence_order(History(steps, steps, steps, steps, steps, steps, 16, 1.0))
    >>> found.kind, found.order, round(found.rate, 6)
    ('linear', 1.0, 0.25)
    """

    kind: str
    order: float
    rate: float
    reason: str


def convergence_order(history: History) -> ConvergenceOrder:
    r"""Return the local order of convergence of a run, from the lengths of its steps above the rounding of its arithmetic.

    Doubles show two or three quotients at most; a run with ``precision=200`` shows more. What is measured is this run: a linear rate near
    a minimum with residuals, 1/2 at a double root where ``P`` is singular, order 2 at an exact learner of full rank, order 3 where the second-order
    term of the error vanishes, too. A run that moves away has kind ``"diverging"`` and a rate above 1.

    >>> steps = np.array([0.0, 1e-1, 1e-2, 1e-4, 1e-8])
    >>> found = convergence_order(History(steps, steps, steps, steps, steps, steps, 16, 1.0))
    >>> found.kind, round(found.order, 6)
    ('quadratic', 2.0)
    >>> steps = np.array([0.0, *(0.5**k for k in range(9))])
    >>> found = convergence_order(History(steps, steps, steps, steps, steps, steps, 16, 1.0))
    >>> found.kind, round(found.rate, 6)
    ('linear', 0.5)
    """
    logs = _usable(history)
    if len(logs) < 3:
        return _none(f"the run has {len(logs)} steps above rounding, and an order needs three")
    decrements = logs[:-1] - logs[1:]
    return _superlinear(logs, decrements) or _at_a_rate(decrements)


def _usable(history: History) -> Array:
    """Return ``log10`` of the steps up to the last one above the rounding of the arithmetic, in the weights and in the step before."""
    logs = history.log10("step_norm")[1:]
    rounded = np.flatnonzero(logs[:-1] - logs[1:] > history.digits - _SPARE)
    logs = logs[: rounded[0] + 1] if len(rounded) else logs
    floor = _SPARE - history.digits + np.log10(max(history.size, np.finfo(float).tiny))
    above = np.flatnonzero(np.isfinite(logs) & (logs > floor))
    return np.asarray(logs[: above[-1] + 1]) if len(above) and np.isfinite(logs[: above[-1] + 1]).all() else np.zeros(0)


def _superlinear(logs: Array, decrements: Array) -> ConvergenceOrder | None:
    """Return an order above 1 that the last decrements show, or None."""
    if decrements[-1] <= 0 or decrements[-2] <= 0:
        return None
    tail = decrements[-_STEADY:]
    quotients = [float(b / a) for a, b in pairwise(tail) if a > 0 and b > 0]
    order = float(np.sqrt(quotients[-2] * quotients[-1])) if len(quotients) > 1 and quotients[-2] > 1 else quotients[-1]
    steady = len(tail) >= 3 and tail.min() > 0 and tail.max() <= (1 + _SAME_RATE) * tail.min()
    if steady or order <= 1 + _SAME_RATE or (len(quotients) > 1 and quotients[-2] <= 1 and decrements[-1] < 1):
        return None
    kind, nearest = "superlinear", order
    if abs(order - 2) <= _QUADRATIC:
        kind, nearest = "quadratic", 2.0
    elif abs(order - 3) <= _CUBIC:
        kind, nearest = "cubic", 3.0
    rate = float(10 ** np.clip(logs[-1] - nearest * logs[-2], -300, 300))
    shown = ", ".join(f"{q:.3g}" for q in quotients[-3:])
    steps = ", ".join(f"1e{x:.1f}" for x in logs[-4:])
    return ConvergenceOrder(kind, order, rate, f"the last steps are {steps} long; the quotients of their decrements in log are {shown}")


def _at_a_rate(decrements: Array) -> ConvergenceOrder:
    window = decrements[-_WINDOW:]
    steady = window[-_STEADY:]
    half = len(window) // 2
    early, late, mean = float(window[:half].mean()), float(window[half:].mean()), float(steady.mean())
    rate = float(10**-mean)
    if mean <= -np.log10(1 + _SLOW):
        return ConvergenceOrder(
            "diverging", float("nan"), rate, f"the steps grow by a factor of {rate:.4g} each, over the last {len(steady)}"
        )
    constant = len(steady) >= 3 and steady.min() > 0 and steady.max() <= (1 + _SAME_RATE) * steady.min()
    even = len(window) >= 8 and late > 0 and abs(early - late) <= _SAME_RATE * late
    if 0 < mean <= _SLOW and late < early:
        return ConvergenceOrder("sublinear", float("nan"), rate, f"the steps shrink by a factor of {rate:.6g} each, ever more slowly")
    if constant or even:
        mean = float(window[half:].mean()) if even and not constant else mean
        rate = float(10**-mean)
        return ConvergenceOrder(
            "linear", 1.0, rate, f"each step is {rate:.4g} times as long as the one before, over the last {len(steady)} steps"
        )
    return _none("the lengths of the steps follow no rate and no order")


def _none(reason: str) -> ConvergenceOrder:
    return ConvergenceOrder("none", float("nan"), float("nan"), reason)
