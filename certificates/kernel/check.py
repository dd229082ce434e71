"""The trusted checker of certificates: one way in, `check_certificate`, and the table of rules.

What is trusted besides: the rooms of this folder, the records of activations and errors in ``lossproof.theory``, python-flint, and for rigor ``VERIFIED_FLOAT``
numpy's and SciPy's double precision arithmetic. The prover and ``lossproof.numerics`` are never asked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from lossproof.certificates.kernel.network.passes import Box
from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.outcome import AcceptedStep, Failure, Verification
from lossproof.certificates.kernel.reading.parse import Rejected, join, require, short
from lossproof.certificates.kernel.reading.problem import Point, Problem, read_points, read_problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.certificates.kernel.rules.calculus import CALCULUS_RULES
from lossproof.certificates.kernel.rules.cited import CITED_RULES
from lossproof.certificates.kernel.rules.critical import CRITICAL_RULES
from lossproof.certificates.kernel.rules.doubles import DOUBLE_RULES
from lossproof.certificates.kernel.rules.landscape import LANDSCAPE_RULES
from lossproof.certificates.kernel.rules.quantities import QUANTITY_RULES
from lossproof.certificates.kernel.rules.ranks import RANK_RULES
from lossproof.certificates.kernel.rules.reasons import REASON_RULES
from lossproof.certificates.kernel.rules.step import Accepted, Result, Step, is_region
from lossproof.theory.exceptions import LossproofError
from lossproof.theory.limits import step_work
from lossproof.theory.verdicts import Rigor, weakest

FORMAT = "lossproof-certificate"
VERSION = 2
BOUND_RULES: Mapping[str, Callable[[Step], Result]] = {**RANK_RULES, **CALCULUS_RULES}
RULES: Mapping[str, Callable[[Step], Result]] = {
    **BOUND_RULES,
    **CRITICAL_RULES,
    **QUANTITY_RULES,
    **LANDSCAPE_RULES,
    **REASON_RULES,
    **DOUBLE_RULES,
    **CITED_RULES,
}
_DOCUMENT_KEYS = ("format", "version", "problem", "digest", "points", "length", "steps", "seal")
_STEP_KEYS = ("id", "rule", "premises", "evidence", "conclusion", "rigor")


def check_certificate(
    document: object,
    *,
    allow_cited: bool = True,
    work: Work | None = None,
    around_steps: Callable[[int], AbstractContextManager[None]] = lambda columns: nullcontext(),
) -> Verification:
    """Check a certificate, given as JSON text or as the object it spells.

    Every conclusion is derived anew and compared; the first step that fails ends the check. ``ok`` means that every conclusion holds for the problem
    in the certificate, with the rigor stated. Without ``allow_cited`` steps that rest on a published theorem are failures, each of them, and the accepted ones
    are those that do not. No malformed document raises: it fails, with
    place, code and message. The steps are checked within ``around_steps(columns)`` for the columns ``T n_L`` of P: how many threads the sums may use is settled
    there, and no verdict depends on it.
    """
    counted = Work() if work is None else work
    accepted: list[Accepted] = []
    rules: list[str] = []
    place = ""
    try:
        found = read.parse_document(document)
        problem, digest, points, steps = _read_head(found)
        witnesses: dict[str, Box | None] = {}
        known: dict[tuple[str, Any], Any] = {}
        with around_steps(problem.columns):
            for number, value in enumerate(steps):
                place = f"steps[{number}]"
                counted.begin_step()
                counted.spend(step_work(problem.L), "reading it")
                step, rule = _read_step(value, number, problem, points, witnesses, accepted, counted, known)
                accepted.append(_checked(step, rule, value["rigor"]))
                witnesses |= step.introduced
                rules.append(rule)
        place = ""
        _require_seal(found)
    except Rejected as rejected:
        return _failed(join(place, rejected.place) if rejected.place else place, rejected.code, rejected.message)
    except (MemoryError, RecursionError):
        return _failed(place, "limit", "the check needs too much memory")
    except (ArithmeticError, ValueError, TypeError, LookupError, AttributeError, LossproofError) as error:
        return _failed(place, "evidence" if place else "schema", f"cannot be checked: {type(error).__name__}: {short(str(error))}")
    done = [AcceptedStep(n, rule, a.rigor, a.conclusion) for n, (rule, a) in enumerate(zip(rules, accepted, strict=True), start=1)]
    cited = [step for step in done if step.rigor is Rigor.CITED and not allow_cited]
    message = "this step rests on a published theorem, which was not to be allowed"
    failures = tuple(Failure(f"steps[{step.step - 1}]", "rigor", message) for step in cited)
    return Verification(tuple(step for step in done if step not in cited), failures, digest, counted.spent)


def _require_seal(found: dict[str, Any]) -> None:
    """Reject a certificate that was altered after it was written, even if what it says now holds as well."""
    seal = _digest({key: value for key, value in found.items() if key != "seal"})
    require(found["seal"] == seal, "seal", "the certificate was altered after it was sealed, although every step holds", "digest")


def _digest(value: Any) -> str:
    """Return the SHA-256 of a JSON value in its canonical text."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")).hexdigest()


def _failed(place: str, code: str, message: str) -> Verification:
    return Verification((), (Failure(place or "document", code, message),), None)


def _read_head(document: Any) -> tuple[Problem, str, tuple[Point, ...], list[Any]]:
    version = document.get("version") if isinstance(document, dict) else None
    newest = type(version) is not int or version == VERSION
    require(newest, "version", f"this checker reads version {VERSION}, got {version}: write the certificate again", "version")
    found = read.fields(document, _DOCUMENT_KEYS, "")
    require(read.text(found["format"], "format") == FORMAT, "format", f"expected {FORMAT!r}, got {short(found['format'])}", "format")
    require(type(version) is int, "version", f"this checker reads version {VERSION}, got {short(version)}", "version")
    problem, digest = read_problem(found["problem"]), _digest(found["problem"])
    read.text(found["seal"], "seal")
    require(read.text(found["digest"], "digest") == digest, "digest", f"the problem has the digest {digest}", "digest")
    points, steps = read_points(found["points"], problem), read.items(found["steps"], "steps")
    listed = read.integer(found["length"], "length", 0, 10**9, "length")
    require(listed == len(steps), "length", f"there are {len(steps)} steps, not {listed}", "length")
    return problem, digest, points, steps


def _read_step(
    value: Any,
    number: int,
    problem: Problem,
    points: tuple[Point, ...],
    witnesses: Mapping[str, Box | None],
    accepted: list[Accepted],
    work: Work,
    known: dict[tuple[str, Any], Any],
) -> tuple[Step, str]:
    found = read.fields(value, _STEP_KEYS, "")
    read.integer(found["id"], "id", number + 1, number + 1, "order")
    rule = read.text(found["rule"], "rule")
    require(rule in RULES, "rule", f"{short(rule)} is no rule", "rule")
    ids = read.items(found["premises"], "premises")
    premises = tuple(accepted[read.integer(p, f"premises[{k}]", 1, number, "premise") - 1] for k, p in enumerate(ids))
    conclusion = _read_conclusion(found["conclusion"], len(points), witnesses, bound=rule in BOUND_RULES)
    read.text(found["rigor"], "rigor")
    return Step(problem, points, witnesses, premises, found["evidence"], conclusion, work, known), rule


def _read_conclusion(value: Any, points: int, witnesses: Mapping[str, Box | None], *, bound: bool) -> dict[str, Any]:
    """Check keys, types and the place; values are compared with what the rule gives."""
    place = "conclusion"
    if bound:
        side = "rank_upper" if isinstance(value, dict) and "rank_upper" in value else "rank_lower"
        found = read.fields(value, ("matrix", "at", side), place)
        read.text(found["matrix"], f"{place}.matrix")
        read.integer(found[side], f"{place}.{side}", 0, 10**18, "conclusion")
    else:
        found = read.fields(value, ("statement", "at", "verdict", "facts"), place)
        for key in ("statement", "verdict"):
            read.text(found[key], f"{place}.{key}")
        require(type(found["facts"]) is dict, f"{place}.facts", f"expected an object, got {short(found['facts'])}", "schema")
    if type(found["at"]) is int:
        read.integer(found["at"], f"{place}.at", 0, points - 1, "conclusion")
    else:
        at = read.text(found["at"], f"{place}.at")
        right = is_region(at) or at in witnesses or at == f"W*{len(witnesses) + 1}"
        require(right, f"{place}.at", "there is no such place", "conclusion")
    return found


def _checked(step: Step, rule: str, claimed: str) -> Accepted:
    """Apply the rule, and compare what it gives with what is claimed."""
    derived, own = RULES[rule](step)
    known = not isinstance(step.at, str) or step.at[:2] != "W*" or step.at in step.witnesses or step.at in step.introduced
    require(known, "conclusion.at", "this witness was not introduced", "conclusion")
    difference = _difference(derived, step.conclusion, "conclusion")
    require(difference is None, str(difference), f"the rule {rule} gives {short(json.dumps(derived))}", "conclusion")
    rigor = weakest([own, *(premise.rigor for premise in step.premises)])
    require(claimed == rigor.value, "rigor", f"the rigor is {rigor.value}, not {short(claimed)}", "rigor")
    return Accepted(derived, rigor)


def _difference(derived: Any, claimed: Any, place: str) -> str | None:
    """Return the place of the first difference between two JSON values, or None; the types count, so True is not 1."""
    if type(derived) is not type(claimed):
        return place
    if isinstance(derived, dict):
        for key in (*derived, *claimed):
            if key not in derived or key not in claimed:
                return join(place, key if key in derived else short(key))
        pairs = ((join(place, key), derived[key], claimed[key]) for key in derived)
    elif isinstance(derived, list):
        if len(derived) != len(claimed):
            return place
        pairs = ((f"{place}[{k}]", a, b) for k, (a, b) in enumerate(zip(derived, claimed, strict=True)))
    else:
        return None if derived == claimed else place
    return next((inner for where, a, b in pairs if (inner := _difference(a, b, where)) is not None), None)
