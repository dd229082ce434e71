"""The rules that apply published theorems (section 6): every hypothesis is checked here, and the theorem itself is taken from the paper.

Where a hypothesis of the paper is replaced (biases, above all), the docstring proves that this is allowed. Own rigor is CITED throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import comb
from typing import Any, TypeAlias

from flint import fmpq, fmpz, nmod_mat

from lossproof.certificates.kernel.reading.limits import limit
from lossproof.certificates.kernel.reading.parse import Rejected, read_integer, read_list, read_rational, require
from lossproof.certificates.kernel.reading.problem import Problem, fraction, row_key
from lossproof.certificates.kernel.rules.step import EVERYWHERE, PROVED, Result, Step, claim
from lossproof.theory.functions.activations import Activation
from lossproof.theory.verdicts import Rigor

MAX_SAMPLE_ENTRIES = 2**20

Table: TypeAlias = tuple[tuple[fmpq, ...], ...]
Residues: TypeAlias = list[list[int]]


def _applied(theorem: str) -> Result:
    return claim(theorem, EVERYWHERE, True, {"applicable": "yes"}), Rigor.CITED


def _is_linear(activation: Activation) -> bool:
    return activation.name in ("identity", "power:1")


def _require_linear(problem: Problem) -> None:
    require(problem.L >= 2, "rule", "this needs a hidden layer")
    require(_is_linear(problem.activation) and _is_linear(problem.output_activation), "rule", "this needs linear units only")
    require(problem.bias != "fixed", "rule", "this needs biases that are trainable or absent")


def _require_squared(problem: Problem) -> None:
    require(problem.error.name == "squared", "rule", "this needs the squared error")


def _require_convex_output(problem: Problem) -> None:
    require(_is_linear(problem.output_activation), "rule", "this needs the identity as output activation")
    require(problem.error.convex.holds, "rule", "this needs a convex error")


def _require_distinct(problem: Problem) -> None:
    require(_different(problem.X) == problem.T, "rule", "two inputs are equal")


def _different(rows: Table) -> int:
    return len(set(map(row_key, rows)))


def _read_prime(value: Any) -> int:
    p = read_integer(value, "evidence.prime", 2**20, 2**62 - 1)
    require(bool(fmpz(p).is_prime()), "evidence.prime", f"{p} is not a prime")
    return p


def _reduced(rows: Table, p: int) -> Residues:
    """Return a table of samples modulo a prime.

    Reduction is a ring homomorphism from the rationals whose denominators p does not divide: a minor that is not 0 modulo p is not 0.
    """
    denominators = {int(x.q) for row in rows for x in row}
    require(all(q % p != 0 for q in denominators), "evidence.prime", "the prime divides a denominator")
    inverses = {q: pow(q, -1, p) for q in denominators}
    return [[int(x.p) * inverses[int(x.q)] % p for x in row] for row in rows]


def _table(rows: Residues, p: int) -> nmod_mat:
    limit(len(rows) * len(rows[0]), MAX_SAMPLE_ENTRIES, "the number of entries of a table of samples")
    return nmod_mat(len(rows), len(rows[0]), [x for row in rows for x in row], p)


def _sample_tables(problem: Problem, p: int) -> tuple[nmod_mat, nmod_mat]:
    """Return X and Y modulo p, samples as rows; with a trainable bias the mean of each column is taken away."""
    X, Y = _reduced(problem.X, p), _reduced(problem.Y, p)
    return (_table(_centred(X, p), p), _table(_centred(Y, p), p)) if problem.bias == "trainable" else (_table(X, p), _table(Y, p))


def _centred(rows: Residues, p: int) -> Residues:
    require(len(rows) % p != 0, "evidence.prime", "the prime divides the number of samples")
    inverse = pow(len(rows), -1, p)
    means = [sum(column) * inverse % p for column in zip(*rows, strict=True)]
    return [[(x - mean) % p for x, mean in zip(row, means, strict=True)] for row in rows]


def _require_full_rank(table: nmod_mat, name: str) -> None:
    require(table.rank() == table.ncols(), "evidence.prime", f"{name} does not have full rank modulo the prime")


def kawaguchi(step: Step) -> Result:
    """Kawaguchi 2016, Theorem 2.3: ``X Xᵀ``, ``X Yᵀ`` of full rank, ``n_L ≤ n_0``, different eigenvalues of ``Σ = Y Xᵀ (X Xᵀ)⁻¹ X Yᵀ``; no bias.

    All three are checked modulo a prime: then ``X Xᵀ`` and a minor of ``X Yᵀ`` have non-zero determinants over Q, and the discriminant of the
    characteristic polynomial, which is monic with coefficients that p does not divide the denominators of, is not 0.

    *Trainable biases* reduce to none for centred samples. ``F = A x + c`` with ``A = (W_1 ⋯ W_L)ᵀ``, and ``c = b_L +`` a polynomial in the others, so c may
    replace ``b_L`` as a coordinate: J depends on ``W_1..W_L`` and c only. In c it is strictly convex with the minimum ``c(A) = ȳ − A x̄``, where it is the
    loss of A for centred samples. If ``(W, c)`` is a local minimum, ``c = c(A)``; for W' near W, ``c(A')`` is near c, so W is a local minimum of that
    loss, hence a global one, and J has the same infimum.
    """
    p = _read_prime(step.expect(0, "prime")["prime"])
    problem = step.problem
    _require_linear(problem)
    _require_squared(problem)
    require(problem.n_L <= problem.widths[0], "rule", "this needs no more outputs than inputs")
    x, y = _sample_tables(problem, p)
    gram, cross = x.transpose() * x, x.transpose() * y
    _require_full_rank(gram, "X Xᵀ")
    _require_full_rank(cross, "X Yᵀ")
    polynomial = (cross.transpose() * gram.solve(cross)).charpoly()
    distinct = polynomial.gcd(polynomial.derivative()).degree() == 0
    require(distinct, "evidence.prime", "the eigenvalues are not shown to differ modulo the prime")
    return _applied("kawaguchi-2016")


def lu_kawaguchi(step: Step) -> Result:
    """Lu and Kawaguchi 2017: X and Y of full row rank (samples as columns), no bias; trainable biases as in `kawaguchi`, for centred samples."""
    p = _read_prime(step.expect(0, "prime")["prime"])
    problem = step.problem
    _require_linear(problem)
    _require_squared(problem)
    x, y = _sample_tables(problem, p)
    _require_full_rank(x, "X")
    _require_full_rank(y, "Y")
    return _applied("lu-kawaguchi-2017")


def laurent_von_brecht(step: Step) -> Result:
    """Laurent and von Brecht 2018, Theorem 1: no bias, an error convex and differentiable in the output, ``n_l ≥ min(n_0, n_L)`` for ``0 < l < L``.

    *Trainable biases*: as in `kawaguchi`, J is ``Φ(A, c)`` with c a free coordinate and Φ convex. At a local minimum ``(W, c)``, W is one of
    ``Φ(·, c)``, the loss without bias of the error ``E(φ + c, y)``, convex and differentiable too; so A minimises ``Φ(·, c)`` and ``∂Φ/∂A = 0``. Since
    ``∂Φ/∂c = 0`` as well, ``(A, c)`` minimises Φ.
    """
    step.expect(0)
    problem = step.problem
    _require_linear(problem)
    require(problem.error.convex.holds, "rule", "this needs a convex error")
    least = min(problem.widths[0], problem.n_L)
    require(min(problem.widths[1:-1]) >= least, "rule", "a hidden layer is narrower than both input and output")
    return _applied("laurent-von-brecht-2018")


def nguyen_hein(step: Step) -> Result:
    """Nguyen and Hein 2017: distinct inputs, trainable biases, ``n_k ≥ T − 1``, ``n_{k+1} ≥ … ≥ n_L``, and σ as they assume.

    Their lemma for this activation: ``[Φ_k; 1]`` has rank T outside a set of measure zero. Where it has, and ``W_{k+2}..W_L`` have full column
    rank, ``[Φ_k; 1] Δ_{k+1}ᵀ = 0`` gives ``Δ_{k+1} = 0``, and ``Δ_l = Σ'_l W_{l+1} Δ_{l+1}`` with an injective ``Σ'_l W_{l+1}`` carries the 0 up to ``Δ_L
    = Σ'_L ∇E``: this holds for every output activation whose derivative vanishes nowhere.
    """
    found = step.expect(0, "layer")
    problem = step.problem
    require(problem.L >= 2 and problem.bias == "trainable", "rule", "this needs a hidden layer and trainable biases")
    k = read_integer(found["layer"], "evidence.layer", 1, problem.L - 1)
    tame = problem.activation.family in ("sigmoid", "tanh", "arctan", "erf", "softplus")
    require(tame, "rule", "the hidden activation is not one that the theorem is known to allow")
    require(problem.strip, "rule", "this needs an output derivative that is not 0 anywhere")
    require(
        problem.separable and problem.error.principle_error.holds,
        "rule",
        "this needs an error of the residuals that satisfies principle-error",
    )
    n = problem.widths
    require(n[k] >= problem.T - 1, "evidence.layer", "the layer has fewer than T − 1 units")
    require(all(n[l] >= n[l + 1] for l in range(k + 1, problem.L)), "evidence.layer", "the widths grow above the layer")
    _require_distinct(problem)
    return _applied("nguyen-hein-2017")


def gori_tesi(step: Step) -> Result:
    """Gori and Tesi 1992: one hidden layer, one output, squashing units, targets at the asymptotes, classes separated by ``uᵀx̃`` (x̃ as in ``Phi-0+``).

    For every bias mode: let ``δ_i = E' σ_out'``, negative for targets at the upper end and positive at the lower one, never 0. Then ``T uᵀ∂J/∂w_h = v_h
    Σ_i δ_i σ'(z_hi) uᵀx̃_i``, a negative number times ``v_h``: at a critical point all ``v_h = 0``. There J depends on no ``w_h``, so with it all points
    with other ``w`` near are local minima if it is one; then ``Σ_i δ_i σ(z_hi(w)) = 0`` for all w near, and the derivative along u, a negative
    number, would be 0. So J has no local minimum.
    """
    listed = read_list(step.expect(0, "direction")["direction"], "evidence.direction", step.problem.fan_in(1))
    u = [read_rational(q, f"evidence.direction[{b}]") for b, q in enumerate(listed)]
    problem = step.problem
    require(problem.L == 2 and problem.n_L == 1, "rule", "this needs one hidden layer and one output")
    squashing = (
        problem.activation.family in ("sigmoid", "tanh", "erf", "softsign") and problem.output_activation.name == problem.activation.name
    )
    require(squashing, "rule", "this needs the same squashing activation in hidden and output units")
    _require_squared(problem)
    ends = problem.output_activation.range
    for i, (x, y) in enumerate(zip(problem.X, problem.Y, strict=True)):
        target = fraction(y[0])
        require(target in (ends.lower, ends.upper), "rule", f"the target of sample {i} is not an end of the range")
        extended = (*x, *[fmpq(1)] * problem.bias_rows)
        side = sum((a * b for a, b in zip(u, extended, strict=True)), fmpq(0))
        require(side > 0 if target == ends.upper else side < 0, "evidence.direction", f"sample {i} is not on its side")
    return _applied("gori-tesi-1992")


def li_ding_sun(step: Step) -> Result:
    """Li, Ding and Sun: identity output, convex error, an input coordinate with T different values, ``n_{L-1} ≥ T``: no bad strict local minimum.

    For every bias mode: at a strict local minimum no change of ``W_L`` alone may leave the outputs as they are, so the rows of ``Phi-(L-1)+`` are
    independent. With a trainable bias these are more than T, which cannot be: there is no strict local minimum. Else they are T rows of rank T, and J is
    a convex function of ``W_L`` that reaches, or approaches, the least error of every sample: its local minimum is global.
    """
    found = step.expect(0, "coordinate")
    problem = step.problem
    c = read_integer(found["coordinate"], "evidence.coordinate", 0, problem.widths[0] - 1)
    require(problem.L >= 2, "rule", "this needs a hidden layer")
    _require_convex_output(problem)
    require(problem.widths[-2] >= problem.T, "rule", "the last hidden layer has fewer units than there are samples")
    require(_different(tuple((row[c],) for row in problem.X)) == problem.T, "evidence.coordinate", "the coordinate has equal values")
    return _applied("li-ding-sun")


def ding_li_sun(step: Step) -> Result:
    """Ding, Li and Sun 2019: ``1, x_j, x_j x_k`` independent on the samples, a curved activation: *some* targets have a suboptimal local minimum.

    With trainable biases in all layers, the output's included: let ``W_1 = 0`` and the upper layers be such that output 1, as a function of ``z_1``, has a
    positive definite Hessian (``v_j σ''(a) > 0``; deeper, small weights of the right signs, ``σ'(a) ≠ 0``). Independence gives ε in R^T with
    ``Σ ε_i = 0``, ``Σ ε_i x_i = 0``, ``Σ ε_i x_i x_iᵀ`` positive definite; take targets with residuals ε in output 1 and 0 elsewhere. Near this point
    ``Σ ε_i ΔF_i`` is at least a positive multiple of ``|W_1|²``, so J does not fall. With the output weights times ``−κ``, κ > 0 small, and ``b_L``
    adapted it does fall when ``W_1`` leaves 0: J is not least.
    """
    p = _read_prime(step.expect(0, "prime")["prime"])
    problem = step.problem
    require(problem.L >= 2 and problem.bias == "trainable", "rule", "this needs a hidden layer and trainable biases")
    require(_is_linear(problem.output_activation), "rule", "this needs the identity as output activation")
    _require_squared(problem)
    curved = not _is_linear(problem.activation) and problem.activation.family not in ("relu", "leaky-relu")
    require(curved, "rule", "this needs an activation with a second derivative other than 0")
    require(problem.widths[-2] >= 2, "rule", "this needs two units in the last hidden layer")
    n_0 = problem.widths[0]
    limit(problem.T * (1 + n_0 * (n_0 + 3) // 2), MAX_SAMPLE_ENTRIES, "the number of products of inputs")
    products = [[1, *x, *(a * b % p for j, a in enumerate(x) for b in x[j:])] for x in _reduced(problem.X, p)]
    _require_full_rank(_table(products, p), "the table of 1, x_j and x_j x_k")
    return _applied("ding-li-sun-2019")


def venturi(step: Step) -> Result:
    """Venturi, Bandeira and Bruna 2019: one hidden layer, identity output, convex error, ``n_1 ≥ q``, the intrinsic dimension: no spurious valleys.

    q is at most the number of different inputs; for ``z^k`` also ``C(n_0 + [bias] + k − 1, k)``, as the values are those of a form of degree k in x̃.
    A trainable output bias is held fixed along the path until all features are spanned, and J is convex in it and the output weights together.
    """
    step.expect(0)
    problem = step.problem
    require(problem.L == 2 and problem.bias != "fixed", "rule", "this needs one hidden layer and no fixed bias")
    _require_convex_output(problem)
    q = _different(problem.X)
    if problem.activation.family in ("identity", "power"):
        k = int(problem.activation.parameter or 1)
        q = min(q, comb(problem.fan_in(1) + k - 1, k))
    require(problem.widths[1] >= q, "rule", f"the hidden layer has fewer units than the intrinsic dimension, bounded by {q}")
    return _applied("venturi-bandeira-bruna")


_EVERY_LOCAL_MINIMUM_IS_GLOBAL = ("kawaguchi-2016", "lu-kawaguchi-2017", "laurent-von-brecht-2018", "gori-tesi-1992")


def no_bad_minima_cited(step: Step) -> Result:
    """A theorem that applies to this problem says that every local minimum is global."""
    step.expect(1)
    theorem = step.premises[0].conclusion.get("statement")
    if theorem not in _EVERY_LOCAL_MINIMUM_IS_GLOBAL:
        raise Rejected("premises[0]", "premise", "a theorem by which every local minimum is global is needed here")
    step.claim(0, str(theorem), EVERYWHERE, PROVED)
    return claim("no-bad-local-minima", EVERYWHERE, True), Rigor.CITED


CITED_RULES: Mapping[str, Callable[[Step], Result]] = {
    "cited-kawaguchi-2016": kawaguchi,
    "cited-lu-kawaguchi-2017": lu_kawaguchi,
    "cited-laurent-von-brecht-2018": laurent_von_brecht,
    "cited-nguyen-hein-2017": nguyen_hein,
    "cited-gori-tesi-1992": gori_tesi,
    "cited-li-ding-sun": li_ding_sun,
    "cited-ding-li-sun-2019": ding_li_sun,
    "cited-venturi-bandeira-bruna": venturi,
    "no-bad-minima-cited": no_bad_minima_cited,
}
