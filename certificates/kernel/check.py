"""The trusted checker of certificates: one way in, `check_certificate`, and the table of rules.

What is trusted besides: the rooms of this folder, the records of activations and errors in ``lossproof.theory``, python-flint, and for rigor ``VERIFIED_FLOAT``
numpy's and SciPy's double precision arithmetic. The prover and ``lossproof.numerics`` are never asked; where `verify` is given an engine, they keep the
tiles of a factor on the disk or a device for it, and form products of them there, which are then trusted, too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.outcome import AcceptedStep, Failure, Outcome
from lossproof.certificates.kernel.reading.parse import Rejected, join, require, short
from lossproof.certificates.kernel.reading.problem import read_points, read_problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.certificates.kernel.rules import (
    algebra,
    calculus,
    cited,
    complete,
    critical,
    curvature,
    doubles,
    family,
    fits,
    kinks,
    landscape,
    near_kinks,
    quantities,
    ranks,
    reasons,
    regions,
    theorems,
)
from lossproof.certificates.kernel.rules.step import Result, Step, is_region
from lossproof.theory.exceptions import LossproofError
from lossproof.theory.limits import step_work
from lossproof.theory.verdicts import Rigor, weakest

FORMAT, VERSION = "lossproof-certificate", 2


def _named(*rules: Callable[[Step], Result]) -> dict[str, Callable[[Step], Result]]:
    """Return rules under their names: the function ``rank_size`` is the rule ``rank-size``."""
    return {rule.__name__.replace("_", "-"): rule for rule in rules}


# fmt: off
BOUND_RULES = _named(
    ranks.rank_minor, ranks.rank_patterns, ranks.rank_inclusion, ranks.rank_kernel, ranks.rank_residual, ranks.rank_family,
    calculus.rank_size, calculus.rank_sylvester, calculus.rank_stack, calculus.rank_samples, calculus.rank_dimension,
    calculus.rank_constant_weights, calculus.rank_dead_outputs, calculus.rank_almost, calculus.rank_regular,
)
"""The rules that prove bounds of ranks."""
_PENALISED_RULES = _named(
    critical.stationary_exact, critical.stationary_apart, critical.stationary_box, family.stationary_family, curvature.critical_ball,
    curvature.hessian_spectrum, quantities.differentiable, quantities.distance, quantities.learner_exact, quantities.learner_apart,
    quantities.loss_bounds, quantities.eigenvalue_signs, quantities.dead_layer,
    quantities.cell_minimum, kinks.kinks, kinks.descent, near_kinks.minimum_near_kinks, regions.minimum_in_region,
    landscape.learner_box, landscape.learner_wide, landscape.unlearnable_samples, landscape.unlearnable_range, landscape.unlearnable_linear,
    landscape.unlearnable_order, landscape.ggn_semidefinite_witness, doubles.learner_ball, doubles.singular_value, doubles.no_minimum_nearby,
    reasons.record, reasons.definition, reasons.implication, complete.complete_list, algebra.complete_algebra,
)
"""The rules of claims that hold with weight decay: those about the network alone, and those that compute with J. Rows of tables say it for themselves."""
_MEAN_RULES = _named(
    critical.stationary_constant, critical.stationary_balanced, fits.eckart_young, quantities.global_floor,
    landscape.no_critical_point, theorems.one_relation, cited.cited_theorem,
)
"""The rules of claims about a loss without weight decay."""
# fmt: on
RULES = {**BOUND_RULES, **_PENALISED_RULES, **_MEAN_RULES}
_WITH_FROZEN = frozenset((
    # P, the gradient, the Hessian, outputs and losses are computed, for the trainable weights alone, at points or over boxes in these
    "rank-minor", "rank-inclusion", "rank-kernel", "rank-residual", "singular-value", "differentiable", "loss-bounds", "distance",
    "stationary-exact", "stationary-apart", "stationary-box", "eigenvalue-signs", "descent", "cell-minimum", "dead-layer", "no-minimum-nearby",
    "critical-ball", "hessian-spectrum", "learner-exact", "learner-apart", "learner-box", "learner-ball",
    # P has so many rows and columns; it is analytic in the trainable weights; outputs obey the symmetries of samples whatever any weights are
    "rank-size", "rank-almost", "rank-regular", "rank-samples", "unlearnable-samples", "unlearnable-range", "global-floor",
    "record", "definition", "implication",
))  # fmt: skip
"""The rules that hold where layers are frozen: none that moves the weights of a certain layer, or uses symmetries of weights. Rows of tables say it again."""


def check_certificate(
    document: object,
    *,
    allow_cited: bool = True,
    work: Work | None = None,
    around_steps: Callable[[int], AbstractContextManager[object]] = nullcontext,
) -> Outcome:
    """Check a certificate, given as JSON text or as the object it spells.

    Every conclusion is derived anew and compared; the first step that fails ends the check. ``ok`` means that every conclusion holds for the problem
    in the certificate, with the rigor stated. Without ``allow_cited`` steps that rest on a published theorem are failures, each of them, and the accepted ones
    are those that do not. No malformed document raises: it fails, with place, code and message. The steps are checked within ``around_steps(columns)`` for the
    columns ``T n_L`` of P: how many threads the sums may use is settled there, and no verdict depends on it.
    """
    counted, place = work or Work(), ""
    accepted: list[AcceptedStep] = []
    try:
        found = read.parse_document(document)
        blank = _read_head(found, counted)
        with around_steps(blank.problem.columns):
            for number, value in enumerate(found["steps"]):
                place = f"steps[{number}]"
                accepted.append(_check_step(value, blank, accepted))
        place = ""
        seal = _digest({key: value for key, value in found.items() if key != "seal"})
        require(read.text(found["seal"], "seal") == seal, "seal", "the certificate was altered after it was sealed", "digest")
    except Rejected as rejected:
        return _failed(join(place, rejected.place), rejected.code, rejected.message)
    except (MemoryError, RecursionError):
        return _failed(place, "limit", "the check needs too much memory")
    except (ArithmeticError, ValueError, TypeError, LookupError, AttributeError, LossproofError) as error:
        return _failed(place, "evidence" if place else "schema", f"cannot be checked: {type(error).__name__}: {short(str(error))}")
    cited = [step.rigor is Rigor.CITED and not allow_cited for step in accepted]
    message = "this step rests on a published theorem, which was not to be allowed"
    failures = tuple(Failure(f"steps[{k}]", "rigor", message) for k, refused in enumerate(cited) if refused)
    steps = tuple(step for step, refused in zip(accepted, cited, strict=True) if not refused)
    return Outcome(steps, failures, found["digest"], counted.spent)


def _failed(place: str, code: str, message: str) -> Outcome:
    return Outcome((), (Failure(place or "document", code, message),), None)


def _digest(value: Any) -> str:
    """Return the SHA-256 of a JSON value in its canonical text."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")).hexdigest()


def _read_head(document: Any, work: Work) -> Step:
    """Read what stands beside the steps, and return a step of which no more is known."""
    version = document.get("version", VERSION) if isinstance(document, dict) else VERSION
    newest = type(version) is int and version == VERSION
    require(newest, "version", f"this checker reads version {VERSION}, got {short(version)}: write the certificate again", "version")
    writer = ("writer",) if isinstance(document, dict) and "writer" in document else ()
    found = read.fields(document, ("format", "version", *writer, "problem", "digest", "points", "length", "steps", "seal"), "")
    read.text(found.get("writer", ""), "writer")
    require(read.text(found["format"], "format") == FORMAT, "format", f"expected {FORMAT!r}, got {short(found['format'])}", "format")
    problem, digest = read_problem(found["problem"]), _digest(found["problem"])
    require(read.text(found["digest"], "digest") == digest, "digest", f"the problem has the digest {digest}", "digest")
    points, length = read_points(found["points"], problem), len(read.items(found["steps"], "steps"))
    read.integer(found["length"], "length", length, length, "length")
    return Step(problem, points, {}, (), None, {}, work)


def _check_step(value: Any, blank: Step, accepted: Sequence[AcceptedStep]) -> AcceptedStep:
    """Read a step, apply its rule, and compare what it gives with what is claimed."""
    blank.work.begin_step()
    blank.work.spend(step_work(blank.problem.L), "reading it")
    number, found = len(accepted) + 1, read.fields(value, ("id", "rule", "premises", "evidence", "conclusion", "rigor"), "")
    read.integer(found["id"], "id", number, number, "order")
    rule = read.text(found["rule"], "rule")
    require(rule in RULES, "rule", f"{short(rule)} is no rule", "rule")
    require(blank.problem.decay is None or rule not in _MEAN_RULES, "rule", f"{rule} is about a loss without weight decay", "rule")
    require(not blank.problem.frozen or rule in _WITH_FROZEN, "rule", f"{rule} is about networks all of whose layers are trainable", "rule")
    ids = read.each(found["premises"], "premises", lambda premise, place: read.integer(premise, place, 1, number - 1, "premise"))
    conclusion = _read_conclusion(found["conclusion"], blank, bound=rule in BOUND_RULES)
    claimed = read.text(found["rigor"], "rigor")
    step = replace(blank, premises=tuple(accepted[k - 1] for k in ids), evidence=found["evidence"], conclusion=conclusion)
    derived, own = RULES[rule](step)
    known = isinstance(step.at, int) or is_region(step.at) or step.at in step.witnesses
    require(known, "conclusion.at", "this witness was not introduced", "conclusion")
    difference = _difference(derived, conclusion, "conclusion")
    if difference is not None:
        raise Rejected(difference, "conclusion", f"the rule {rule} gives {short(json.dumps(derived))}")
    rigor = weakest([own, *(premise.rigor for premise in step.premises)])
    require(claimed == rigor.value, "rigor", f"the rigor is {rigor.value}, not {short(claimed)}", "rigor")
    return AcceptedStep(number, rule, rigor, derived)


def _read_conclusion(value: Any, blank: Step, *, bound: bool) -> dict[str, Any]:
    """Check keys, types and the place; values are compared with what the rule gives."""
    side = "rank_upper" if isinstance(value, dict) and "rank_upper" in value else "rank_lower"
    found = read.fields(value, ("matrix", "at", side) if bound else ("statement", "at", "verdict", "facts"), "conclusion")
    for key in ("matrix",) if bound else ("statement", "verdict"):
        read.text(found[key], f"conclusion.{key}")
    if bound:
        read.integer(found[side], f"conclusion.{side}", 0, 10**18, "conclusion")
    else:
        require(type(found["facts"]) is dict, "conclusion.facts", f"expected an object, got {short(found['facts'])}", "schema")
    at = found["at"] if type(found["at"]) is int else read.text(found["at"], "conclusion.at")
    right = at in range(len(blank.points)) or is_region(at) or at in blank.witnesses or at == f"W*{len(blank.witnesses) + 1}"
    require(right, "conclusion.at", "there is no such place", "conclusion")
    return found


def _difference(derived: Any, claimed: Any, place: str) -> str | None:
    """Return the place of the first difference between two JSON values, or None; the types count, so True is not 1."""
    if type(derived) is type(claimed) is dict and derived.keys() == claimed.keys():
        pairs = [(join(place, key), derived[key], claimed[key]) for key in derived]
    elif type(derived) is type(claimed) is list and len(derived) == len(claimed):
        pairs = [(f"{place}[{k}]", a, b) for k, (a, b) in enumerate(zip(derived, claimed, strict=True))]
    else:
        return None if type(derived) is type(claimed) and derived == claimed else place
    return next((inner for where, a, b in pairs if (inner := _difference(a, b, where)) is not None), None)
