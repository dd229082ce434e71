"""The trusted checker of certificates: one way in, `check_certificate`, and the table of rules.

What is trusted besides: the other files of this room, the records of activations and errors in ``lossproof.theory``, python-flint, and for rigor
``VERIFIED_FLOAT`` numpy's and LAPACK's double precision arithmetic. The prover and ``lossproof.numerics`` are never asked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from lossproof.certificates.kernel.reading.outcome import AcceptedStep, Failure, Verification
from lossproof.certificates.kernel.reading.parse import (
    Rejected,
    join,
    parse_document,
    read_fields,
    read_integer,
    read_list,
    read_text,
    short,
)
from lossproof.certificates.kernel.reading.problem import Point, Problem, read_points, read_problem
from lossproof.certificates.kernel.rules.absence import ABSENCE_RULES
from lossproof.certificates.kernel.rules.almost_everywhere import GENERIC_RULES, SIGN_RULES
from lossproof.certificates.kernel.rules.cited import CITED_RULES
from lossproof.certificates.kernel.rules.classes import CLASS_RULES
from lossproof.certificates.kernel.rules.exact_learning import LEARNING_RULES
from lossproof.certificates.kernel.rules.full_rank import RANK_CLAIM_RULES
from lossproof.certificates.kernel.rules.inertia import INERTIA_RULES
from lossproof.certificates.kernel.rules.learner_nearby import KANTOROVICH_RULES, KRAWCZYK_RULES
from lossproof.certificates.kernel.rules.loss import LOSS_RULES
from lossproof.certificates.kernel.rules.principles import PRINCIPLE_RULES
from lossproof.certificates.kernel.rules.rank_evidence import EVIDENCE_RULES
from lossproof.certificates.kernel.rules.rank_structure import STRUCTURE_RULES
from lossproof.certificates.kernel.rules.second_order import SECOND_ORDER_RULES
from lossproof.certificates.kernel.rules.stationary import STATIONARY_RULES
from lossproof.certificates.kernel.rules.stationary_box import STATIONARY_BOX_RULES
from lossproof.certificates.kernel.rules.stationary_silent import BLIND_RULES, IDLE_RULES
from lossproof.certificates.kernel.rules.step import Accepted, Result, Step
from lossproof.theory.exceptions import LossproofError
from lossproof.theory.verdicts import weakest

FORMAT = "lossproof-certificate"
VERSION = 1
RANK_RULES: Mapping[str, Callable[[Step], Result]] = {**EVIDENCE_RULES, **STRUCTURE_RULES}
RULES: Mapping[str, Callable[[Step], Result]] = {
    **RANK_RULES,
    **PRINCIPLE_RULES,
    **RANK_CLAIM_RULES,
    **LEARNING_RULES,
    **KRAWCZYK_RULES,
    **KANTOROVICH_RULES,
    **SECOND_ORDER_RULES,
    **SIGN_RULES,
    **GENERIC_RULES,
    **STATIONARY_RULES,
    **STATIONARY_BOX_RULES,
    **IDLE_RULES,
    **BLIND_RULES,
    **LOSS_RULES,
    **INERTIA_RULES,
    **CLASS_RULES,
    **ABSENCE_RULES,
    **CITED_RULES,
}

_DOCUMENT_KEYS = ("format", "version", "problem", "digest", "points", "length", "steps", "seal")
_STEP_KEYS = ("id", "rule", "premises", "evidence", "conclusion", "rigor")
_CLAIM_KEYS = ("statement", "scope", "verdict", "point", "facts")


def check_certificate(
    document: object, around_steps: Callable[[int], AbstractContextManager[None]] = lambda columns: nullcontext()
) -> Verification:
    """Check a certificate, given as JSON text or as the object it spells.

    Every conclusion is derived anew and compared; the first step that fails ends the check. ``ok`` means that every conclusion holds for the problem
    in the certificate, with the rigor stated. No malformed document raises: it fails, with place, code and message. The steps are checked within
    ``around_steps(columns)`` for the columns ``T n_L`` of P: how many threads the sums may use is settled there, and no verdict depends on it.
    """
    accepted: list[Accepted] = []
    known: dict[tuple[str, int], Any] = {}
    place = ""
    try:
        found = parse_document(document)
        problem, digest, points, steps = _read_head(found)
        with around_steps(problem.columns):
            for number, value in enumerate(steps):
                place = f"steps[{number}]"
                accepted.append(_check_step(value, number, problem, points, accepted, known))
        place = ""
        _require_seal(found)
    except Rejected as rejected:
        return _failed(join(place, rejected.place) if rejected.place else place, rejected.code, rejected.message)
    except (MemoryError, RecursionError):
        return _failed(place, "limit", "the check needs too much memory")
    except (ArithmeticError, ValueError, TypeError, LookupError, AttributeError, LossproofError) as error:
        return _failed(place, "evidence" if place else "schema", f"cannot be checked: {type(error).__name__}: {short(str(error))}")
    return Verification(tuple(AcceptedStep.of(n, a.rule, a.conclusion, a.rigor) for n, a in enumerate(accepted, start=1)), (), digest)


def _require_seal(found: dict[str, Any]) -> None:
    """Reject a certificate that was altered after it was written, even if what it says now holds as well."""
    seal = _digest({key: value for key, value in found.items() if key != "seal"})
    if found["seal"] != seal:
        raise Rejected("seal", "digest", "the certificate was altered after it was sealed, although every step holds")


def _digest(value: Any) -> str:
    """Return the SHA-256 of a JSON value in its canonical text."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")).hexdigest()


def _failed(place: str, code: str, message: str) -> Verification:
    return Verification((), (Failure(place or "document", code, message),), None)


def _read_head(document: Any) -> tuple[Problem, str, tuple[Point, ...], list[Any]]:
    found = read_fields(document, _DOCUMENT_KEYS, "")
    if read_text(found["format"], "format") != FORMAT:
        raise Rejected("format", "format", f"expected {FORMAT!r}, got {short(found['format'])}")
    if type(found["version"]) is not int or found["version"] != VERSION:
        raise Rejected("version", "version", f"this checker reads version {VERSION}, got {short(found['version'])}")
    problem = read_problem(found["problem"])
    digest = _digest(found["problem"])
    read_text(found["seal"], "seal")
    if read_text(found["digest"], "digest") != digest:
        raise Rejected("digest", "digest", f"the problem has the digest {digest}")
    points = read_points(found["points"], problem)
    steps = read_list(found["steps"], "steps")
    if read_integer(found["length"], "length", 0, 10**9, "length") != len(steps):
        raise Rejected("length", "length", f"there are {len(steps)} steps, not {found['length']}")
    return problem, digest, points, steps


def _check_step(
    value: Any, number: int, problem: Problem, points: tuple[Point, ...], accepted: list[Accepted], known: dict[tuple[str, int], Any]
) -> Accepted:
    found = read_fields(value, _STEP_KEYS, "")
    read_integer(found["id"], "id", number + 1, number + 1, "order")
    rule = read_text(found["rule"], "rule")
    if rule not in RULES:
        raise Rejected("rule", "rule", f"{short(rule)} is no rule")
    ids = read_list(found["premises"], "premises")
    premises = tuple(accepted[read_integer(p, f"premises[{k}]", 1, number, "premise") - 1] for k, p in enumerate(ids))
    conclusion = _read_conclusion(found["conclusion"], len(points), bound=rule in RANK_RULES)
    claimed = read_text(found["rigor"], "rigor")
    derived, own = RULES[rule](Step(problem, points, premises, found["evidence"], conclusion, known))
    difference = _difference(derived, conclusion, "conclusion")
    if difference is not None:
        raise Rejected(difference, "conclusion", f"the rule {rule} gives {short(json.dumps(derived))}")
    rigor = weakest([own, *(premise.rigor for premise in premises)])
    if claimed != rigor.value:
        raise Rejected("rigor", "rigor", f"the rigor is {rigor.value}, not {short(claimed)}")
    return Accepted(rule, derived, rigor, found["evidence"], premises)


def _read_conclusion(value: Any, points: int, *, bound: bool) -> dict[str, Any]:
    """Check keys and types; values are compared with what the rule gives."""
    place = "conclusion"
    if bound:
        side = "rank_upper" if isinstance(value, dict) and "rank_upper" in value else "rank_lower"
        found = read_fields(value, ("matrix", "point", side), place)
        read_text(found["matrix"], f"{place}.matrix")
        read_integer(found[side], f"{place}.{side}", 0, 10**18, "conclusion")
    else:
        found = read_fields(value, _CLAIM_KEYS, place)
        for key in ("statement", "scope", "verdict"):
            read_text(found[key], f"{place}.{key}")
        if type(found["facts"]) is not dict:
            raise Rejected(f"{place}.facts", "schema", f"expected an object, got {short(found['facts'])}")
    if found["point"] is not None:
        read_integer(found["point"], f"{place}.point", 0, points - 1, "conclusion")
    return found


def _difference(derived: Any, claimed: Any, place: str) -> str | None:
    """Return the place of the first difference between two JSON values, or None; the types count, so True is not 1."""
    if type(derived) is not type(claimed):
        return place
    if isinstance(derived, dict):
        for key in (*derived, *claimed):
            if key not in derived or key not in claimed:
                return join(place, key if key in derived else short(key))
            inner = _difference(derived[key], claimed[key], join(place, key))
            if inner is not None:
                return inner
        return None
    if isinstance(derived, list):
        if len(derived) != len(claimed):
            return place
        inner_places = (_difference(a, b, f"{place}[{k}]") for k, (a, b) in enumerate(zip(derived, claimed, strict=True)))
        return next((inner for inner in inner_places if inner is not None), None)
    return None if derived == claimed else place
