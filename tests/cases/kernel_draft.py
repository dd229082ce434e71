"""The builder of certificates made by hand: the problem, points and steps of a document, numbered, counted and sealed at the end."""

from __future__ import annotations

import hashlib
import json
from itertools import pairwise

import mpmath

from cases.kernel_twin import DIGITS, matrix, pivots

PRIME = 2305843009213693951  # 2^61 - 1
XOR_X = [["0", "0"], ["0", "1"], ["1", "0"], ["1", "1"]]
XOR_Y = [["0"], ["1"], ["1"], ["0"]]
EVERYWHERE, ALMOST, OPEN, SOME = "everywhere", "almost everywhere", "on an open set", "at some weights"
RIGORS = ("EXACT", "BALL", "VERIFIED_FLOAT", "CITED")


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
            "version": 2,
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

    @classmethod
    def of(cls, document, steps=None):
        """The draft of a finished document, with its first steps only if a number is given."""
        found = cls.__new__(cls)
        found.document = {key: value for key, value in document.items() if key not in ("digest", "length", "seal")}
        found.document["steps"] = document["steps"][:steps]
        return found

    def step(self, rule, conclusion, premises=(), evidence=None, rigor="EXACT"):
        """A step whose rigor is the weaker of the rule's own and those of its premises."""
        steps = self.document["steps"]
        steps.append(
            {
                "id": len(steps) + 1,
                "rule": rule,
                "premises": list(premises),
                "evidence": evidence or {},
                "conclusion": conclusion,
                "rigor": max([rigor, *(steps[p - 1]["rigor"] for p in premises)], key=RIGORS.index),
            }
        )
        return len(steps)

    def undo(self, steps=1):
        """Take the last steps away."""
        del self.document["steps"][-steps:]

    def lower(self, rule, name, value, at=0, premises=(), evidence=None, rigor="EXACT"):
        return self.step(rule, {"matrix": name, "at": at, "rank_lower": value}, premises, evidence, rigor)

    def upper(self, rule, name, value, at=0, premises=(), evidence=None, rigor="EXACT"):
        return self.step(rule, {"matrix": name, "at": at, "rank_upper": value}, premises, evidence, rigor)

    def size(self, name, value):
        """The upper bound of a rank by the size of the matrix."""
        return self.upper("rank-size", name, value, EVERYWHERE)

    def claim(self, rule, statement, at=0, facts=None, premises=(), evidence=None, rigor="EXACT", verdict="PROVED"):
        return self.step(rule, {"statement": statement, "at": at, "verdict": verdict, "facts": facts or {}}, premises, evidence, rigor)

    def record(self, statement, facts=None, verdict="PROVED"):
        return self.claim("record", statement, EVERYWHERE, facts, verdict=verdict)

    def define(self, statement, at=0, facts=None, premises=(), verdict="PROVED"):
        return self.claim("definition", statement, at, facts, premises, verdict=verdict)

    def imply(self, row, statement, at=0, facts=None, premises=(), rigor="EXACT", verdict="PROVED"):
        return self.claim("implication", statement, at, facts, premises, {"row": row}, rigor, verdict)

    def differentiable(self, order=1, at=0, rigor="EXACT"):
        return self.claim("differentiable", "differentiable", at, {"order": order}, (), {"order": order}, rigor)

    def pivots(self, name, at=0):
        """Rows and columns of a large minor that is not 0, found by the naive twin at a point."""
        with mpmath.workdps(DIGITS):
            return pivots(matrix(self.document, at if isinstance(at, int) else 0, name))

    def exact_loss(self, value, at=0):
        bounds = {"loss_lower": value, "loss_upper": value}
        return self.claim("loss-bounds", "loss-bounds", at, {**bounds, "radius": "0"}, (), {**bounds, "precision": None})

    def last_block(self, name, value, at, phi):
        """A lower bound of the last block, from one of what goes into it, and ``Ψ_L = I``."""
        n, T = self.document["problem"]["widths"][-1], len(self.document["problem"]["X"])
        psi = self.lower("rank-sylvester", name.replace("P-", "Psi-"), T * n, EVERYWHERE)
        return self.lower("rank-sylvester", name, value, at, [phi, psi])

    def minor(self, name, at=0, u=None):
        """A lower bound by `rank-minor`, everywhere for a matrix of samples."""
        rows, columns = self.pivots(name, at)
        place = EVERYWHERE if name.startswith("Phi-0") else at
        return self.lower("rank-minor", name, len(rows), place, (), residues(rows, columns, None if u is None else {"u": u}))

    def inclusion(self, name, at=0, precision=128):
        """A lower bound by `rank-inclusion`."""
        rows, columns = self.pivots(name, at)
        place = EVERYWHERE if name.startswith("Phi-0") else at
        return self.lower("rank-inclusion", name, len(rows), place, (), {"rows": rows, "columns": columns, "precision": precision}, "BALL")

    def kernel(self, name, vectors, at=0, side="right", entries="Q", rigor="EXACT"):
        evidence = {"side": side, "vectors": vectors, "entries": entries}
        return self.upper("rank-kernel", name, len(vectors[0]) - len(vectors), at, (), evidence, rigor)

    def singular(self, name="P", least="0", at=0, method="cholesky", balanced=False):
        """A claim about the smallest singular value, in double precision."""
        evidence = {"matrix": name, "method": method, "balanced": balanced, "least": least}
        return self.claim("singular-value", "singular-value", at, {"matrix": name, "least": least}, (), evidence, "VERIFIED_FLOAT")

    def finish(self):
        """The document, with digest, length and seal."""
        document = json.loads(json.dumps(self.document))
        document["digest"] = digest_of(document["problem"])
        document["length"] = len(document["steps"])
        return sealed(document)


def residues(rows, columns, substitution=None, prime=PRIME):
    """The evidence of a minor modulo a prime."""
    return {"rows": rows, "columns": columns, "prime": prime, "substitution": substitution}


def weights(widths, weight="1", bias="0"):
    """A point with the same number everywhere."""
    return [layer([[weight] * n for _ in range(m)], [bias] * n) for m, n in pairwise(widths)]
