"""A mutation engine over accepted certificates: every mutation is wrong, and its failure codes are known beforehand.

Alterations that may leave a certificate true, such as another minor that is not 0 or other weights of full rank, are left out: see the tables.
"""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from cases.kernel_cases import digest_of, sealed

COMPOSITE = (2**31 - 1) * (2**20 + 7)
MISSPELLED = ("01", "+1", "2/4", "1.0", "1e5", "NaN", " 1", "1/1", "-0", "0x1p0", "0x1.8p+0", "inf", "")


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


def pattern(path) -> str:
    return ".".join("*" if isinstance(part, int) else part for part in path)


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


def mutations(document, seed=0, literals=25, truncations=25) -> Iterator[Mutation]:
    """All mutations of an accepted certificate, each label once."""
    parts = (_keys(document), _types(document), _values(document), _lists(document), _other_problems(document))
    labels = set()
    for mutation in chain(*parts, _texts(document, random.Random(seed), literals, truncations)):
        if mutation.label not in labels:
            labels.add(mutation.label)
            yield mutation


def _in_facts(path) -> bool:
    return "facts" in path


def _keys(document):
    for path, value in nodes(document):
        if not isinstance(value, dict):
            continue
        codes = frozenset({"conclusion"} if _in_facts(path) else {"schema"})
        for key in value:
            rest = {k: v for k, v in value.items() if k != key}
            yield Mutation(f"{place(path)} without {key}", replaced(document, path, rest), codes)
            yield Mutation(f"{place(path)} {key} renamed", replaced(document, path, {**rest, key + "_": value[key]}), codes)
        yield Mutation(f"{place(path)} extra key", replaced(document, path, {**value, "extra": 0}), codes)


def _types(document):
    for path, value in list(nodes(document))[1:]:
        where = pattern(path)
        codes = {"schema"}
        if where == "version":
            codes = {"version"}
        elif re.fullmatch(r"steps\.\*\.conclusion\.facts\..*", where):
            codes = {"conclusion"}
        elif where == "problem.fixed_bias" and value is None:
            codes = {"problem"}
        for other in _other_types(value):
            yield Mutation(f"{place(path)} = {json.dumps(other)}", replaced(document, path, other), frozenset(codes))


def _other_types(value):
    if isinstance(value, int):
        return [str(value), bool(value), [value]]
    if isinstance(value, str):
        return [7, {value: 0}]
    return [{"0": 1}] if isinstance(value, list) else [[], "x"] if isinstance(value, dict) else [{}]


def _values(document):
    for path, value in nodes(document):
        where = pattern(path)
        for expression, alter, codes in VALUES:
            if re.fullmatch(expression, where) and not isinstance(value, (dict, list)):
                for other in alter(value):
                    if other != value:
                        yield Mutation(f"{place(path)}: {value!r} -> {other!r}", replaced(document, path, other), frozenset(codes.split()))
    for k, step in enumerate(document["steps"]):
        for m in range(len(step["premises"])):
            for other in (0, -1, k + 1, k + 2, len(document["steps"]) + 1):
                yield Mutation(
                    f"steps[{k}].premises[{m}] = {other}", replaced(document, ("steps", k, "premises", m), other), frozenset({"premise"})
                )


def _near(value):
    return [value + 1, value - 1] if isinstance(value, int) else []


def _words(*words):
    return lambda value: [w for w in words if w != value] if isinstance(value, str) else []


def _suffix(value):
    return [value + "x", value + " ", value.upper() + "-"] if isinstance(value, str) else []


def _plus_one(value):
    return ["17/19"] if isinstance(value, str) else []


STEP = r"steps\.\*\."
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
    (r"problem\.[XY]\.\*\.\*", _words("1" * 5001), "limit"),
    (r"points\.\*\.\*\.(W\.\*\.\*|b\.\*)", _words(*MISSPELLED), "number"),
    (STEP + "id", lambda v: [v + 1, v - 1, -v], "order"),
    (STEP + "rule", _suffix, "rule"),
    (STEP + "rule", _words("RANK-MINOR", "trust-me", ""), "rule"),
    (STEP + "rigor", _words("EXACT", "BALL", "VERIFIED_FLOAT", "CITED", "exact", ""), "rigor"),
    (STEP + r"evidence\.(rows|columns)\.\*", lambda v: [-1, 10**6], "evidence"),
    (STEP + r"evidence\.prime", lambda v: [v + 1, v - 1, 3 * v, 2, 15, 0, -v, 1048573, COMPOSITE], "evidence"),
    (STEP + r"evidence\.u", lambda v: [0, -1, 2**61 - 1, 2**63] if isinstance(v, int) else [], "evidence"),
    (STEP + r"evidence\.precision", lambda v: [0, 1, 52, -v, 2**20 + 1, 10**18], "evidence"),
    (STEP + r"evidence\.side", _words("left", "right", "up"), "evidence schema"),
    (STEP + r"evidence\.vectors\.\*\.\*", _plus_one, "evidence"),
    (STEP + r"evidence\.vectors\.\*\.\*", _words("1.0", "2/4", "x", "0x1.0000000000000p+0"), "number"),
    (STEP + r"evidence\.vectors\.\*\.\*\.\*\.0", lambda v: [v + 1, v - 1, 10**6], "evidence"),
    (STEP + r"evidence\.vectors\.\*\.\*\.\*\.\*", _words("1000003", "-1000003"), "evidence"),
    (STEP + r"evidence\.vectors\.\*\.\*\.\*\.\*", _words("0", "1/2", "x"), "number"),
    (STEP + r"evidence\.bias", _words("x", "1.5", "0x0.0p+0"), "number"),
    (STEP + r"evidence\.samples\.\*", lambda v: [-1, 99], "evidence"),
    (STEP + r"evidence\.(sample|output|point)", lambda v: [-1, 99], "evidence"),
    (STEP + r"evidence\.combination\.\*", _plus_one, "evidence"),
    (STEP + r"evidence\.fixed\.\*", lambda v: [-1, v + 1, v - 1, 10**6], "evidence"),
    (STEP + r"evidence\.(radius|target_radius)", _words("-1"), "evidence"),
    (STEP + r"evidence\.(radius|target_radius)", _words("0", "17/19", "1000000"), "evidence conclusion"),
    (STEP + r"evidence\.(radius|loss_lower|loss_upper|coefficient)", _words(*MISSPELLED), "number"),
    (STEP + r"evidence\.(curve\.\*\.1|direction\.\*|shares)\.\*", _words(*MISSPELLED), "number"),
    (STEP + r"evidence\.loss_lower", _words("1000000"), "evidence"),
    (STEP + r"evidence\.loss_lower", _words("-1000000"), "conclusion"),
    (STEP + r"evidence\.loss_upper", _words("-1000000"), "evidence"),
    (STEP + r"evidence\.loss_upper", _words("1000000"), "conclusion"),
    (STEP + r"evidence\.(negative|positive)", lambda v: [v + 1, -1, 10**6], "evidence"),
    (STEP + r"evidence\.(negative|positive)", lambda v: [v - 1] if v else [], "conclusion"),
    (STEP + r"evidence\.layers\.\*", lambda v: [-1, 0, 99], "evidence"),
    (STEP + r"evidence\.units\.\*", lambda v: [v - 1, v + 1, 99], "evidence"),
    (STEP + r"evidence\.free\.\*\.\*", lambda v: [-1, 99], "evidence"),
    (STEP + r"evidence\.distance", _words("-1", "0", "1000000", "17/19"), "evidence conclusion"),
    (STEP + r"evidence\.layer", lambda v: [v - 1, v + 1, 99], "evidence"),
    (STEP + r"evidence\.groups\.\*\.\*", lambda v: [v - 1, v + 1, 99], "evidence"),
    (STEP + r"evidence\.shares\.\*", _words("17/19", "0", "1"), "evidence"),
    (STEP + r"evidence\.parameter", lambda v: [-1, 10**6], "evidence"),
    (STEP + r"evidence\.coordinate", lambda v: [-1, v + 1, 10**6], "evidence"),
    (STEP + r"evidence\.direction\.\*", _words(*MISSPELLED), "number"),
    (STEP + r"evidence\.order", lambda v: [v - 1, v + 1, 1, 0, -v, 25], "evidence"),
    (STEP + r"evidence\.coefficient", _words("0", "1/1000", "-1000000"), "evidence"),
    (STEP + r"evidence\.coefficient", _words("-1/1000000"), "conclusion"),
    (STEP + r"evidence\.curve\.\*\.0", lambda v: [v + 1, v - 1, 0, -v, 25], "evidence"),
    (STEP + r"evidence\.(curve\.\*\.1|direction\.\*)\.\*", _plus_one, "evidence digest"),  # another curve, or direction, may serve as well
    (STEP + r"evidence\.residual\.\*", lambda v: [-1, 99], "evidence"),
    (STEP + r"evidence\.exponentials\.\*\.\*", lambda v: [0, -1, 2**62], "evidence"),
    (STEP + r"evidence\.(weights|values)\.\*\.\*\.\*", lambda v: [-1, 2**62], "evidence"),
    (STEP + r"conclusion\.matrix", _suffix, "conclusion"),
    (STEP + r"conclusion\.matrix", _words("P-0", "P-9", "Phi-9", "Phi--1", "W-0", "Q", "P+", "Psi-1+", "P-1*", "P-01", ""), "conclusion"),
    (STEP + r"conclusion\.point", lambda v: [-1, 99], "conclusion"),
    (STEP + r"conclusion\.rank_(lower|upper)", lambda v: [v + 1, v - 1, 0 if v else 1, 10**6], "conclusion"),
    (STEP + r"conclusion\.statement", _words("full-rank", "no-bad-local-minima", "exact-learning", "count", ""), "conclusion"),
    (STEP + r"conclusion\.scope", _words("everywhere", "almost everywhere", "at these weights", "Everywhere"), "conclusion"),
    (STEP + r"conclusion\.verdict", _words("PROVED", "REFUTED", "UNDECIDED", "proved"), "conclusion"),
    (STEP + r"conclusion\.facts\..*", lambda v: _near(v) + _suffix(v), "conclusion"),
]


def _lists(document):
    for path, value in nodes(document):
        if not isinstance(value, list) or not value:
            continue
        for expression, codes in LISTS:
            if not re.fullmatch(expression, pattern(path)):
                continue
            shorter, longer, backwards = codes
            changes = (("shorter", value[:-1], shorter), ("longer", [*value, value[-1]], longer), ("backwards", value[::-1], backwards))
            for word, other, expected in changes:
                if expected and other != value:
                    yield Mutation(f"{place(path)} {word}", replaced(document, path, other), frozenset(expected.split()))


LISTS = [
    (r"problem\.widths", ("problem schema digest", "problem schema digest", "problem schema digest")),
    (r"problem\.[XY]", ("problem", "problem", "digest")),
    (r"problem\.[XY]\.\*", ("schema", "schema", "digest problem")),
    (r"points", ("conclusion evidence", "", "")),
    (r"points\.\*", ("schema", "schema", "")),
    (r"points\.\*\.\*\.(W|b)", ("schema", "schema", "")),
    (r"points\.\*\.\*\.W\.\*", ("schema", "schema", "")),
    (r"points\.\*\.\*\.(W\.\*|b)\.\*", ("schema", "schema", "schema number")),
    (r"points\.\*\.\*\.(W\.\*|b)\.\*\.1", ("number", "number", "")),
    (r"steps", ("length", "length", "order")),
    (STEP + "premises", ("premise conclusion", "premise", "premise")),  # a summary, or a learner, of fewer premises says less
    (STEP + r"evidence\.(rows|columns)", ("evidence", "evidence", "evidence")),
    (STEP + r"evidence\.vectors", ("conclusion", "evidence", "evidence")),
    (STEP + r"evidence\.vectors\.\*", ("schema", "schema", "evidence")),
    (STEP + r"evidence\.vectors\.\*\.\*", ("evidence", "evidence", "evidence")),
    (STEP + r"evidence\.vectors\.\*\.\*\.\*", ("schema", "schema", "schema")),
    (STEP + r"evidence\.samples", ("schema", "schema", "evidence")),
    (STEP + r"evidence\.combination", ("schema", "schema", "")),
    (STEP + r"evidence\.fixed", ("evidence", "evidence", "evidence")),
    (STEP + r"evidence\.layers", ("schema", "schema", "evidence")),
    (STEP + r"evidence\.units", ("evidence schema", "evidence schema", "evidence")),
    (STEP + r"evidence\.free", ("schema", "schema", "")),
    (STEP + r"evidence\.free\.\*", ("evidence", "evidence", "evidence")),
    (STEP + r"evidence\.groups(\.\*)?", ("evidence", "evidence", "evidence")),
    (STEP + r"evidence\.shares", ("schema", "schema", "evidence")),
    (STEP + r"evidence\.curve", ("evidence", "evidence", "evidence")),
    (STEP + r"evidence\.curve\.\*", ("schema", "schema", "schema")),
    (STEP + r"evidence\.curve\.\*\.1", ("schema", "schema", "")),
    (STEP + r"evidence\.direction(\.\*)?", ("schema", "schema", "")),
    (STEP + r"evidence\.residual", ("schema", "schema", "")),
    (STEP + r"evidence\.exponentials(\.\*)?", ("schema", "schema", "")),
    (STEP + r"evidence\.(weights|values)(\.\*(\.\*)?)?", ("schema", "schema", "")),
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
        codes = frozenset({"problem", "evidence", "conclusion", "premise", "rule"})
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
