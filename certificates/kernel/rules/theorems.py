"""The rule that applies theorems of our own about inputs with one affine relation (section 6), with their proof in the docstring.

Write ``x̃ = (x, 1)``, ``z_k(i) = w_k·x̃_i`` for the inputs of unit k of a hidden layer, ``v_k`` for its outgoing weights, and ``ε_i = ∂E_i/∂z_L``: it is 0 if and
only if ``∇E_i`` is, where σ_out' vanishes nowhere. A local minimum is *bad* if it is not global; then ``ε ≠ 0``, by principle-error. If W* is a local minimum,
so are all W near it with the same outputs on the samples, and with the same ε: its *flat neighbours*.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from flint import fmpq

from lossproof.certificates.kernel.reading.parse import require
from lossproof.certificates.kernel.reading.problem import fraction
from lossproof.certificates.kernel.rules import evidence
from lossproof.certificates.kernel.rules.step import EVERYWHERE, Result, Step, everywhere
from lossproof.theory import limits
from lossproof.theory.verdicts import Rigor


def one_relation(step: Step) -> Result:
    """The inputs obey exactly one affine relation s, one output and one hidden layer, and ``G = 1/σ'`` is strictly convex: is every local minimum global?

    At a bad local minimum no ``v_k`` is 0: else ``w_k`` moves freely at equal outputs, so ``Σ_i ε_i σ(w·x̃_i) = 0`` for all w in an open set, so ε = 0, as σ
    is analytic and no polynomial, and the inputs differ. So ``Σ_i ε_i σ'(z_k(i)) x̃_i = 0``, that is ``ε_i = c_k s_i G(z_k(i))`` with ``c_k ≠ 0``, and by the
    output bias ``Σ_i s_i G(z_k(i)) = 0`` (∗). All this holds at flat neighbours, too. S is the support of s.

    *Simplex*: one entry ``s_m`` of s has a sign of its own. Then ``z_k(m)`` is the mean of the others on S, with weights ``s_i/|s_m|``, and by (∗) and strict
    Jensen every unit is constant on S.

    *Parallelogram*: ``s = (1, −1, −1, 1)``, with edges p and q. ``G(z) − G(z + a) − G(z + b) + G(z + a + b)`` has the sign of ab, so by (∗) every unit is
    constant along p or along q. None is so along one of them only: its two values may move freely while ``v_k`` and the output bias make up for it, so
    ``ε_1/ε_3 = −G(z(0))/G(z(1))`` would be constant on an open set. So all units are constant on S; if there are two, one can be given two values along p
    while the other takes the difference back, a flat neighbour of the kind that is impossible. So for two units or more there is no bad local minimum.

    *Constant on S*: there ε is a function of the target alone, and a multiple of s other than 0. So equal targets have equal ``s_i``; and for the squared
    error, ``ε_i = (φ − y_i) σ_out'``, and the logistic one, ``ε_i = (p − y_i) σ_out'``, ``y = ȳ + c s`` on S with ``c ≠ 0``, where ȳ is the output if the error
    is the squared one. Where that fails, the claim is proved.

    *Conversely* let S be all samples, the error squared and σ_out analytic with the value ȳ, or the error logistic and the output the identity, and
    ``y = ȳ + c s`` with ``c ≠ 0``. The best constant output exists (the targets of the logistic error lie in ``[0, 1]`` and differ). At a constant network with
    it, of loss ``J*``, let ρ be the slope of σ_out (1 for the identity). Then ``ε = −c ρ s``. The second derivatives e_i'' of E by ``z_L`` have a positive sum:
    for the logistic error all are ``p(1 − p)``; for the squared one ``e_i'' = ρ² − c s_i σ_out''``, and ``Σ s_i = 0``. For small changes Δ of ``z_L``
    ``T(J − J*) = Σ ε_i Δ_i + ½ Σ e_i'' Δ_i² + o(|Δ|²)``. A unit has ``z(i) = b + a_i``, b its value at a fixed sample, ``x_m`` in the simplex, a corner of the
    parallelogram: ``Σ_i s_i σ(b + a_i) = ½ σ''(b) Σ_i s_i a_i² + O(|a|³)``, as ``Σ s_i a_i = 0``.
    In the simplex ``Σ_i s_i a_i²`` is definite in the other ``a_i`` (Jensen); with ``σ''(b_k) ≠ 0``, and signs of the ``v_k`` that make every term positive
    near 0, ``Σ ε_i Δ_i ≥ κ Σ |v_k| |a_k|²``. With ``Δ_i = δ + r_i``, δ that of ``x_m`` and ``|r|² ≤ C Σ v_k² |a_k|²``, the terms of second order are at
    least ``¼ Σ e_i'' δ² − C' |r|²`` near 0, so with small ``|v_k|`` the network is a local minimum. In the parallelogram with one unit, ``A = w·p``,
    ``B = w·q``, d the mean of Δ, and ``e_i'' = e − g s_i``, ``T(J − J*)`` depends on A, B, d, b, v alone, and has in A, B, d the quadratic part
    ``½ e (4d² + v² σ'² (A² + B²)) − (c ρ v σ'' + g v² σ'²) A B``: with ``σ''(b) ≠ 0`` positive definite for ``v = −c ρ σ''/(g σ'²)``, or if ``g = 0`` for
    large ``|v|``, and J is ``J*`` where A, B, d vanish, so a local minimum (Morse-Bott).
    With ``σ''(b) ≠ 0`` and small ``v ≠ 0``, of the other sign in the simplex, along suitable a the term ``v σ'' Σ_i s_i a_i²`` is negative and outweighs
    those in ``v²``: J falls below ``J*`` near another constant network of loss ``J*``, so these minima are bad.
    """
    found, problem = step.expect(1, "relation"), step.problem
    statement, T, place = step.says("one-relation-simplex", "parallelogram"), problem.T, "evidence.relation"
    right = problem.L == 2 and problem.n_L == 1 and problem.bias == "trainable"
    require(right, "rule", "this needs one hidden layer, one output and trainable biases")
    require(problem.activation.convex_inverse_slope.holds, "rule", "this needs an analytic activation with 1/σ' strictly convex")
    regular = problem.output_activation.nonvanishing_derivative.holds and problem.error.principle_error.holds
    require(regular, "rule", "this needs principle-error, and an output derivative that vanishes nowhere")
    rank = step.bound(0, "Phi-0+", "rank_lower", EVERYWHERE)
    require(rank == T - 1, "premises[0]", "all affine relations but one are to be ruled out", "premise")
    step.count_samples()
    s = evidence.relation(found["relation"], place, problem, step.work)
    require(evidence.total(s, step.work) == 0, place, "the relation is not affine: the sum is not 0")
    require(len(set(problem.X)) == T, "rule", "two inputs are equal")
    signs = [sum(q > 0 for q in s), sum(q < 0 for q in s)]
    if statement == "one-relation-simplex":
        require(min(signs) == 1, place, "no sample has a sign of its own")
    else:
        require(signs == [2, 2] and T == 4 and len({abs(fraction(q)) for q in s}) == 1, place, "the inputs are no parallelogram")
    best = _constant_output(step, s)
    if (statement == "parallelogram" and problem.widths[1] >= 2) or best is None:
        return everywhere(statement), Rigor.EXACT
    record = problem.output_activation
    attained = problem.error.family == "squared" and record.analytic.holds and record.attained.contains(best)
    right = attained or (problem.error.family == "logistic" and record.is_identity)
    require(right, "rule", "it is not decided for this error and this output activation")
    require(all(q != 0 for q in s), place, "it is not decided where some sample takes no part in the relation")
    return everywhere(statement, proved=False), Rigor.EXACT


def _constant_output(step: Step, s: Sequence[fmpq]) -> Fraction | None:
    """Return None if ε is no multiple of s wherever the network is constant on the support of s.

    Else, for the squared and the logistic error, where ε is ``σ_out'`` times a function of the output less the target, the mean target there (for others 0).
    """
    problem, entries = step.problem, dict[fmpq, fmpq]()
    for q, (y,) in zip(s, problem.Y, strict=True):
        if q != 0 and entries.setdefault(y, q) != q:
            return None
    if problem.error.family not in ("squared", "logistic"):
        return Fraction(0)
    longest = max(max(x.p.bit_length(), x.q.bit_length()) for pair in entries.items() for x in pair)
    step.work.spend(2 * len(entries) * limits.rational_work(8 * longest), "differences of targets")
    (y, q), *others = entries.items()
    slope = next((y - target) / (q - entry) for target, entry in others if entry != q)
    fits, mean = all(y - target == slope * (q - entry) for target, entry in others), fraction(y - slope * q)
    out_of_reach = problem.error.family == "squared" and not problem.output_activation.range.contains(mean)
    return mean if fits and not out_of_reach else None
