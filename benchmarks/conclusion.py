"""The survey of the question whether every local minimum is global: verdict, reason and time for each of some hundred problems.

Run with ``python -m benchmarks.conclusion``; ``--write`` puts the tables into ``docs/survey.md``, ``--only TEXT`` takes the problems whose names hold it. Every
problem has a process of its own. Beside the verdict stands what one would use instead: training from 10 random starts in doubles, which proves nothing.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.conclusion_problems import PROBLEMS, SurveyProblem
from benchmarks.measured import Measured, Prepared, measure
from benchmarks.paper_text import markdown_table, write_blocks
from lossproof.theory.verdicts import Rigor

PAGE = Path("docs/survey.md")
LIMIT, SEARCH_LIMIT = 300.0, 60.0
ENOUGH = 60.0
STARTS = 10
_RIVAL_STEPS = 300
_APART = 0.02


@dataclass(frozen=True)
class Row:
    """What came of one problem: the verdict and the reason, seconds of the proof and of `verify`, and the search in doubles."""

    problem: SurveyProblem
    verdict: str
    reason: str
    seconds: float
    verify_seconds: float
    verified: bool
    rival_seconds: float
    rival_minima: int

    @property
    def decided(self) -> bool:
        """Whether the verdict is not UNDECIDED, and the certificate was accepted."""
        return self.verdict in ("PROVED", "REFUTED") and self.verified


def prove(problem: SurveyProblem) -> Prepared:
    """Prepare the proof: the work makes report and certificate, the judge has it checked and tells all in JSON."""
    import lossproof as lp

    X, Y = problem.samples()

    def work() -> Any:
        report = lp.check_architecture(problem.widths, X, Y, activation=problem.activation, self_check=False, **problem.options)
        return report, report.certificate.text

    def judge(result: Any) -> str:
        report, text = result
        start = time.perf_counter()
        verified = lp.verify(text).ok
        told = {"verdict": report.conclusion.verdict.value, "reason": reason_of(report), "verified": verified}
        return json.dumps({**told, "verify_seconds": time.perf_counter() - start})

    return work, judge


def reason_of(report: Any) -> str:
    """Return the row or the theorem by which a conclusion is decided, or in a few words what stands in the way."""
    claim = report.conclusion
    if claim.rule == "implication":
        return str(claim.premises[0].id) if claim.rigor is Rigor.CITED else str(claim.evidence["row"])
    return obstacle(report.problem)


def obstacle(problem: Any) -> str:
    """Return what stands in the way of a theorem, for a problem that is left open."""
    a = problem.architecture
    relations = problem.T - a.widths[0] - a.bias_rows_of(1)
    if a.L == 1:
        return "one layer with a curved output: no theorem, and no bad minimum was met"
    if a.bias != "trainable":
        return "no trainable biases, which the theorems about regions and relations need"
    if a.activation.is_identity:
        return "a linear network with a narrow layer, and targets that are dependent once centred: the published theorems do not apply"
    if a.activation.affine_pieces:
        separable = problem.error.is_cross_entropy and not any(piece.slope == 0 for piece in a.activation.affine_pieces)
        return (
            "the best affine logits are not attained, as the samples are separable"
            if separable
            else "no point better than the best affine map is known"
        )
    if a.L > 2:
        return f"{a.L - 1} hidden layers of smooth units: no theorem, and no bad minimum was met"
    smooth = "" if a.activation.convex_inverse_slope.holds else f", and 1/σ' of {a.activation.name} is not convex"
    outputs = f", {a.n_L} outputs" if a.n_L > 1 else ""
    return f"smooth units and at least {max(relations, 1)} affine relations of the samples{outputs}{smooth}; no bad minimum was met"


def search(problem: SurveyProblem) -> Prepared:
    """Prepare training from 10 starts by L-BFGS in doubles; the judge tells how many losses it ended at that differ by more than 2 %."""
    import lossproof as lp

    X, Y = problem.samples()

    def work() -> list[float]:
        arguments = {"activation": problem.activation, "method": "lbfgs", "max_iterations": _RIVAL_STEPS, **problem.options}
        return [lp.train(problem.widths, X, Y, seed=seed, **arguments).history.loss[-1] for seed in range(STARTS)]

    return work, lambda losses: json.dumps(len(different(losses)))


def different(losses: Sequence[float]) -> list[float]:
    """Return losses, in order, each of which exceeds the one before it by more than 2 % and by 1e-9.

    >>> different([0.5, 0.25, 0.2501, 1e-17, 0.0])
    [0.0, 0.25, 0.5]
    """
    found: list[float] = []
    for loss in sorted(losses):
        if not found or loss > found[-1] * (1 + _APART) + 1e-9:
            found.append(loss)
    return found


def row_of(problem: SurveyProblem, *, rival: bool = True) -> Row:
    """Measure one problem."""
    proof = measure(prove, (problem,), LIMIT, runs=1)
    other = measure(search, (problem,), SEARCH_LIMIT, runs=1) if rival else Measured("not run")
    told = json.loads(proof.words) if proof.end == "finished" and proof.words.startswith("{") else {}
    return Row(
        problem, told.get("verdict", "UNDECIDED"), told.get("reason", f"{proof.end} {proof.words}".strip()), proof.seconds,
        told.get("verify_seconds", float("nan")), bool(told.get("verified")), other.seconds,
        int(json.loads(other.words)) if other.end == "finished" and other.words else 0,
    )  # fmt: skip


def table_of(rows: Sequence[Row]) -> str:
    """Return the table of all problems."""
    head = ["problem", "verdict", "by", "proof", "`verify`", f"search from {STARTS} starts", "losses met"]
    cells = [
        [r.problem.name, r.verdict, r.reason if r.decided else "", _seconds(r.seconds), _seconds(r.verify_seconds), _seconds(r.rival_seconds),
         str(r.rival_minima) if r.rival_minima else "—"]
        for r in rows
    ]  # fmt: skip
    return markdown_table(head, cells)


def counts_of(rows: Sequence[Row]) -> str:
    """Return how many problems of each family are decided, in a table."""
    families = dict.fromkeys(r.problem.family for r in rows)
    cells = [[family, *_counted([r for r in rows if r.problem.family == family])] for family in families]
    return markdown_table(
        ["family", "problems", "PROVED", "REFUTED", "UNDECIDED", "decided within 60 s"], [*cells, ["all", *_counted(rows)]]
    )


def _counted(rows: Sequence[Row]) -> list[str]:
    verdicts = Counter(r.verdict for r in rows)
    fast = sum(r.decided and r.seconds + r.verify_seconds <= ENOUGH for r in rows)
    return [str(len(rows)), *(str(verdicts[name]) for name in ("PROVED", "REFUTED", "UNDECIDED")), str(fast)]


def open_of(rows: Sequence[Row]) -> str:
    """Return the problems that are left open, each with what stands in the way."""
    return "\n".join(f"- {r.problem.name}: {r.reason}." for r in rows if not r.decided) or "None."


def _seconds(seconds: float) -> str:
    return "—" if seconds != seconds else f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description="Is every local minimum global? A survey.")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE}")
    parser.add_argument("--only", default="", help="take the problems whose names hold this text")
    parser.add_argument("--no-search", action="store_true", help="leave out the search in doubles")
    options = parser.parse_args()
    rows = []
    for problem in (p for p in PROBLEMS if options.only in p.name):
        row = row_of(problem, rival=not options.no_search)
        checked = "" if row.verified else "  not verified"
        print(f"{problem.name:<50}{row.verdict:<11}{row.seconds:>7.2f} + {row.verify_seconds:.2f} s  {row.reason}{checked}", flush=True)
        rows.append(row)
    print(counts_of(rows))
    if options.write:
        write_blocks(PAGE, {"survey-counts": counts_of(rows), "survey": table_of(rows), "survey-open": open_of(rows)})


if __name__ == "__main__":
    main()
