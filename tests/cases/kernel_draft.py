"""The builder of certificates made by hand: the problem, points and steps of a document, sealed at the end."""

from __future__ import annotations

import copy
import hashlib
import json

import mpmath

from cases.kernel_twin import DIGITS, matrix, pivots

PRIME = 2305843009213693951  # 2^61 - 1
XOR_X = [["0", "0"], ["0", "1"], ["1", "0"], ["1", "1"]]
XOR_Y = [["0"], ["1"], ["1"], ["0"]]
EVERYWHERE, ALMOST, HERE = "everywhere", "almost everywhere", "at these weights"


def sealed(document):
    """The document with its seal, whatever it was before."""
    return {**document, "seal": digest_of({key: value for key, value in document.items() if key != "seal"})}


def digest_of(problem):
    text = json.dumps(problem, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def layer(W, b):
    return {"W": W, "b": b}


class Draft:
    """A certificate under construction. Steps are numbered from 1; each method returns the new step's id."""

    def __init__(self, widths, X, Y, *points, **options):
        self.document = {
            "format": "lossproof-certificate",
            "version": 1,
            "problem": {
                "widths": list(widths),
                "activation": "tanh",
                "output_activation": "identity",
                "error": "squared",
                "bias": "trainable",
                "fixed_bias": None,
                "X": X,
                "Y": Y,
                **options,
            },
            "points": [list(point) for point in points],
            "steps": [],
        }

    def step(self, rule, conclusion, premises=(), evidence=None, rigor="EXACT"):
        steps = self.document["steps"]
        weakest = max([rigor, *(steps[p - 1]["rigor"] for p in premises)], key=["EXACT", "BALL", "VERIFIED_FLOAT", "CITED"].index)
        steps.append(
            {
                "id": len(steps) + 1,
                "rule": rule,
                "premises": list(premises),
                "evidence": evidence or {},
                "conclusion": conclusion,
                "rigor": weakest,
            }
        )
        return len(steps)

    def lower(self, rule, name, value, point=0, premises=(), evidence=None, rigor="EXACT"):
        return self.step(rule, {"matrix": name, "point": point, "rank_lower": value}, premises, evidence, rigor)

    def upper(self, rule, name, value, point=0, premises=(), evidence=None, rigor="EXACT"):
        return self.step(rule, {"matrix": name, "point": point, "rank_upper": value}, premises, evidence, rigor)

    def claim(self, rule, statement, scope, verdict, facts=None, point=None, premises=(), evidence=None, rigor="EXACT"):
        conclusion = {"statement": statement, "scope": scope, "verdict": verdict, "point": point, "facts": facts or {}}
        return self.step(rule, conclusion, premises, evidence, rigor)

    def minor(self, name, point=0, u=None):
        """A lower bound by `rank-minor` with a minor found by the naive twin."""
        with mpmath.workdps(DIGITS):
            rows, columns = pivots(matrix(self.document, point or 0, name))
        return self.lower("rank-minor", name, len(rows), point, evidence={"rows": rows, "columns": columns, "prime": PRIME, "u": u})

    def ball(self, name, point=0, precision=128):
        with mpmath.workdps(DIGITS):
            rows, columns = pivots(matrix(self.document, point or 0, name))
        return self.lower(
            "rank-ball", name, len(rows), point, evidence={"rows": rows, "columns": columns, "precision": precision}, rigor="BALL"
        )

    def kernel(self, name, vectors, point=0, side="right"):
        size = len(vectors[0])
        return self.upper("rank-kernel", name, size - len(vectors), point, evidence={"side": side, "vectors": vectors})

    def finish(self):
        """The document, with digest and length."""
        document = copy.deepcopy(self.document)
        document["digest"] = digest_of(document["problem"])
        document["length"] = len(document["steps"])
        return sealed(document)
