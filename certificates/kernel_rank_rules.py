"""The rules that prove a rank bound from the problem's structure or from other bounds (section 5), each with its proof in the docstring.

A rule gets a `Step` and returns the conclusion it gives, built anew, and its own rigor. ``r(M)`` is the rank of a matrix.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from flint import fmpq

from lossproof.certificates.kernel_balls import BallRing, ball_precision
from lossproof.certificates.kernel_parse import Rejected, read_integer, read_list
from lossproof.certificates.kernel_pass import forward
from lossproof.certificates.kernel_problem import Problem, row_key
from lossproof.certificates.kernel_rank_evidence import EVIDENCE_RULES, PRECISIONS
from lossproof.certificates.kernel_rings import FormalRing
from lossproof.certificates.kernel_step import Result, Step, require
from lossproof.theory.verdicts import Rigor


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
    """Scaling a (leaky) ReLU unit's incoming weights by t and its outgoing by 1/t changes no output: each hidden unit gives v with ``vᵀP = 0``.

    Where P exists no hidden z is 0, so v has a non-zero incoming part. Layer by layer from the first, incoming parts lie in columns of ``W_l``
    of their own, and outgoing parts in the next layer: the v are independent, and ``r(P) ≤ N_net − Σ_{0<l<L} n_l`` wherever P exists.
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


def rank_bottleneck(step: Step) -> Result:
    """The rows of ``P-L`` lie in ``C ⊗ R^{n_L}``, all others in ``R^T ⊗ R``, C and R the row spaces of ``Φ_{L-1}⁺`` and of ``W_L`` without bias.

    With ``ρ = dim C ≤ min(T, m_L)`` and ``r = dim R ≤ min(n_{L-1}, n_L)`` the sum has dimension ``ρ n_L + (T − ρ) r``, as the two meet in
    ``C ⊗ R``; it grows with both. Factors ``σ_out'`` of columns cannot raise it.
    """
    step.expect(0)
    problem = step.problem
    require(problem.L >= 2, "rule", "this needs a hidden layer")
    r, rho = min(problem.widths[-2], problem.n_L), min(problem.T, problem.fan_in(problem.L))
    return step.upper("P", rho * problem.n_L + (problem.T - rho) * r, None), Rigor.EXACT


def invertible(step: Step, layers: Sequence[int]) -> bool:
    """Tell whether ``σ' ≠ 0`` everywhere for the activations of some layers."""
    return all(step.problem.activation_of(l).nonvanishing_derivative.holds for l in layers)


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
    **EVIDENCE_RULES,
    "rank-size": rank_size,
    "rank-duplicate": rank_duplicate,
    "rank-dead-outputs": rank_dead_outputs,
    "rank-homogeneous": rank_homogeneous,
    "rank-product": rank_product,
    "rank-linear": rank_linear,
    "rank-polynomial": rank_polynomial,
    "rank-bottleneck": rank_bottleneck,
    "rank-psi": rank_psi,
    "rank-khatri-rao": rank_khatri_rao,
    "rank-block": rank_block,
    "rank-sum": rank_sum,
    "rank-last-block": rank_last_block,
    "rank-last-block-upper": rank_last_block_upper,
}
