r"""The Hessian of ``T J`` over a box of weights in doubles, how far it lies from its midpoints, and the gradient at the box's centre.

Let ``δ_l`` and ``M_l`` be the gradient and the Hessian of the error of a sample by ``z_l``, ``V_lk`` the derivatives of ``φ_{k-1}`` by ``z_l``, and
``R_lk = V_lk W_k``. With ``φ̃`` the values with the unit of a trainable bias, the second derivative by the weights from input i to unit a of layer l and from
input j to unit c of layer ``k ≥ l`` is summed over the samples of

    M_l,ac φ̃_{l-1,i} φ̃_{l-1,j}  for k = l,   (R_lk M_k)_ac φ̃_{l-1,i} φ̃_{k-1,j} + V_lk,aj φ̃_{l-1,i} δ_kc  for k > l,

where ``M_L = ∂δ_L/∂z_L`` and ``M_l = R_{l,l+1} M_{l+1} R_{l,l+1}ᵀ + diag((W_{l+1} δ_{l+1}) ∘ σ''(z_l))``. Each kind of term ``Σ X_ac p_i q_d`` is one product
of matrices over the samples. Of radii only sums along rows are found, which bound the spectral norm of what is symmetric: the radius of
``|p|ᵀ(|X|(|q| f))``, the products those of enclosures, bounds how far the midpoint's term is from the true one, summed along rows with factors ``f ≥ 0``.
Each product adds a relative ``γ_k`` of itself, which exceeds what a term loses by rounding if ``γ_{T+4}`` is added to X: two products, a sum of T, one of two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from lossproof.numerics.algebra.products import Floats, gamma, times
from lossproof.numerics.algebra.threads import threads_for
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.fields.rest import samples_at_rest
from lossproof.numerics.fields.state_balls import StateBallField
from lossproof.numerics.verified.activations import beside_kinks, check_kinks, enclose_curvature
from lossproof.numerics.verified.enclosures import (
    Enclosure,
    as_balls,
    enclose_balls,
    enclose_numbers,
    exact_floats,
    matrix_product,
    product,
    raised,
    total,
    widened,
    with_ones,
)
from lossproof.numerics.verified.error_curvature import widened_by, widest_curvature
from lossproof.theory.functions.activations import Activation
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_Places: TypeAlias = npt.NDArray[np.integer[Any]]

_BITS = 80
_MOST_SAMPLES, _MOST_VALUES = 256, 2**22


@dataclass(frozen=True)
class EnclosedHessian:
    """``T ∇²J`` by some parameters over a box: each of these matrices differs from the symmetric ``mid`` by ``spread`` at most, in the spectral norm."""

    mid: Floats
    spread: float

    def is_finite(self) -> bool:
        """Tell whether all numbers are finite."""
        return bool(np.isfinite(self.mid).all() and np.isfinite(self.spread))


@dataclass(frozen=True)
class _Node:
    inputs: Enclosure
    slope: Enclosure
    delta: Enclosure
    kappa: Enclosure


@dataclass(frozen=True)
class EnclosedLandscape:
    """The layers of a network over a box of weights: the ``W_l``, the nodes, ``C`` of shape ``(T, n_L, n_L)``, the biases and the z.

    With weight decay the weights and the rates ``T λ_k`` as well.
    """

    problem: Problem
    W: Sequence[Enclosure]
    nodes: Sequence[_Node]
    C: Enclosure
    met: Sequence[Enclosure]
    penalty: tuple[Enclosure, Enclosure] | None = None

    def is_moderate(self) -> bool:
        """Tell whether all numbers are of moderate size, see `Enclosure.is_moderate`."""
        return all(part.is_moderate() for part in (*self.W, *self.met, self.C, *(x for node in self.nodes for x in vars(node).values())))

    def gradient(self) -> Enclosure:
        """Return ``T ∇J``, in the order of the rows of P."""
        nodes = (self.nodes[l - 1] for l in self.problem.architecture.trained)
        parts = [matrix_product(_transposed(node.delta), node.inputs) for node in nodes]
        found = Enclosure(*(np.concatenate([x.ravel() for x in rows]) for rows in zip(*((p.mid, p.rad) for p in parts), strict=True)))
        return found if self.penalty is None else total(found, product(*self.penalty))

    def gradient_scale(self) -> float:
        """Return about the norm that ``T ∇J`` would have if no terms of different samples cancelled."""
        nodes = [self.nodes[l - 1] for l in self.problem.architecture.trained]
        return float(np.sqrt(sum(np.sum(times(np.abs(node.delta.mid).T, np.abs(node.inputs.mid)) ** 2) for node in nodes)))

    def hessian(self, free: _Places | None = None) -> EnclosedHessian:
        """Return ``T ∇²J`` by the parameters given in increasing order, by default all."""
        N = self.problem.architecture.N_net
        places = np.arange(N) if free is None else free
        factors = np.zeros(N)
        factors[places] = 1
        mid, radii = self.midpoints_and_radii(factors)
        spread = float(np.max(raised(radii[places], self.problem.T * self.problem.architecture.L**2), initial=0.0))
        return EnclosedHessian(_part(mid, places), spread)

    def midpoints_and_radii(self, factors: Floats) -> tuple[Floats, Floats]:
        """Return a matrix H̃ and for every row bounds of ``Σ_k |T ∇²J − H̃|_k f_k`` over the box, f the factors, of which none is negative."""
        blocks = [factors[rows].reshape(shape) for rows, shape in _layers(self.problem)]
        sums, radii = dict[tuple[int, int, bool], Floats](), [np.zeros_like(block) for block in blocks]
        for term in self._all_terms():
            _add(sums, term)
            _add_radii(radii, blocks, term, self.problem.T)
        H, diagonal = self._whole(sums)
        rows = np.concatenate([part.ravel() for part in radii])
        return H, rows if diagonal is None else rows + diagonal.rad * factors

    def midpoints(self, free: _Places) -> Floats:
        """Return the midpoints of `hessian` alone, in two thirds of the time: for steps of a search, and no bound of anything."""
        sums = dict[tuple[int, int, bool], Floats]()
        for term in self._all_terms():
            _add(sums, term)
        return _part(self._whole(sums)[0], free)

    def _all_terms(self) -> Iterator[_Term]:
        """Yield the terms of all samples, piece by piece."""
        step = max(1, min(_MOST_SAMPLES, _MOST_VALUES // max(self.problem.architecture.widths[1:]) ** 2))
        for start in range(0, self.problem.T, step):
            piece = slice(start, start + step)
            nodes = [_Node(*(_at(x, piece) for x in vars(node).values())) for node in self.nodes]
            yield from _terms(self.W, nodes, _at(self.C, piece), {l - 1 for l in self.problem.architecture.trained})

    def _whole(self, sums: dict[tuple[int, int, bool], Floats]) -> tuple[Floats, Enclosure | None]:
        """Return the matrix of the sums of all terms, and its diagonal where a penalty adds to it."""
        H = _assembled(self.problem, sums)
        if self.penalty is None:
            return H, None
        diagonal = total(exact_floats(H.diagonal()), self.penalty[1])
        H[np.diag_indices(len(H))] = diagonal.mid
        return H, diagonal


def enclosed_landscape(problem: Problem, weights: Weights, radius: Fraction = Fraction(0)) -> EnclosedLandscape:
    r"""Return the layers over the box ``|W − W_0| ≤ radius`` in every trainable weight. Raises `NotDifferentiable` where a second derivative may not exist.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> a = Architecture.of("1-1-1", "identity", bias="none")  # J = (vw − 5)²/2 at w = 2, v = 3
    >>> problem = Problem(a, error_named("squared"), Samples.of([[1]], [[5]]))
    >>> found = enclosed_landscape(problem, Weights.of(a, [([[2]], [0]), ([[3]], [0])]))
    >>> found.gradient().mid.tolist(), found.hessian().mid.tolist()
    ([3.0, 2.0], [[9.0, 7.0], [7.0, 4.0]])
    """
    a, W, inputs, bends = problem.architecture, list[Enclosure](), list[Enclosure](), list[tuple[Enclosure, Enclosure]]()
    met, phi, reach = list[Enclosure](), enclose_numbers(problem.samples.X), float(raised(np.asarray(float(radius)), 8))
    for l, layer in enumerate(weights.layers, start=1):
        rows, bias = enclose_numbers(layer.W), enclose_numbers(layer.b)
        W.append(_reaching(rows, reach) if a.fan_in(l) else rows)
        inputs.append(with_ones(phi) if a.bias_rows_of(l) else phi)
        z = total(matrix_product(phi, W[-1]), _reaching(bias, reach) if a.bias_rows_of(l) else bias)
        met += bias, z
        if l < a.L:
            rest = samples_at_rest(problem, l)
            phi, *bend = beside_kinks(a.activation_of(l), z, rest, enclose_curvature)
            bends.append((bend[0], bend[1]))
    check_kinks(a.output_activation, z, 2)
    delta, C = output_curvature(problem, z)
    nodes = [_Node(inputs[-1], delta, delta, delta)]
    for l in range(a.L - 1, 0, -1):
        slope, curvature = bends[l - 1]
        push = matrix_product(nodes[0].delta, _transposed(W[l]))
        nodes.insert(0, _Node(inputs[l - 1], slope, product(push, slope), product(push, curvature)))
    return EnclosedLandscape(problem, W, nodes, C, met, _penalty(problem, weights, reach))


def _penalty(problem: Problem, weights: Weights, reach: float) -> tuple[Enclosure, Enclosure] | None:
    """Return the trainable weights and ``T λ_k``, in the order of the rows of P; None without decay."""
    if problem.decay is None:
        return None
    layers = enumerate(weights.layers, start=1)
    tables = [(*layer.W, layer.b)[: problem.architecture.fan_in(l)] for l, layer in layers]
    rows = enclose_numbers([[w for table in tables for column in zip(*table, strict=True) for w in column]])
    rates = enclose_numbers([[problem.T * rate for rate in problem.decay.rates(problem.architecture)]])
    return _at(_reaching(rows, reach), 0), _at(rates, 0)


def _reaching(x: Enclosure, reach: float) -> Enclosure:
    return Enclosure(x.mid, widened(x.rad + reach, 1)) if reach else x


def output_curvature(problem: Problem, z: Enclosure) -> tuple[Enclosure, Enclosure]:
    """Return ``δ_L = σ' ∘ ∇E`` and ``∂δ_L/∂z_L = Σ' ∇²E Σ' + diag(σ'' ∘ ∇E)``, from balls; ``∇²E`` is as wide as `widest_curvature` has it."""
    field, activation, error = StateBallField(_BITS), problem.architecture.output_activation, problem.error
    with ball_precision(_BITS):
        phi, *rates = _output_values(activation, z, field)
        slope, bend = (_enclosed(x) for x in rates)
        Y = field.array(problem.samples.Y)
        if error.family == "softmax":
            gradient, H = _softmax(problem, _enclosed(field.error_derivative(error, 1, phi, 0 * Y)))
        else:
            gradient, second = (_enclosed(field.error_derivative(error, 1, phi, Y)), field.error_derivative(error, 2, phi, Y))
            H, widest = _diagonals(_enclosed(np.diagonal(second, axis1=1, axis2=2))), widest_curvature(problem, _enclosed(phi))
            H = H if widest is None else widened_by(H, widest)
    inner = product(product(_at(slope, (..., None)), H), _at(slope, (slice(None), None)))
    return product(slope, gradient), total(inner, _diagonals(product(bend, gradient)))


def _softmax(problem: Problem, p: Enclosure) -> tuple[Enclosure, Enclosure]:
    """Return ``p − y`` and ``diag(p) − ppᵀ`` without cancellation: ``1 − p_j`` is the sum of the other shares."""
    Y, apart = enclose_numbers(problem.samples.Y), 1 - np.eye(p.mid.shape[1])
    rest = enclose_numbers([[1 - y for y in row] for row in problem.samples.Y])
    others = matrix_product(p, exact_floats(apart))
    gradient = total(product(rest, p), product(Enclosure(-Y.mid, Y.rad), others))
    outer = product(_at(p, (..., None)), _at(p, (slice(None), None)))
    return gradient, total(_diagonals(product(p, others)), Enclosure(-outer.mid * apart, outer.rad * apart))


def _output_values(activation: Activation, z: Enclosure, field: StateBallField) -> Sequence[Any]:
    return [x.reshape(z.mid.shape) for x in field.derivatives(activation, 2, as_balls(z).ravel())]


def _enclosed(balls: Any) -> Enclosure:
    return enclose_balls(list(balls.flat), balls.shape)


@dataclass(frozen=True)
class _Term:
    """``Σ X_ac p_i q_d`` by the weights of layers l and k, counted from 0: at rows ``(a, i)`` and columns ``(c, d)``, or ``(d, c)`` where ``crossed``."""

    l: int
    k: int
    crossed: bool
    X: Enclosure
    p: Enclosure
    q: Enclosure


def _layers(problem: Problem) -> list[tuple[slice, tuple[int, int]]]:
    """Return the rows of the weights of every layer, and their shapes ``(n_l, m_l)``."""
    a, found, start = problem.architecture, [], 0
    for l in range(1, a.L + 1):
        shape = a.widths[l], a.fan_in(l)
        found.append((slice(start, start + shape[0] * shape[1]), shape))
        start += shape[0] * shape[1]
    return found


def _terms(W: Sequence[Enclosure], nodes: list[_Node], C: Enclosure, trained: set[int]) -> Iterator[_Term]:
    """Yield the terms of some samples by the layers that are ``trained``, from the last layer to the first."""
    M: list[Enclosure] = [C] * len(nodes)
    for l in reversed(range(len(nodes))):
        node, rate = nodes[l], _diagonals(nodes[l].slope)
        for k in range(l + 1, len(nodes)):
            behind, ahead = nodes[k], _stacked(rate, _at(W[k], None))
            if k == l + 1:
                M[l] = total(_stacked(_stacked(ahead, M[k]), _swapped(ahead)), _diagonals(node.kappa))
            if {l, k} <= trained:
                yield _Term(l, k, False, _stacked(ahead, M[k]), node.inputs, behind.inputs)
                yield _Term(l, k, True, rate, node.inputs, behind.delta)
            rate = product(ahead, _at(behind.slope, (slice(None), None)))
        M[l] = _symmetric(M[l])
        if l in trained:
            yield _Term(l, l, False, M[l], node.inputs, node.inputs)


def _diagonals(x: Enclosure) -> Enclosure:
    """Return the diagonal matrices of the rows."""
    unit = np.eye(x.mid.shape[1])
    return Enclosure(x.mid[..., None] * unit, x.rad[..., None] * unit)


def _swapped(x: Enclosure) -> Enclosure:
    return Enclosure(np.swapaxes(x.mid, -1, -2), np.swapaxes(x.rad, -1, -2))


def _symmetric(x: Enclosure) -> Enclosure:
    """Return matrices that are symmetric, as their lower triangles say: these enclose the upper ones, too."""
    return Enclosure(*(np.tril(part) + np.swapaxes(np.tril(part, -1), -1, -2) for part in (x.mid, x.rad)))


def _pairs(m: int, n: int, *, halved: bool) -> tuple[_Places, _Places]:
    first, second = np.tril_indices(m) if halved else np.indices((m, n)).reshape(2, -1)
    return first, second


def _add(sums: dict[tuple[int, int, bool], Floats], term: _Term) -> None:
    """Add the midpoints of a term: rows ``(a, c)``, columns ``(i, d)``, of both those with ``a ≥ c`` and ``i ≥ d`` only where ``l = k``."""
    X, p, q, halved = term.X.mid, term.p.mid, term.q.mid, term.l == term.k
    (a, c), (i, d) = _pairs(*X.shape[1:], halved=halved), _pairs(p.shape[1], q.shape[1], halved=halved)
    found, left = sums.setdefault((term.l, term.k, term.crossed), np.zeros((len(a), len(i)))), X[:, a, c].T
    step = max(1, _MOST_VALUES // max(len(a), len(X)))
    with threads_for(found.size * len(X)):
        for start in range(0, len(i), step):
            columns = slice(start, start + step)
            found[:, columns] += times(left, p[:, i[columns]] * q[:, d[columns]])


def _add_radii(radii: list[Floats], factors: list[Floats], term: _Term, T: int) -> None:
    """Add the radii of a term along its rows, and along those of its mirror image."""
    X, p, q = (Enclosure(np.abs(x.mid), x.rad) for x in (term.X, term.p, term.q))
    X = Enclosure(X.mid, raised(X.rad + gamma(T + 4) * X.mid, 2))
    behind = factors[term.k][:, : X.mid.shape[2]].T if term.crossed else factors[term.k]
    radii[term.l] += _radii_of_rows(p, X, q, behind)
    if term.l < term.k:
        found = _radii_of_rows(q, _swapped(X), p, factors[term.l])
        radii[term.k][:, : X.mid.shape[2] if term.crossed else None] += found.T if term.crossed else found


def _radii_of_rows(p: Enclosure, X: Enclosure, q: Enclosure, factors: Floats) -> Floats:
    """Return the radii of ``Σ X_ac p_i q_d f_cd``, of shape ``(a, i)``."""
    inner = matrix_product(q, exact_floats(factors.T))
    middle = _at(_stacked(X, _at(inner, (..., None))), (..., 0))
    return matrix_product(_transposed(middle), p).rad


def _assembled(problem: Problem, sums: dict[tuple[int, int, bool], Floats]) -> Floats:
    """Return the symmetric matrix of all terms."""
    N, layers = problem.architecture.N_net, _layers(problem)
    H = np.zeros((N, N))
    for (l, k, crossed), found in sums.items():
        (rows, (n, m)), (columns, (n_k, m_k)) = layers[l], layers[k]
        block = H[columns, rows].T.reshape(n, m, n_k, m_k)
        if l == k:
            units, inputs = _numbers(n), _numbers(m)
            for unit in range(n):
                block[unit] = found[units[unit]][:, inputs].transpose(1, 0, 2)
        elif crossed:
            inner = found.shape[0] // n
            block[..., :inner] += found.reshape(n, inner, m, n_k).transpose(0, 2, 3, 1)
        else:
            block += found.reshape(n, n_k, m, m_k).transpose(0, 2, 1, 3)
    for rows, _ in layers:
        H[rows, rows.stop :] = H[rows.stop :, rows].T
    return H


def _part(H: Floats, places: _Places) -> Floats:
    """Return some rows and columns of a matrix; itself where these are all."""
    return H if len(places) == len(H) else H[np.ix_(places, places)]


def _numbers(n: int) -> _Places:
    """Return for ``(a, c)`` its number, or that of ``(c, a)``, among the pairs with ``a ≥ c``."""
    a, c = np.indices((n, n))
    return np.asarray(np.maximum(a, c) * (np.maximum(a, c) + 1) // 2 + np.minimum(a, c))


def _stacked(A: Enclosure, B: Enclosure) -> Enclosure:
    """Return an enclosure of the products ``A(i) B(i)``, with the bounds of `matrix_product`."""
    k = A.mid.shape[-1]
    size = np.abs(B.mid)
    rad = np.matmul(raised(gamma(k + 3) * np.abs(A.mid) + A.rad, 2), size) + np.matmul(A.reach(), B.rad)
    return Enclosure(np.matmul(A.mid, B.mid), widened(rad, 2 * k + 6))


def _at(x: Enclosure, place: Any) -> Enclosure:
    return Enclosure(x.mid[place], x.rad[place])


def _transposed(x: Enclosure) -> Enclosure:
    return Enclosure(x.mid.T, x.rad.T)
