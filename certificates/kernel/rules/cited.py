"""The rules that apply published theorems (section 6): every hypothesis is checked here, and the theorem itself is taken from the paper.

Where a hypothesis of the paper is replaced (biases, above all), the docstring proves that this is allowed. Own rigor is CITED throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import comb
from typing import TypeAlias

from flint import fmpq, nmod_mat

from lossproof.certificates.kernel.arithmetic.functions import ONE
from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.parse import Rejected, limit, require
from lossproof.certificates.kernel.reading.problem import Problem, fraction
from lossproof.certificates.kernel.rules import evidence
from lossproof.certificates.kernel.rules.step import EVERYWHERE, Result, Step
from lossproof.theory import limits
from lossproof.theory.functions.activations import Activation
from lossproof.theory.verdicts import Rigor

Table: TypeAlias = "tuple[tuple[fmpq, ...], ...]"


def _applied(step: Step, theorem: str) -> Result:
    step.require_at(EVERYWHERE)
    return step.conclude(theorem, {"applicable": "yes"}), Rigor.CITED


def _is_linear(activation: Activation) -> bool:
    return activation.is_identity or activation.degree == 1


def _require_linear(problem: Problem) -> None:
    right = problem.L >= 2 and _is_linear(problem.activation) and _is_linear(problem.output_activation) and problem.bias != "fixed"
    require(right, "rule", "this needs a hidden layer, linear units only, and biases that are trainable or absent")


def _require_squared(problem: Problem) -> None:
    require(problem.error.name == "squared", "rule", "this needs the squared error")


def _require_convex_output(problem: Problem) -> None:
    right = _is_linear(problem.output_activation) and problem.error.convex.holds
    require(right, "rule", "this needs the identity as output activation, and a convex error")


def _different(rows: Table) -> int:
    return len(set(map(tuple, rows)))


def _tables(step: Step, p: int) -> tuple[nmod_mat, nmod_mat]:
    """Return X and Y modulo p, samples as rows; with a trainable bias the mean of each column is taken away."""
    problem = step.problem
    tables = [evidence.residues(rows, p, step.work) for rows in (problem.X, problem.Y)]
    if problem.bias == "trainable":
        require(problem.T % p != 0, "evidence.prime", "the prime divides the number of samples")
        ones = evidence.residues([[ONE]] * problem.T, p, step.work)
        mean = pow(problem.T, -1, p)
        tables = [M - ones * (ones.transpose() * M) * mean for M in tables]
    return tables[0], tables[1]


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
    p = evidence.prime(step.expect(0, "prime")["prime"])
    problem = step.problem
    _require_linear(problem)
    _require_squared(problem)
    require(problem.n_L <= problem.widths[0], "rule", "this needs no more outputs than inputs")
    x, y = _tables(step, p)
    limit(problem.widths[0] ** 2, limits.MAX_ENTRIES, "the number of entries of X Xᵀ")
    step.work.spend(limits.modular_work(problem.widths[0], problem.T + 4 * problem.widths[0]), "products and an inverse modulo a prime")
    gram, cross = x.transpose() * x, x.transpose() * y
    _require_full_rank(gram, "X Xᵀ")
    _require_full_rank(cross, "X Yᵀ")
    polynomial = (cross.transpose() * gram.solve(cross)).charpoly()
    distinct = polynomial.gcd(polynomial.derivative()).degree() == 0
    require(distinct, "evidence.prime", "the eigenvalues are not shown to differ modulo the prime")
    return _applied(step, "kawaguchi-2016")


def lu_kawaguchi(step: Step) -> Result:
    """Lu and Kawaguchi 2017: X and Y of full row rank (samples as columns), no bias; trainable biases as in `kawaguchi`, for centred samples."""
    p = evidence.prime(step.expect(0, "prime")["prime"])
    problem = step.problem
    _require_linear(problem)
    _require_squared(problem)
    x, y = _tables(step, p)
    _require_full_rank(x, "X")
    _require_full_rank(y, "Y")
    return _applied(step, "lu-kawaguchi-2017")


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
    return _applied(step, "laurent-von-brecht-2018")


def nguyen_hein(step: Step) -> Result:
    """Nguyen and Hein 2017: distinct inputs, trainable biases, ``n_k ≥ T − 1``, ``n_{k+1} ≥ … ≥ n_L``, and σ as they assume.

    Their lemma for this activation: ``[Φ_k; 1]`` has rank T outside a set of measure zero. Where it has, and ``W_{k+2}..W_L`` have full column
    rank, ``[Φ_k; 1] Δ_{k+1}ᵀ = 0`` gives ``Δ_{k+1} = 0``, and ``Δ_l = Σ'_l W_{l+1} Δ_{l+1}`` with an injective ``Σ'_l W_{l+1}`` carries the 0 up to ``Δ_L
    = Σ'_L ∇E``: this holds for every output activation whose derivative vanishes nowhere.
    """
    found = step.expect(0, "layer")
    problem = step.problem
    require(problem.L >= 2 and problem.bias == "trainable", "rule", "this needs a hidden layer and trainable biases")
    k = read.integer(found["layer"], "evidence.layer", 1, problem.L - 1)
    hidden, n = problem.activation, problem.widths
    tame = hidden.analytic.holds and hidden.increasing.holds and hidden.tame.holds
    require(tame, "rule", "the hidden activation is not one that the theorem is known to allow")
    require(problem.output_activation.nonvanishing_derivative.holds, "rule", "this needs an output derivative that is not 0 anywhere")
    right = problem.separable and problem.error.principle_error.holds
    require(right, "rule", "this needs an error of the residuals that satisfies principle-error")
    pyramid = n[k] >= problem.T - 1 and all(n[l] >= n[l + 1] for l in range(k + 1, problem.L))
    require(pyramid, "evidence.layer", "the layer has fewer than T − 1 units, or the widths grow above it")
    step.count_samples()
    require(_different(problem.X) == problem.T, "rule", "two inputs are equal")
    return _applied(step, "nguyen-hein-2017")


def gori_tesi(step: Step) -> Result:
    """Gori and Tesi 1992: one hidden layer, one output, squashing units, targets at the asymptotes, classes separated by ``uᵀx̃`` (x̃ as in ``Phi-0+``).

    For every bias mode: let ``δ_i = E' σ_out'``, negative for targets at the upper end and positive at the lower one, never 0. Then ``T uᵀ∂J/∂w_h = v_h
    Σ_i δ_i σ'(z_hi) uᵀx̃_i``, a negative number times ``v_h``: at a critical point all ``v_h = 0``. There J depends on no ``w_h``, so with it all points
    with other ``w`` near are local minima if it is one; then ``Σ_i δ_i σ(z_hi(w)) = 0`` for all w near, and the derivative along u, a negative
    number, would be 0. So J has no local minimum.
    """
    listed = read.items(step.expect(0, "direction")["direction"], "evidence.direction", step.problem.fan_in(1))
    u = [read.rational(q, f"evidence.direction[{b}]") for b, q in enumerate(listed)]
    problem = step.problem
    require(problem.L == 2 and problem.n_L == 1, "rule", "this needs one hidden layer and one output")
    squashing = problem.activation.is_squashing and problem.output_activation.name == problem.activation.name
    require(squashing, "rule", "this needs the same squashing activation in hidden and output units")
    _require_squared(problem)
    step.count_samples()
    ends = problem.output_activation.range
    for i, (x, y) in enumerate(zip(problem.X, problem.Y, strict=True)):
        target = fraction(y[0])
        require(target in (ends.lower, ends.upper), "rule", f"the target of sample {i} is not an end of the range")
        side = evidence.total((a * b for a, b in zip(u, (*x, *[ONE] * problem.bias_rows), strict=True)), step.work)
        require(side > 0 if target == ends.upper else side < 0, "evidence.direction", f"sample {i} is not on its side")
    return _applied(step, "gori-tesi-1992")


def li_ding_sun(step: Step) -> Result:
    """Li, Ding and Sun: identity output, convex error, an input coordinate with T different values, ``n_{L-1} ≥ T``: no bad strict local minimum.

    For every bias mode: at a strict local minimum no change of ``W_L`` alone may leave the outputs as they are, so the rows of ``Phi-(L-1)+`` are
    independent. With a trainable bias these are more than T, which cannot be: there is no strict local minimum. Else they are T rows of rank T, and J is
    a convex function of ``W_L`` that reaches, or approaches, the least error of every sample: its local minimum is global.
    """
    found = step.expect(0, "coordinate")
    problem = step.problem
    c = read.integer(found["coordinate"], "evidence.coordinate", 0, problem.widths[0] - 1)
    require(problem.L >= 2, "rule", "this needs a hidden layer")
    _require_convex_output(problem)
    require(problem.widths[-2] >= problem.T, "rule", "the last hidden layer has fewer units than there are samples")
    step.count_samples()
    require(_different(tuple((row[c],) for row in problem.X)) == problem.T, "evidence.coordinate", "the coordinate has equal values")
    return _applied(step, "li-ding-sun")


def ding_li_sun(step: Step) -> Result:
    """Ding, Li and Sun 2019: ``1, x_j, x_j x_k`` independent on the samples, a curved activation: *some* targets have a suboptimal local minimum.

    With trainable biases in all layers, the output's included: let ``W_1 = 0`` and the upper layers be such that output 1, as a function of ``z_1``, has a
    positive definite Hessian (``v_j σ''(a) > 0``; deeper, small weights of the right signs, ``σ'(a) ≠ 0``). Independence gives ε in R^T with
    ``Σ ε_i = 0``, ``Σ ε_i x_i = 0``, ``Σ ε_i x_i x_iᵀ`` positive definite; take targets with residuals ε in output 1 and 0 elsewhere. Near this point
    ``Σ ε_i ΔF_i`` is at least a positive multiple of ``|W_1|²``, so J does not fall. With the output weights times ``−κ``, κ > 0 small, and ``b_L``
    adapted it does fall when ``W_1`` leaves 0: J is not least.
    """
    p = evidence.prime(step.expect(0, "prime")["prime"])
    problem = step.problem
    require(problem.L >= 2 and problem.bias == "trainable", "rule", "this needs a hidden layer and trainable biases")
    require(_is_linear(problem.output_activation), "rule", "this needs the identity as output activation")
    _require_squared(problem)
    require(problem.activation.is_curved, "rule", "this needs an activation with a second derivative other than 0")
    require(problem.widths[-2] >= 2, "rule", "this needs two units in the last hidden layer")
    n_0 = problem.widths[0]
    step.work.spend(problem.T * (1 + n_0 * (n_0 + 3) // 2), "products of inputs")
    products = [[ONE, *x, *(a * b for j, a in enumerate(x) for b in x[j:])] for x in problem.X]
    _require_full_rank(evidence.residues(products, p, step.work), "the table of 1, x_j and x_j x_k")
    return _applied(step, "ding-li-sun-2019")


def venturi(step: Step) -> Result:
    """Venturi, Bandeira and Bruna 2019: one hidden layer, identity output, convex error, ``n_1 ≥ q``, the intrinsic dimension: no spurious valleys.

    q is at most the number of different inputs; for ``z^k`` also ``C(n_0 + [bias] + k − 1, k)``, as the values are those of a form of degree k in x̃.
    A trainable output bias is held fixed along the path until all features are spanned, and J is convex in it and the output weights together.
    """
    step.expect(0)
    problem = step.problem
    require(problem.L == 2 and problem.bias != "fixed", "rule", "this needs one hidden layer and no fixed bias")
    _require_convex_output(problem)
    step.count_samples()
    q = _different(problem.X)
    k = 1 if problem.activation.is_identity else problem.activation.degree
    if k is not None:
        q = min(q, comb(problem.fan_in(1) + k - 1, k))
    require(problem.widths[1] >= q, "rule", f"the hidden layer has fewer units than the intrinsic dimension, bounded by {q}")
    return _applied(step, "venturi-bandeira-bruna")


_EVERY_LOCAL_MINIMUM_IS_GLOBAL = ("kawaguchi-2016", "lu-kawaguchi-2017", "laurent-von-brecht-2018", "gori-tesi-1992")


def conclusion_cited(step: Step) -> Result:
    """A theorem that applies to this problem says that every local minimum is global."""
    step.expect(1)
    step.require_at(EVERYWHERE)
    theorem = step.premises[0].conclusion.get("statement")
    if theorem not in _EVERY_LOCAL_MINIMUM_IS_GLOBAL:
        raise Rejected("premises[0]", "premise", "a theorem by which every local minimum is global is needed here")
    step.claim(0, str(theorem))
    return step.conclude("no-bad-local-minima"), Rigor.CITED


CITED_RULES: Mapping[str, Callable[[Step], Result]] = {
    "cited-kawaguchi-2016": kawaguchi,
    "cited-lu-kawaguchi-2017": lu_kawaguchi,
    "cited-laurent-von-brecht-2018": laurent_von_brecht,
    "cited-nguyen-hein-2017": nguyen_hein,
    "cited-gori-tesi-1992": gori_tesi,
    "cited-li-ding-sun": li_ding_sun,
    "cited-ding-li-sun-2019": ding_li_sun,
    "cited-venturi-bandeira-bruna": venturi,
    "cited-conclusion": conclusion_cited,
}
