"""What `check_model` says about models of several frameworks: the table in ``docs/models.md``.

Run with ``python -m benchmarks.models`` where scikit-learn, torch, Keras, Equinox, Flax and ONNX are installed. Every model is small, trained for a
moment from a seed, and read, judged and checked as a user's would be; its certificate is verified. A test runs the rows of scikit-learn again.
"""

from __future__ import annotations

import tempfile
import time
import warnings
from fractions import Fraction
from pathlib import Path

import lossproof as lp
from benchmarks.model_cases import CASES, Case
from benchmarks.paper_text import markdown_table, write_blocks
from lossproof.certificates.checks.check_model import check_network
from lossproof.certificates.inputs.model_files import read_model_file

PAGE, BLOCK = Path("docs/models.md"), "models"
HEAD = (
    "framework",
    "model",
    "loss",
    "read as",
    "weight decay",
    "rank P of T·n_L",
    "identifiable",
    "critical point beside",
    "at most so far",
    "no minimum within",
    "all minima global",
)
_WORDS = {"PROVED": "yes", "REFUTED": "no", "UNDECIDED": "open"}


def report_of(case: Case) -> lp.Report:
    """Train, read and check a model; files are read as the command line reads them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model, X, Y, options = case.make()
    if isinstance(model, bytes):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / case.file
            path.write_bytes(model)
            names = {key: options.pop(key) for key in ("activation",) if key in options}
            return check_network(read_model_file(path, **names), X, Y, search="none", **options)
    return lp.check_model(model, X, Y, search="none", **options)


def row_of(case: Case) -> list[str]:
    """Return the line of a model in the table. Raises `ValueError` where its certificate is not accepted."""
    report = report_of(case)
    if not lp.verify(report.certificate.text).ok:
        raise ValueError(f"the certificate of {case.name} must be accepted, got a refusal: look at it")
    a, decay = report.problem.architecture, report.problem.decay
    output = "" if a.output_activation.is_identity else f", {a.output_activation.name} last"
    verdicts = {(claim.id, claim.scope.value): _WORDS[claim.verdict.value] for claim in report.claims}
    rank = report["full-rank", "at these weights"]
    proved = [claim for claim in report.claims if claim.id == "critical-point" and claim.verdict is lp.Verdict.PROVED]
    return [
        case.framework,
        case.name,
        case.loss,
        f"{a} {a.activation.name.partition(':')[0]}{output}, {report.problem.error.name}, T = {report.problem.T}",
        "–" if decay is None else f"{float(decay.largest):.2g}",
        f"{rank.facts.get('rank_lower', '?')} of {report.problem.columns}",
        verdicts["identifiable", "at these weights"],
        str(proved[-1].facts["kind"]).replace("-", " ") if proved else "–",
        _size(report, "distance", "distance"),
        _size(report, "no-minimum-nearby", "radius"),
        verdicts["no-bad-local-minima", "everywhere"],
    ]


def _size(report: lp.Report, claim: str, fact: str) -> str:
    """Return a proved length to one digit, or a dash where nothing was claimed."""
    found = next((made.facts.get(fact) for made in report.claims if made.id == claim and made.verdict is lp.Verdict.PROVED), None)
    return "–" if found is None else f"{float(Fraction(found)):.0e}"


def main() -> None:
    """Write the table."""
    rows = []
    for case in CASES:
        start = time.process_time()
        rows.append(row_of(case))
        print(f"{time.process_time() - start:6.1f} s  {' | '.join(rows[-1])}")
    write_blocks(PAGE, {BLOCK: markdown_table(HEAD, rows)})
    print(f"written: {PAGE}, {len(rows)} models")


if __name__ == "__main__":
    main()
