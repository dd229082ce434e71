"""The L2 penalty ``alpha`` of a fitted MLP of scikit-learn as the weight decay of the problem that its training minimised."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from numbers import Integral
from typing import Any

from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.numbers import exact_number
from lossproof.theory.shown import shown

_STOCHASTIC = ("sgd", "adam")
_AUTOMATIC_BATCH = 200


def penalty_of(model: Any, T: int) -> tuple[Fraction, tuple[str, ...]]:
    r"""Return the rate λ for which ``J + (λ/2) Σ_l |W_l|²`` is what a fitted MLP of scikit-learn minimised, and notes on what that assumes.

    The gradient of a batch of ``B`` samples is ``(Σ_i ∇E_i + α W)/B`` for weights and ``Σ_i ∇E_i / B`` for biases (`_compute_loss_grad`), where
    ``∇E_i`` sums over outputs. With lbfgs, and with one batch, that is the gradient of ``J + (α/2n) Σ_l |W_l|²`` for the n samples of the training. With K
    batches in an epoch, the mean over its samples, which scikit-learn keeps as ``loss_``, is ``J + (Kα/2n) Σ_l |W_l|²``: the rate is ``λ = K α/n``, and a
    fit comes to rest near stationary points of this, but at none of all batches. The number n is read from a fit in batches (its ``t_`` counts samples);
    a fit by lbfgs does not keep it, and ``n = T``, the samples given, is assumed.

    Raises `InputError` where ``alpha`` is no number of at least 0, or ``batch_size`` no size.

    >>> from types import SimpleNamespace
    >>> penalty_of(SimpleNamespace(alpha=0.5, solver="lbfgs"), 8)[0]
    Fraction(1, 16)
    >>> penalty_of(SimpleNamespace(alpha=0.5, solver="adam", batch_size=3, t_=80, loss_curve_=[0] * 10), 8)[0]
    Fraction(3, 16)
    """
    alpha = exact_number(model.alpha, "alpha of the model")
    if not isinstance(alpha, Fraction) or alpha < 0:
        raise InputError(f"alpha of the model must be a number of at least 0, got {shown(model.alpha)}: set alpha as it was for the fit")
    kept = _samples_of_fit(model)
    n = kept or T
    batches = ceil(Fraction(n, _batch_size(model, n)))
    rate = alpha * batches / n
    return rate, (*_rate_note(model.alpha, T, n, batches), *_number_note(model.alpha, T, kept))


def _samples_of_fit(model: Any) -> int | None:
    """Return the number of samples in an epoch of a fit in batches, None where that is not known."""
    epochs = len(getattr(model, "loss_curve_", ()))
    if model.solver not in _STOCHASTIC or not epochs or model.t_ <= 0 or model.t_ % epochs:
        return None
    return int(model.t_ // epochs)


def _batch_size(model: Any, n: int) -> int:
    if model.solver not in _STOCHASTIC:
        return n
    if model.batch_size == "auto":
        return min(n, _AUTOMATIC_BATCH)
    if not isinstance(model.batch_size, Integral) or model.batch_size < 1:
        raise InputError(
            f"batch_size of the model must be a whole number or 'auto', got {shown(model.batch_size)}: set it as it was for the fit"
        )
    return min(n, int(model.batch_size))


def _rate_note(alpha: float, T: int, n: int, batches: int) -> tuple[str, ...]:
    if not alpha:
        return ()
    source = f"{n} samples of its training" if n != T else f"{n} samples"
    if batches == 1:
        return (
            f"The penalty is the model's own: alpha = {alpha:g} over {source}, on weights without biases; weight_decay=0 leaves it out.",
        )
    return (
        f"The penalty is the model's own: alpha = {alpha:g} for each of {batches} batches in {source}, on weights without biases; weight_decay=0 leaves it "
        "out. A fit in batches comes to rest near stationary points of this sum, not at one.",
    )


def _number_note(alpha: float, T: int, kept: int | None) -> tuple[str, ...]:
    if kept is None:
        assumed = f"The model does not keep how many samples it was fitted on: the {T} given here are taken for them, each with weight 1."
        return (assumed,) if alpha else ()
    if kept == T:
        return ()
    return (
        f"The model was fitted on {kept} samples an epoch, and is judged on the {T} given here: give those of the fit for its own loss.",
    )
