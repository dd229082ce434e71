"""The rules that prove a rank bound from the problem's structure or from other bounds (section 5), each with its proof in the docstring.

A rule gets a `Step` and returns the conclusion it gives, built anew, and its own rigor. ``r(M)`` is the rank of a matrix.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from flint import fmpq

from lossproof.certificates.kernel.arithmetic.balls import BallRing, ball_precision
from lossproof.certificates.kernel.arithmetic.rings import FormalRing
from lossproof.certificates.kernel.network.passes import forward
from lossproof.certificates.kernel.reading.limits import PRECISIONS, limit
from lossproof.certificates.kernel.reading.parse import Rejected, read_integer, read_list, require
from lossproof.certificates.kernel.reading.problem import row_key
from lossproof.certificates.kernel.rules.step import Result, Step, invertible, khatri_rao_bound
from lossproof.theory.verdicts import Rigor

MAX_DEGREE = 64
MAX_LAYERS = 64


def rank_size(step: Step) -> Result:
    """``r(M) ≤ min(rows, columns)``."""
    step.expect(0)
    return step.upper(step.conclusion["matrix"], min(step.matrix().shape), None), Rigor.EXACT


def rank_duplicate(step: Step) -> Result:
    """Equal inputs give equal columns of P, so ``r(P) ≤ n_L d`` with d different inputs.

    Without bias and with ``σ(0) = 0`` the input 0 has ``φ_l = 0`` for ``l < L``, so its columns are 0, and it does not count.
    """
    step.expect(0)
    problem = step.problem
    different = set(map(row_key, problem.X))
    at_zero = fmpq(0) if problem.L == 1 else FormalRing().sigma(problem.activation, 0, fmpq(0))
    if problem.bias == "none" and isinstance(at_zero, fmpq) and at_zero == 0:
        different -= {((0, 1),) * problem.widths[0]}
    require(len(different) < problem.T, "rule", "all inputs differ")
    return step.upper("P", problem.n_L * len(different), None), Rigor.EXACT


def rank_dead_outputs(step: Step) -> Result:
    """Relu has derivative 0 at ``z < 0``: the columns ``(i, j)`` of the outputs listed, whose balls ``z_L(i)_j`` are negative, are 0."""
    found = step.expect(0, "outputs", "precision")
    problem, point = step.problem, step.at_point()
    require(problem.output_activation.family == "relu", "rule", "this needs relu at the output")
    bits = read_integer(found["precision"], "evidence.precision", *PRECISIONS)
    listed = [read_list(pair, f"evidence.outputs[{k}]", 2) for k, pair in enumerate(read_list(found["outputs"], "evidence.outputs"))]
    with ball_precision(bits):
        z, _ = forward(BallRing(), problem, point, problem.L, bits)
        dead = set()
        for k, (sample, output) in enumerate(listed):
            i = read_integer(sample, f"evidence.outputs[{k}][0]", 0, problem.T - 1)
            j = read_integer(output, f"evidence.outputs[{k}][1]", 0, problem.n_L - 1)
            require((i, j) not in dead and bool(z[-1][i, j] < 0), f"evidence.outputs[{k}]", "not seen to be negative, or listed twice")
            dead.add((i, j))
    return step.upper("P", problem.columns - len(dead), step.index), Rigor.BALL


def rank_homogeneous(step: Step) -> Result:
    """Scaling a hidden unit's incoming weights by t and its outgoing by ``t^{-k}`` changes no output: each unit gives v with ``vᵀP = 0``.

    (Leaky) ReLU: ``k = 1``. Where P exists no hidden z is 0, so v has a non-zero incoming part. Layer by layer from the first, incoming parts
    lie in columns of ``W_l`` of their own, and outgoing parts in the next layer: the v are independent, and ``r(P) ≤ N_net − Σ_{0<l<L} n_l``
    wherever P exists. ``z^k``: the same where all weights are non-zero, and everywhere else because (up to factors ``σ_out'`` of columns) P is
    continuous.
    """
    step.expect(0)
    problem = step.problem
    right = problem.L >= 2 and problem.activation.family in ("relu", "leaky-relu", "power") and problem.bias != "fixed"
    require(right, "rule", "this needs hidden layers of relu, leaky-relu or a power and no fixed bias")
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

    So, in the columns of output j, every row of P lies in the row space C of ``Φ_0⁺`` times a diagonal matrix: ``r(P) ≤ n_L ρ``, ``ρ = dim C``.
    With a hidden layer of width m, ``z_L = φ_h B + c``: rows of the blocks up to h lie in ``C ⊗ R``, the others in ``A ⊗ R^{n_L}``, with R the
    row space of B, of dimension ``b ≤ min(m, n_L)``, and ``A ⊂ C`` that of ``Φ_h⁺``, ``a ≤ min(m_h, ρ)``. The sum has dimension ``ρ b + a (n_L
    − b)``, which grows with both.
    """
    step.expect(1)
    problem = step.problem
    right = (problem.L == 1 or problem.activation.family == "identity") and problem.bias != "fixed"
    require(right, "rule", "this needs L = 1 or hidden layers with the identity, and no fixed bias")
    rho = step.bound(0, "Phi-0+", "rank_upper", None)
    if problem.L == 1:
        return step.upper("P", problem.n_L * rho, None), Rigor.EXACT
    m = min(problem.widths[1:-1])
    a, b = min(m + problem.bias_rows, rho), min(m, problem.n_L)
    return step.upper("P", rho * b + a * (problem.n_L - b), None), Rigor.EXACT


def rank_polynomial(step: Step) -> Result:
    """With hidden ``z^k``, ``z_L`` is a polynomial in x of degree ``d = k^{L-1}`` at most, and so are its derivatives by weights.

    So, in the columns of output j, every row of P is ``σ_out'`` (or 1) times the values of a polynomial from a space of dimension ``C(n_0 + d, d)``;
    without bias these are forms of degree d, from a space of dimension ``C(n_0 + d − 1, d)``.
    """
    step.expect(0)
    problem = step.problem
    family = problem.activation.family
    right = problem.L >= 2 and family in ("identity", "power") and problem.strip
    require(right, "rule", "this needs hidden layers with the identity or a power, and an output derivative that is not 0 anywhere")
    k = 1 if family == "identity" else int(problem.activation.parameter or 1)
    degree = 1 if k == 1 else k ** min(problem.L - 1, 7)
    require(degree <= MAX_DEGREE, "rule", f"the degree is above {MAX_DEGREE}")
    variables = problem.widths[0] - (1 if problem.bias == "none" else 0)
    return step.upper("P", problem.n_L * math.comb(variables + degree, degree), None), Rigor.EXACT


def _quadrics(n: int, m: int) -> int:
    """Return the dimension of the quadratic forms in n variables that vanish modulo m independent linear forms."""
    return math.comb(n + 1, 2) - math.comb(n - m + 1, 2)


def rank_composition(step: Step) -> Result:
    """Hidden ``z^k``: let ``D(i, j)`` be spanned by the derivatives by weights of ``z_j`` as a function of ``φ_i``; rows of P are values from
    ``D(0, L)``.

    ``dim D(i, j) ≤`` each of: the weights between less the units between (`rank_homogeneous`); ``n_j`` times the number of monomials
    (`rank_polynomial`); for ``k = 2``, one hidden layer and one output, 1 if there is a bias and the quadratic forms in ``(φ_i, 1)`` that
    vanish modulo the linear forms ``z_{i+1}``; ``dim D(i, h) + dim D(h, j) − n_h``, as ``D(i, j)`` is a linear image of ``D(i, h) ⊕ D(h, j)``
    whose kernel contains, for each unit of layer h, the pair of its two scalings, independent if no ``z_h`` is the zero function. At other
    weights: P is continuous, up to factors ``σ_out'``.
    """
    step.expect(0)
    problem = step.problem
    right = problem.L >= 2 and problem.activation.family == "power" and problem.bias != "fixed"
    require(right, "rule", "this needs hidden layers of a power and no fixed bias")
    limit(problem.L, MAX_LAYERS, "the number of layers")
    n, k, beta = problem.widths, int(problem.activation.parameter or 1), problem.bias_rows
    best: dict[tuple[int, int], int] = {}
    for distance in range(1, problem.L + 1):
        for i in range(problem.L + 1 - distance):
            j = i + distance
            found = [sum((n[l - 1] + beta) * n[l] for l in range(i + 1, j + 1)) - sum(n[i + 1 : j])]
            degree = k ** min(distance - 1, 7)
            if k == 1 or degree <= MAX_DEGREE:
                found.append(n[j] * math.comb(n[i] + beta - 1 + degree, degree))
            if distance == 2 and k == 2 and n[j] == 1:
                found.append(_quadrics(n[i] + beta, min(n[i + 1], n[i] + beta)) + beta)
            found += [best[i, h] + best[h, j] - n[h] for h in range(i + 1, j)]
            best[i, j] = min(found)
    return step.upper("P", best[0, problem.L], None), Rigor.EXACT


def rank_bottleneck(step: Step) -> Result:
    """A change of weights reaches the outputs through a change of ``φ_h``, from a space of dimension ``T n_h``, or is one of weights behind h.

    Those of layer ``h + 1`` have an image of dimension ``ρ n_{h+1}`` at most, ``ρ = r(Φ_h⁺)``, the others one of at most their number. The
    changes ``φ_h ↦ A φ_h + a`` (``a = 0`` without bias) form a space of dimension ``ρ n_h``, and layer ``h + 1`` can undo them, so their image
    is counted twice: ``r(P) ≤ T n_h + ρ (n_{h+1} − n_h) + Σ_{l>h+1} (rows of W_l) n_l``, and for ``n_h ≤ n_{h+1}`` this grows with ``ρ ≤ min(T,
    rows of Φ_h⁺)``. Behind a single hidden unit h of powers without bias ``z_L = z_h^d c``: changes up to h lie in ``R^T ⊗ c``, those behind h
    in ``C ⊗ R^{n_L}``, C spanned by the values ``z_h^d``. Factors ``σ_out'`` of columns cannot raise a rank.
    """
    step.expect(0)
    problem = step.problem
    require(problem.L >= 2, "rule", "this needs a hidden layer")
    n, T = problem.widths, problem.T
    found, behind = [problem.columns], 0
    if problem.activation.family == "power" and problem.bias == "none" and 1 in n[1:-1]:
        found.append(T + problem.n_L - 1)
    for h in range(problem.L - 1, 0, -1):
        if n[h] <= n[h + 1]:
            found.append(T * n[h] + min(T, problem.fan_in(h + 1)) * (n[h + 1] - n[h]) + behind)
        behind += problem.fan_in(h + 1) * n[h + 1]
    return step.upper("P", min(found), None), Rigor.EXACT


def rank_psi(step: Step) -> Result:
    """``Ψ_l = Σ'_l W_{l+1} Ψ_{l+1}`` with invertible ``Σ'``: Sylvester gives ``r(Ψ_l) ≥ r(W_{l+1}) + r(Ψ_{l+1}) − n_{l+1}`` from ``r(Ψ_L) = n_L``."""
    problem, matrix = step.problem, step.matrix("Psi")
    lowest = matrix.layer or 1
    step.expect(problem.L - lowest)
    require(invertible(step, range(lowest, problem.L + 1)), "rule", "an activation's derivative is not known to be non-zero everywhere")
    rank = problem.n_L
    for k, layer in enumerate(range(problem.L, lowest, -1)):
        rank = max(0, step.bound(k, f"W-{layer}*", "rank_lower", step.index) + rank - problem.widths[layer])
    return step.lower(step.conclusion["matrix"], problem.T * rank, step.index), Rigor.EXACT


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


STRUCTURE_RULES: Mapping[str, Callable[[Step], Result]] = {
    "rank-size": rank_size,
    "rank-duplicate": rank_duplicate,
    "rank-dead-outputs": rank_dead_outputs,
    "rank-homogeneous": rank_homogeneous,
    "rank-product": rank_product,
    "rank-linear": rank_linear,
    "rank-polynomial": rank_polynomial,
    "rank-composition": rank_composition,
    "rank-bottleneck": rank_bottleneck,
    "rank-psi": rank_psi,
    "rank-khatri-rao": rank_khatri_rao,
    "rank-block": rank_block,
    "rank-sum": rank_sum,
    "rank-last-block": rank_last_block,
    "rank-last-block-upper": rank_last_block_upper,
}
