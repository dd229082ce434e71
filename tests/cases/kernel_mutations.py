"""A mutation engine over accepted certificates: every mutation is wrong, and its failure codes are known beforehand.

A step is altered in the smallest certificate that holds it, with what it rests on. Alterations that may leave a certificate true, such as another minor that
is not 0 or other weights of full rank, are left out, or end at the seal: see the tables.
"""

from __future__ import annotations

import copy
import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any

from cases.kernel_draft import ALMOST, EVERYWHERE, OPEN, SOME, Draft, digest_of, sealed
from lossproof.certificates.kernel.rules.reasons import IMPLICATIONS

COMPOSITE = (2**31 - 1) * (2**20 + 7)
ROWS = tuple(IMPLICATIONS)
MISSPELLED = ("01", "+1", "2/4", "1.0", "1e5", "NaN", " 1", "1/1", "-0", "0x1p0", "0x1.8p+0", "inf", "")
MATRICES = ("P", "P-1", "P-2", "P-3", "Psi-1", "Psi-2", "Phi-0", "Phi-0+", "Phi-1", "Phi-1+", "W-1", "W-1*", "W-2", "W-2*")
ANY_MATRIX = {"rank-size", "rank-minor", "rank-inclusion", "rank-kernel"}
"""Rules about whatever matrix is named."""
EITHER = {
    *ANY_MATRIX, "rank-sylvester", "rank-stack", "differentiable", "stationary-exact", "stationary-constant", "stationary-apart", "loss-bounds",
    "eigenvalue-signs", "learner-exact", "learner-apart", "singular-value", "no-minimum-nearby", "global-floor", "kinks", "descent", "distance",
    "hessian-spectrum", "eckart-young",
}  # fmt: skip
"""Rules whose conclusion may hold at another place, too; then the certificate is no more what was sealed."""


@dataclass(frozen=True)
class Mutation:
    """An altered certificate with the codes that may come back; ``digest`` is what the reader asks for, if anything."""

    label: str
    source: Any
    codes: frozenset[str]
    digest: str | None = None


def nodes(value, path=()) -> Iterator[tuple[tuple, Any]]:
    """All values of a document with their paths."""
    yield path, value
    if isinstance(value, dict):
        for key, part in value.items():
            yield from nodes(part, (*path, key))
    elif isinstance(value, list):
        for k, part in enumerate(value):
            yield from nodes(part, (*path, k))


PAIRS = {
    "curve": 2,
    "vectors": 4,
    "ties": 2,
    "pins": 2,
    "identities": 3,
    "symmetries": 3,
    "level": 2,
    "equal": 2,
    "silent": 2,
    "following": 2,
}
"""Lists of pairs or triples, and how deep the places in a pair lie; these places count as different fields."""


def pattern(path) -> str:
    """The path with ``*`` for all indices, except in pairs."""
    parts = ["*" if isinstance(part, int) else part for part in path]
    for name, depth in PAIRS.items():
        if name in path and len(path) > path.index(name) + depth:
            parts[path.index(name) + depth] = str(path[path.index(name) + depth])
    return ".".join(parts)


def place(path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def replaced(document, path, value):
    """The document with the value at a path replaced."""
    if not path:
        return value
    head, *rest = path
    changed = copy.copy(document)
    changed[head] = replaced(document[head], rest, value)
    return changed


def signature(document, k):
    """What kind of step it is: its rule and what it says, and the fields and types of its evidence."""
    step = document["steps"][k]
    found, evidence = step["conclusion"], step["evidence"]
    about = found.get("statement") or re.sub(r"[0-9]+", "l", found["matrix"])
    at = "a point" if isinstance(found["at"], int) else found["at"].rstrip("0123456789")
    shape = tuple(
        (
            key,
            type(value).__name__,
            value if key in ("row", "entries", "side", "method") else bool(value) if key in ("level", "equal", "silent") else None,
        )
        for key, value in sorted(evidence.items())
    )
    return step["rule"], about, at, found.get("verdict"), tuple(found), shape, len(step["premises"])


def chosen_steps(cases, times=2):
    """Case by case the steps to alter: of each kind as many as said, from the first cases that have it."""
    seen, chosen = Counter(), {}
    for name, case in cases.items():
        document = case()
        chosen[name] = []
        for k in range(len(document["steps"])):
            kind = signature(document, k)
            seen[kind] += 1
            if seen[kind] <= times:
                chosen[name].append(k)
    return chosen


def alone(document, k):
    """The certificate of step k with all that it rests on, those that introduce the witnesses before it, and its first point once more."""
    steps = document["steps"]
    needed = {k} | {n for n in range(k) if {"learner", "point"} & set(steps[n]["conclusion"].get("facts", {}))}
    for n in range(k, -1, -1):
        if n in needed:
            needed |= {premise - 1 for premise in steps[n]["premises"]}
    numbers = {n + 1: m for m, n in enumerate(sorted(needed), start=1)}
    kept = [{**steps[n], "id": numbers[n + 1], "premises": [numbers[p] for p in steps[n]["premises"]]} for n in sorted(needed)]
    return Draft.of({**document, "points": [*document["points"], *document["points"][:1]], "steps": kept}).finish()


def step_mutations(document, k) -> Iterator[Mutation]:
    """All mutations of one step, in the certificate of what it rests on, each label once."""
    small = alone(document, k)
    paths = [((*("steps", len(small["steps"]) - 1), *path), value) for path, value in nodes(small["steps"][-1])]
    yield from _once(chain(_keys(small, paths), _types(small, paths), _values(small, paths), _premises(small), _lists(small, paths)))


def head_mutations(document, seed=0, literals=6, truncations=8) -> Iterator[Mutation]:
    """All mutations of what stands beside the steps, of tables in their first and last entries, and of the text, each label once."""
    paths = _corners([(path, value) for path, value in nodes(document) if path[:1] != ("steps",) or len(path) == 1])
    parts = (
        _keys(document, paths),
        _types(document, paths[1:]),
        _values(document, paths),
        _lists(document, paths),
        _other_problems(document),
    )
    yield from _once(chain(*parts, _texts(document, random.Random(seed), literals, truncations)))


def _corners(paths):
    """Of all paths of one pattern the first two and the last."""
    found = {}
    for path, value in paths:
        found.setdefault(pattern(path), []).append((path, value))
    return [entry for entries in found.values() for entry in (entries if len(entries) < 4 else [*entries[:2], entries[-1]])]


def _once(mutations):
    labels = set()
    for mutation in mutations:
        if mutation.label not in labels:
            labels.add(mutation.label)
            yield mutation


def _keys(document, paths):
    for path, value in paths:
        if not isinstance(value, dict):
            continue
        codes = frozenset({"conclusion"} if "facts" in path else {"schema"})
        for key in value:
            rest = {k: v for k, v in value.items() if k != key}
            # the two keys that need not be there, of which the second goes with a mode
            left_out = frozenset({"digest"} if key == "decay" else {"problem"}) if key in ("decay", "frozen") else codes
            yield Mutation(f"{place(path)} without {key}", replaced(document, path, rest), left_out)
            yield Mutation(f"{place(path)} {key} renamed", replaced(document, path, {**rest, key + "_": value[key]}), codes)
        yield Mutation(f"{place(path)} extra key", replaced(document, path, {**value, "extra": 0}), codes)


def _types(document, paths):
    for path, value in paths:
        where = pattern(path)
        codes = {"schema"}
        if where == "version":
            codes = {"version"}
        elif re.fullmatch(r"steps\.\*\.conclusion\.facts\..*", where):
            codes = {"conclusion"}
        elif where in ("steps.*.conclusion.at", "steps.*.evidence.learner"):
            codes = {"conclusion", "schema"}
        elif where == "steps.*.evidence.precision" and value == "double":
            codes = {"evidence", "schema"}
        elif where in ("problem.fixed_bias", "problem.frozen.*") and value is None:
            codes = {"problem"}
        for other in _other_types(value):
            yield Mutation(f"{place(path)} = {json.dumps(other)}", replaced(document, path, other), frozenset(codes))


def _other_types(value):
    if isinstance(value, bool):
        return [str(value), int(value), [value]]
    if isinstance(value, int):
        return [str(value), bool(value), [value]]
    if isinstance(value, str):
        return [7, {value: 0}]
    return [{"0": 1}] if isinstance(value, list) else [[], "x"] if isinstance(value, dict) else [{}]


def _values(document, paths):
    for path, value in paths:
        if isinstance(value, (dict, list)):
            continue
        for _, alter, codes in _entries(pattern(path), False):
            for other in alter(value):
                if other != value:
                    label = f"{place(path)}: {value!r} -> {other!r}"
                    yield Mutation(label, replaced(document, path, other), _codes(document, path, codes))


@cache
def _entries(where, lists):
    """The entries of the table, of lists or of values, that are about fields of one pattern."""
    return [entry for entry in (LISTS if lists else VALUES) if re.fullmatch(entry[0], where)]


def _codes(document, path, codes):
    """The codes of a table; and that of the seal where what the altered step says may be true.

    That is elsewhere, of another matrix, in a shorter summary, or of a loss that is seen without its premise, too.
    """
    step = document["steps"][path[1]] if path[0] == "steps" and len(path) > 1 else {}
    field, rule = path[-1], step.get("rule")
    summary = field == "premises" and step["conclusion"].get("statement") in ("critical-point", "loss-bounds")
    true = (field == "at" and rule in EITHER) or (field == "matrix" and rule in ANY_MATRIX) or summary
    return frozenset([*codes.split(), *(["digest"] if true else [])])


def _premises(document):
    """Premises that are no earlier step, or another step that says something else."""
    k = len(document["steps"]) - 1
    steps = document["steps"]
    for m, premise in enumerate(steps[k]["premises"]):
        for other in (0, -1, k + 1, k + 2, 10**6):
            label, source = f"steps[{k}].premises[{m}] = {other}", replaced(document, ("steps", k, "premises", m), other)
            yield Mutation(label, source, frozenset({"premise"}))
        for other in range(1, k + 1):
            if steps[other - 1]["conclusion"] != steps[premise - 1]["conclusion"]:
                label, source = f"steps[{k}].premises[{m}] = step {other}", replaced(document, ("steps", k, "premises", m), other)
                yield Mutation(label, source, frozenset({"premise", "conclusion", "evidence", "rigor"}))


def _near(value):
    return [value + 1, value - 1] if isinstance(value, int) else []


def _words(*words):
    return lambda value: [w for w in words if w != value] if isinstance(value, str) else []


def _suffix(value):
    return [value + "x", value + " ", value.upper() + "-"] if isinstance(value, str) else []


def _plus_one(value):
    return ["17/19"] if isinstance(value, str) else []


def _other_places(value):
    """The four words, points and names of witnesses: where a rule may speak of several, see `EITHER`."""
    return [place for place in (EVERYWHERE, ALMOST, OPEN, SOME, 0, 1, "W*1", "W*2") if place != value]


STEP = r"steps\.\*\."
MINOR = STEP + r"evidence\.substitution\."
VALUES = [
    ("format", _suffix, "format"),
    ("version", _near, "version"),
    ("digest", lambda v: [v[:-1], v.upper(), v[::-1], "0" * 64], "digest"),
    ("seal", lambda v: [v[:-1], v.upper(), v[::-1], "0" * 64], "digest"),
    ("length", _near, "length"),
    (r"problem\.widths\.\*", lambda v: [0, -1, 10**7], "problem"),
    (r"problem\.widths\.\*", _near, "problem schema digest"),
    (r"problem\.(activation|output_activation|error|bias)", _suffix, "problem"),
    (r"problem\.(activation|output_activation|error)", _words("Tanh", "leaky-relu", "cauchy", "power:1/1", "leaky-relu:2/4"), "problem"),
    (r"problem\.[XY]\.\*\.\*", _plus_one, "digest problem"),
    (r"problem\.[XY]\.\*\.\*", _words(*MISSPELLED), "number"),
    (r"problem\.[XY]\.\*\.\*", _words("1" * 10001), "limit"),
    (r"problem\.bias\.\*", _words("frozen", "none", "trainable", "fixed", "Frozen", ""), "problem schema digest"),
    (r"problem\.frozen\.\*\.(W\.\*\.\*|b\.\*)", _plus_one, "digest"),
    (r"problem\.frozen\.\*\.(W\.\*\.\*|b\.\*)", _words(*MISSPELLED), "number"),
    (r"problem\.decay\.\*\.\*", _plus_one, "digest problem"),
    (r"problem\.decay\.\*\.\*", _words("-1/1000", "-1"), "problem"),
    (r"problem\.decay\.\*\.\*", _words(*MISSPELLED), "number"),
    (r"points\.\*\.\*\.(W\.\*\.\*|b\.\*)", _words(*MISSPELLED), "number"),
    (STEP + "id", lambda v: [v + 1, v - 1, -v], "order"),
    (STEP + "rule", _suffix, "rule"),
    (STEP + "rule", _words("RANK-MINOR", "trust-me", ""), "rule"),
    (STEP + "rigor", _words("EXACT", "BALL", "VERIFIED_FLOAT", "CITED", "exact", ""), "rigor"),
    (STEP + r"evidence\.(rows|columns)\.\*", lambda v: [-1, 10**6], "evidence"),
    (STEP + r"evidence\.prime", lambda v: [v + 1, v - 1, 3 * v, 2, 15, 0, -v, 1048573, COMPOSITE], "evidence"),
    (MINOR + "u", lambda v: [0, -1, 2**61 - 1, 2**63], "evidence"),
    (MINOR + r"exponentials\.\*\.\*", lambda v: [0, -1, 2**62], "evidence"),
    (MINOR + r"(weights|values)\.\*\.\*\.\*", lambda v: [-1, 2**62], "evidence"),
    (STEP + r"evidence\.substitution", lambda v: [0, "u", False], "schema"),
    (STEP + r"evidence\.precision", lambda v: [0, 1, 52, -64 if v in (None, "double") else -v, 2**20 + 1, 10**18], "evidence"),
    (STEP + r"evidence\.side", _words("left", "right", "up"), "evidence schema"),
    (STEP + r"evidence\.entries", _words("Q", "Z[u]", "Z", "R"), "evidence schema"),
    (STEP + r"evidence\.vectors\.\*\.\*", _plus_one, "evidence"),
    (STEP + r"evidence\.vectors\.\*\.\*", _words("1.0", "2/4", "x", "0x1.0000000000000p+0"), "number"),
    (STEP + r"evidence\.vectors\.\*\.\*\.\*\.0", lambda v: [v + 1, v - 1, 10**6], "evidence"),
    (STEP + r"evidence\.vectors\.\*\.\*\.\*\.1", _words("1000003", "-1000003"), "evidence"),
    (STEP + r"evidence\.vectors\.\*\.\*\.\*\.1", _words("0", "1/2", "x"), "number"),
    (STEP + r"evidence\.(bias|output_bias)", _words("x", "1.5", "0x0.0p+0"), "number"),
    (STEP + r"evidence\.outputs\.\*\.\*", lambda v: [-1, v + 1, 99], "evidence"),
    (STEP + r"evidence\.samples\.\*", lambda v: [-1, 99], "evidence"),
    (STEP + r"evidence\.(sample|output|point)", lambda v: [-1, 99], "evidence"),
    (STEP + r"evidence\.combination\.\*", _plus_one, "evidence"),
    (STEP + r"evidence\.fixed\.\*", lambda v: [-1, v + 1, v - 1, 10**6], "evidence"),
    (STEP + r"evidence\.fixed\.\*\.\*", lambda v: [-1, v - 1, 10**6], "evidence"),
    (STEP + r"evidence\.pins\.\*\.[01]", lambda v: [-1, v + 1, 10**6], "evidence"),
    (STEP + r"evidence\.pins\.\*\.2", _words("-1/1000", "1001/1000", "17/19"), "evidence"),
    (STEP + r"evidence\.pins\.\*\.2", _words(*MISSPELLED), "number"),
    (STEP + r"evidence\.parameters\.\*", lambda v: [-1, 10**6], "evidence"),
    (STEP + r"evidence\.(held|implied|across)\.\*", lambda v: [-1, 10**6], "evidence"),
    (STEP + r"evidence\.ties\.\*\.[01]", lambda v: [-1, 10**6], "evidence"),
    (STEP + r"evidence\.ties\.\*\.2", _plus_one, "evidence"),
    (STEP + r"evidence\.(level|equal|silent)\.\*\.([01]|2\.\*)", lambda v: [-1, 10**6], "evidence"),
    (STEP + r"evidence\.(identities|symmetries)\.\*\.\*\.(0|2\.\*|2\.\*\.\*)", lambda v: [-1, 10**6], "evidence"),
    (STEP + r"evidence\.(identities|symmetries)\.\*\.\*\.1", _plus_one, "evidence digest"),  # a single term may have any factor
    (STEP + r"evidence\.(identities|symmetries)\.\*\.\*\.1", _words("0"), "evidence"),
    (STEP + r"evidence\.(ties\.\*\.2|(identities|symmetries)\.\*\.\*\.1)", _words(*MISSPELLED), "number"),
    (STEP + r"evidence\.radius", _words("-1"), "evidence"),
    (STEP + r"evidence\.target_radius", _words("-1"), "evidence"),
    (STEP + r"evidence\.(radius|target_radius)", _words("0", "17/19", "1000000"), "evidence conclusion"),
    (STEP + r"evidence\.(radius|distance|target_radius|least|loss_lower|loss_upper|coefficient)", _words(*MISSPELLED), "number"),
    (STEP + r"evidence\.(curve\.\*\.1|direction\.\*|shares)\.\*", _words(*MISSPELLED), "number"),
    (STEP + r"evidence\.(loss|map\.\*\.\*|relation\.\*|multipliers\.\*\.\*)", _words(*MISSPELLED), "number"),
    (STEP + r"evidence\.multipliers\.\*\.\*", _words("-1/1000", "1001/1000", "17/19"), "evidence"),
    (STEP + r"evidence\.(map\.\*\.\*|relation\.\*)", _plus_one, "evidence"),
    (
        STEP + r"evidence\.(probabilities\.\*\.\*|correction\.\*\.\*|bounds\.\*\.\*|output_weights\.\*|hidden_bias)",
        _words(*MISSPELLED),
        "number",
    ),
    (STEP + r"evidence\.(probabilities|correction)\.\*\.\*", _plus_one, "evidence"),
    (STEP + r"evidence\.following\.\*\.0", lambda v: [-1, v - 1, v + 1, 10**6], "evidence"),
    (STEP + r"evidence\.following\.\*\.1\.\*", _plus_one, "evidence"),
    (STEP + r"evidence\.following\.\*\.1\.\*", _words(*MISSPELLED), "number"),
    (STEP + r"evidence\.((offsets|rest)\.\*\.\*|between)", _words(*MISSPELLED), "number"),
    (STEP + r"evidence\.(rest\.\*\.\*|between)", _plus_one, "evidence"),
    (STEP + r"evidence\.offsets\.\*\.\*", _plus_one, "evidence digest"),  # a column of 0 may have any factor
    (STEP + r"evidence\.(output_weights\.\*|bounds\.\*\.\*|hidden_bias)", _plus_one, "evidence digest"),
    (STEP + r"evidence\.(bounds\.\*|radii\.\*\.\*)", _words(*MISSPELLED), "number"),
    (STEP + r"evidence\.(bounds\.\*|radii\.\*\.\*)", _words("0", "-1", "17/19", "1/1099511627776"), "evidence"),
    (STEP + r"evidence\.bounds\.\*", _words("1000000"), "evidence limit conclusion"),  # those of output weights may be larger
    (STEP + r"evidence\.radii\.\*\.\*", _words("1000000"), "evidence"),
    (STEP + r"evidence\.points", lambda v: [v + 1, v - 1, -1, 10**6], "evidence premise limit"),
    (STEP + r"evidence\.zeros\.\*", lambda v: [[], [["1/8"]]] if v is None else [None], "evidence digest"),  # elimination may do as well
    (STEP + r"evidence\.zeros\.\*\.\*\.\*", _words(*MISSPELLED), "number"),
    (STEP + r"evidence\.zeros\.\*\.\*\.\*", _words("1000000"), "evidence"),
    (STEP + r"evidence\.zeros\.\*\.\*\.\*", _words("17/19", "-1"), "evidence digest"),  # as may a larger box
    (
        STEP + r"evidence\.tree",
        lambda v: [v[:-1], v + v[-1], v[1:], "z" + v[1:], v[:-1] + "a", v[:-1] + "é", ""] if v else ["N", "a"],
        "evidence",
    ),
    (STEP + r"evidence\.loss", _words("1000000"), "evidence"),
    (STEP + r"evidence\.loss", _words("-1000000", "1/1000"), "conclusion"),
    (STEP + r"evidence\.loss_lower", _words("1000000"), "evidence"),
    (STEP + r"evidence\.loss_lower", _words("-1000000"), "conclusion"),
    (STEP + r"evidence\.loss_upper", _words("-1000000"), "evidence"),
    (STEP + r"evidence\.loss_upper", _words("1000000"), "conclusion"),
    (STEP + r"evidence\.(negative|positive)", lambda v: [v + 1, -1, 10**6], "evidence"),
    (STEP + r"evidence\.(negative|positive)", lambda v: [v - 1] if v else [], "conclusion evidence"),
    (STEP + r"evidence\.index", lambda v: [v + 1, v - 1, 10**6], "evidence"),
    (STEP + r"evidence\.layers\.\*", lambda v: [-1, 0, 99], "evidence"),
    (STEP + r"evidence\.units\.\*", lambda v: [v - 1, v + 1, 99], "evidence"),
    (STEP + r"evidence\.free\.\*\.\*", lambda v: [-1, 99], "evidence"),
    (STEP + r"evidence\.distance", _words("-1", "0"), "evidence"),
    (STEP + r"evidence\.distance", _words("1000000", "17/19"), "evidence conclusion limit"),
    (STEP + r"evidence\.eigenvalues\.\*", _plus_one, "evidence"),
    (STEP + r"evidence\.within", _words("-1", "0", "1/1000000000000000000000000000000"), "evidence"),
    (STEP + r"evidence\.within", _words("17/19", "1000000"), "conclusion"),
    (STEP + r"evidence\.(eigenvalues\.\*|within)", _words(*MISSPELLED), "number"),
    (STEP + r"evidence\.least", _words("-1/8", "1", "1/3", "17/19"), "evidence"),
    (STEP + r"evidence\.method", _words("cholesky", "inverse", "svd", ""), "evidence digest"),  # both may see it
    (STEP + r"evidence\.tails", lambda v: [not v], "evidence conclusion"),
    (STEP + r"evidence\.balanced", lambda v: [not v], "evidence digest"),  # as may rows balanced or not
    (STEP + r"evidence\.matrix", _suffix, "conclusion"),
    (STEP + r"evidence\.matrix", _words("P", "P-1", "Phi-1", "Phi-0+", "P-9", "W-1", ""), "evidence conclusion"),
    (STEP + r"evidence\.learner", _words("W*0", "W*3", "W*01", "w*1", "W1", "everywhere", ""), "conclusion"),
    (STEP + r"evidence\.row", _words("trust-me", "", "Saddle"), "evidence"),
    (STEP + r"evidence\.row", lambda v: [row for row in ROWS if row != v], "evidence conclusion premise"),
    (STEP + r"evidence\.layer", lambda v: [v - 1, v + 1, 99], "evidence"),
    (STEP + r"evidence\.groups\.\*\.\*", lambda v: [v - 1, v + 1, 99], "evidence"),
    (STEP + r"evidence\.shares\.\*", _words("17/19", "0", "1"), "evidence"),
    (STEP + r"evidence\.parameter", lambda v: [-1, 10**6], "evidence"),
    (STEP + r"evidence\.coordinate", lambda v: [-1, v + 1, 10**6], "evidence"),
    (STEP + r"evidence\.direction\.\*", _words(*MISSPELLED), "number"),
    (STEP + r"evidence\.order", lambda v: [v - 1, v + 1, 1, 0, -v, 25], "evidence conclusion"),
    (STEP + r"evidence\.coefficient", _words("0", "1/1000", "-1000000"), "evidence"),
    (STEP + r"evidence\.coefficient", _words("-1/1000000"), "conclusion digest"),  # a smaller bound of the slope holds as well
    (STEP + r"evidence\.curve\.\*\.0", lambda v: [v + 1, v - 1, 0, -v, 25], "evidence"),
    (STEP + r"evidence\.(curve\.\*\.1|direction\.\*)\.\*", _plus_one, "evidence digest"),  # another curve, or direction, may serve as well
    (STEP + r"evidence\.weights\.\*", lambda v: [-1, 2**62], "evidence"),
    (STEP + r"conclusion\.matrix", _suffix, "conclusion premise evidence"),
    (
        STEP + r"conclusion\.matrix",
        _words("P-0", "P-9", "Phi-9", "Phi--1", "W-0", "Q", "P+", "Psi-1+", "P-1*", "P-01", ""),
        "conclusion premise evidence",
    ),
    (STEP + r"conclusion\.matrix", _words(*MATRICES), "conclusion premise evidence schema"),
    (STEP + r"conclusion\.at", lambda v: [-1, 99, "W*0", "W*9", "W*01", "w*1", "nowhere", "Everywhere", ""], "conclusion"),
    (STEP + r"conclusion\.at", _other_places, "conclusion evidence premise rigor"),
    (STEP + r"conclusion\.rank_(lower|upper)", lambda v: [v + 1, v - 1, 0 if v else 1, 10**6], "conclusion"),
    (STEP + r"conclusion\.statement", _words("full-rank", "no-bad-local-minima", "exact-learning", "count", ""), "conclusion premise"),
    (STEP + r"conclusion\.verdict", _words("PROVED", "REFUTED", "UNDECIDED", "proved"), "conclusion premise"),
    (STEP + r"conclusion\.facts\..*", lambda v: _near(v) + _suffix(v), "conclusion"),
]


def _lists(document, paths):
    for path, value in paths:
        if not isinstance(value, list) or not value:
            continue
        for _, codes in _entries(pattern(path), True):
            shorter, longer, backwards = codes
            changes = (("shorter", value[:-1], shorter), ("longer", [*value, value[-1]], longer), ("backwards", value[::-1], backwards))
            for word, other, expected in changes:
                if expected and other != value:
                    yield Mutation(f"{place(path)} {word}", replaced(document, path, other), _codes(document, path, expected))


LISTS = [
    (r"problem\.widths", ("problem schema digest", "problem schema digest", "problem schema digest")),
    (r"problem\.[XY]", ("problem", "problem", "digest")),
    (r"problem\.[XY]\.\*", ("schema", "schema", "digest problem")),
    (r"problem\.bias", ("schema", "schema", "problem schema digest")),
    (r"problem\.frozen", ("schema", "schema", "problem schema digest")),
    (r"problem\.frozen\.\*\.(W|b)", ("schema", "schema", "")),
    (r"problem\.frozen\.\*\.W\.\*", ("schema", "schema", "")),
    (r"problem\.decay", ("schema", "schema", "digest problem")),
    (r"problem\.decay\.\*", ("schema", "schema", "digest problem")),
    (r"points", ("conclusion evidence", "", "")),
    (r"points\.\*", ("schema", "schema", "")),
    (r"points\.\*\.\*\.(W|b)", ("schema", "schema", "")),
    (r"points\.\*\.\*\.W\.\*", ("schema", "schema", "")),
    (r"points\.\*\.\*\.(W\.\*|b)\.\*", ("schema", "schema", "schema number")),
    (r"points\.\*\.\*\.(W\.\*|b)\.\*\.1", ("number", "number", "")),
    (r"steps", ("length", "length", "order")),
    (STEP + "premises", ("premise conclusion", "premise", "premise")),
    (STEP + r"evidence\.(rows|columns)", ("evidence", "evidence", "evidence")),
    (STEP + r"evidence\.vectors", ("conclusion", "evidence", "evidence")),
    (STEP + r"evidence\.vectors\.\*", ("schema", "schema", "evidence")),
    (STEP + r"evidence\.vectors\.\*\.\*", ("evidence", "evidence", "evidence")),
    (STEP + r"evidence\.vectors\.\*\.\*\.\*", ("schema", "schema", "schema")),
    (STEP + r"evidence\.samples", ("evidence", "evidence", "evidence")),
    (STEP + r"evidence\.eigenvalues", ("evidence", "evidence", "evidence")),
    (STEP + r"evidence\.combination", ("schema", "schema", "")),
    (STEP + r"evidence\.fixed", ("evidence conclusion", "evidence", "evidence")),
    (STEP + r"evidence\.fixed\.\*", ("schema", "schema", "evidence")),
    (STEP + r"evidence\.pins", ("evidence", "evidence", "evidence")),
    (STEP + r"evidence\.pins\.\*", ("schema", "schema", "schema evidence number")),
    (STEP + r"evidence\.layers", ("evidence", "evidence", "evidence")),
    (STEP + r"evidence\.units", ("evidence schema", "evidence schema", "evidence")),
    (STEP + r"evidence\.free", ("schema", "schema", "")),
    (STEP + r"evidence\.free\.\*", ("evidence", "evidence", "evidence")),
    (STEP + r"evidence\.groups(\.\*)?", ("evidence", "evidence", "evidence")),
    (STEP + r"evidence\.following", ("evidence", "evidence", "evidence")),
    (STEP + r"evidence\.following\.\*", ("schema", "schema", "schema")),
    (STEP + r"evidence\.following\.\*\.1", ("schema", "schema", "evidence")),
    (STEP + r"evidence\.(offsets|rest)(\.\*)?", ("schema", "schema", "evidence")),
    (STEP + r"evidence\.shares", ("schema", "schema", "evidence")),
    (STEP + r"evidence\.bounds", ("schema", "schema", "evidence")),
    (STEP + r"evidence\.radii", ("premise", "premise", "evidence")),
    (STEP + r"evidence\.radii\.\*", ("schema", "schema", "evidence")),
    (STEP + r"evidence\.zeros", ("schema", "schema evidence", "schema")),
    (STEP + r"evidence\.zeros\.\*", ("evidence", "evidence", "digest")),
    (STEP + r"evidence\.zeros\.\*\.\*", ("evidence", "evidence", "evidence")),
    (STEP + r"evidence\.relation", ("schema", "schema", "evidence")),
    (STEP + r"evidence\.multipliers(\.\*)?", ("schema", "schema", "schema evidence")),
    (STEP + r"evidence\.map(\.\*)?", ("schema", "schema", "evidence")),
    (STEP + r"evidence\.(probabilities|correction|bounds)(\.\*)?", ("schema", "schema", "")),
    (STEP + r"evidence\.output_weights", ("schema", "schema", "")),
    (STEP + r"evidence\.curve", ("evidence", "evidence", "evidence")),
    (STEP + r"evidence\.curve\.\*", ("schema", "schema", "schema")),
    (STEP + r"evidence\.curve\.\*\.1", ("schema", "schema", "")),
    (STEP + r"evidence\.direction(\.\*)?", ("schema", "schema", "")),
    (MINOR + r"exponentials(\.\*)?", ("schema", "schema", "")),
    (MINOR + r"(weights|values)(\.\*(\.\*)?)?", ("schema", "schema", "")),
    (STEP + r"evidence\.weights", ("schema", "schema", "")),
    (STEP + r"evidence\.outputs", ("conclusion", "evidence", "")),
    (STEP + r"evidence\.outputs\.\*", ("schema", "schema", "")),
    (STEP + r"evidence\.parameters", ("evidence", "evidence", "evidence")),
    (STEP + r"evidence\.(held|ties)", ("evidence conclusion", "evidence", "evidence")),
    (STEP + r"evidence\.ties\.\*", ("schema", "schema", "schema")),
    (STEP + r"evidence\.(level|equal|silent)(\.\*\.2)?", ("evidence", "evidence", "evidence")),
    (STEP + r"evidence\.(level|equal|silent)\.\*", ("schema", "schema", "schema")),
    (STEP + r"evidence\.implied", ("evidence", "evidence", "evidence")),
    (STEP + r"evidence\.across", ("schema", "evidence", "evidence")),
    (STEP + r"evidence\.(identities|symmetries)", ("schema", "schema", "digest")),
    (STEP + r"evidence\.(identities|symmetries)\.\*", ("evidence", "evidence digest", "digest")),
    (STEP + r"evidence\.(identities|symmetries)\.\*\.\*", ("schema", "schema", "schema")),
    (STEP + r"evidence\.(identities|symmetries)\.\*\.\*\.2", ("evidence", "evidence", "")),
    (STEP + r"evidence\.(identities|symmetries)\.\*\.\*\.2\.\*", ("schema", "schema", "evidence")),
    (STEP + r"conclusion\.facts\..*", ("conclusion", "conclusion", "conclusion")),
]


def _other_problems(document):
    """The certificate of another problem, digest, seal and all, for a reader who asks about the first."""
    asked, problem = document["digest"], document["problem"]
    changed = [(f"{key}[{i}]", ("problem", key, i, 0), "11/2") for key in ("X", "Y") for i in range(len(problem[key]))]
    changed += [("error", ("problem", "error"), "smooth-l1:3"), ("activation", ("problem", "activation"), "arctan")]
    for word, path, value in changed:
        other = replaced(document, path, value)
        other["digest"] = digest_of(other["problem"])
        codes = frozenset(
            {"problem", "evidence", "conclusion", "premise", "rule"}
            | ({"schema", "rigor"} if word == "error" else {"rigor"} if word == "activation" else set())
        )  # other keys, and residuals that are not rational
        yield Mutation(f"about another {word}", sealed(other), codes, asked)


def _texts(document, rng, literals, truncations):
    leaves = [path for path, value in nodes(document) if not isinstance(value, (dict, list))]
    spelled = (("NaN", "number"), ("Infinity", "number"), ("-Infinity", "number"), ("1.5", "number"), ("1e5", "number"), ("-0", "number"))
    spelled += (("1" + "0" * 400, "limit"), ("[" * 40 + "]" * 40, "limit"), ('{"a":' * 40 + "0" + "}" * 40, "limit"))
    spelled += (("'a'", "syntax"), ("None", "syntax"), ("01", "syntax"), ("0x10", "syntax"), ('"\t"', "syntax"))
    for path in rng.sample(leaves, min(literals, len(leaves))):
        for literal, code in spelled:
            text = json.dumps(replaced(document, path, "@@")).replace('"@@"', literal)
            yield Mutation(f"{place(path)} = {literal[:20]}", text, frozenset({code}))
    for path, value in nodes(document):
        if isinstance(value, dict) and value:
            key = next(iter(value))
            text = json.dumps(replaced(document, path, {"@@": value[key], **value})).replace('"@@"', json.dumps(key))
            yield Mutation(f"{place(path)} with {key} twice", text, frozenset({"schema"}))
    text = json.dumps(document)
    for cut in sorted(rng.sample(range(len(text)), truncations)):
        yield Mutation(f"cut after {cut} characters", text[:cut], frozenset({"syntax"}))
    for label, other in (
        ("followed by more", text + "{}"),
        ("with a comment", text + "// true"),
        ("with a byte order mark", "\ufeff" + text),
    ):
        yield Mutation(label, other, frozenset({"syntax"}))
    yield Mutation("deep brackets", "[" * 10**5, frozenset({"limit"}))
    yield Mutation("a list of it", f"[{text}]", frozenset({"schema"}))
