"""The rules that apply published theorems (section 6): every hypothesis is checked here, and the theorem itself is taken from the paper.

A theorem is a row of the table `THEOREMS`: hypotheses about the problem alone, by name, and a function that checks those about the samples. Where a hypothesis
of the paper is replaced (biases, above all), its docstring proves that this is allowed. Own rigor is CITED throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import comb
from typing import Any

from flint import nmod_mat

from lossproof.certificates.kernel.arithmetic.balls import ONE
from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.parse import limit, require
from lossproof.certificates.kernel.reading.problem import Problem, fraction
from lossproof.certificates.kernel.rules import evidence
from lossproof.certificates.kernel.rules.step import Result, Step, everywhere
from lossproof.theory import limits
from lossproof.theory.verdicts import Rigor

_TAME = "a hidden activation like theirs, and this is not one that the theorem is known to allow"
HYPOTHESES: Mapping[str, Callable[[Problem], bool]] = {
    "a hidden layer": lambda p: p.L >= 2,
    "one hidden layer": lambda p: p.L == 2,
    "one hidden layer and one output": lambda p: p.L == 2 and p.n_L == 1,
    "no more outputs than inputs": lambda p: p.n_L <= p.widths[0],
    "no hidden layer narrower than both input and output": lambda p: min(p.widths[1:-1]) >= min(p.widths[0], p.n_L),
    "two units in the last hidden layer": lambda p: p.widths[-2] >= 2,
    "a last hidden layer with no fewer units than there are samples": lambda p: p.widths[-2] >= p.T,
    "biases that are trainable or absent, no fixed biases": lambda p: p.bias != "fixed",
    "trainable biases": lambda p: p.bias == "trainable",
    "linear units only": lambda p: all(a.is_identity or a.degree == 1 for a in (*p.hidden, p.output_activation)),
    "the identity as output activation": lambda p: p.output_activation.is_identity or p.output_activation.degree == 1,
    "an output derivative that is not 0 anywhere": lambda p: p.output_activation.nonvanishing_derivative.holds,
    "the same squashing activation in all units": lambda p: p.hidden[0].is_squashing and p.output_activation.name == p.hidden[0].name,
    "an activation with a second derivative other than 0": lambda p: p.activation.is_curved,
    _TAME: lambda p: p.activation.analytic.holds and p.activation.increasing.holds and p.activation.tame.holds,
    "the squared error": lambda p: p.error.name == "squared",
    "a convex error": lambda p: p.error.convex.holds,
    "an error of the residuals that satisfies principle-error": lambda p: p.separable and p.error.principle_error.holds,
}
"""What the theorems demand of the architecture and of the error, by name. Whether hidden layers exist stands before what is said about them."""


def _tables(step: Step, p: int) -> tuple[nmod_mat, nmod_mat]:
    """Return X and Y modulo p, samples as rows; with a trainable bias the mean of each column is taken away."""
    problem = step.problem
    tables = [evidence.residues(rows, p, step.work) for rows in (problem.X, problem.Y)]
    if problem.bias == "trainable":
        require(problem.T % p != 0, "evidence.prime", "the prime divides the number of samples")
        ones = evidence.residues([[ONE]] * problem.T, p, step.work)
        tables = [M - ones * (ones.transpose() * M) * pow(problem.T, -1, p) for M in tables]
    return tables[0], tables[1]


def _require_full_rank(table: nmod_mat, name: str) -> None:
    require(table.rank() == table.ncols(), "evidence.prime", f"{name} does not have full rank modulo the prime")


def _kawaguchi(step: Step, found: Mapping[str, Any]) -> None:
    """Kawaguchi 2016, Theorem 2.3: ``X Xᵀ``, ``X Yᵀ`` of full rank, ``n_L ≤ n_0``, different eigenvalues of ``Σ = Y Xᵀ (X Xᵀ)⁻¹ X Yᵀ``; no bias.

    All three are checked modulo a prime: then ``X Xᵀ`` and a minor of ``X Yᵀ`` have non-zero determinants over Q, and the discriminant of the
    characteristic polynomial, which is monic with coefficients that p does not divide the denominators of, is not 0.

    *Trainable biases* reduce to none for centred samples. ``F = A x + c`` with ``A = (W_1 ⋯ W_L)ᵀ``, and ``c = b_L +`` a polynomial in the others, so c may
    replace ``b_L`` as a coordinate: J depends on ``W_1..W_L`` and c only. In c it is strictly convex with the minimum ``c(A) = ȳ − A x̄``, where it is the
    loss of A for centred samples. If ``(W, c)`` is a local minimum, ``c = c(A)``; for W' near W, ``c(A')`` is near c, so W is a local minimum of that
    loss, hence a global one, and J has the same infimum.
    """
    x, y = _tables(step, evidence.prime(found["prime"]))
    n_0 = step.problem.widths[0]
    limit(n_0**2, limits.MAX_ENTRIES, "the number of entries of X Xᵀ")
    step.work.spend(limits.modular_work(n_0, step.problem.T + 4 * n_0), "products and an inverse modulo a prime")
    gram, cross = x.transpose() * x, x.transpose() * y
    _require_full_rank(gram, "X Xᵀ")
    _require_full_rank(cross, "X Yᵀ")
    polynomial = (cross.transpose() * gram.solve(cross)).charpoly()
    distinct = polynomial.gcd(polynomial.derivative()).degree() == 0
    require(distinct, "evidence.prime", "the eigenvalues are not shown to differ modulo the prime")


def _lu_kawaguchi(step: Step, found: Mapping[str, Any]) -> None:
    """Lu and Kawaguchi 2017: X and Y of full row rank (samples as columns), no bias; trainable biases as in `_kawaguchi`, for centred samples."""
    x, y = _tables(step, evidence.prime(found["prime"]))
    _require_full_rank(x, "X")
    _require_full_rank(y, "Y")


def _laurent_von_brecht(step: Step, found: Mapping[str, Any]) -> None:
    """Laurent and von Brecht 2018, Theorem 1: no bias, an error convex and differentiable in the output, ``n_l ≥ min(n_0, n_L)`` for ``0 < l < L``.

    *Trainable biases*: as in `_kawaguchi`, J is ``Φ(A, c)`` with c a free coordinate and Φ convex. At a local minimum ``(W, c)``, W is one of
    ``Φ(·, c)``, the loss without bias of the error ``E(φ + c, y)``, convex and differentiable too; so A minimises ``Φ(·, c)`` and ``∂Φ/∂A = 0``. Since
    ``∂Φ/∂c = 0`` as well, ``(A, c)`` minimises Φ.
    """


def _nguyen_hein(step: Step, found: Mapping[str, Any]) -> None:
    """Nguyen and Hein 2017: distinct inputs, trainable biases, ``n_k ≥ T − 1``, ``n_{k+1} ≥ … ≥ n_L``, and σ as they assume.

    Their lemma for this activation: ``[Φ_k; 1]`` has rank T outside a set of measure zero. Where it has, and ``W_{k+2}..W_L`` have full column
    rank, ``[Φ_k; 1] Δ_{k+1}ᵀ = 0`` gives ``Δ_{k+1} = 0``, and ``Δ_l = Σ'_l W_{l+1} Δ_{l+1}`` with an injective ``Σ'_l W_{l+1}`` carries the 0 up to ``Δ_L
    = Σ'_L ∇E``: this holds for every output activation whose derivative vanishes nowhere.
    """
    T, L, n = step.problem.T, step.problem.L, step.problem.widths
    k = read.integer(found["layer"], "evidence.layer", 1, L - 1)
    pyramid = n[k] >= T - 1 and all(n[l] >= n[l + 1] for l in range(k + 1, L))
    require(pyramid, "evidence.layer", "the layer has fewer than T − 1 units, or the widths grow above it")
    step.count_samples()
    require(len(set(step.problem.X)) == T, "rule", "two inputs are equal")


def _gori_tesi(step: Step, found: Mapping[str, Any]) -> None:
    """Gori and Tesi 1992: one hidden layer, one output, squashing units, targets at the asymptotes, classes separated by ``uᵀx̃`` (x̃ as in ``Phi-0+``).

    For every bias mode: let ``δ_i = E' σ_out'``, negative for targets at the upper end and positive at the lower one, never 0. Then ``T uᵀ∂J/∂w_h = v_h
    Σ_i δ_i σ'(z_hi) uᵀx̃_i``, a negative number times ``v_h``: at a critical point all ``v_h = 0``. There J depends on no ``w_h``, so with it all points
    with other ``w`` near are local minima if it is one; then ``Σ_i δ_i σ(z_hi(w)) = 0`` for all w near, and the derivative along u, a negative
    number, would be 0. So J has no local minimum.
    """
    problem, place = step.problem, "evidence.direction"
    u = read.each(found["direction"], place, read.rational, problem.fan_in(1))
    step.count_samples()
    ends = problem.output_activation.range
    for i, (x, y) in enumerate(zip(problem.inputs, problem.Y, strict=True)):
        target = fraction(y[0])
        require(target in (ends.lower, ends.upper), "rule", f"the target of sample {i} is not an end of the range")
        side = evidence.total((a * b for a, b in zip(u, x, strict=True)), step.work)
        require(side > 0 if target == ends.upper else side < 0, place, f"sample {i} is not on its side")


def _li_ding_sun(step: Step, found: Mapping[str, Any]) -> None:
    """Li, Ding and Sun: identity output, convex error, an input coordinate with T different values, ``n_{L-1} ≥ T``: no bad strict local minimum.

    For every bias mode: at a strict local minimum no change of ``W_L`` alone may leave the outputs as they are, so the rows of ``Phi-(L-1)+`` are
    independent. With a trainable bias these are more than T, which cannot be: there is no strict local minimum. Else they are T rows of rank T, and J is
    a convex function of ``W_L`` that reaches, or approaches, the least error of every sample: its local minimum is global.
    """
    c = read.integer(found["coordinate"], "evidence.coordinate", 0, step.problem.widths[0] - 1)
    step.count_samples()
    require(len({x[c] for x in step.problem.X}) == step.problem.T, "evidence.coordinate", "the coordinate has equal values")


def _ding_li_sun(step: Step, found: Mapping[str, Any]) -> None:
    """Ding, Li and Sun 2019: ``1, x_j, x_j x_k`` independent on the samples, a curved activation: *some* targets have a suboptimal local minimum.

    With trainable biases in all layers, the output's included: let ``W_1 = 0`` and the upper layers be such that output 1, as a function of ``z_1``, has a
    positive definite Hessian (``v_j σ''(a) > 0``; deeper, small weights of the right signs, ``σ'(a) ≠ 0``). Independence gives ε in R^T with
    ``Σ ε_i = 0``, ``Σ ε_i x_i = 0``, ``Σ ε_i x_i x_iᵀ`` positive definite; take targets with residuals ε in output 1 and 0 elsewhere. Near this point
    ``Σ ε_i ΔF_i`` is at least a positive multiple of ``|W_1|²``, so J does not fall. With the output weights times ``−κ``, κ > 0 small, and ``b_L``
    adapted it does fall when ``W_1`` leaves 0: J is not least.
    """
    p, n_0 = evidence.prime(found["prime"]), step.problem.widths[0]
    size = step.problem.T * (1 + n_0 * (n_0 + 3) // 2)
    limit(size, limits.MAX_ENTRIES, "the number of entries of a table")
    step.work.spend(size, "products of inputs")
    inputs = evidence.residues(step.problem.X, p, step.work).tolist()
    products = [[ONE, *x, *(a * b for j, a in enumerate(x) for b in x[j:])] for x in inputs]
    _require_full_rank(evidence.residues(products, p, step.work), "the table of 1, x_j and x_j x_k")


def _venturi(step: Step, found: Mapping[str, Any]) -> None:
    """Venturi, Bandeira and Bruna 2019: one hidden layer, identity output, convex error, ``n_1 ≥ q``, the intrinsic dimension: no spurious valleys.

    q is at most the number of different inputs; for ``z^k`` also ``C(n_0 + [bias] + k − 1, k)``, as the values are those of a form of degree k in x̃.
    A trainable output bias is held fixed along the path until all features are spanned, and J is convex in it and the output weights together.
    """
    problem = step.problem
    step.count_samples()
    q, k = len(set(problem.X)), 1 if problem.hidden[0].is_identity else problem.hidden[0].degree
    if k is not None:
        q = min(q, comb(problem.fan_in(1) + k - 1, k))
    require(problem.widths[1] >= q, "rule", f"the hidden layer has fewer units than the intrinsic dimension, bounded by {q}")


_LINEAR = ("a hidden layer", "linear units only", "biases that are trainable or absent, no fixed biases")
_CONVEX = ("the identity as output activation", "a convex error")
_BIASED = ("a hidden layer", "trainable biases")

# fmt: off
THEOREMS: Mapping[str, tuple[Callable[[Step, Mapping[str, Any]], None], str | None, tuple[str, ...]]] = {
    "kawaguchi-2016": (_kawaguchi, "prime", (*_LINEAR, "the squared error", "no more outputs than inputs")),
    "lu-kawaguchi-2017": (_lu_kawaguchi, "prime", (*_LINEAR, "the squared error")),
    "laurent-von-brecht-2018": (_laurent_von_brecht, None, (*_LINEAR, "a convex error", "no hidden layer narrower than both input and output")),
    "nguyen-hein-2017": (_nguyen_hein, "layer", (
        *_BIASED, _TAME, "an output derivative that is not 0 anywhere", "an error of the residuals that satisfies principle-error")),
    "gori-tesi-1992": (_gori_tesi, "direction", (
        "one hidden layer and one output", "the same squashing activation in all units", "the squared error")),
    "li-ding-sun": (_li_ding_sun, "coordinate", ("a hidden layer", *_CONVEX, "a last hidden layer with no fewer units than there are samples")),
    "ding-li-sun-2019": (_ding_li_sun, "prime", (
        *_BIASED, "the identity as output activation", "the squared error", "an activation with a second derivative other than 0",
        "two units in the last hidden layer")),
    "venturi-bandeira-bruna": (_venturi, None, ("one hidden layer", _LINEAR[-1], *_CONVEX)),
}
# fmt: on
"""Of each theorem: what checks the hypotheses about the samples, the key of its evidence, and the hypotheses by name in their order."""


def cited_theorem(step: Step) -> Result:
    """The theorem that is claimed applies to this problem: a row of `THEOREMS`, whose hypotheses are checked."""
    theorem = step.says(*THEOREMS)
    check, key, hypotheses = THEOREMS[theorem]
    found = step.expect(0, *([] if key is None else [key]))
    for name in hypotheses:
        require(HYPOTHESES[name](step.problem), "rule", f"this needs {name}")
    check(step, found)
    return everywhere(theorem, {"applicable": "yes"}), Rigor.CITED
