"""The rule about best fits of a bounded rank (section 6): minima of linear networks and of cells, by the theorem of Eckart and Young."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from flint import fmpq

from lossproof.certificates.kernel.arithmetic.balls import ONE, ZERO
from lossproof.certificates.kernel.arithmetic.inertia import inertia
from lossproof.certificates.kernel.arithmetic.rings import Ring
from lossproof.certificates.kernel.arithmetic.series import Array
from lossproof.certificates.kernel.network import passes
from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.parse import require
from lossproof.certificates.kernel.reading.problem import rational
from lossproof.certificates.kernel.rules import evidence
from lossproof.certificates.kernel.rules.step import Result, Step
from lossproof.theory.verdicts import Rigor


def eckart_young(step: Step) -> Result:
    r"""The outputs at a point are a best fit of their rank, for the squared error, without decay and with identity output.

    For all W', or all W' near W, let the outputs less fixed output biases be ``F' = ΦA' + CU'`` with fixed matrices Φ and C and ``rank A' ≤ k``, and F those
    at W. Let R, of shape ``(T, n_L)``, the outputs less Y, have ``CᵀR = 0``. The evidence gives ``F* = F + CU`` with ``CᵀF* = 0``; K with ``CᵀK = 0``,
    ``Φᵀ(K − R) = 0``, ``F*ᵀK = 0`` and ``KF*ᵀ = 0``; and a number c such that no eigenvalue of ``KᵀK`` is above c, and at most ``n_L − k`` of those of
    ``F*ᵀF*`` are below it. Then ``J(W') ≥ J(W)``.

    Proof. R − K is orthogonal to the columns of Φ and C, so to ``F' − F``, and
    ``2T (J(W') − J(W)) = 2⟨R, F' − F⟩ + |F' − F|² = |F' − F + K|² − |K|²``. That is not negative if ``K = 0``, as it is for ``c ≤ 0``. Let ``c > 0``. With Π
    the projection off the columns of C, ``F* = ΠF = ΠΦA`` has no rank above k, so just k eigenvalues of ``F*ᵀF*`` are not 0, and these are at least c; if
    ``k ≥ n_L``, then ``KF*ᵀ = 0`` gives ``K = 0``. As ``ΠK = K``, ``|F' − F + K| ≥ |ΠΦA' − N|`` with ``N = F* − K``. The rank of ``ΠΦA'`` is not above k, so by
    Eckart and Young the square of this is no less than the sum of the ``n_L − k`` least eigenvalues of ``NᵀN``. Now ``NᵀN = F*ᵀF* + KᵀK`` by ``F*ᵀK = 0``, and
    K vanishes on the range of ``F*ᵀ`` by ``KF*ᵀ = 0``. So its k eigenvalues there are at least c, and the ``n_L − k`` others are those of ``KᵀK`` across it, at
    most c: these are the least, and add up to ``|K|²``.

    *global*: all hidden activations are the identity. Φ holds the inputs, C has one column of ones if any layer has biases, else none; k is the least hidden
    width, and the ``units`` are all of the first layer.

    *local-minimum*: one hidden layer. Near W ``σ(z_u(i)) = s_u(i) w_u·x̃_i + c_u(i)``, fixed biases in c, as each z lies inside an interval on which σ is
    affine; at samples at rest z does not move, and s is 0 here. The ``units``, k in number, are all that have one list s of slopes; Φ has the rows
    ``s(i) x̃_i``. C has such columns for each other list, in the order of their first units, then the columns c_u of all units, then ones if the output
    bias is trainable.
    """
    statement, problem, ring = step.says("global", "local-minimum"), step.problem, step.formal()
    found, n, k = step.expect(0, "units", "offsets", "rest", "between"), problem.n_L, min(problem.widths[1:-1], default=0)
    right = k > 0 and problem.output_activation.is_identity and problem.error.name == "squared"
    require(right, "rule", "this needs a hidden layer, identity output and the squared error")
    step.point()
    passed = passes.forward(ring, problem, passes.curve_of(ring, problem, step.box()), slopes=False)
    z, h, F = (series.coefficients[0] for series in (passed.z[1], passed.phi[1], passed.phi[-1]))
    exact = all(isinstance(x, fmpq) for x in (*z.flat, *h.flat, *F.flat))
    require(exact, "conclusion.at", "values of the network are not seen to be rational")
    units = evidence.indices(found["units"], "evidence.units", problem.widths[1])
    if statement == "global":
        linear = all(a.is_identity for a in problem.hidden) and len(units) == problem.widths[1]
        require(linear, "rule", "this needs linear layers, and all units of the first")
        Phi, C = ring.array(problem.X), np.full((problem.T, int(any(b != "none" for b in problem.biases))), ONE, dtype=object)
    else:
        require(problem.L == 2, "rule", "this needs one hidden layer")
        (Phi, C), k = _features(step, ring, z, h, units), len(units)
    U, K = (
        np.array(read.rows(found[key], f"evidence.{key}", read.rational, height, n), dtype=object).reshape(height, n)
        for key, height in (("offsets", C.shape[1]), ("rest", problem.T))
    )
    c, R = read.rational(found["between"], "evidence.between"), F - ring.array(problem.Y)
    fit = F - ring.array([problem.constants[-1] or [ZERO] * n]) + ring.times(C, U)
    K_squared, fit_squared = ring.times(K.T, K), ring.times(fit.T, fit)
    for A, B, place in (
        (C.T, R, "conclusion.at"), (C.T, fit, "evidence.offsets"), (C.T, K, "evidence.rest"), (Phi.T, K - R, "evidence.rest"),
        (fit.T, K, "conclusion.at"), (K_squared, fit_squared, "conclusion.at"),
    ):  # fmt: skip
        require(not np.any(ring.times(A, B)), place, "a product that is to be 0 is not")
    above, below = (inertia(step.work, M)[0] for M in (c * np.eye(n, dtype=int) - K_squared, fit_squared - c * np.eye(n, dtype=int)))
    require(above == 0 and below <= max(0, n - k), "evidence.between", "it does not part the fit from what is left")
    return step.conclude_near(statement), Rigor.EXACT


def _features(step: Step, ring: Ring, z: Array, h: Array, units: Sequence[int]) -> tuple[Array, Array]:
    """Return Φ and C of the cell, from z and the values of the hidden layer."""
    problem, groups, fixed = step.problem, dict[tuple[Fraction | None, ...], list[int]](), list[Array]()
    inputs = ring.array(problem.inputs)
    ring.count(inputs.size * problem.widths[1], 0, inputs, z)
    for u, slopes in enumerate(evidence.slopes_of_units(problem, z)):
        require(None not in slopes, "conclusion.at", f"unit {u} is not on an affine piece at every sample")
        bias = ZERO if problem.constants[0] is None else problem.constants[0][u]
        fixed.append(h[:, u] - np.array([rational(s) for s in slopes]) * (z[:, u] - bias))
        groups.setdefault(slopes, []).append(u)
    chosen = next((slopes for slopes, group in groups.items() if group == list(units)), None)
    require(chosen is not None, "evidence.units", "these are not all units with one list of slopes")
    tables = {slopes: inputs * np.array([[rational(s)] for s in slopes], dtype=object) for slopes in groups}
    ones = [np.full((problem.T, int(problem.biases[1] == "trainable")), ONE, dtype=object)]
    Phi = tables.pop(chosen) if chosen is not None else inputs
    return Phi, np.hstack([*tables.values(), np.array(fixed, dtype=object).T, *ones])
