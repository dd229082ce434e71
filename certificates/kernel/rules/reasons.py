"""The rules that compute nothing (section 6): what the records say, what statements mean in terms of proved ranks, and implications, as tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import comb, prod
from typing import Any, NamedTuple, TypeAlias

from lossproof.certificates.kernel.network.matrices import parse_matrix
from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.parse import require
from lossproof.certificates.kernel.reading.problem import Problem, fraction
from lossproof.certificates.kernel.rules import step as steps
from lossproof.certificates.kernel.rules.step import ALMOST, EVERYWHERE, PROVED, REFUTED, Result, Step
from lossproof.theory import limits
from lossproof.theory.verdicts import Rigor

Facts: TypeAlias = "Mapping[str, Any]"
Decided: TypeAlias = "tuple[bool, dict[str, Any]]"

ANY, HERE = "any", "here"
"""Places of premises: wherever they are, and where the conclusion is."""


def _guaranteed_ranks(problem: Problem) -> list[int]:
    """Return the ranks of all ``Ψ_l(i)`` if all weights have full rank: ``r_L = n_L``, ``r_l = max(0, min(n_l, n_{l+1}) + r_{l+1} − n_{l+1})`` (Sylvester)."""
    n, ranks = problem.widths, [problem.n_L]
    for l in range(problem.L - 1, 0, -1):
        ranks.append(max(0, min(n[l], n[l + 1]) + ranks[-1] - n[l + 1]))
    return ranks[::-1]


# fmt: off
RECORDS: Mapping[str, tuple[Callable[[Problem], bool], Callable[[Problem], Facts]]] = {
    "count": (lambda p: p.N_net >= p.columns, lambda p: {"N_net": p.N_net, "required": p.columns}),
    "principle-activation": (lambda p: all(a.nonvanishing_derivative.holds for a in p.used_activations),
                             lambda p: {"activation": p.hidden_names, "output_activation": p.output_activation.name}),
    "principle-error": (lambda p: p.error.principle_error.holds, lambda p: {"error": p.error.name}),
    "principle-morse": (lambda p: p.error.principle_morse.holds, lambda p: {"error": p.error.name}),
    "principle-widths": (lambda p: all(p.widths[l] <= max(p.widths[l - 1], p.widths[l + 1]) for l in range(2, p.L)),
                         lambda p: {"guaranteed": _guaranteed_ranks(p)}),
    # at *every* exact learner H = P diag(∇²E_i) Pᵀ / T, so r(H) ≤ r(P)
    "hessian-rank": (lambda p: p.separable and p.is_smooth(2), lambda p: {"rank_lower": 0, "rank_upper": min(p.N_net, p.columns)}),
    # ∇²E ⪰ 0 everywhere
    "ggn-semidefinite": (lambda p: p.error.convex.holds, lambda p: {}),
}
# fmt: on
"""Statements that the problem alone decides: whether they hold, and their facts. The last two are proved this way, and never refuted."""

_DECAYS = "this is about a loss without weight decay"
_WITHOUT_DECAY = frozenset({"hessian-rank", "inertia"})
_WITH_DECAY = frozenset((
    "never-everywhere", "convex", "suboptimal", "some-learner", "named-learner", "robust-targets", "manifold", "global-convex", "global-strict-minimum",
    "global-local-minimum", "global-listed", "strict-minimum", "saddle", "local-minimum", "maximum",
    "suboptimal-strict", "suboptimal-local", "linear-region", "constant-region", "not-stationary", "not-critical", "escape", "ggn-semidefinite", "complete",
))  # fmt: skip
"""The statements of `RECORDS` and `DEFINITIONS` that fail with weight decay, and the rows of `IMPLICATIONS` that hold with it: where ``ε = 0`` makes no
point critical, and ``P ε`` is not ``T ∇J``, only what is said of the network, or follows from the gradient, Hessian and loss of J itself, is left.
"""


_FREEZES = "this is about networks all of whose layers are trainable"
_WITH_FROZEN = frozenset((
    "count", "principle-activation", "principle-error", "principle-morse", "hessian-rank", "ggn-semidefinite",
    "full-rank", "identifiable", "inertia", "critical-point",
    "never-everywhere", "almost-everywhere", "convex", "global-convex", "suboptimal", "some-learner", "named-learner", "robust-targets",
    "independent-samples", "by-independent-samples",
    "stationary-learner", "stationary-manifold", "manifold", "ggn", "global-learner", "global-strict-minimum", "global-local-minimum",
    "strict-minimum", "saddle", "local-minimum", "maximum", "suboptimal-strict", "suboptimal-local", "escape", "not-stationary", "not-critical",
))  # fmt: skip
"""The statements and rows that hold where layers are frozen: what they say is about P, J and its derivatives by the trainable weights alone."""


def _require_for_frozen(step: Step, name: str, place: str) -> None:
    """Demand that an entry of a table holds for the problem where layers of it are frozen."""
    require(not step.problem.frozen or name in _WITH_FROZEN, place, _FREEZES, "conclusion")


def _holds(step: Step, without_decay: bool) -> bool:
    """Tell whether a table's entry holds for the problem: with weight decay only what does not need a loss without."""
    return step.problem.decay is None or not without_decay


def record(step: Step) -> Result:
    """What the records of the problem, its integers and its functions say."""
    step.expect(0)
    statement = step.says(*RECORDS)
    require(_holds(step, statement in _WITHOUT_DECAY), "conclusion.statement", _DECAYS, "conclusion")
    _require_for_frozen(step, statement, "conclusion.statement")
    holds, facts = RECORDS[statement]
    proved = holds(step.problem)
    require(proved or statement not in ("hessian-rank", "ggn-semidefinite"), "rule", "the records do not decide this statement")
    return steps.everywhere(statement, facts(step.problem), proved=proved), Rigor.EXACT


class Line(NamedTuple):
    """One line of a table: from claims and bounds to a claim.

    ``at`` is where the conclusion holds (`HERE`: at a point or a witness). ``premises`` are statement, place and verdict, or matrix, place and side of a
    bound, where ``(L-1)`` in the name of a matrix stands for the number. ``holds`` is a condition on the facts of the claims and the values of the bounds,
    ``facts`` gives those of the conclusion, with ``near`` the radius as well; ``order`` derivatives must exist where the conclusion is.
    """

    statement: str
    at: str
    premises: tuple[tuple[str, str, str], ...]
    holds: Callable[[Step, list[Any]], bool] = lambda step, f: True
    facts: Callable[[Step, list[Any]], Facts] = lambda step, f: {}
    verdict: str = PROVED
    order: int = 0
    near: bool = False
    rigor: Rigor = Rigor.EXACT


def _premise(step: Step, k: int, name: str, at: str, kind: str) -> Any:
    """Return the facts of premise k, the claim of a statement with a verdict, or its value, the bound of a matrix on a side."""
    place = {ANY: step.premises[k].conclusion["at"], HERE: step.at}.get(at, at)
    if kind in (PROVED, REFUTED):
        return step.claim(k, name, kind, place)
    return step.bound(k, name.replace("(L-1)", str(step.problem.L - 1)), kind, place)


def _concluded(step: Step, line: Line, *keys: str) -> Result:
    """Return what a line of a table concludes from the premises of a step, whose evidence has these keys."""
    step.expect(len(line.premises), *keys, order=line.order)
    require(step.is_exact if line.at == HERE else step.at == line.at, "conclusion.at", f"this is about {line.at}", "conclusion")
    found = [_premise(step, k, *premise) for k, premise in enumerate(line.premises)]
    require(line.holds(step, found), "premises", "the conclusion does not follow from these premises", "premise")
    make = step.conclude_near if line.near else step.conclude
    return make(line.statement, line.facts(step, found), proved=line.verdict == PROVED), line.rigor


def _proved(*names: str, at: str = HERE) -> tuple[tuple[str, str, str], ...]:
    return tuple((name, at, PROVED) for name in names)


def _full_rank(step: Step) -> Decided:
    """``r(P) = T n_L``, for the weights that are meant; refuted almost everywhere by an open set, and everywhere by any weights."""
    columns = step.problem.columns
    if step.at == EVERYWHERE:
        side = "rank_lower" if step.conclusion["verdict"] == PROVED else "rank_upper"
        at = step.premises[0].conclusion["at"] if side == "rank_upper" and step.premises else EVERYWHERE
        step.expect(1, order=0 if steps.is_region(at) else 1, at=at)
        value = step.bound(0, "P", side, at)
        decided = value < columns if side == "rank_upper" else value == columns and step.problem.is_smooth(1)
        require(decided, "premises[0]", "the bound does not decide whether the rank is full", "premise")
        return side == "rank_lower", {side: value, "columns": columns}
    step.expect(2, order=1 if step.is_exact else 0)
    lower, place = step.bound(0, "P", "rank_lower"), step.premises[1].conclusion["at"]
    upper = step.bound(1, "P", "rank_upper", steps.OPEN if step.at == ALMOST and place == steps.OPEN else None)
    decided = upper < columns or (lower == columns and (step.is_exact or step.premises[0].conclusion["at"] == ALMOST))
    require(decided, "premises", "the bounds do not decide whether the rank is full", "premise")
    return lower == columns, {"rank_lower": lower, "rank_upper": upper, "columns": columns}


def _identifiable(step: Step) -> Decided:
    """``r(P) = N_net``."""
    step.expect(2, order=1)
    lower, upper, N = step.bound(0, "P", "rank_lower"), step.bound(1, "P", "rank_upper"), step.problem.N_net
    require(lower == N or upper < N, "premises", "the bounds do not decide whether the rank is the number of weights", "premise")
    return lower == N, {"rank_lower": lower, "rank_upper": upper, "N_net": N}


def _full_weights(step: Step, at: Any) -> list[int]:
    """Return the ranks of ``W_1..W_L`` from the first L premises, each full."""
    ranks = [min(step.problem.fan_in(l), step.problem.widths[l]) for l in range(1, step.problem.L + 1)]
    for k, rank in enumerate(ranks):
        full = step.bound(k, f"W-{k + 1}", "rank_lower", at) == rank
        require(full, f"premises[{k}]", f"W-{k + 1} is not shown to have full rank", "premise")
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
        layers.append({"layer": l, "bound": steps.khatri_rao_bound(step.problem, l, phi, psi), "rank_lower": lower, "rank_upper": upper})
    return True, {"layers": layers}


def _projection(step: Step) -> Decided:
    """No ``Ψ_l(i)`` is 0, as its rank is 1 at least by `psi_rank`: contracting it with generic vectors leaves ``Φ diag(non-zero)``."""
    L = step.problem.L
    step.expect(2 * L - 1, order=1)
    require(steps.psi_rank(step, 1, L) >= 1, "premises", "a matrix Psi may be 0", "premise")
    return True, {"layers": [{"layer": l, "bound": step.bound(l - 1, f"Phi-{l - 1}+", "rank_lower")} for l in range(1, L + 1)]}


def _principles_suffice(step: Step) -> Decided:
    """Weights of full rank at which ``r(P) < T n_L``, in a network for which the other principles and the count hold."""
    problem, L = step.problem, step.problem.L
    step.require_at(EVERYWHERE)
    step.expect(L + 1)
    at = step.premises[L].conclusion["at"]
    require(isinstance(at, int), f"premises[{L}]", "a bound at a point is needed here", "premise")
    upper = step.bound(L, "P", "rank_upper", at)
    require(upper < problem.columns, f"premises[{L}]", "the bound leaves full rank possible", "premise")
    _full_weights(step, at)
    others = problem.is_smooth(1) and all(RECORDS[name][0](problem) for name in ("principle-activation", "principle-widths", "count"))
    require(others, "rule", "principle-activation, principle-widths or count does not hold, so that nothing is refuted")
    return False, {"rank_upper": upper, "columns": problem.columns}


def _critical_point(step: Step) -> Decided:
    """All that was proved about one critical point, in one claim; what was not proved is counted as undecided.

    After a claim ``stationary`` and its ``loss-bounds`` come an inertia, a class, a lower and an upper bound of P, in this order, each of them or not. At a
    local or global minimum no direction leads down, so it is critical where J has no gradient, too: its claim may stand for ``stationary`` and the class.
    """
    step.expect(max(2, len(step.premises)))
    reason = next((name for name in ("global", "local-minimum") if step.premises[0].conclusion.get("statement") == name), "stationary")
    step.claim(0, reason)
    loss, N = step.claim(1, "loss-bounds"), step.problem.N_net
    facts: dict[str, Any] = {"kind": "undecided" if reason == "stationary" else reason}
    facts |= {"rank_lower": 0, "rank_upper": min(N, step.problem.columns)}
    facts["inertia"] = {"negative": 0, "zero": 0, "positive": 0, "undecided": N}
    missing = ["inertia", "kind", "rank_lower", "rank_upper"] if reason == "stationary" else []
    for k, premise in enumerate(step.premises[2:], start=2):
        name = premise.conclusion.get("statement", "rank_lower" if "rank_lower" in premise.conclusion else "rank_upper")
        key = "kind" if name in CLASSES else name
        expected = "expected are an inertia, a class, a lower and an upper bound of P, each at most once"
        require(key in missing, f"premises[{k}]", expected, "premise")
        del missing[: missing.index(key) + 1]
        found = step.bound(k, "P", name) if key.startswith("rank") else step.claim(k, name)
        facts[key] = name if key == "kind" else found
    inertia = {sign: facts["inertia"][sign] for sign in ("negative", "zero", "positive", "undecided")}
    losses = {key: loss[key] for key in ("loss_lower", "loss_upper")}
    return True, {**facts, **losses, "inertia": inertia, "radius": str(step.box().radius)}


CLASSES = ("global", "strict-minimum", "local-minimum", "saddle", "maximum", "higher-order-descent")
# at an exact learner ∇E = 0 leaves H = P diag(∇²E_i) Pᵀ / T, and non-degenerate minima have ∇²E_i ≻ 0: r(H) = r(P), H ⪰ 0
_AT_LEARNER = (*_proved("exact-learner"), ("P", HERE, "rank_lower"), ("P", HERE, "rank_upper"), *_proved("principle-morse", at=EVERYWHERE))

# fmt: off
DEFINITIONS: Mapping[str, Line | Callable[[Step], Decided]] = {
    "full-rank": _full_rank,
    "identifiable": _identifiable,
    "principle-weights": _principle_weights,
    "khatri-rao": _khatri_rao,
    "projection": _projection,
    # r(Φ_{L-1}⁺) = T and Ψ_L = I: r(P-L) = n_L T, and W_L can be solved for
    "wide-layer": Line("wide-layer", HERE, (("Phi-(L-1)+", HERE, "rank_lower"),),
                       lambda step, f: step.problem.L >= 2 and step.problem.strip and f[0] == step.problem.T,
                       lambda step, f: {"layer": step.problem.L - 1}, order=1),
    # an invertible Φ_1: a case of the former, as r(Φ_1⁺) ≥ r(Φ_1) = T
    "one-hidden-layer": Line("one-hidden-layer", HERE, (("Phi-1", HERE, "rank_lower"),), order=1,
                             holds=lambda step, f: step.problem.strip and step.problem.L == 2 and f[0] == step.problem.T == step.problem.widths[1]),
    "hessian-rank": Line("hessian-rank", HERE, _AT_LEARNER, facts=lambda step, f: {"rank_lower": f[1], "rank_upper": f[2]}, order=2),
    "inertia": Line("inertia", HERE, _AT_LEARNER, lambda step, f: f[2] <= step.problem.N_net, order=2, near=True, facts=lambda step, f: {
        "negative": 0, "zero": step.problem.N_net - f[2], "positive": f[1], "undecided": f[2] - f[1]}),
    "principles-suffice": _principles_suffice,
    "critical-point": _critical_point,
}
# fmt: on
"""Statements that are about proved ranks, or gather what was proved."""


def definition(step: Step) -> Result:
    """What a statement means, in terms of the premises."""
    statement = step.says(*DEFINITIONS)
    require(_holds(step, statement in _WITHOUT_DECAY), "conclusion.statement", _DECAYS, "conclusion")
    _require_for_frozen(step, statement, "conclusion.statement")
    meaning = DEFINITIONS[statement]
    right = step.is_exact or (statement in ("full-rank", "principles-suffice") and step.at in (EVERYWHERE, ALMOST))
    require(right, "conclusion.at", "this statement is not about these weights", "conclusion")
    if isinstance(meaning, Line):
        return _concluded(step, meaning)
    proved, facts = meaning(step)
    return step.conclude(statement, facts, proved=proved), Rigor.EXACT


_ERROR, _ASKED = _proved("principle-error", at=EVERYWHERE), "no-bad-local-minima"
_ONE_RELATION = ("one-relation-simplex", "parallelogram")
"""Theorems that say, where they are PROVED, that every local minimum is global, and REFUTED, that some are not."""
_CITED = ("kawaguchi-2016", "lu-kawaguchi-2017", "laurent-von-brecht-2018", "gori-tesi-1992")
_PROVING = ("independent-samples", "separable-squashing", "shallow-linear", *_ONE_RELATION, *_CITED)
"""Theorems by which every local minimum is global; what rests on those of others is CITED, as they are."""
_ELSEWHERE = (*_proved("loss-bounds"), ("loss-bounds", ANY, PROVED))


def _is_lower(step: Step, f: list[Any]) -> bool:
    return Fraction(f[2]["loss_upper"]) < Fraction(f[1]["loss_lower"])


def _is_beaten(step: Step, f: list[Any]) -> bool:
    return Fraction(f[1]["loss_upper"]) < Fraction(f[0]["loss_lower"])


def _is_lower_there(step: Step, f: list[Any]) -> bool:
    there = step.premises[1].conclusion["at"]
    named = isinstance(there, int) and (step.premises[2].conclusion["at"], f[2]["point"]) == (there, step.at)
    return named and Fraction(f[1]["loss_upper"]) < Fraction(f[0]["loss_lower"])


def _way_down(step: Step, f: list[Any]) -> Facts:
    decrease = Fraction(f[0]["loss_lower"]) - Fraction(f[1]["loss_upper"])
    return {"point": step.premises[1].conclusion["at"], "decrease": str(decrease), "distance": f[2]["distance"]}


def _moves_freely(step: Step, f: list[Any]) -> bool:
    problem = step.problem
    if problem.frozen:
        affine = problem.trained == [1] and all(problem.activation_of(l).is_identity for l in range(2, problem.L + 1))
        return affine and problem.hidden[0].increasing.holds and problem.error.convex.holds and f[0] == problem.T
    best_fit = problem.error.name == "squared" and problem.output_activation.is_identity
    hidden = problem.L == 2 and (best_fit or problem.widths[1] >= problem.n_L) and problem.hidden[0].increasing.holds
    return hidden and problem.output_activation.nonvanishing_derivative.holds and f[0] == problem.T


def _gives_all_forms(step: Step, f: list[Any]) -> bool:
    problem = step.problem
    degree = prod(problem.activation_of(l).degree or 0 for l in range(1, problem.L + 1))
    n = problem.widths[0] + any(bias != "none" for bias in problem.biases)
    forms = comb(n + degree - 1, degree) if 0 < degree <= limits.MAX_FORMS else 0
    return bool(forms) and problem.error.convex.holds and f[1] >= problem.n_L * forms


def _is_shallow_linear(step: Step, f: list[Any]) -> bool:
    problem = step.problem
    linear = problem.L == 2 and problem.activation.is_identity and problem.output_activation.is_identity
    return linear and problem.bias != "fixed" and problem.error.name == "squared"


def _is_on_the_right_sides(step: Step, f: list[Any]) -> bool:
    problem, output, total = step.problem, step.problem.output_activation, step.problem.T * Fraction(f[0]["loss_upper"])
    targets = {fraction(y) for row in problem.Y for y in row}
    if not problem.separable:
        free = problem.biases[-1] != "fixed" and output.is_identity and (problem.n_L >= 2 or problem.error.family == "logistic")
        return free and targets <= {0, 1} and total < Fraction(69, 100)
    lower, upper = output.range.lower, output.range.upper
    free = problem.biases[-1] == "trainable" and output.is_squashing and problem.error.name == "squared"
    return free and lower is not None and upper is not None and targets <= {lower, upper} and total < (upper - lower) ** 2 / 8


def _approaches_its_targets(step: Step, f: list[Any]) -> bool:
    step.count_samples()
    output, T = step.problem.output_activation, step.problem.T
    values, attained = output.range, output.attained
    ends = [a for a, b in ((values.lower, attained.lower), (values.upper, attained.upper)) if a is not None and a == b]
    approached = all(attained.contains(y) or y in ends for row in step.problem.Y for y in map(fraction, row))
    return f[1] == T and (approached if step.problem.separable else output.is_identity)


def _keeps_residuals_small(step: Step, f: list[Any]) -> bool:
    step.count_samples()
    error, values = step.problem.error, step.problem.output_activation.range
    beta, ends = error.beta if error.family == "cauchy" else None, (values.lower, values.upper)
    targets = [fraction(y) for row in step.problem.Y for y in row]
    return beta is not None and all(end is not None and (end - y) ** 2 <= beta for y in targets for end in ends)


def _losses(step: Step, f: list[Any]) -> Facts:
    return {"loss_lower": f[1]["loss_lower"], "other_loss_upper": f[2]["loss_upper"]}


# fmt: off
IMPLICATIONS: Mapping[str, Line] = {
    # full rank fails at some W
    "never-everywhere": Line("never-everywhere", EVERYWHERE, (("full-rank", EVERYWHERE, REFUTED),)),
    # where P has full column rank, Pε = T∇J = 0 forces ε = 0: every sample's error is least; the rest is closed and of measure zero
    "almost-everywhere": Line("almost-everywhere", ALMOST, (*_proved("full-rank", at=ALMOST), *_ERROR)),
    "full-rank": Line(_ASKED, EVERYWHERE, (*_proved("full-rank", at=EVERYWHERE), *_ERROR)),
    # J is a convex error of a function affine in W, so convex; its local minima are global
    "convex": Line(_ASKED, EVERYWHERE, (), lambda step, f: step.problem.is_convex),
    # a local minimum that is not global is one
    "suboptimal": Line(_ASKED, EVERYWHERE, (("suboptimal", ANY, PROVED),), verdict=REFUTED),
    # every point of a list of all that may be a minimum is known to be global, or one at most may be and some W is global, so critical: it is that point, up to
    # symmetries of J, and so is every local minimum
    "complete": Line(_ASKED, EVERYWHERE, _proved("complete-list", at=EVERYWHERE),
                     lambda step, f: f[0]["whole"] and f[0]["points"] - f[0]["no_minima"] - f[0]["known_global"]
                     <= (f[0]["attained"] and not f[0]["known_global"])),
    # J falls along one direction at all weights, so it has no local minimum, good or bad
    "nowhere": Line(_ASKED, EVERYWHERE, _proved("no-critical-point", at=EVERYWHERE)),
    # so at no weights the gradient is 0, and the list without points has all that are critical
    "empty-list": Line("complete-list", EVERYWHERE, _proved("no-critical-point", at=EVERYWHERE),
                       facts=lambda step, f: {"bounds": [], "minima": False, "points": 0, "no_minima": 0, "known_global": 0,
                                              **steps.kinds(None, whole=True, attained=False)}),
    # T J is at least every error. For a cross-entropy with targets 0 and 1 that is log 2 > 69/100 or more where the true class has no probability above 1/2; so
    # all have, and the logits times t → ∞ bring J to 0. For σ_out increasing from l to u, and targets at these ends, it is (u − l)²/8 or more where an output
    # is not on its target's side of (l + u)/2 = σ_out(θ); so all are, and θ + t(z_L − θ) brings J to 0. No error is 0 at any weights
    "infimum-by-loss": Line("infimum-not-attained", EVERYWHERE, (("loss-bounds", ANY, PROVED),), _is_on_the_right_sides),
    # the last layer can give any z_L at some weights, so all outputs approach their targets at once, and the infimum of J is the mean of those of E(·, y_i). It
    # is attained only where each of these is: with all residuals 0, or for a cross-entropy, which is convex, with all ∇E_i = 0: at an exact learner
    "infimum-by-rank": Line("infimum-not-attained", EVERYWHERE,
                            (("exact-learning", EVERYWHERE, REFUTED), ("Phi-(L-1)+", ANY, "rank_lower")), _approaches_its_targets),
    # e'' = 2(β − r²)/(r² + β)² ≥ 0 as long as r² ≤ β, which the range of the output guarantees
    "ggn-semidefinite": Line("ggn-semidefinite", EVERYWHERE, (), _keeps_residuals_small),
    "some-learner": Line("exact-learning", EVERYWHERE, (("exact-learner", ANY, PROVED),)),
    "named-learner": Line("exact-learner", HERE, _proved("exact-learning", at=EVERYWHERE), lambda step, f: f[0].get("learner") == step.at),
    "robust-targets": Line("robust-targets", EVERYWHERE, _proved("exact-learning", at=EVERYWHERE),
                           lambda step, f: Fraction(f[0].get("target_radius", "0")) > 0, lambda step, f: {"radius": f[0]["target_radius"]}),
    # every ∇E_i = 0, so ∇J = 0
    "stationary-learner": Line("stationary", HERE, _proved("exact-learner"), facts=lambda step, f: {"dimension": 0}, order=1, near=True),
    # F is continuously differentiable near W with a derivative Pᵀ (up to factors) onto: by the implicit function theorem the weights with the same
    # outputs form a manifold; they are the exact learners near W, except for softmax, where the logits of a sample may be shifted
    "stationary-manifold": Line("stationary", HERE, _proved("exact-learner", "manifold"), facts=lambda step, f: f[1], near=True),
    "manifold": Line("manifold", HERE, _proved("exact-learner", "full-rank"), lambda step, f: step.problem.error.family != "softmax",
                     facts=lambda step, f: {"dimension": step.problem.N_net - step.problem.columns}, order=2),
    # the minimum-norm Gauss-Newton iteration converges quadratically near a regular zero (Ben-Israel 1966)
    "ggn": Line("ggn", HERE, (*_proved("manifold"), *_proved("principle-morse", at=EVERYWHERE)), facts=lambda step, f: {"order": 2}, rigor=Rigor.CITED),
    # every sample has ∇E = 0, so its least error
    "global-learner": Line("global", HERE, (*_proved("exact-learner"), *_ERROR), near=True),
    "global-convex": Line("global", HERE, _proved("stationary"), lambda step, f: step.problem.is_convex, near=True),
    # groups of samples with outputs ρ_i c have Σ ρ_i ∇E_i = 0, so their least error, which is convex in c; all other outputs are constant
    "global-balanced": Line("global", HERE, _proved("stationary"), near=True,
                            holds=lambda step, f: step.premises[0].rule == "stationary-balanced" and step.problem.error.convex.holds),
    # outputs of powers are forms of one degree in x, or in x and 1; so are the derivatives by each weight. If these span all forms at the samples, which is
    # seen by their rank, Pε = 0 gives ε ⟂ F' − F for all W', and J is convex in the outputs
    "global-forms": Line("global", HERE, (*_proved("stationary"), ("P", HERE, "rank_lower")), _gives_all_forms, near=True),
    # a local minimum, where all of them are global
    **{f"global-{name}": Line("global", HERE, (*_proved(name), *_proved(_ASKED, at=EVERYWHERE)), near=True) for name in ("strict-minimum", "local-minimum")},
    # a global minimum exists, and is an image of this point under symmetries of J
    "global-listed": Line("global", HERE, (*_proved("stationary"), *_proved("complete-list", at=EVERYWHERE)),
                          lambda step, f: f[1]["global"] == step.at, near=True),
    # H(W*) ≻ 0: the second-order condition
    "strict-minimum": Line("strict-minimum", HERE, _proved("stationary", "inertia"),
                           lambda step, f: f[1]["positive"] == step.problem.N_net, near=True),
    # vᵀ H(W*) v < 0 for some v, so J falls along v and along −v
    "saddle": Line("saddle", HERE, _proved("stationary", "inertia"), lambda step, f: f[1]["negative"] >= 1, near=True),
    # Morse-Bott. J is constant on a manifold of critical points through W*, and all other eigenvalues of H(W*) are positive. H is continuous near W*, so
    # it is positive definite, uniformly, on the normal spaces of the manifold near it: with W' the nearest point on it, J(W) ≥ J(W*) + c|W − W'|² for some
    # c > 0 and all W near W*
    "local-minimum": Line("local-minimum", HERE, _proved("stationary", "inertia"),
                          lambda step, f: f[1]["negative"] == f[1]["undecided"] == 0 and f[1]["zero"] == f[0]["dimension"], near=True),
    # the same for −J, with a direction in which J does fall
    "maximum": Line("maximum", HERE, _proved("stationary", "inertia"),
                    lambda step, f: f[1]["positive"] == f[1]["undecided"] == 0 < f[1]["negative"] and f[1]["zero"] == f[0]["dimension"], near=True),
    "suboptimal-strict": Line("suboptimal", HERE, (*_proved("strict-minimum"), *_ELSEWHERE), _is_lower, _losses, near=True),
    "suboptimal-local": Line("suboptimal", HERE, (*_proved("local-minimum"), *_ELSEWHERE), _is_lower, _losses, near=True),
    # the loss at another point, at most that far from here, is smaller by the difference of the bounds at least
    "escape": Line("escape", HERE, (*_ELSEWHERE, ("distance", ANY, PROVED)), _is_lower_there, _way_down),
    # the z of the hidden layer take all values, so its outputs H, each continuous and increasing in one of them, move in an open set. Let W be a local minimum,
    # V the output weights and G = T ∂J/∂z_L: G Vᵀ = 0, by H. If V has rank n_L, G = 0. Else cᵀV = 0 for some c ≠ 0, as n_1 ≥ n_L; for all q and small t
    # H + t q cᵀ gives the same outputs, hence local minima, with (H + t q cᵀ)ᵀG = 0, by V: so c qᵀG = 0 for all q, and G = 0. Then every ∇E_i = 0. For the
    # squared error and identity output |HV + 1bᵀ − Y|² has a local minimum at (H, V, b), a fixed b taken from Y. The proof of "shallow-linear", with H for X A,
    # looks at points near it alone: for any n_1 the loss is the least over all T × n_1 matrices H, all V and b there, so no weights have a smaller one. Where
    # all layers but the first are frozen affine maps, and the error is convex, J is convex in H: a local minimum on an open set is the least of all
    "independent-samples": Line("independent-samples", EVERYWHERE, (("Phi-0+", EVERYWHERE, "rank_lower"), *_ERROR), _moves_freely),
    # biases: J is least in the output bias at one value, a function of the other weights; what is left is the loss without biases of centred samples. X A, less
    # a constant, is a linear image of A, onto the matrices A' of an orthonormal basis U of the inputs: let (A', B) be a local minimum of |A'B − M|², M = UᵀY,
    # E = A'B − M ≠ 0. A'c = 0, c ≠ 0: B + t c qᵀ has the same product, so E(B + t c qᵀ)ᵀ = 0 for all q, so E = 0. The same if dᵀB = 0. So A' and B have rank
    # k, the hidden width: A'B = ΠM, Π projects on the span of A', and (I − Π)MMᵀΠ = 0: A' spans eigenvectors of MMᵀ, and the loss is the sum of the eigenvalues
    # of the others. If one of A', p, has a smaller one than another vector q, turn p towards q in A', and let B be A'⁺M: the loss falls. Else it is least
    # (Ky Fan)
    "shallow-linear": Line("shallow-linear", EVERYWHERE, (), _is_shallow_linear),
    **{f"by-{name}": Line(_ASKED, EVERYWHERE, _proved(name, at=EVERYWHERE)) for name in _PROVING},
    **{f"against-{name}": Line(_ASKED, EVERYWHERE, ((name, EVERYWHERE, REFUTED),), verdict=REFUTED) for name in _ONE_RELATION},
    # some local minimum has at least that loss, and another point has less
    **{name: Line(_ASKED, EVERYWHERE, (*_proved(name, at=EVERYWHERE), ("loss-bounds", ANY, PROVED)), _is_beaten, verdict=REFUTED)
       for name in ("linear-region", "dead-region", "constant-region")},
    # the gradient vanishes nowhere in a ball around these weights
    "not-stationary": Line("stationary", HERE, _proved("no-minimum-nearby"), lambda step, f: f[0]["by"] == "gradient", verdict=REFUTED),
    "not-critical": Line("critical-point", HERE, (("stationary", HERE, REFUTED), *_proved("loss-bounds")),
                         facts=lambda step, f: {"kind": "not-critical", **f[1]}, verdict=REFUTED),
}
# fmt: on


def implication(step: Step) -> Result:
    """A line of the table `IMPLICATIONS`, each with its reason."""
    row = read.text(step.expect(len(step.premises), "row")["row"], "evidence.row")
    require(row in IMPLICATIONS, "evidence.row", "there is no such implication")
    require(_holds(step, row not in _WITH_DECAY), "evidence.row", _DECAYS)
    _require_for_frozen(step, row, "evidence.row")
    return _concluded(step, IMPLICATIONS[row], "row")
