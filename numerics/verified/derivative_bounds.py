r"""A bound of the Lipschitz constant of ``DF`` over a ball of weights, layer by layer.

Let ``B = {W : ‖W − W_0‖₂ ≤ R}``, all trainable weights as one vector. Write ``u = (u_<, u_l, …)`` for a direction, ``u_l`` the part of
layer ``l`` (bias included, when trainable), ``φ̃`` for ``φ`` with the constant unit of a trainable bias. ``Φ_l`` and ``Z_l`` stack all
samples, with the Frobenius norm. For all weights in ``B`` the recursion bounds

- ``a_i ≥ ‖Dφ_l(i)‖``, ``A ≥ ‖DΦ_l‖`` and ``K``, a Lipschitz constant of ``DΦ_l``; at ``l = 0`` all are 0.

**Step from l − 1 to l.** ``Dz_l[u] = u_lᵀ φ̃_{l-1} + W_lᵀ Dφ_{l-1}[u_<]``. As ``B`` is convex, ``φ_{l-1}(i)`` differs from its value at
``W_0`` by at most ``a_i R``, in all samples together by ``A R``. With ``x_i ≥ ‖φ̃_{l-1}(i)‖ + a_i R``, ``X ≥ ‖Φ̃_{l-1}‖₂ + A R``, ``w ≥
‖W_l‖₂ + R`` (without the bias row) and ``w_k`` the same for the column of unit ``k``, Cauchy-Schwarz gives

- ``‖Dz_{l,k}(i)‖ ≤ d_ik = √(x_i² + (w_k a_i)²)``, ``‖Dz_l(i)‖ ≤ √(x_i² + (w a_i)²)``, ``‖DZ_l‖ ≤ √(X² + (w A)²)``;
- ``‖(DZ_l(W) − DZ_l(W'))[u]‖ ≤ A |Δ_<||u_l| + A |Δ_l||u_<| + w K |Δ_<||u_<|`` with ``Δ = W − W'``, so ``DZ_l`` has the Lipschitz
  constant ``K_z = (wK + √((wK)² + 4A²))/2``, the norm of the matrix ``[[wK, A], [A, 0]]``.

So ``z_{l,k}(i)`` stays within ``d_ik R`` of its value at ``W_0``. On that interval, or a longer one, let ``|σ'| ≤ s_1`` and let ``σ'`` have the Lipschitz
constant ``s_2`` (both for each unit and sample). From ``Dφ_l = σ'(z_l) Dz_l``:

- ``a_i ← max_k s_1 · √(x_i² + (w a_i)²)``, ``A ← max s_1 · ‖DZ_l‖``;
- ``(σ'(z) − σ'(z')) Dz[u] + σ'(z')(Dz − Dz')[u]`` gives ``K ← max(s_2 d) · ‖DZ_l‖ + max s_1 · K_z``.

At the output ``s_1`` and ``s_2`` are multiplied by the scale of their equation. No second derivative is needed: softsign and ELU are
covered, and (leaky) ReLU where no interval holds a kink.

All numbers are non-negative doubles. Each product and each root is raised for its rounding and underflow before it is used; an overflow
gives infinity or NaN, which proves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lossproof.numerics.algebra.products import Floats, gamma
from lossproof.numerics.fields.rest import OFF_KINK
from lossproof.numerics.verified.enclosures import Enclosure, frobenius_bound, norm_bounds, raised
from lossproof.numerics.verified.forward_backward import EnclosedPass, enclosed_rest
from lossproof.numerics.verified.slope_bounds import slope_bounds
from lossproof.theory.functions.activations import Activation
from lossproof.theory.limits import MAX_SINGLE_INTERVALS

_MANY = 1.125


@dataclass(frozen=True, eq=False)
class PointNorms:
    """Upper bounds of norms at ``W_0`` for the step to one layer ``l``: what the recursion needs, whatever the radius.

    ``samples`` of ``‖φ̃_{l-1}(i)‖``, of shape ``(T,)``, ``stacked`` of ``‖Φ̃_{l-1}‖₂``, ``weights`` of ``‖W_l‖₂``, and ``columns`` of the columns of ``W_l``.
    """

    samples: Floats
    stacked: float
    weights: float
    columns: Floats


def point_norms(found: EnclosedPass) -> tuple[PointNorms, ...]:
    """Return the norms at the point of the pass, for ``l = 1..L``. The pass must reach the output."""
    norms = []
    for l, (W, _) in enumerate(found.weights):
        phi = found.extended_phi(l)
        norms.append(PointNorms(norm_bounds(phi.reach()), spectral_bound(phi), spectral_bound(W), norm_bounds(W.reach().T)))
    return tuple(norms)


def derivative_bounds(found: EnclosedPass, norms: Sequence[PointNorms], radius: float, scales: Floats) -> tuple[float, float]:
    r"""Return a bound of ``‖D·DF‖`` on the ball of the given radius around the weights, and a Lipschitz constant κ of ``W ↦ D·DF(W)`` there.

    ``norms`` are the `point_norms` of the pass, and ``scales`` of shape ``(T, n_L)`` is the diagonal of ``D``: the factor of each equation. Infinite or NaN
    where nothing is proved; raises `NotDifferentiable` where a derivative does not exist somewhere in the ball. The proof is at the head of this module.

    >>> from lossproof.numerics.verified.forward_backward import enclose_pass
    >>> from lossproof.numerics.verified.enclosures import exact_floats
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> a = Architecture.of("1-1-1", "identity")  # F = v(wx + b) + c with x = 2: D²F = v·0 + 2·dv·(x dw + db), of norm √5
    >>> found = enclose_pass(a, exact_floats([[2.0]]), [([[1.0]], [0.0]), ([[1.0]], [0.0])], strip_output=False)
    >>> norm, lipschitz = derivative_bounds(found, point_norms(found), 1e-9, np.ones((1, 1)))
    >>> round(norm**2, 6), round(lipschitz**2, 6)  # DF = (v x, v, z, 1) with z = 2
    (10.0, 5.0)
    """
    T = found.phi[0].mid.shape[0]
    samples, A, K = np.zeros(T), np.zeros(()), np.zeros(())
    last = found.architecture.L
    for l, (norm, z) in enumerate(zip(norms, found.z, strict=True), start=1):
        x = _up(norm.samples + _up(samples * radius))
        X = _up(norm.stacked + _up(A * radius))
        w = _up(norm.weights + radius)
        columns = _up(norm.columns + radius)
        d = _hypotenuse(x[:, None], _up(columns[None, :] * samples[:, None]))
        reach, activation = _up(z.rad + _up(d * radius)), found.architecture.activation_of(l)
        rest = enclosed_rest(found.architecture, found.phi[0], [b for _, b in found.weights], l)
        s_1, s_2 = slope_bounds(activation, _lengthened(Enclosure(_beside(z.mid, rest, activation), reach)))
        if l == last:
            s_1, s_2 = _up(s_1 * scales), _up(s_2 * scales)
        stacked, inner = _hypotenuse(X, _up(w * A)), _up(w * K)
        K_z = _up((inner + _hypotenuse(inner, 2 * A)) / 2)
        K = _up(_up(_up(s_2 * d).max() * stacked) + _up(s_1.max() * K_z))
        samples = _up(s_1.max(axis=1) * _hypotenuse(x, _up(w * samples)))
        A = _up(s_1.max() * stacked)
    return float(A), float(K)


def _beside(mid: Floats, rest: Sequence[int], activation: Activation) -> Floats:
    """Return midpoints that lie beside the kinks in the rows at rest, where all norms that count with these slopes are 0."""
    moved = mid.copy()
    moved[rest] += float(OFF_KINK) if activation.kinks(2) else 0.0
    return moved


def _lengthened(z: Enclosure) -> Enclosure:
    """Return intervals as long as a checker may take them, which looks at many of about the same ends only once."""
    return z if z.mid.size <= MAX_SINGLE_INTERVALS else Enclosure(z.mid, _up(_MANY * z.rad))


def spectral_bound(A: Enclosure) -> float:
    r"""Return an upper bound of ``‖A‖₂`` for all matrices within the enclosure.

    It is the smaller of the Frobenius norm and ``√‖ÂÂᵀ‖_∞ + ‖r‖_F``, the product formed on the shorter side, with ``|fl(ÂÂᵀ) − ÂÂᵀ| ≤ γ_k |Â||Â|ᵀ``.

    >>> from lossproof.numerics.verified.enclosures import exact_floats
    >>> 2 <= spectral_bound(exact_floats(np.eye(5) * 2)) < 2.0001
    True
    """
    mid = A.mid if A.mid.shape[0] <= A.mid.shape[1] else A.mid.T
    size, k = np.abs(mid), mid.shape[1]
    rows = np.abs(mid @ mid.T).sum(axis=1) + gamma(k) * (size @ size.sum(axis=0))
    largest = np.sqrt(float(raised(rows, 2 * k + mid.shape[0]).max()))
    rest = frobenius_bound(A.rad)
    return float(np.fmin(_up(largest + rest), frobenius_bound(A.reach())))


def _up(x: Floats | float) -> Floats:
    """Cover a few roundings and one underflow."""
    return raised(np.asarray(x), 8)


def _hypotenuse(x: Floats, y: Floats) -> Floats:
    """Return an upper bound of ``√(x² + y²)``."""
    return _up(np.sqrt(_up(x * x + y * y)))
