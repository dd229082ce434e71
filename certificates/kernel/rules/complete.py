r"""The rule that a list of critical points is complete (section 6): a tree of boxes is walked again, each leaf with the reason that no other point is in it.

*What the tree covers.* The root is the box ``|w| ≤ b_w`` of the weights that are split, the halves of a box cover it, and every leaf must pass its test. If
every rate of the weight decay is positive, the weights split are θ, v and ε follow (`outputs`), and the bounds must be no smaller than those of
`_everything`, so that all critical points are meant; if not, all weights are split, and the claim is about those in the box, or about all where `tails` sees
that no other is outside.

*All critical points.* Let ``e = |ε|``, ``Y = |y|``, ``a² = Σ_l Λ_l v_l²``. ``Σ_l v_l g_l = 0`` says ``a² = −ε·y − e² ≤ eY − e²``. So ``e ≤ Y``, ``a² ≤
Y²/4``, ``|v_l| ≤ Y/(2√Λ_l)``, and ``e²a² ≤ e³(Y − e) ≤ 27Y⁴/256``, whence ``e|v_k| ≤ P_k = 3√3 Y²/(16√Λ_k)``. ``θ_k·g_k = 0`` says ``Σ_w Λ_w θ_kw² = −Σ_i
ε_i v_k σ'(z_ik) z_ik``. Let Λ be the least rate of a weight of ``θ_k``.

- Where ``|z σ'(z)| ≤ s``: ``Λ|θ_k|² ≤ P_k √T s``. For a neuron ``Λ|θ|² ≤ Σ_i (|y_i| + sup|σ|) s``. For tanh ``s = 0.4478``, for sigmoid half of it; ``z/(1 +
  z²) ≤ 1/2`` for arctan, ``2z e^{−z²}/√π ≤ √(2/(πe)) < 0.484`` for erf.
- Where ``|τ| ≤ κ`` for ``τ = σ − zσ'``, the intercept of a tangent: ``v_k g_k = 0`` and ``θ_k·g_k = 0`` say ``Σ_w Λ_w θ_kw² = Λ_k v_k² + Σ_i ε_i v_k τ_i ≤
  Y²/4 + P_k √T κ``. For a neuron ``Σ_w Λ_w θ_w² = −Σ_i (σ_i − y_i)(σ_i − τ_i) ≤ Σ_i (y_i − τ_i)²/4``. For softplus τ is the entropy of ``(s, 1 − s)``, s the
  logistic function, and ``κ = ln 2``. For silu ``τ = −z²s'(z) = −(w/cosh w)²`` with ``w = z/2``, at most 0.6628² < 0.4394, and for ``swish:β`` the same by
  β. For gelu ``|τ| = z²e^{−z²/2}/√(2π) ≤ √2/(e√π) < 0.2936``. For mish ``|τ| = 4z²e(e + 1)/(e² + 2e + 2)²`` with ``e = e^z``: that is below ``4z²e/(1 + e)³
  ≤ 4z²e^{−2z}`` and below ``z²e/(1 + e) ≤ z²e^z``, so ``κ = 4e^{−2} < 0.5414``. For the bent identity ``τ = (1 − r)/(2r)`` with ``r = √(z² + 1)``, and ``κ =
  1/2``.
- For the sine, with ``|σ'| ≤ 1``: ``Λ|θ_k|² ≤ P_k (Σ_i z_ik²)^{1/2} ≤ P_k |X̃||θ_k|`` with the Frobenius norm, and for a neuron ``Λ|θ| ≤ Σ_i (|y_i| +
  1)|x̃_i|``.

*Symmetry* (``S``). Permutations of the hidden units, and for an odd σ changes of all signs of a unit, change no J. So every critical point of the box has an
image in ``w_1 ≥ w_2 ≥ …``, for odd σ ``≥ 0`` (the root is the half box), w_k the first weight of unit k. A leaf with ``w_k ≤ w_{k+1}`` all over contains no
point with ``w_1 > w_2 > …``; all others are closed, and together contain these, so their limits, which are all points with ``≥``.

*No critical point* (``N``, ``M``): `_steep`, and mean values. If g vanishes at W in the box, ``0 = Q g(m) + Q H̃ (W − m)`` for any matrix Q and a mean H̃ of
the Hessian on the segment from its midpoint m to W: so ``|Q g(m)| ≤ |Q H| ρ`` with the radii ρ. Q is I above ``H⁻¹``. Where
``u = (v, ε)`` follows, L of `many_boxes` is in the place of ``T J``, as these points are critical for it with their ε, and Q is ``[I, −L_θu L_uu⁻¹]``.

*No minimum* (``D``). At every critical point of the leaf ``dᵀ H d < 0`` for some d: it is no local minimum. Such leaves make the list one of minima only.

*A listed point* (``U``). The leaf lies in an image of a box around a listed point in which ``‖D⁻¹(I − C H)D‖_∞ < 1``, D its radii. If two points of that box
are critical, ``H̃ (W − W') = 0`` with a mean H̃, hence ``W = W'``: a critical point in the leaf is an image of that listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import permutations
from itertools import product as tuples

import numpy as np
from flint import arb, fmpq

from lossproof.certificates.kernel.arithmetic.balls import ball_precision
from lossproof.certificates.kernel.arithmetic.doubles import ENLARGE, PRECISION, TINY, DoubleRing, Enclosed, exactly, hull, product
from lossproof.certificates.kernel.arithmetic.logistic import Logistic
from lossproof.certificates.kernel.arithmetic.series import Array
from lossproof.certificates.kernel.arithmetic.tables import TABLED
from lossproof.certificates.kernel.network import many_boxes as boxes
from lossproof.certificates.kernel.network.many_boxes import Landscape, Pass
from lossproof.certificates.kernel.network.passes import Box
from lossproof.certificates.kernel.network.tails import rises_outside
from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.parse import Rejected, limit, require
from lossproof.certificates.kernel.reading.problem import fraction, rational
from lossproof.certificates.kernel.rules.step import EVERYWHERE, Result, Step, everywhere, kinds, read_list
from lossproof.theory import limits
from lossproof.theory.verdicts import Rigor

_BATCH = 4096  # samples of boxes
_SLOPES = {"tanh": (0.4478, 1.0), "sigmoid": (0.2239, 1.0), "arctan": (0.5, 1.5708), "erf": (0.484, 1.0)}
_TANGENTS = {"softplus": 0.6932, "silu": 0.4394, "swish": 0.4394, "mish": 0.5414, "bent-identity": 0.5, "gelu": 0.2936}
_LETTERS = "abcdefghijkl"


def complete_list(step: Step) -> Result:
    """All critical points, in the box of the bounds or, with decay of all weights or ``tails``, everywhere, are those of the premises, up to symmetry.

    With the fact ``minima`` this is said of local minima only. The premises are those of `read_list`. With decay of all weights, or where J rises outside the
    box, a global minimum exists, and the fact ``attained`` says so.
    """
    found, problem = read.fields(step.evidence, ("bounds", "radii", "tails", "tree"), "evidence"), step.problem
    step.require_at(EVERYWHERE)
    activation = problem.output_activation if problem.L == 1 else problem.activation
    covered = activation.logistic is not None or activation.family in TABLED
    right = problem.error.name == "squared" and problem.n_L == 1 and problem.bias != "fixed" and problem.L <= 2
    right = right and (problem.L == 1 or problem.output_activation.is_identity)
    if not covered or not right:
        known = f"sigmoid, tanh, {', '.join(TABLED[:-1])} or {TABLED[-1]}"
        raise Rejected("rule", "evidence", f"this needs a squared error, one output, at most one hidden layer, and {known}")
    limit(problem.N_net, limits.MAX_COMPLETE_WEIGHTS, "the number of weights")
    limit(problem.widths[-2] if problem.L == 2 else 0, limits.MAX_COMPLETE_UNITS, "the number of hidden units")
    radii = read.each(found["radii"], "evidence.radii", lambda row, place: read.each(row, place, read.number, problem.N_net))
    places, told, alone = read_list(step, len(radii))
    bounds, tree = read.each(found["bounds"], "evidence.bounds", read.number, problem.N_net), read.text(found["tree"], "evidence.tree")
    limit(len(tree), limits.MAX_COMPLETE_BOXES, "the number of boxes")
    whole = problem.decay is not None and all(rate > 0 for rate in problem.rates)
    facts = {"bounds": [str(b) for b in bounds], "minima": "D" in tree, **told}
    require(type(found["tails"]) is bool, "evidence.tails", "expected true or false", "schema")
    step.work.spend(
        limits.complete_work(problem.widths, problem.T, len(tree) + len(radii) + 1, len(radii), whole=whole), "boxes of weights"
    )
    require(not whole or min(problem.rates) * 2**100 > 1, "rule", "the rates of decay must be above 2^-100, or one 0")
    with np.errstate(all="ignore"), ball_precision(PRECISION):
        attained = rises_outside(step.work, problem, bounds) if found["tails"] else whole
        root, sizes = _doubles(bounds, "evidence.bounds"), [_doubles(row, "evidence.radii") for row in radii]
        n, m = problem.widths[1], problem.fan_in(1)
        widest = root[: n * m] + 2 * np.max([np.zeros(n * m), *(size[: n * m] for size in sizes)], axis=0)
        land = boxes.landscape(step.work, problem, np.max(widest.reshape(n, m), axis=0))
        require(not whole or bool(np.all(root >= _everything(land))), "evidence.bounds", "some critical points may lie outside")
        alike = [x.reshape(max(land.units, 1), -1) for x in (root[: land.inner], root[land.inner :][: land.units])]
        require(all(bool(np.all(x == x[0])) for x in alike), "evidence.bounds", "the box must look the same for all hidden units")
        around = [_around(step, land, step.box(place), size) for place, size in zip(places, sizes, strict=True)]
        _Walk(land, root, whole, around).run(tree)
    return everywhere("complete-list", facts | kinds(alone, whole=whole or found["tails"], attained=attained)), Rigor.VERIFIED_FLOAT


def _doubles(numbers: Sequence[fmpq], place: str) -> Array:
    """Return numbers as doubles, which they must be."""
    right = all(0 < x < 2**90 and x == rational(Fraction(float(fraction(x)))) for x in numbers)
    require(right, place, "expected positive doubles below 2^90")
    return np.array([float(fraction(x)) for x in numbers])


def _everything(land: Landscape) -> Array:
    """Return bounds of all weights at all critical points, where every rate is positive; those of v are used as such."""
    rates, y, x, norm = land.rates.mid - land.rates.rad, land.targets.reach, land.inputs.reach, _norm(land)
    theta, outer, sigma = rates[: land.inner].reshape(max(land.units, 1), -1), rates[land.inner :], land.activation
    least, push = theta.min(axis=1), 0.3248 * norm**2 / np.sqrt(outer[: land.units])  # 3√3/16 < 0.32476
    if sigma.family in _SLOPES:
        s, most = _SLOPES[sigma.family]
        sizes = np.sqrt((push * np.sqrt(len(y)) * s if land.units else np.array([np.sum(y + most) * s])) / least)
    elif sigma.family in _TANGENTS:
        kappa = _TANGENTS[sigma.family] / float(sigma.parameter or 1)
        sizes = np.sqrt((norm**2 / 4 + push * np.sqrt(len(y)) * kappa if land.units else np.array([np.sum((y + kappa) ** 2) / 4])) / least)
    else:
        lengths = np.sqrt(np.sum(x**2, axis=1, keepdims=True) + TINY)  # for squares that underflow
        sizes = (push * np.sqrt(np.sum(lengths**2)) if land.units else np.array([np.sum((y + 1) * lengths)])) / least
    inner = sizes[:, None] * np.ones_like(theta)
    return np.asarray(np.concatenate([inner.ravel(), norm / (2 * np.sqrt(outer))]) * ENLARGE**4)


def _norm(land: Landscape) -> float:
    """Return an upper bound of ``|y|``: ``2^-300`` covers squares that underflow."""
    return float(ENLARGE * np.sqrt(np.sum(land.targets.reach**2)) + 2.0**-300)


def _around(step: Step, land: Landscape, box: Box, radii: Array) -> tuple[Array, Array]:
    """Return the box around a listed point as midpoints and radii, on which the gradient is seen to be one-to-one."""
    ring, bias = DoubleRing(step.work), step.problem.bias_rows_of(1)
    layers = [ring.array([*W, *[b] * bias]).T for W, b in box.point.layers]
    mid, rad = (np.concatenate([getattr(x, name).ravel() for x in layers]) for name in ("mid", "rad"))
    inside = ENLARGE * (rad + float(arb(box.radius).upper())) + TINY < radii
    require(bool(inside.all()), "evidence.radii", "the point need not lie in this box")
    theta, v = boxes.weights(land, Enclosed(mid[:, None], ENLARGE * radii[:, None] + TINY))
    p = boxes.activations(land, theta)
    H = boxes.hessian(land, p, boxes.residuals(land, p, v), v)
    size = 2.0 ** np.frexp(np.abs(H.mid).max())[1]  # far from 1 where all samples are saturated; a power of 2, so that quotients are exact
    H = Enclosed(H.mid[..., 0] / size, H.rad[..., 0] / size)
    off = (exactly(np.eye(len(mid))) - (exactly(boxes.inverse(H.mid, 2.0**-32)) @ H)).reach
    require(bool(np.all(ENLARGE * (off @ radii) < radii)), "evidence.radii", "the gradient is not seen to be one-to-one in this box")
    return mid, radii


def _images(land: Landscape, W: Array) -> list[Array]:
    """Return the images of weights under the symmetries."""
    n, found = land.units, []
    for order in permutations(range(n)):
        for signs in tuples((1.0, -1.0) if land.odd else (1.0,), repeat=n):
            theta, v = W[: land.inner], W[land.inner :].copy()
            if n:
                theta = (theta.reshape(n, -1)[list(order)] * np.array(signs)[:, None]).ravel()
                v[:n] = v[list(order)] * signs
            found.append(np.concatenate([theta, v]))
    return found


class _Walk:
    """The tree, level by level: a character a box, the lower half of a box before the upper one."""

    def __init__(self, land: Landscape, bounds: Array, whole: bool, around: list[tuple[Array, Array]]) -> None:
        self.land, self.follows, self.splits = land, whole and land.units > 0, land.inner if whole else len(bounds)
        T, side = len(land.inputs.mid), len(bounds)
        side += T if self.follows else 0
        self.batch = max(1, min(_BATCH // T, limits.MAX_BATCH // (T * (land.units + 1)), limits.MAX_BATCH * 4 // side**2))
        self.firsts = np.arange(0, land.inner, land.inputs.mid.shape[1]) if land.units else np.zeros(1, dtype=int)
        self.lower, self.upper = -bounds[: self.splits][None], bounds[: self.splits][None]
        if land.units and land.odd:
            self.lower[:, self.firsts] = 0.0
        self.prior = np.concatenate([_everything(land)[land.inner :], np.full(T, _norm(land))]) if whole else bounds
        pairs = (zip(_images(land, mid), _images(land, radii), strict=True) for mid, radii in around)
        self.points = [(image, np.abs(size)) for found in pairs for image, size in found]

    def run(self, tree: str) -> None:
        """Walk all of the tree; raises `Rejected`."""
        at, lower, upper = 0, self.lower, self.upper
        tests = {"S": self._symmetric, "N": self._steep, "M": self._mean_value, "D": self._curved, "U": self._known}
        while len(lower):
            level = tree[at : at + len(lower)]
            require(len(level) == len(lower) and level.isascii(), "evidence.tree", "a box has no character")
            at, codes = at + len(level), np.frombuffer(level.encode(), dtype=np.uint8)
            axes = codes.astype(int) - ord(_LETTERS[0])
            split = np.flatnonzero((axes >= 0) & (axes < self.splits))
            checked = len(split)
            for letter, test in tests.items():
                leaves = np.flatnonzero(codes == ord(letter))
                checked += len(leaves)
                for some in (leaves[k : k + self.batch] for k in range(0, len(leaves), self.batch)):
                    require(bool(np.all(test(lower[some], upper[some]))), "evidence.tree", f"a box is not seen to be settled by {letter}")
            require(checked == len(level), "evidence.tree", "expected the letters of weights, and S, N, M, D and U")
            lower, upper = _halves(lower[split], upper[split], axes[split])
        require(at == len(tree), "evidence.tree", "characters are left over")

    def _boxes(self, lower: Array, upper: Array) -> tuple[Enclosed, Pass, Enclosed, Enclosed | None]:
        """Return boxes of θ, what the activations are there, ε, and v."""
        theta, v = boxes.weights(self.land, hull(lower.T, upper.T))
        passed = boxes.activations(self.land, theta)
        if self.follows:
            u = boxes.outputs(self.land, theta, passed, self.prior)
            return theta, passed, u.eps, u.v
        return theta, passed, boxes.residuals(self.land, passed, v), v

    def _symmetric(self, lower: Array, upper: Array) -> Array:
        return np.asarray((upper[:, self.firsts[:-1]] <= lower[:, self.firsts[1:]]).any(axis=1))

    def _steep(self, lower: Array, upper: Array) -> Array:
        r"""A component of g or `relative_gradient` is not 0; or, with v from decay, ``Σ_k a_k² > |ε|²|v|²``, v without the bias.

        Here ``a_k = |Σ_w Λ_w θ_kw d_kw|/|σ'_k X̃d_k|``. A critical point has ``Σ_w Λ_w θ_kw d_kw = −Σ_i ε_i v_k σ'_ik x̃_i·d_k``, so that ``Σ_k a_k² ≤ |ε|
        |Σ_k ± a_k v_k u_k| ≤ |ε||a||v|`` with ``|u_k| ≤ 1``.
        """
        land = self.land
        if not self.follows:
            theta, p, eps, v = self._boxes(lower, upper)
            g = boxes.gradient(land, theta, p, eps, v)
            found = np.asarray((np.abs(g.mid) > ENLARGE * g.rad).any(axis=0))
            left = np.flatnonzero(~found)
            if len(left) and v is None and isinstance(land.curve, Logistic) and not land.rates.reach.any():
                some = (x[..., left] for x in (theta, p.phi, eps))
                g = boxes.relative_gradient(land, land.curve, *some)
                found[left] = (np.abs(g.mid) > ENLARGE * g.rad).any(axis=0)
            return found
        theta, _ = boxes.weights(land, hull(lower.T, upper.T))
        p, n, x = boxes.activations(land, theta), land.units, land.inputs
        pull, slopes = theta * land.rates[: land.inner].reshape(n, -1, 1), p.slope.reach
        M = np.einsum("kib,iac->ackb", slopes**2, x.mid[:, :, None] * x.mid[:, None])
        M /= np.abs(M).max(axis=(0, 1)) + TINY  # slopes may be far from 1
        way = np.einsum("ackb,kcb->kab", boxes.inverse(M, 2.0**-16), pull.mid)
        d = exactly(way / (np.abs(way).max(axis=1, keepdims=True) + TINY))
        along = product("kab,kab->kb", pull, d)
        least = np.maximum(np.abs(along.mid) - along.rad, 0) / ENLARGE
        size = ((product("ia,kab->kib", x, d).reach * slopes) ** 2).sum(axis=1) * ENLARGE**3 + TINY
        outer, steep = land.rates.mid - land.rates.rad, (least**2 / size).sum(axis=0)
        most = _norm(land) ** 4 * 27 / (256 * outer[land.inner : land.inner + n].min())
        found = np.asarray(steep > ENLARGE**6 * most + TINY)  # which covers underflow
        left = np.flatnonzero(~found)
        if len(left):
            u = boxes.outputs(land, theta[..., left], Pass(*(x[..., left] for x in p)), self.prior)
            push = np.sum(u.eps.reach**2, axis=0) * np.sum(u.v.reach[:n] ** 2, axis=0)
            found[left] = steep[left] > ENLARGE**6 * push + TINY
        return found

    def _mean_value(self, lower: Array, upper: Array) -> Array:
        """``|Q g| > |Q H| ρ`` in a row; with v from decay, of L in the place of ``T J``, with ε among the variables."""
        land = self.land
        theta, v = boxes.weights(land, hull(lower.T, upper.T))
        p = boxes.activations(land, theta)
        if self.follows:
            return boxes.excluded(land, theta, p, boxes.outputs(land, theta, p, self.prior))
        centre, free = exactly(theta.mid), None if v is None else exactly(v.mid)
        at = boxes.activations(land, centre)
        g, H = (
            boxes.gradient(land, centre, at, boxes.residuals(land, at, free), free),
            boxes.hessian(land, p, boxes.residuals(land, p, v), v),
        )
        rows = boxes.inverse(H.mid, 2.0**-20)
        rows /= np.abs(rows).max(axis=1, keepdims=True)  # far from 1 where all samples are saturated
        Q = exactly(np.concatenate([np.eye(len(g.mid))[..., None] + np.zeros_like(g.mid), rows]))
        value, rho = product("qpb,pb->qb", Q, g), boxes.row_of(land, theta, v).rad
        most = ENLARGE * np.einsum("qpb,pb->qb", product("qrb,rpb->qpb", Q, H).reach, rho)
        return np.asarray((np.abs(value.mid) - value.rad > ENLARGE * most).any(axis=0))

    def _curved(self, lower: Array, upper: Array) -> Array:
        """``dᵀ H d < 0`` at all critical points, with d nearly the eigenvector of the least eigenvalue at the midpoint."""
        _, p, eps, v = self._boxes(lower, upper)
        H = boxes.hessian(self.land, p, eps, v)
        d = exactly(np.linalg.eigh(np.moveaxis(H.mid, -1, 0))[1][..., 0].T)
        curved = product("pb,pb->b", product("pqb,qb->pb", H, d), d)
        return np.asarray(curved.mid < -ENLARGE * curved.rad)

    def _known(self, lower: Array, upper: Array) -> Array:
        theta, _, _, v = self._boxes(lower, upper)
        W = boxes.row_of(self.land, theta, v)
        inside = (ENLARGE * (np.abs(W.mid - mid[:, None]) + W.rad) <= radii[:, None] for mid, radii in self.points)
        return np.asarray(sum((x.all(axis=0) for x in inside), np.zeros(len(lower), dtype=bool)))


def _halves(lower: Array, upper: Array, axes: Array) -> tuple[Array, Array]:
    """Return the halves of boxes, each split in the middle of a weight, wherever rounding puts it."""
    low, high, every = np.repeat(lower, 2, axis=0), np.repeat(upper, 2, axis=0), 2 * np.arange(len(axes))
    middle = (lower[np.arange(len(axes)), axes] + upper[np.arange(len(axes)), axes]) / 2
    high[every, axes], low[every + 1, axes] = middle, middle
    return low, high
