"""The rules that compute nothing (section 6): what the records say, what statements mean in terms of proved ranks, and implications, as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

from lossproof.certificates.kernel.network.matrices import parse_matrix
from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.parse import Rejected, require
from lossproof.certificates.kernel.reading.problem import Problem
from lossproof.certificates.kernel.rules.step import (
    ALMOST,
    EVERYWHERE,
    OPEN,
    PROVED,
    REFUTED,
    Result,
    Step,
    is_region,
    khatri_rao_bound,
    psi_rank,
)
from lossproof.theory.verdicts import Rigor

Facts: TypeAlias = "Mapping[str, Any]"
Decided: TypeAlias = "tuple[bool, dict[str, Any]]"

ANY, HERE = "any", "here"
"""Places of premises: wherever they are, and where the conclusion is."""


def _widths(problem: Problem) -> Decided:
    """``n_l ≤ max(n_{l-1}, n_{l+1})`` for ``l = 2..L-1``; guaranteed are ``r_L = n_L``, ``r_l = max(0, min(n_l, n_{l+1}) + r_{l+1} − n_{l+1})`` (Sylvester)."""
    n, ranks = problem.widths, [problem.n_L]
    for l in range(problem.L - 1, 0, -1):
        ranks.append(max(0, min(n[l], n[l + 1]) + ranks[-1] - n[l + 1]))
    return all(n[l] <= max(n[l - 1], n[l + 1]) for l in range(2, problem.L)), {"guaranteed": ranks[::-1]}


def _activations(problem: Problem) -> Decided:
    names = {"activation": problem.activation.name, "output_activation": problem.output_activation.name}
    return all(a.nonvanishing_derivative.holds for a in (problem.activation_of(1), problem.output_activation)), names


def _every_learner(problem: Problem) -> Decided:
    """At *every* exact learner ``H = P diag(∇²E_i) Pᵀ / T``, so ``r(H) ≤ r(P) ≤ min(N_net, T n_L)``."""
    require(problem.separable and problem.is_smooth(2), "rule", "this needs two derivatives everywhere, and an error of the residuals")
    return True, {"rank_lower": 0, "rank_upper": min(problem.N_net, problem.columns)}


def _convex_error(problem: Problem) -> Decided:
    """``∇²E ⪰ 0`` everywhere."""
    require(problem.error.convex.holds, "rule", "the error is not convex")
    return True, {}


RECORDS: Mapping[str, Callable[[Problem], Decided]] = {
    "count": lambda p: (p.N_net >= p.columns, {"N_net": p.N_net, "required": p.columns}),
    "principle-activation": _activations,
    "principle-error": lambda p: (p.error.principle_error.holds, {"error": p.error.name}),
    "principle-morse": lambda p: (p.error.principle_morse.holds, {"error": p.error.name}),
    "principle-widths": _widths,
    "hessian-rank": _every_learner,
    "ggn-semidefinite": _convex_error,
}
"""Statements that the problem alone decides."""


def record(step: Step) -> Result:
    """What the records of the problem, its integers and its functions say."""
    step.expect(0)
    step.require_at(EVERYWHERE)
    decide = _entry(RECORDS, step)
    proved, facts = decide(step.problem)
    return step.conclude(str(step.conclusion["statement"]), facts, proved=proved), Rigor.EXACT


def _entry(table: Mapping[str, Any], step: Step) -> Any:
    name = str(step.conclusion.get("statement"))
    if name not in table:
        raise Rejected("conclusion.statement", "conclusion", "this rule says nothing about that statement")
    return table[name]


def _full_rank(step: Step) -> Decided:
    """``r(P) = T n_L``, for the weights that are meant; refuted almost everywhere by an open set, and everywhere by any weights."""
    columns = step.problem.columns
    if step.at == EVERYWHERE:
        side = "rank_lower" if step.conclusion["verdict"] == PROVED else "rank_upper"
        at = step.premises[0].conclusion["at"] if side == "rank_upper" and step.premises else EVERYWHERE
        step.expect(1, order=0 if is_region(at) else 1, at=at)
        value = step.bound(0, "P", side, at)
        decided = value < columns if side == "rank_upper" else value == columns and step.problem.is_smooth(1)
        require(decided, "premises[0]", "the bound does not decide whether the rank is full", "premise")
        return side == "rank_lower", {side: value, "columns": columns}
    step.expect(2, order=1 if step.is_exact else 0)
    lower, place = step.bound(0, "P", "rank_lower"), step.premises[1].conclusion["at"]
    upper = step.bound(1, "P", "rank_upper", OPEN if step.at == ALMOST and place == OPEN else None)
    decided = upper < columns or (lower == columns and (step.is_exact or step.premises[0].conclusion["at"] == ALMOST))
    require(decided, "premises", "the bounds do not decide whether the rank is full", "premise")
    return lower == columns, {"rank_lower": lower, "rank_upper": upper, "columns": columns}


def _full_weights(step: Step, at: Any) -> list[int]:
    """Return the ranks of ``W_1..W_L`` from the first L premises, each full."""
    ranks = [step.bound(l - 1, f"W-{l}", "rank_lower", at) for l in range(1, step.problem.L + 1)]
    for l, rank in enumerate(ranks, start=1):
        full = rank == min(parse_matrix(f"W-{l}", step.problem).shape)
        require(full, f"premises[{l - 1}]", f"W-{l} is not shown to have full rank", "premise")
    return ranks


def _principle_weights(step: Step) -> Decided:
    """Every ``W_l`` has rank ``min(rows, columns)``, or one has a smaller rank."""
    if step.conclusion["verdict"] == PROVED:
        step.expect(step.problem.L)
        return True, {"ranks": _full_weights(step, step.at)}
    step.expect(1)
    matrix = parse_matrix(str(step.premises[0].conclusion.get("matrix")), step.problem, "premises[0]")
    upper = step.bound(0, matrix.name, "rank_upper")
    right = matrix.kind == "W" and not matrix.suffix and upper < min(matrix.shape)
    require(right, "premises[0]", "a rank_upper of W-l that rules out full rank is needed here", "premise")
    return False, {"layer": matrix.layer, "rank_upper": upper}


def _khatri_rao(step: Step) -> Decided:
    """The inequality of `rank_sylvester` for each block, beside proved bounds of the block's rank."""
    step.expect(4 * step.problem.L, order=1)
    layers = []
    for l in range(1, step.problem.L + 1):
        names = ((f"Phi-{l - 1}+", "rank_lower"), (f"Psi-{l}", "rank_lower"), (f"P-{l}", "rank_lower"), (f"P-{l}", "rank_upper"))
        phi, psi, lower, upper = (step.bound(4 * l - 4 + k, name, side) for k, (name, side) in enumerate(names))
        layers.append({"layer": l, "bound": khatri_rao_bound(step.problem, l, phi, psi), "rank_lower": lower, "rank_upper": upper})
    return True, {"layers": layers}


def _projection(step: Step) -> Decided:
    """No ``Ψ_l(i)`` is 0, as its rank is 1 at least by `psi_rank`: contracting it with generic vectors leaves ``Φ diag(non-zero)``."""
    L = step.problem.L
    step.expect(2 * L - 1, order=1)
    require(psi_rank(step, 1, L) >= 1, "premises", "a matrix Psi may be 0", "premise")
    return True, {"layers": [{"layer": l, "bound": step.bound(l - 1, f"Phi-{l - 1}+", "rank_lower")} for l in range(1, L + 1)]}


def _wide(step: Step) -> Decided:
    """``r(Φ_{L-1}⁺) = T`` and ``Ψ_L = I``: ``r(P-L) = n_L T``, and ``W_L`` can be solved for."""
    step.expect(1, order=1)
    L = step.problem.L
    require(L >= 2 and step.problem.strip, "rule", "this needs a hidden layer and an output derivative that is not 0 anywhere")
    require(
        step.bound(0, f"Phi-{L - 1}+", "rank_lower") == step.problem.T,
        "premises[0]",
        "the samples are not shown to be independent",
        "premise",
    )
    return True, {"layer": L - 1}


def _one_hidden_layer(step: Step) -> Decided:
    """``L = 2``, ``n_1 = T`` and an invertible ``Φ_1``: a case of `_wide`, as ``r(Φ_1⁺) ≥ r(Φ_1) = T``."""
    step.expect(1, order=1)
    right = step.problem.L == 2 and step.problem.widths[1] == step.problem.T and step.problem.strip
    require(right, "rule", "this needs L = 2, n_1 = T and an output derivative that is not 0 anywhere")
    require(step.bound(0, "Phi-1", "rank_lower") == step.problem.T, "premises[0]", "Phi-1 is not shown to be invertible", "premise")
    return True, {}


def _ranks_at_learner(step: Step) -> tuple[int, int]:
    """At an exact learner ``∇E = 0`` leaves ``H = P diag(∇²E_i) Pᵀ / T``, and non-degenerate minima have ``∇²E_i ≻ 0``: ``r(H) = r(P)``, ``H ⪰ 0``."""
    step.expect(4, order=2)
    step.claim(0, "exact-learner")
    step.claim(3, "principle-morse", at=EVERYWHERE)
    return step.bound(1, "P", "rank_lower"), step.bound(2, "P", "rank_upper")


def _hessian_rank(step: Step) -> Decided:
    lower, upper = _ranks_at_learner(step)
    return True, {"rank_lower": lower, "rank_upper": upper}


def _inertia_at_learner(step: Step) -> Decided:
    lower, upper = _ranks_at_learner(step)
    counts = {"negative": 0, "zero": step.problem.N_net - upper, "positive": lower, "undecided": upper - lower}
    return True, {**counts, "radius": str(step.box().radius)}


def _principles_suffice(step: Step) -> Decided:
    """Weights of full rank at which ``r(P) < T n_L``, in a network for which the other principles and the count hold."""
    problem, L = step.problem, step.problem.L
    smooth = problem.is_smooth(1)
    step.expect(L + 1)
    step.require_at(EVERYWHERE)
    at = step.premises[L].conclusion["at"]
    require(isinstance(at, int), f"premises[{L}]", "a bound at a point is needed here", "premise")
    upper = step.bound(L, "P", "rank_upper", at)
    require(upper < problem.columns, f"premises[{L}]", "the bound leaves full rank possible", "premise")
    _full_weights(step, at)
    others = smooth and _activations(problem)[0] and _widths(problem)[0] and problem.N_net >= problem.columns
    require(others, "rule", "principle-activation, principle-widths or count does not hold, so that nothing is refuted")
    return False, {"rank_upper": upper, "columns": problem.columns}


def _critical_point(step: Step) -> Decided:
    """All that was proved about one critical point, in one claim; what was not proved is counted as undecided."""
    require(len(step.premises) >= 2, "premises", "a claim stationary and a claim loss-bounds are needed here", "premise")
    step.expect(len(step.premises))
    step.claim(0, "stationary")
    loss, problem = step.claim(1, "loss-bounds"), step.problem
    counts: Facts = {"negative": 0, "zero": 0, "positive": 0, "undecided": problem.N_net}
    ranks = {"rank_lower": 0, "rank_upper": min(problem.N_net, problem.columns)}
    kind, stage = "undecided", 0
    for k, premise in enumerate(step.premises[2:], start=2):
        found = premise.conclusion
        statement = found.get("statement", "rank_lower" if "rank_lower" in found else "rank_upper")
        place = {"inertia": 1, "rank_lower": 3, "rank_upper": 4}.get(statement, 2 if statement in CLASSES else 0)
        require(
            place > stage,
            f"premises[{k}]",
            "expected are an inertia, a class, a lower and an upper bound of P, each at most once",
            "premise",
        )
        stage = place
        if place > 2:
            ranks[statement] = step.bound(k, "P", statement)
        elif place == 1:
            counts = step.claim(k, statement)
        else:
            step.claim(k, statement)
            kind = statement
    inertia = {key: counts[key] for key in ("negative", "zero", "positive", "undecided")}
    losses = {key: loss[key] for key in ("loss_lower", "loss_upper")}
    return True, {"kind": kind, **losses, "inertia": inertia, "radius": str(step.box().radius), **ranks}


CLASSES = ("global", "strict-minimum", "local-minimum", "saddle", "higher-order-descent")
DEFINITIONS: Mapping[str, Callable[[Step], Decided]] = {
    "full-rank": _full_rank,
    "principle-weights": _principle_weights,
    "khatri-rao": _khatri_rao,
    "projection": _projection,
    "wide-layer": _wide,
    "one-hidden-layer": _one_hidden_layer,
    "hessian-rank": _hessian_rank,
    "inertia": _inertia_at_learner,
    "principles-suffice": _principles_suffice,
    "critical-point": _critical_point,
}
"""Statements that are about proved ranks, or gather what was proved."""


def definition(step: Step) -> Result:
    """What a statement means, in terms of the premises."""
    decide = _entry(DEFINITIONS, step)
    places = {_full_rank: (EVERYWHERE, ALMOST), _principles_suffice: (EVERYWHERE,)}.get(decide, ())
    require(step.is_exact or step.at in places, "conclusion.at", "this statement is not about these weights", "conclusion")
    proved, facts = decide(step)
    return step.conclude(str(step.conclusion["statement"]), facts, proved=proved), Rigor.EXACT


@dataclass(frozen=True)
class Implication:
    """One line of the table: from claims to a claim.

    ``at`` is where the conclusion holds (`HERE`: at a point or a witness), ``premises`` are statement, place and verdict; ``holds`` is a condition on the facts of the
    premises, ``facts`` gives those of the conclusion, with ``near`` the radius as well; ``order`` derivatives must exist where the conclusion is.
    """

    statement: str
    at: str
    premises: tuple[tuple[str, str, str], ...]
    holds: Callable[[Step, list[Facts]], bool] = lambda step, f: True
    facts: Callable[[Step, list[Facts]], Facts] = lambda step, f: {}
    verdict: str = PROVED
    order: int = 0
    near: bool = False
    rigor: Rigor = Rigor.EXACT


def _proved(*names: str, at: str = HERE) -> tuple[tuple[str, str, str], ...]:
    return tuple((name, at, PROVED) for name in names)


def _is_lower(f: Facts, g: Facts) -> bool:
    return Fraction(f["loss_upper"]) < Fraction(g["loss_lower"])


def _losses(f: Facts, g: Facts) -> Facts:
    return {"loss_lower": f["loss_lower"], "other_loss_upper": g["loss_upper"]}


_ERROR, _MORSE, _ASKED = _proved("principle-error", at=EVERYWHERE), _proved("principle-morse", at=EVERYWHERE), "no-bad-local-minima"
_ELSEWHERE = (*_proved("loss-bounds"), ("loss-bounds", ANY, PROVED))

# fmt: off
IMPLICATIONS: Mapping[str, Implication] = {
    # full rank fails at some W
    "never-everywhere": Implication("never-everywhere", EVERYWHERE, (("full-rank", EVERYWHERE, REFUTED),)),
    # where P has full column rank, Pε = T∇J = 0 forces ε = 0: every sample's error is least; the rest is closed and of measure zero
    "almost-everywhere": Implication("almost-everywhere", ALMOST, (*_proved("full-rank", at=ALMOST), *_ERROR)),
    "full-rank": Implication(_ASKED, EVERYWHERE, (*_proved("full-rank", at=EVERYWHERE), *_ERROR)),
    # J is a convex error of a function affine in W, so convex; its local minima are global
    "convex": Implication(_ASKED, EVERYWHERE, (), lambda step, f: step.problem.is_convex),
    # a local minimum that is not global is one
    "suboptimal": Implication(_ASKED, EVERYWHERE, (("suboptimal", ANY, PROVED),), verdict=REFUTED),
    # J falls along one direction at all weights, so it has no local minimum, good or bad
    "nowhere": Implication(_ASKED, EVERYWHERE, _proved("no-critical-point", at=EVERYWHERE)),
    "some-learner": Implication("exact-learning", EVERYWHERE, (("exact-learner", ANY, PROVED),)),
    "named-learner": Implication("exact-learner", HERE, _proved("exact-learning", at=EVERYWHERE), lambda step, f: f[0].get("learner") == step.at),
    "robust-targets": Implication("robust-targets", EVERYWHERE, _proved("exact-learning", at=EVERYWHERE),
                                  lambda step, f: Fraction(f[0].get("target_radius", "0")) > 0, lambda step, f: {"radius": f[0]["target_radius"]}),
    # every ∇E_i = 0, so ∇J = 0
    "stationary-learner": Implication("stationary", HERE, _proved("exact-learner"), facts=lambda step, f: {"dimension": 0}, order=1, near=True),
    # F is continuously differentiable near W with a derivative Pᵀ (up to factors) onto: by the implicit function theorem the weights with the same
    # outputs form a manifold; they are the exact learners near W, except for softmax, where the logits of a sample may be shifted
    "stationary-manifold": Implication("stationary", HERE, _proved("exact-learner", "manifold"), facts=lambda step, f: dict(f[1]), near=True),
    "manifold": Implication("manifold", HERE, _proved("exact-learner", "full-rank"), lambda step, f: step.problem.error.family != "softmax",
                            facts=lambda step, f: {"dimension": step.problem.N_net - step.problem.columns}, order=2),
    # the minimum-norm Gauss-Newton iteration converges quadratically near a regular zero (Ben-Israel 1966)
    "ggn": Implication("ggn", HERE, (*_proved("manifold"), *_MORSE), facts=lambda step, f: {"order": 2}, rigor=Rigor.CITED),
    # every sample has ∇E = 0, so its least error
    "global-learner": Implication("global", HERE, (*_proved("exact-learner"), *_ERROR), near=True),
    "global-convex": Implication("global", HERE, _proved("stationary"), lambda step, f: step.problem.is_convex, near=True),
    # H(W*) ≻ 0: the second-order condition
    "strict-minimum": Implication("strict-minimum", HERE, _proved("stationary", "inertia"),
                                  lambda step, f: f[1]["positive"] == step.problem.N_net, near=True),
    # vᵀ H(W*) v < 0 for some v, so J falls along v and along −v
    "saddle": Implication("saddle", HERE, _proved("stationary", "inertia"), lambda step, f: f[1]["negative"] >= 1, near=True),
    # Morse-Bott. J is constant on a manifold of critical points through W*, and all other eigenvalues of H(W*) are positive. H is continuous near W*, so it is positive
    # definite, uniformly, on the normal spaces of the manifold near it: with W' the nearest point on it, J(W) ≥ J(W*) + c|W − W'|² for some c > 0 and all W near W*
    "local-minimum": Implication("local-minimum", HERE, _proved("stationary", "inertia"),
                                 lambda step, f: f[1]["negative"] == f[1]["undecided"] == 0 and f[1]["zero"] == f[0]["dimension"], near=True),
    "suboptimal-strict": Implication("suboptimal", HERE, (*_proved("strict-minimum"), *_ELSEWHERE),
                                     lambda step, f: _is_lower(f[2], f[1]), lambda step, f: _losses(f[1], f[2]), near=True),
    "suboptimal-local": Implication("suboptimal", HERE, (*_proved("local-minimum"), *_ELSEWHERE),
                                    lambda step, f: _is_lower(f[2], f[1]), lambda step, f: _losses(f[1], f[2]), near=True),
    "not-critical": Implication("critical-point", HERE, (("stationary", HERE, REFUTED), *_proved("loss-bounds")),
                                facts=lambda step, f: {"kind": "not-critical", **f[1]}, verdict=REFUTED),
}
# fmt: on


def implication(step: Step) -> Result:
    """A line of the table `IMPLICATIONS`, each with its reason."""
    row = read.text(step.expect(len(step.premises), "row")["row"], "evidence.row")
    line = IMPLICATIONS.get(row)
    if line is None:
        raise Rejected("evidence.row", "evidence", "there is no such implication")
    step.expect(len(line.premises), "row", order=line.order)
    right = step.at == line.at if line.at != HERE else step.is_exact
    require(right, "conclusion.at", f"this implication is about {line.at}", "conclusion")
    places = [
        step.premises[k].conclusion["at"] if at == ANY else step.at if at == HERE else at for k, (_, at, _) in enumerate(line.premises)
    ]
    found = [step.claim(k, name, verdict, places[k]) for k, (name, _, verdict) in enumerate(line.premises)]
    require(line.holds(step, found), "premises", "the implication does not hold for these premises", "premise")
    make = step.conclude_near if line.near else step.conclude
    return make(line.statement, line.facts(step, found), proved=line.verdict == PROVED), line.rigor


REASON_RULES: Mapping[str, Callable[[Step], Result]] = {"record": record, "definition": definition, "implication": implication}
