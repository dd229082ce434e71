"""The rules for rank bounds (section 5), each a small theorem with its proof in the docstring.

A rule gets a `Step` and returns the conclusion it gives, built anew, and its own rigor. ``r(M)`` is the rank of a matrix.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from flint import arb, arb_mat, fmpq, fmpq_poly, fmpz, fmpz_poly, nmod, nmod_mat

from lossproof.certificates.kernel_gram import require_full_column_rank
from lossproof.certificates.kernel_matrices import Matrix, entries, parse_matrix
from lossproof.certificates.kernel_parse import Rejected, read_fields, read_integer, read_list, read_rational, read_text
from lossproof.certificates.kernel_pass import MAX_WORK, Array, common_denominator, limit
from lossproof.certificates.kernel_problem import Point, Problem
from lossproof.certificates.kernel_rings import BallRing, FormalRing, Ratio, as_ratio, ball_precision, function_field_ring, residue_ring
from lossproof.theory.verdicts import Rigor

MAX_MINOR = 5000
MAX_BALL_WORK = 2**40
MAX_EXPONENT = 100_000
PRECISIONS = (53, 2**20)

Result: TypeAlias = tuple[dict[str, Any], Rigor]


@dataclass(frozen=True)
class Accepted:
    """A step that was accepted: what a later step may use."""

    rule: str
    conclusion: Mapping[str, Any]
    rigor: Rigor


@dataclass(frozen=True)
class Step:
    """A step under check: the problem, its premises, its evidence and the conclusion it *claims* (of which rules read the names only)."""

    problem: Problem
    points: tuple[Point, ...]
    premises: tuple[Accepted, ...]
    evidence: Any
    conclusion: Mapping[str, Any]

    def expect(self, premises: int, *keys: str) -> dict[str, Any]:
        """Return the evidence, which must have exactly these keys; demand a number of premises."""
        if len(self.premises) != premises:
            raise Rejected("premises", "premise", f"this rule takes {premises} premises here, got {len(self.premises)}")
        return read_fields(self.evidence, keys, "evidence")

    @property
    def index(self) -> int | None:
        """The index of the point the conclusion is about, or None."""
        index: int | None = self.conclusion["point"]
        return index

    def at_point(self) -> Point:
        """Return the point the conclusion is about; raises `Rejected` if there is none."""
        if self.index is None:
            raise Rejected("conclusion.point", "conclusion", "this rule needs a point")
        return self.points[self.index]

    def point_or_none(self, matrix: Matrix) -> Point | None:
        """Return the point, or None for a matrix that depends on no weights."""
        return None if self.index is None and not matrix.needs_point else self.at_point()

    def matrix(self, *kinds: str) -> Matrix:
        """Return the matrix that the conclusion is about, of one of the given kinds if any are given."""
        matrix = parse_matrix(self.conclusion["matrix"], self.problem)
        if kinds and matrix.kind not in kinds:
            raise Rejected("conclusion.matrix", "conclusion", f"this rule is about {' and '.join(kinds)} only")
        return matrix

    def bound(self, k: int, name: str, side: str, point: int | None) -> int:
        """Return the bound of premise k, which must be a ``rank_lower`` or ``rank_upper`` (``side``) of the named matrix valid at a point.

        A bound without a point holds at all weights, so at any point; so does a bound of ``Phi-0`` and ``Phi-0+``, which depend on no weights.
        """
        found = self.premises[k].conclusion
        if found.get("matrix") != name or side not in found:
            raise Rejected(f"premises[{k}]", "premise", f"a {side} of {name} is needed here")
        if found["point"] not in (None, point) and name not in ("Phi-0", "Phi-0+"):
            raise Rejected(f"premises[{k}]", "premise", f"a {side} of {name} at {'all weights' if point is None else f'point {point}'} is needed here")
        return int(found[side])

    def bound_anywhere(self, k: int, name: str, side: str) -> tuple[int, int | None]:
        """Return the bound of premise k of the named matrix at whichever point it holds, and that point."""
        point: int | None = self.premises[k].conclusion.get("point")
        return self.bound(k, name, side, point), point

    def claim(self, k: int, statement: str, scope: str, verdict: str, point: int | None = None) -> Accepted:
        """Return premise k, which must be the claim named; raises `Rejected`."""
        found = self.premises[k].conclusion
        wanted = {"statement": statement, "scope": scope, "verdict": verdict, "point": point}
        if any(key not in found or found[key] != value for key, value in wanted.items()):
            raise Rejected(f"premises[{k}]", "premise", f"the claim {statement} {scope}, {verdict}, is needed here")
        return self.premises[k]

    def lower(self, name: str, value: int, point: int | None) -> dict[str, Any]:
        """Return the conclusion ``r(name) ≥ value``."""
        return {"matrix": name, "point": point, "rank_lower": value}

    def upper(self, name: str, value: int, point: int | None) -> dict[str, Any]:
        """Return the conclusion ``r(name) ≤ value``."""
        return {"matrix": name, "point": point, "rank_upper": value}


def refuse(place: str, message: str, code: str = "evidence") -> None:
    """Reject the step."""
    raise Rejected(place, code, message)


def require(holds: bool, place: str, message: str, code: str = "evidence") -> None:
    """Reject the step unless a condition holds."""
    if not holds:
        refuse(place, message, code)


def _indices(value: Any, place: str, size: int) -> list[int]:
    found = [read_integer(k, f"{place}[{n}]", 0, size - 1) for n, k in enumerate(read_list(value, place))]
    require(all(a < b for a, b in zip(found, found[1:], strict=False)), place, "indices must increase strictly")
    return found


def _minor(step: Step, matrix: Matrix) -> tuple[list[int], list[int]]:
    rows = _indices(step.evidence["rows"], "evidence.rows", matrix.shape[0])
    columns = _indices(step.evidence["columns"], "evidence.columns", matrix.shape[1])
    require(len(rows) == len(columns), "evidence.columns", "a minor has as many columns as rows")
    limit(len(rows), MAX_MINOR, "the size of a minor")
    return rows, columns


@contextmanager
def _no_zero_denominator(place: str) -> Iterator[None]:
    try:
        yield
    except ZeroDivisionError:
        raise Rejected(place, "evidence", "a denominator vanishes modulo the prime") from None


def _exponential_setting(step: Step, point: Point | None) -> int:
    """Return D for the setting of ``u``: one hidden layer of sigmoid or tanh and a rational point."""
    right = step.problem.L == 2 and step.problem.activation.family in ("sigmoid", "tanh")
    require(right, "rule", "u needs one hidden layer of sigmoid or tanh")
    return common_denominator(step.problem, step.at_point() if point is None else point)


def rank_minor(step: Step) -> Result:
    """A minor that is not 0 modulo a prime: ``r(M) ≥`` its size.

    The entries lie in the local ring of Q, or of Q(u) ≅ Q(e^{1/D}) (Lindemann), of elements whose denominators survive; reduction modulo the
    prime (and u ↦ the residue) is a ring homomorphism from it to F_p. A determinant with image ≠ 0 is ≠ 0.
    """
    found = step.expect(0, "rows", "columns", "prime", "u")
    matrix = step.matrix()
    point = step.point_or_none(matrix)
    rows, columns = _minor(step, matrix)
    p = read_integer(found["prime"], "evidence.prime", 2**20, 2**62 - 1)
    require(bool(fmpz(p).is_prime()), "evidence.prime", f"{p} is not a prime")
    if not rows:
        exact = np.empty((0, 0), dtype=object)
    elif found["u"] is None:
        exact = entries(matrix, step.problem, point, FormalRing(), rows, columns)
        require(all(isinstance(x, fmpq) for x in exact.flat), "evidence.u", "an entry is not rational, so u = null does not apply")
    else:
        u = read_integer(found["u"], "evidence.u", 1, p - 1)
        D = _exponential_setting(step, point)
        with _no_zero_denominator("evidence.u"):
            exact = entries(matrix, step.problem, point, residue_ring(D, u, p), rows, columns)
    with _no_zero_denominator("evidence.prime"):
        residues = nmod_mat(len(rows), len(columns), [x if isinstance(x, nmod) else nmod(x, p) for x in exact.flat], p)
    require(residues.det() != 0, "evidence.rows", "the minor is 0 modulo the prime")
    return step.lower(step.conclusion["matrix"], len(rows), step.index), Rigor.EXACT


def rank_ball(step: Step) -> Result:
    """A minor whose ball does not contain 0: the ball contains the real minor, so that is not 0 and ``r(M) ≥`` its size."""
    found = step.expect(0, "rows", "columns", "precision")
    matrix = step.matrix()
    point = step.at_point()
    rows, columns = _minor(step, matrix)
    bits = read_integer(found["precision"], "evidence.precision", *PRECISIONS)
    limit(len(rows) ** 3 * bits, MAX_BALL_WORK, "size³ · precision of a ball determinant")
    with ball_precision(bits):
        balls = entries(matrix, step.problem, point, BallRing(), rows, columns, bits)
        det = arb_mat(len(rows), len(columns), [arb(x) for x in balls.flat]).det()
        require(bool(det > 0) or bool(det < 0), "evidence.rows", "the ball of the minor contains 0")
    return step.lower(step.conclusion["matrix"], len(rows), step.index), Rigor.BALL


def rank_gram(step: Step) -> Result:
    """Full column rank by a shifted Cholesky factorisation; proof in `kernel_gram`."""
    step.expect(0)
    matrix = step.matrix("P")
    layers = list(range(1, step.problem.L + 1)) if matrix.layer is None else [matrix.layer]
    require_full_column_rank(step.problem, step.at_point(), layers)
    return step.lower(step.conclusion["matrix"], step.problem.columns, step.index), Rigor.VERIFIED_FLOAT


def _last_nonzero(vectors: Sequence[Sequence[Any]], place: str) -> list[int]:
    """Return the last non-zero index of each vector, checked to increase and to be 0 in all the others (so the vectors are independent)."""
    last = []
    for k, vector in enumerate(vectors):
        found = [n for n, x in enumerate(vector) if x != 0]
        require(bool(found), f"{place}[{k}]", "a vector is 0")
        last.append(found[-1])
    require(all(a < b for a, b in zip(last, last[1:], strict=False)), place, "the last non-zero indices must increase")
    for k, n in enumerate(last):
        require(all(vector[n] == 0 for m, vector in enumerate(vectors) if m != k), place, f"index {n} must be 0 in all vectors but one")
    return last


def _times(M: Array, vector: Sequence[Any]) -> list[Any]:
    """Return the entries of ``M v``."""
    support = [n for n, x in enumerate(vector) if x != 0]
    values = np.empty(len(support), dtype=object)
    values[:] = [vector[n] for n in support]
    return list(M[:, support] @ values)


def rank_kernel(step: Step) -> Result:
    """``r(M) ≤`` columns (rows) minus the number of independent rational vectors with ``M v = 0`` (``vᵀM = 0``).

    The products vanish in the formal ring, hence for the real matrix, by the homomorphism of `FormalRing`.
    """
    found = step.expect(0, "side", "vectors")
    side = read_text(found["side"], "evidence.side")
    require(side in ("left", "right"), "evidence.side", "expected 'left' or 'right'")
    matrix = step.matrix()
    point = step.point_or_none(matrix)
    size = matrix.shape[0 if side == "left" else 1]
    listed = [read_list(v, f"evidence.vectors[{k}]", size) for k, v in enumerate(read_list(found["vectors"], "evidence.vectors"))]
    limit(matrix.shape[0] * matrix.shape[1] * len(listed), MAX_WORK, "entries · vectors")
    vectors = [[read_rational(x, f"evidence.vectors[{k}][{n}]") for n, x in enumerate(v)] for k, v in enumerate(listed)]
    for k, n in enumerate(_last_nonzero(vectors, "evidence.vectors")):
        require(vectors[k][n] == 1, f"evidence.vectors[{k}][{n}]", "the last non-zero entry must be 1")
    M = entries(matrix, step.problem, point, FormalRing()) if vectors else np.empty((0, 0), dtype=object)
    M = M.T if side == "left" else M
    for k, vector in enumerate(vectors):
        require(all(isinstance(x, fmpq) and x == 0 for x in _times(M, vector)), f"evidence.vectors[{k}]", "the vector is not annihilated")
    return step.upper(step.conclusion["matrix"], size - len(vectors), step.index), Rigor.EXACT


def _read_polynomial(value: Any, place: str) -> fmpz_poly:
    coefficients: dict[int, fmpz] = {}
    previous = -1
    for k, pair in enumerate(read_list(value, place)):
        exponent, coefficient = read_list(pair, f"{place}[{k}]", 2)
        previous = read_integer(exponent, f"{place}[{k}][0]", previous + 1, MAX_EXPONENT)
        q = read_rational(coefficient, f"{place}[{k}][1]")
        require(q.q == 1 and q != 0, f"{place}[{k}][1]", "a coefficient is an integer other than 0", "number")
        coefficients[previous] = q.p
    return fmpz_poly([coefficients.get(n, 0) for n in range(previous + 1)])


def rank_kernel_function_field(step: Step) -> Result:
    """``r(M) ≤`` columns minus the number of independent vectors over Z[u] that M annihilates as rational functions of u.

    Put ``u = e^{1/D}``: the identity holds for the real numbers, and no non-zero polynomial vanishes there (Lindemann), so the vectors stay independent.
    """
    found = step.expect(0, "vectors")
    matrix = step.matrix()
    point = step.at_point()
    size = matrix.shape[1]
    listed = [read_list(v, f"evidence.vectors[{k}]", size) for k, v in enumerate(read_list(found["vectors"], "evidence.vectors"))]
    limit(matrix.shape[0] * size * len(listed), MAX_WORK // 100, "entries · vectors")
    vectors = [[_read_polynomial(x, f"evidence.vectors[{k}][{n}]") for n, x in enumerate(v)] for k, v in enumerate(listed)]
    _last_nonzero(vectors, "evidence.vectors")
    D = _exponential_setting(step, point)
    M = entries(matrix, step.problem, point, function_field_ring(D, MAX_EXPONENT))
    for k, vector in enumerate(vectors):
        products = _times(M, [Ratio(fmpq_poly(x), fmpq_poly([1])) if x != 0 else 0 for x in vector])
        require(all(as_ratio(x).num == 0 for x in products), f"evidence.vectors[{k}]", "the vector is not annihilated")
    return step.upper(step.conclusion["matrix"], size - len(vectors), step.index), Rigor.EXACT


def rank_size(step: Step) -> Result:
    """``r(M) ≤ min(rows, columns)``."""
    step.expect(0)
    return step.upper(step.conclusion["matrix"], min(step.matrix().shape), None), Rigor.EXACT


def rank_duplicate(step: Step) -> Result:
    """Equal inputs give equal columns of P, so ``r(P) ≤ n_L d`` with d different inputs."""
    step.expect(0)
    different = len({tuple((int(x.p), int(x.q)) for x in row) for row in step.problem.X})
    require(different < step.problem.T, "rule", "all inputs differ")
    return step.upper("P", step.problem.n_L * different, None), Rigor.EXACT


def rank_homogeneous(step: Step) -> Result:
    """Scaling a (leaky) ReLU unit's incoming weights by t and its outgoing by 1/t changes no output: each hidden unit gives v with ``vᵀP = 0``.

    Where P exists no hidden z is 0, so v has a non-zero incoming part; layer by layer from the first, incoming parts lie in columns of ``W_l`` of their own, while
    outgoing parts lie in the next layer: the v are independent. Hence ``r(P) ≤ N_net − Σ_{0<l<L} n_l`` wherever P exists.
    """
    step.expect(0)
    problem = step.problem
    right = problem.L >= 2 and problem.activation.family in ("relu", "leaky-relu") and problem.bias != "fixed"
    require(right, "rule", "this needs hidden layers of relu or leaky-relu and no fixed bias")
    return step.upper("P", problem.N_net - sum(problem.widths[1:-1]), None), Rigor.EXACT


def rank_product(step: Step) -> Result:
    """``P-l = (I ⊗ Φ⁺) D`` with an identity of size ``n_l``: ``r(P-l) ≤ min(n_l r(Φ⁺), T n_L)``."""
    step.expect(1)
    layer = _block_layer(step)
    name = f"Phi-{layer - 1}+"
    point = step.premises[0].conclusion.get("point")
    value = step.problem.widths[layer] * step.bound(0, name, "rank_upper", point)
    return step.upper(f"P-{layer}", min(value, step.problem.columns), point), Rigor.EXACT


def rank_linear(step: Step) -> Result:
    """If ``z_L`` is affine in x (linear without bias), so is each derivative of ``z_{L,j}`` by a weight.

    So, in the columns of output j, every row of P lies in the row space of ``Φ_0⁺`` times a diagonal matrix: ``r(P) ≤ n_L r(Φ_0⁺)``.
    """
    step.expect(1)
    problem = step.problem
    right = (problem.L == 1 or problem.activation.family == "identity") and problem.bias != "fixed"
    require(right, "rule", "this needs L = 1 or hidden layers with the identity, and no fixed bias")
    return step.upper("P", problem.n_L * step.bound(0, "Phi-0+", "rank_upper", None), None), Rigor.EXACT


def rank_polynomial(step: Step) -> Result:
    """With hidden ``z^k``, ``z_L`` is a polynomial in x of degree ``d = k^{L-1}`` at most, and so are its derivatives by weights.

    So, in the columns of output j, every row of P is ``σ_out'`` (or 1) times the values of a polynomial from a space of dimension ``C(n_0 + d, d)``.
    """
    step.expect(0)
    problem = step.problem
    family = problem.activation.family
    right = problem.L >= 2 and family in ("identity", "power") and problem.strip
    require(right, "rule", "this needs hidden layers with the identity or a power, and an output derivative that is not 0 anywhere")
    k = 1 if family == "identity" else int(problem.activation.parameter or 1)
    degree = 1 if k == 1 else k ** min(problem.L - 1, 7)
    require(degree <= 64, "rule", "the degree is above 64")
    return step.upper("P", problem.n_L * math.comb(problem.widths[0] + degree, degree), None), Rigor.EXACT


def invertible(step: Step, layers: Sequence[int]) -> bool:
    """Tell whether ``σ' ≠ 0`` everywhere for the activations of some layers."""
    return all(step.problem.activation_of(l).nonvanishing_derivative.holds for l in layers)


def rank_psi(step: Step) -> Result:
    """``Ψ_l = Σ'_l W_{l+1} Ψ_{l+1}`` with invertible ``Σ'``: Sylvester gives ``r(Ψ_l) ≥ r(W_{l+1}) + r(Ψ_{l+1}) − n_{l+1}`` from ``r(Ψ_L) = n_L``."""
    step.expect(0)
    problem, matrix = step.problem, step.matrix("Psi")
    lowest = matrix.layer or 1
    step.count_premises(problem.L - lowest)
    require(invertible(step, range(lowest, problem.L + 1)), "rule", "an activation's derivative is not known to be non-zero everywhere")
    rank = problem.n_L
    for k, layer in enumerate(range(problem.L, lowest, -1)):
        rank = max(0, step.bound(k, f"W-{layer}*", "rank_lower", step.index) + rank - problem.widths[layer])
    return step.lower(step.conclusion["matrix"], problem.T * rank, step.index), Rigor.EXACT


def khatri_rao_bound(problem: Problem, layer: int, phi: int, psi: int) -> int:
    """Return ``max(0, n_l r(Φ) + r(Ψ) − T n_l)``."""
    n = problem.widths[layer]
    return max(0, n * phi + psi - problem.T * n)


def rank_khatri_rao(step: Step) -> Result:
    """``P-l = (I ⊗ Φ) D``, D the rows of ``Psi-l`` in another order; Sylvester with the inner dimension ``T n_l``."""
    step.expect(2)
    layer = _block_layer(step)
    phi = step.bound(0, f"Phi-{layer - 1}+", "rank_lower", step.index)
    psi = step.bound(1, f"Psi-{layer}", "rank_lower", step.index)
    return step.lower(f"P-{layer}", khatri_rao_bound(step.problem, layer, phi, psi), step.index), Rigor.EXACT


def _block_layer(step: Step) -> int:
    layer = step.matrix("P").layer
    if layer is None:
        raise Rejected("conclusion.matrix", "conclusion", "this rule is about one block P-l")
    return layer


def rank_block(step: Step) -> Result:
    """``P-l`` is a block of rows of P."""
    step.expect(1)
    name = str(step.premises[0].conclusion.get("matrix"))
    require(name.startswith("P-"), "premises[0]", "a rank_lower of P-l is needed here", "premise")
    return step.lower("P", step.bound(0, name, "rank_lower", step.index), step.index), Rigor.EXACT


def rank_sum(step: Step) -> Result:
    """The row rank is subadditive over row blocks."""
    step.expect(step.problem.L)
    total = sum(step.bound(k, f"P-{k + 1}", "rank_upper", step.index) for k in range(step.problem.L))
    points = {premise.conclusion["point"] for premise in step.premises} - {None}
    return step.upper("P", total, points.pop() if points else None), Rigor.EXACT


def _last_block(step: Step, side: str) -> int:
    step.expect(1)
    require(step.problem.strip, "rule", "the output activation's derivative is not known to be non-zero everywhere")
    return step.problem.n_L * step.bound(0, f"Phi-{step.problem.L - 1}+", side, step.index)


def rank_last_block(step: Step) -> Result:
    """With ``Ψ_L = I`` the block ``P-L`` is, up to order, ``I ⊗ Φ_{L-1}⁺``: ``r(P-L) = n_L r(Φ_{L-1}⁺)``."""
    return step.lower(f"P-{step.problem.L}", _last_block(step, "rank_lower"), step.index), Rigor.EXACT


def rank_last_block_upper(step: Step) -> Result:
    """As `rank_last_block`, for the upper bound."""
    return step.upper(f"P-{step.problem.L}", _last_block(step, "rank_upper"), step.index), Rigor.EXACT


RANK_RULES: Mapping[str, Callable[[Step], Result]] = {
    "rank-minor": rank_minor,
    "rank-ball": rank_ball,
    "rank-gram": rank_gram,
    "rank-kernel": rank_kernel,
    "rank-kernel-function-field": rank_kernel_function_field,
    "rank-size": rank_size,
    "rank-duplicate": rank_duplicate,
    "rank-homogeneous": rank_homogeneous,
    "rank-product": rank_product,
    "rank-linear": rank_linear,
    "rank-polynomial": rank_polynomial,
    "rank-psi": rank_psi,
    "rank-khatri-rao": rank_khatri_rao,
    "rank-block": rank_block,
    "rank-sum": rank_sum,
    "rank-last-block": rank_last_block,
    "rank-last-block-upper": rank_last_block_upper,
}
