"""Training with the words of `check_architecture`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lossproof.certificates.inputs.problem import Choices, check_whole, read_problem
from lossproof.certificates.inputs.training_size import check_training_size
from lossproof.certificates.training.found_weights import require_doubles
from lossproof.numerics.algebra.threads import one_thread
from lossproof.numerics.network.points import random_weights
from lossproof.numerics.training.least_squares import targets_are_related, weights_below_output
from lossproof.numerics.training.records import Training
from lossproof.numerics.training.settings import DEFAULT_ITERATIONS, DEFAULT_STEP, DEFAULT_TOLERANCE, METHODS, Progress, Settings
from lossproof.theory.exceptions import InputError
from lossproof.theory.functions.activations import Activation
from lossproof.theory.functions.errors import ErrorFunction
from lossproof.theory.names import nearest_name
from lossproof.theory.options import option
from lossproof.theory.problem.problem import Problem
from lossproof.theory.shown import shown

_MOST_ITERATIONS = 100_000_000
_DIGITS = (20, 1_000)


def train(
    widths: str | Sequence[int],
    X: Any,
    Y: Any,
    *,
    activation: str | Activation | Sequence[str | Activation] = "tanh",
    output_activation: str | Activation = "identity",
    error: str | ErrorFunction = "squared",
    bias: str | Sequence[str] = "trainable",
    weight_decay: Any = 0,
    decay_biases: bool = True,
    frozen: Sequence[int] = (),
    method: str = "ggn",
    damping: float | str = "auto",
    step: float = DEFAULT_STEP,
    weights: Any = None,
    max_iterations: int | None = None,
    tolerance: float | None = None,
    target_loss: float | None = None,
    seed: int = 0,
    precision: int | None = None,
    hold_output: bool | None = None,
    progress: Progress | None = None,
) -> Training:
    r"""Minimise ``J(W) = (1/T) Σ_i E(F(W, x_i), y_i)``, plus the penalty of a weight decay, and return the weights with the history of the run.

    - ``widths``, ``X``, ``Y``, ``activation``, ``output_activation``, ``error``, ``bias``, ``weight_decay``, ``decay_biases``, ``frozen``, ``weights``,
      ``seed``: as in `check_architecture`; frozen layers stay as they are, and the run starts at ``weights``, or at weights drawn from ``seed``;
    - ``method``: ``"ggn"``, the approximate Newton (generalised Gauss-Newton) iteration with minimum-norm steps; ``"lm"``, Levenberg-Marquardt;
      ``"newton"`` with the exact Hessian; ``"bp"``, gradient descent with the constant ``step``; ``"lbfgs"``, SciPy's;
    - ``damping``: ``"auto"`` or ``μ ≥ 0``, added to ``H_GN`` (``ggn``, ``lm``) or to the absolute eigenvalues of the Hessian (``newton``). ``ggn``: ``"auto"``
      takes undamped steps and halves those that do not lower the loss, ``0`` takes them in full whatever happens. ``newton``: ``"auto"`` is
      safeguarded, ``0`` pure. ``lm``: the first ``μ``, which then adapts. The others have none;
    - ``max_iterations``: by default 200 (``ggn``), 500 (``lm``, ``newton``), 10,000 (``bp``, ``lbfgs``);
    - ``tolerance`` (by default ``1e-14``) and ``target_loss``: the run ends where every sample is fitted to ``tolerance``, or instead where the loss is at
      most ``target_loss``; at a critical point; where steps no longer change the weights. ``training.reason`` says which;
    - ``precision``: decimal digits, 20 to 1,000, for ``ggn`` only; the arithmetic is then Arb's, and the run ends at the rounding of that
      precision;
    - ``hold_output``: ``ggn`` and ``lm`` leave ``W_L`` as it is (its biases move). It helps where the targets of all samples have the same sum, as one-hot
      targets do: least squares then drives the sum of the output weights of every hidden unit to 0, where ``P`` loses rank. By
      default ``lm`` does so where the targets have an affine relation, the error is a function of residuals, and there are at least ``2 T n_L`` other weights;
    - ``progress(stage, done, total)``: called before the start is made, and after every iteration.

    Returns a `Training`: ``weights`` (exact), ``history``, ``converged``, ``reason``. Nothing is proved by it: give the weights to `check_architecture`.
    A run that is interrupted by Ctrl-C returns the weights reached, with ``interrupted``. Raises `InputError` for input that cannot be used,
    for numbers beyond the range of doubles unless ``precision`` is given, and for systems of more than 16,000 unknowns (the smaller of ``N_net`` and
    ``T n_L`` for ``ggn`` and ``lm``, ``N_net`` for ``newton``); ``lm`` takes up to the memory that is free where ``T n_L ≤ N_net``, ``8 (T n_L)²`` bytes.

    >>> training = train("1-1", [[0], [1]], [[1], [3]], activation="identity", method="ggn")
    >>> training.converged, training.loss < 1e-28
    (True, True)
    """
    _check_method(method, precision, hold_output=bool(hold_output))
    choices = Choices(widths, activation, output_activation, error, bias, weight_decay, decay_biases, frozen)
    problem, given, _ = read_problem(choices, X, Y, weights, seed)
    if problem.decay is not None and (precision is not None or hold_output):
        raise InputError(
            f"{option('weight_decay')} must go without {option('precision')} and {option('hold_output')}, got one of them: leave it out"
        )
    check_training_size(problem, method)
    iterations = DEFAULT_ITERATIONS[method] if max_iterations is None else max_iterations
    check_whole("max_iterations", iterations, 0, _MOST_ITERATIONS)
    with one_thread():
        if progress is not None:
            progress("preparing the weights", 0, 1)
        start = given if given is not None else random_weights(problem, seed)
        if precision is None:
            require_doubles(problem, start, f"scale the problem, or give {option('precision', 50)} with {option('method', 'ggn')}")
        settings = Settings(
            method,
            None if damping == "auto" else _number("damping", damping, least=0.0),
            _number("step", step, least=0.0),
            iterations,
            _number("tolerance", DEFAULT_TOLERANCE if tolerance is None else tolerance, least=0.0)
            if precision is None or tolerance is not None
            else 0.0,
            None if target_loss is None else _number("target_loss", target_loss, least=None),
            progress,
            _is_held(problem, method) if hold_output is None else hold_output,
        )
        if precision is not None:
            from lossproof.numerics.training.run_digits import run_precise

            return run_precise(problem, start, settings, precision)
        from lossproof.numerics.training.run_doubles import run_training

        return run_training(problem, start, settings)


def _check_method(method: str, precision: int | None, *, hold_output: bool) -> None:
    if not isinstance(method, str) or method not in METHODS:
        raise InputError(f"{option('method')} must be one of {', '.join(METHODS)}, got {shown(method)}{nearest_name(method, METHODS)}")
    if hold_output and (method not in ("ggn", "lm") or precision is not None):
        raise InputError(
            f"{option('hold_output')} must go with {option('method', 'ggn')} or {option('method', 'lm')} in doubles, got "
            f"{option('method', method)}{' and ' + option('precision', precision) if precision is not None else ''}: leave it out"
        )
    if precision is None:
        return
    check_whole("precision", precision, *_DIGITS)
    if method != "ggn":
        raise InputError(
            f"{option('precision')} must go with {option('method', 'ggn')}, got {option('method', method)}: leave out the precision, or use ggn"
        )


def _is_held(problem: Problem, method: str) -> bool:
    """Tell whether ``lm`` leaves the output weights as they are by default (see `train`)."""
    a = problem.architecture
    if (
        method != "lm"
        or problem.decay is not None
        or a.L == 1
        or problem.error.is_cross_entropy
        or weights_below_output(a) < 2 * problem.columns
    ):
        return False
    return a.n_L < problem.T and targets_are_related(problem)


def _number(name: str, value: Any, *, least: float | None) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = float("nan")
    if number != number or number in (float("inf"), float("-inf")) or (least is not None and number < least):
        kind = "a finite number" if least is None else f"a finite number, at least {least:g}"
        extra = " or 'auto'" if name == "damping" else ""
        raise InputError(f"{option(name)} must be {kind}{extra}, got {shown(value)}: write for example {option(name, 0.01)}")
    return number
