"""The calculus of ranks (section 5): what follows for a rank from the structure of the network and from other bounds, each with its proof in the docstring.

``r(M)`` is the rank of a matrix M. A bound ``everywhere`` holds at all weights where the matrix exists.
"""

from __future__ import annotations

from math import comb

from flint import fmpq

from lossproof.certificates.kernel.arithmetic.balls import not_zero
from lossproof.certificates.kernel.network.orbits import orbits
from lossproof.certificates.kernel.network.passes import layer_inputs
from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.parse import Rejected, require
from lossproof.certificates.kernel.reading.problem import Problem, fraction, rational
from lossproof.certificates.kernel.rules import step as shared
from lossproof.certificates.kernel.rules.step import ALMOST, EVERYWHERE, OPEN, SOME, Result, Step
from lossproof.theory import limits
from lossproof.theory.verdicts import Rigor


def rank_size(step: Step) -> Result:
    """``r(M) ≤ min(rows, columns)``; ``r(M) ≥ 1`` for a matrix with a row of ones, ``≥ 0`` for the others."""
    step.expect(0)
    step.require_at(EVERYWHERE)
    matrix = step.matrix()
    ones = step.problem.bias_rows_of((matrix.layer or 0) + 1) if matrix.kind == "Phi" and matrix.suffix == "+" else 0
    return step.upper(min(matrix.shape)) if step.side == "rank_upper" else step.lower(ones), Rigor.EXACT


def rank_sylvester(step: Step) -> Result:
    """``r(AB) ≥ r(A) + r(B) −`` the inner dimension, ``r(AB) ≤ r(A)``: for ``Psi-l``, block diagonal (`psi_rank`), and for ``P-l``.

    ``P-l = (I ⊗ Φ⁺) D`` with an identity of size ``n_l`` and D the rows of ``Psi-l`` in another order: the inner dimension is ``T n_l``.
    So ``r(P-L) = n_L r(Φ_{L-1}⁺)`` where ``Ψ_L = I``, as then ``r(Psi-L) = T n_L``.
    """
    problem, matrix = step.problem, step.matrix("Psi", "P")
    if (l := matrix.layer) is None:
        raise Rejected("conclusion.matrix", "conclusion", "this rule is about the matrix of one layer")
    if matrix.kind == "Psi":
        step.expect(problem.L - l)
        return step.lower(problem.T * shared.psi_rank(step, l)), Rigor.EXACT
    step.expect(2 if step.side == "rank_lower" else 1)
    phi = step.bound(0, f"Phi-{l - 1}+")
    if step.side == "rank_upper":
        return step.upper(min(problem.widths[l] * phi, problem.columns)), Rigor.EXACT
    return step.lower(shared.khatri_rao_bound(problem, l, phi, step.bound(1, f"Psi-{l}"))), Rigor.EXACT


def rank_stack(step: Step) -> Result:
    """P is stacked from its blocks: ``r(P) ≥ r(P-l)`` for each, ``r(P) ≤ Σ_l r(P-l)``."""
    require(step.conclusion["matrix"] == "P", "conclusion.matrix", "this rule is about P", "conclusion")
    step.expect(1 if step.side == "rank_lower" else step.problem.L)
    if step.side == "rank_upper":
        return step.upper(sum(step.bound(k, f"P-{k + 1}") for k in range(step.problem.L))), Rigor.EXACT
    name = str(step.premises[0].conclusion.get("matrix"))
    require(name.startswith("P-"), "premises[0]", "a rank_lower of P-l is needed here", "premise")
    return step.lower(step.bound(0, name)), Rigor.EXACT


def rank_samples(step: Step) -> Result:
    """Samples whose outputs determine each other at every W (`orbits`) have parallel columns: ``r(P) ≤ n_L`` times the number of orbits.

    ``z_L(x') = ρ z_L(x)`` for all W, differentiated by W, makes the column of output j at x' a multiple of ``∇z_{L,j}(x)``, as that at x is. Where
    ``z_L(x) = 0`` for all W, it is 0.
    """
    step.expect(0)
    step.require_at(EVERYWHERE, matrix="P")
    step.count_samples()
    different = {orbit.first for orbit in orbits(step.problem) if orbit.sign != 0}
    return step.upper(step.problem.n_L * len(different)), Rigor.EXACT


def rank_dimension(step: Step) -> Result:
    r"""The rows of P, in the columns of one output, are values of functions from spaces of known dimension: with hidden ``z^k``, k = 1 the identity, or others.

    Let ``β = [bias trainable]`` and ``D(i, j)`` be spanned by the derivatives by weights of ``z_j`` as a function of ``φ_i``; rows of P are values from
    ``D(0, L)``, up to factors ``σ_out'`` of columns, which cannot raise a rank. Each of these is a bound; ρ bounds ``r(Φ_0⁺)``.

    1. *Affine* (``k = 1``, or ``L = 1``). ``z_L`` is affine in x (linear without bias), and so is each derivative: all rows lie in ``C ⊗ R^{n_L}``, C the row
       space of ``Φ_0⁺``: ``n_L ρ``. With a hidden layer of width m, ``z_L = φ_h B + c``: rows of the blocks up to h lie in ``C ⊗ R``, the others in ``A ⊗
       R^{n_L}``, with R the row space of B, of dimension ``b ≤ min(m, n_L)``, and ``A ⊂ C`` that of ``Φ_h⁺``, ``a ≤ min(m + β, ρ)``. The sum has dimension ``ρ
       b + a (n_L − b)``, which grows with both; with ``m = n_L`` it is ``n_L ρ``.
    2. *Degrees.* ``dim D(i, j) ≤ n_j C(n_i + β − 1 + d, d)``, ``d = k^{j-i-1}``: the monomials of degree d at most in ``φ_i``, exactly d without bias.
    3. *Symmetries.* ``dim D(i, j) ≤`` the weights between less the units between, by 8; where weights are 0 because P is continuous.
    4. *Quadrics.* ``k = 2``, one hidden layer, one output: β and the quadratic forms in ``(φ_i, 1)`` that vanish modulo the linear forms ``z_{i+1}``.
    5. *Composition.* ``dim D(i, j) ≤ dim D(i, h) + dim D(h, j) − n_h``: a linear image of ``D(i, h) ⊕ D(h, j)`` whose kernel contains, for each unit of
       layer h, the pair of its two scalings, independent if no ``z_h`` is the zero function; elsewhere by continuity.
    6. *Bottleneck* (any activations and biases). A change of weights reaches the outputs through a change of ``φ_h``, from a space of dimension ``T n_h``, or
       is one of weights behind h. Those of layer ``h + 1`` have an image of dimension ``r n_{h+1}`` at most, ``r = r(Φ_h⁺)``, the others one of at most their
       number. The changes ``φ_h ↦ A φ_h + a`` (``a = 0`` without bias) form a space of dimension ``r n_h``, and layer ``h + 1`` can undo them, so their image
       is counted twice: ``r(P) ≤ T n_h + r (n_{h+1} − n_h) + Σ_{l>h+1} (rows of W_l) n_l``, and for ``n_h ≤ n_{h+1}`` this grows with ``r ≤ min(T, rows of
       Φ_h⁺)``.
    7. Behind a single hidden unit h of powers without bias ``z_L = z_h^d c``: changes up to h lie in ``R^T ⊗ c``, those behind h in ``V ⊗ R^{n_L}``, V spanned
       by the values ``z_h^d``: ``T + n_L − 1``.
    8. *Scaling* (hidden layers with a homogeneous activation whose biases are not fixed, not all of them the identity). Scaling a unit's incoming weights by
       t and its outgoing ones by ``t^{-k}`` changes no output: each unit gives v with ``vᵀP = 0``. (Leaky) ReLU: ``k = 1``. Where P exists no z is 0, but at
       samples at rest. If all samples are at rest at some layer, let h be the highest: the rows of P of the layers up to h are 0, at least one for each of
       their units. In the layers above (all, if there is none), v has a non-zero incoming part. Layer by layer, incoming parts lie in columns of ``W_l`` of
       their own, and outgoing parts in the next layer: the v are independent, and ``r(P) ≤ N_net −`` the number of units wherever P exists. ``z^k``: the same
       where all weights are non-zero, and everywhere else because (up to factors ``σ_out'`` of columns) P is continuous: every σ' is, where it exists. Other
       units are not counted.

    All but 6 and 8 are about one activation in all hidden layers, and one bias mode in all layers.
    """
    step.expect(1)
    step.require_at(EVERYWHERE, matrix="P")
    problem, rho = step.problem, step.bound(0, "Phi-0+")
    L, n, found = problem.L, problem.widths, [problem.columns]
    if problem.is_uniform:
        found += _of_one_activation(step, rho)
    if problem.scaled_layers and not all(a.is_identity for a in problem.hidden):
        found.append(problem.N_net - sum(n[l] for l in problem.scaled_layers))
    for h in (h for h in range(1, L) if n[h] <= n[h + 1]):
        behind = problem.N_net - problem.below(h + 2)
        found.append(problem.T * n[h] + min(problem.T, problem.fan_in(h + 1)) * (n[h + 1] - n[h]) + behind)
    return step.upper(min(found)), Rigor.EXACT


def _of_one_activation(step: Step, rho: int) -> list[int]:
    """Return the bounds 1 to 5 and 7."""
    problem, found = step.problem, list[int]()
    L, n, n_L, hidden = problem.L, problem.widths, problem.n_L, problem.activation
    k = 0 if L == 1 or hidden.degree is None else hidden.degree
    if (L == 1 or hidden.is_identity) and problem.bias != "fixed":
        m = min(n[1:-1], default=n_L)
        found.append(rho * min(m, n_L) + min(m + problem.bias_rows_of(1), rho) * (n_L - min(m, n_L)))
    if k and k ** min(L - 1, 7) <= limits.MAX_POLYNOMIAL_DEGREE:
        found.append(n_L * comb(n[0] - (problem.bias == "none") + k ** (L - 1), k ** (L - 1)))
    if k and not hidden.is_identity and problem.bias != "fixed" and L <= limits.MAX_POLYNOMIAL_DEGREE:
        step.work.spend(L**3, "bounds of dimensions")
        found.append(_composed(problem, k))
    if k and not hidden.is_identity and problem.bias == "none" and 1 in n[1:-1]:
        found.append(problem.T + n_L - 1)
    return found


def _composed(problem: Problem, k: int) -> int:
    """Return the bound of ``dim D(0, L)`` by 2 to 5."""
    n, beta, best = problem.widths, problem.bias_rows_of(1), dict[tuple[int, int], int]()
    for i, j in sorted(((a, b) for b in range(1, problem.L + 1) for a in range(b)), key=lambda pair: pair[1] - pair[0]):
        found, degree = [problem.below(j + 1) - problem.below(i + 1) - sum(n[i + 1 : j])], k ** min(j - i - 1, 7)
        if degree <= limits.MAX_POLYNOMIAL_DEGREE:
            found.append(n[j] * comb(n[i] + beta - 1 + degree, degree))
        if j - i == 2 and k == 2 and n[j] == 1:
            forms = n[i] + beta
            found.append(comb(forms + 1, 2) - comb(forms - min(n[i + 1], forms) + 1, 2) + beta)
        best[i, j] = min(found + [best[i, h] + best[h, j] - n[h] for h in range(i + 1, j)])
    return best[0, problem.L]


def rank_constant_weights(step: Step) -> Result:
    """At ``W = 0`` with hidden biases b and output biases c, where trainable, all samples have one ``φ_{L-1}`` and one ``z_L``, and ``Ψ_l = 0``, ``l < L``:
    ``r(P) ≤ n_L``.

    If all hidden activations are affine near b, the network is an affine function of x at all weights near: ``r(P) ≤ n_L r(Φ_0⁺)`` as in `rank_dimension`;
    if one of them is constant there, that layer and all above are the same for all samples, and all blocks up to it are 0: ``r(P) ≤ n_L``. If the output
    activation is constant near c, P is 0 there.
    """
    found, problem, L = step.expect(1 if step.at == OPEN else 0, "bias", "output_bias"), step.problem, step.problem.L
    b, c = (read.rational(found[key], f"evidence.{key}") for key in ("bias", "output_bias"))
    step.require_at(SOME, OPEN, matrix="P")
    trainable = [bias == "trainable" for bias in problem.biases]
    given = all(trainable) or (step.at == SOME and (any(trainable) or b == c == 0))
    require(given, "evidence.bias", "biases must be '0' unless they are trainable")
    if step.at == SOME:
        require(L >= 2, "rule", "this needs a hidden layer")
        biases = [[c if l == L else b] if fixed is None else fixed for l, fixed in enumerate(problem.constants, start=1)]
        met = [(x, kink) for l, constants in enumerate(biases, start=1) for x in constants for kink in problem.activation_of(l).kinks(1)]
        with step.balls(limits.SIGN_PRECISION) as ring:
            step.work.spend(20 * len(met), "the biases")
            apart = all(not_zero((x if isinstance(x, fmpq) else ring.embed(x)) - rational(kink)) for x, kink in met)
        require(apart, "evidence.bias", "a derivative does not exist at these biases, or is not seen to")
        return step.upper(problem.n_L), Rigor.EXACT if all(isinstance(x, fmpq) for x, _ in met) else Rigor.BALL
    rho = step.bound(0, "Phi-0+", "rank_upper", EVERYWHERE)
    hidden, last = [shared.slope_around(a, [b]) for a in problem.hidden], shared.slope_around(problem.output_activation, [c])
    if last == 0:
        return step.upper(0), Rigor.EXACT
    exists = fraction(c) not in problem.output_activation.kinks(1) and not any(fraction(b) in a.kinks(1) for a in problem.hidden)
    right = L >= 2 and exists and (0 in hidden or None not in hidden)
    require(right, "rule", "this needs hidden activations that are affine near the bias, or one that is constant there, and no kink at it")
    return step.upper(problem.n_L * (1 if 0 in hidden else rho)), Rigor.EXACT


def rank_dead_outputs(step: Step) -> Result:
    """The columns ``(i, j)`` listed, whose balls ``z_L(i)_j`` at a point lie inside an interval on which the output activation is constant, are 0 near it."""
    found, problem, place = step.expect(0, "point", "outputs", "precision"), step.problem, "evidence.outputs"
    step.require_at(OPEN, matrix="P")
    dead = read.tuples(found["outputs"], place, read.below(problem.T), read.below(problem.n_L))
    require(len(set(dead)) == len(dead), place, "an output is listed twice")
    with step.balls() as ring:
        z = layer_inputs(ring, problem, step.box(step.point_named(found)), problem.L)
        flat = all(shared.slope_around(problem.output_activation, [z[output]]) == 0 for output in dead)
    require(flat, place, "an output is not seen to be constant")
    return step.upper(problem.columns - len(dead)), Rigor.BALL


def rank_almost(step: Step) -> Result:
    """A minor of P that is an analytic function of W and not 0 at one W is not 0 outside a closed set of measure zero; a bound everywhere holds there, too.

    Columns are taken up to ``σ_out'`` if that vanishes nowhere it exists, and then only the hidden activations need be analytic. P exists almost everywhere: if
    all activations are differentiable but those of layers with trainable biases, as z is then at no kink for almost every bias; or if the bound is ``T n_L``,
    as then every ``z_L(i)_j`` has a gradient that is not 0 almost everywhere, so it meets a kink of the output activation on a set of measure zero only.
    """
    step.expect(1)
    step.require_at(ALMOST, matrix="P")
    problem, at, used = step.problem, step.premises[0].conclusion["at"], step.problem.used_activations
    value, concerned = step.bound(0, "P", "rank_lower", at), used[:-1] if problem.strip else used
    require(at == EVERYWHERE or all(a.analytic.holds for a in concerned), "rule", "an activation is not analytic")
    full = value == problem.columns and all(a.differentiable.holds for a in concerned)
    exists = all(bias == "trainable" or a.differentiable.holds for bias, a in zip(problem.biases, used, strict=True))
    require(exists or full, "rule", "P may not exist on a set of positive measure")
    return step.lower(value), Rigor.EXACT


def rank_regular(step: Step) -> Result:
    """A matrix has full column rank: its smallest singular value is positive, or it is P at an exact learner that was found regular."""
    step.expect(1)
    matrix = step.matrix()
    columns = matrix.shape[1]
    if step.premises[0].conclusion.get("statement") == "singular-value":
        right = step.claim(0, "singular-value")["matrix"] == matrix.name
    else:
        facts = step.claim(0, "exact-learning", at=EVERYWHERE)
        right = (facts.get("learner"), facts.get("rank_lower"), "P") == (step.at, columns, matrix.name)
    require(right, "premises[0]", "a claim about the rank of this matrix at these weights is needed here", "premise")
    return step.lower(columns), Rigor.EXACT
