"""Reports made by hand, so that the renderers are tested apart from the prover."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from lossproof.certificates.proof.nodes import Claim, RankBound
from lossproof.certificates.proof.places import ALMOST_EVERYWHERE, EVERYWHERE, SOMEWHERE, Place, Point
from lossproof.certificates.reports.report import Report
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights
from lossproof.theory.verdicts import Rigor, Verdict

ALMOST = ALMOST_EVERYWHERE
PROVED, REFUTED, UNDECIDED = Verdict.PROVED, Verdict.REFUTED, Verdict.UNDECIDED
NASTY_NAME = "<script>alert('x')</script> & 50% of $x_1$ #{\\input} | ~ *a* `b` “ü” 数"


def xor_report(data_name: str = "xor", notes: tuple[str, ...] = ("Point 0 was drawn from the seed.",)) -> Report:
    """Return a report on 2-2-1 XOR with every kind of claim and link in it."""
    architecture = Architecture.of("2-2-1", "tanh")
    problem = Problem(architecture, error_named("squared"), Samples.of([[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]))
    drawn = Point(Weights.of(architecture, [([["1/3", 0.1], [-1, 2]], [0.5, "1/7"]), ([[1], [-2]], ["3/4"])]))
    thin = Point(Weights.of(architecture, [([[-2, 0], [0, -2]], [1, 1]), ([[1], [1]], [0])]))
    return Report(problem, (drawn,), False, _xor_claims(drawn, thin), (3.2, 1.1, 0.4, 2e-3), notes, data_name)


def _bound(matrix: str, place: Place, lower: bool, value: int, rule: str, *premises: RankBound) -> RankBound:
    return RankBound(matrix, place, lower, value, rule, Rigor.EXACT, {}, premises)


def _claim(id: str, place: Place, verdict: Verdict, reason: str, facts: dict[str, object] | None = None, **rest: object) -> Claim:
    decided = {} if verdict is UNDECIDED else {"rigor": Rigor.EXACT, "rule": rest.pop("rule", id)}
    return replace(Claim(id, place, verdict, reason, facts or {}, **decided), **rest)


def _xor_claims(drawn: Point, thin: Point) -> tuple[Claim, ...]:
    phi0, psi1 = _bound("Phi-0+", EVERYWHERE, True, 3, "rank-minor"), _bound("Psi-1", drawn, True, 4, "rank-sylvester")
    p1_low, p1_up = _bound("P-1", drawn, True, 4, "rank-minor"), _bound("P-1", drawn, False, 4, "rank-kernel")
    p_low, p_up = _bound("P", drawn, True, 4, "rank-stack", p1_low), _bound("P", EVERYWHERE, False, 4, "rank-size")
    w_low = _bound("W-1", thin, True, 2, "rank-minor")
    deficient = _bound("P", thin, False, 3, "rank-kernel")
    zero = _bound("P", SOMEWHERE, False, 1, "rank-constant-weights")
    full_facts = {"rank_lower": 4, "rank_upper": 4, "columns": 4}
    count = _claim("count", EVERYWHERE, PROVED, "N_net = 9 is at least T·n_L = 4.", {"N_net": 9, "required": 4})
    generic = _claim(
        "full-rank",
        ALMOST,
        PROVED,
        "rank P = 4 is proved at one W, and minors are analytic.",
        full_facts,
        rule="definition",
        premises=(p_low, p_up),
    )
    everywhere = _claim(
        "full-rank",
        EVERYWHERE,
        REFUTED,
        "Witness W = 0: rank P ≤ n_L = 1 < 4.",
        {"rank_upper": 1, "columns": 4},
        rule="definition",
        premises=(zero,),
    )
    error = _claim("principle-error", EVERYWHERE, PROVED, "e' = r vanishes only at r = 0.", {"error": "squared"})
    almost = _claim(
        "almost-everywhere", ALMOST, PROVED, "The set {W : rank P(W) < 4} is closed and of measure zero.", premises=(generic, error)
    )
    layers = {
        "layers": [{"layer": 1, "bound": 2, "rank_lower": 4, "rank_upper": 4}, {"layer": 2, "bound": 3, "rank_lower": 3, "rank_upper": 3}]
    }
    conclusion = _claim(
        "no-bad-local-minima", EVERYWHERE, UNDECIDED, "What remains is the thin set {W : rank P(W) < 4}.",
        missing="the class of every critical point in the thin set {W : rank P(W) < 4}", premises=(almost, everywhere),
    )  # fmt: skip
    return (
        conclusion,
        count,
        generic,
        everywhere,
        _claim("full-rank", drawn, PROVED, "rank P(W) = 4.", full_facts, premises=(p_low, p_up)),
        _claim("never-everywhere", EVERYWHERE, PROVED, "Full rank fails at some weights.", premises=(everywhere,)),
        almost,
        _claim(
            "principles-suffice",
            EVERYWHERE,
            REFUTED,
            "Witness: weights of full rank.",
            {"rank_upper": 3, "columns": 4},
            premises=(w_low, deficient),
        ),
        _claim("khatri-rao", drawn, PROVED, "Block 1 has bound 2 and rank 4.", layers, premises=(phi0, psi1, p1_low, p1_up)),
        _claim(
            "exact-learning", EVERYWHERE, UNDECIDED, "No exact learner was proved to exist.", missing="weights that fit all samples exactly"
        ),
        error,
        _claim("principle-morse", EVERYWHERE, PROVED, "e'' = 1 > 0.", {"error": "squared"}),
        _claim(
            "principle-activation", EVERYWHERE, PROVED, "tanh: σ' = 1/cosh² > 0.", {"activation": "tanh", "output_activation": "identity"}
        ),
        _claim("principle-widths", EVERYWHERE, PROVED, "No layer is wider; r_1 = 1, r_2 = 1.", {"guaranteed": [1, 1]}),
        _claim("hessian-rank", EVERYWHERE, PROVED, "rank H ≤ 4.", {"rank_lower": 0, "rank_upper": 4}, rule="record"),
        replace(
            _claim("ggn", EVERYWHERE, PROVED, "Locally quadratic (Ben-Israel 1966).", {"order": 2}, rule="implication"), rigor=Rigor.CITED
        ),
        _claim("manifold", EVERYWHERE, UNDECIDED, "No exact learner with full rank was proved.", missing="an exact learner"),
    )


def proved_report() -> Report:
    """Return a report on one linear layer whose conclusion is proved."""
    problem = Problem(Architecture.of("1-1"), error_named("squared"), Samples.of([[0], [1]], [[1], [3]]))
    weights = Point(Weights.of(problem.architecture, [([[Fraction(1)]], [Fraction(2)])]))
    reason = "rank P(W) = T·n_L at every W, so every critical point is a global minimum."
    inputs = _bound("Phi-0+", EVERYWHERE, True, 2, "rank-minor")
    full = _claim("full-rank", EVERYWHERE, PROVED, "One layer.", {"rank_lower": 2, "columns": 2}, rule="definition", premises=(inputs,))
    conclusion = _claim("no-bad-local-minima", EVERYWHERE, PROVED, reason, rule="implication", premises=(full,))
    return Report(problem, (weights,), True, (conclusion, full), (), (), "two points")
