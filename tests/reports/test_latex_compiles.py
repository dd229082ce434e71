"""Reports in LaTeX compile, nothing sticks out, and XOR is an appendix of four pages. Without a TeX engine these tests are skipped."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from cases.report_cases import NASTY_NAME, xor_report

import lossproof as lp
from lossproof.certificates.reports.latex import render_latex

ENGINE = shutil.which("pdflatex")
SUPPORTED = pytest.mark.skipif(ENGINE is None, reason="no pdflatex")
X, Y = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]
LINE = {"X": [[-1], ["-1/2"], [0], ["1/2"], [1]], "Y": [["1/8"], ["-1/8"], ["5/8"], ["1/16"], ["-1/2"]]}
PAGES = {"decided": 4, "map": 6}
"""The most pages; 5 where a report is not named."""

REPORTS = {
    "decided": lambda: lp.check_architecture("2-2-1", X, Y, activation="tanh", data_name="xor"),
    "blocks": lambda: lp.check_architecture("2-1-1", X, Y, activation="relu", search="none"),
    "decay": lambda: lp.check_architecture("2-2-1", X, Y, weight_decay="1/100", search="none"),
    "softmax": lambda: lp.check_architecture(
        "2-2-2", X, [[1, 0], [0, 1], [0, 1], [1, 0]], error="softmax", activation="relu", search="none"
    ),
    "mixed": lambda: lp.check_architecture("2-3-3-1", X, Y, activation=["tanh", "softsign"], search="none"),
    "names": lambda: xor_report(NASTY_NAME, (NASTY_NAME,)),
    "map": lambda: lp.find_critical_points("2-2-1", X, Y, activation="relu", starts=12, workers=1).report,
    "complete": lambda: lp.find_critical_points("1-1-1", **LINE, weight_decay="1/100", complete=True).report,
    "learner": lambda: lp.prove_entry("linear-4").report,
}


def compiled(source, folder):
    """Compile a document twice, as its links need, and return what the engine said and the number of pages."""
    (folder / "report.tex").write_text(source, encoding="utf-8")
    for _ in range(2):
        command = [ENGINE, "-interaction=nonstopmode", "-halt-on-error", "report.tex"]
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout[-2000:].decode("utf-8", "replace")
    said = (folder / "report.log").read_text(encoding="utf-8", errors="replace")
    return said, int(re.search(r"\((\d+) pages?", said)[1])


@SUPPORTED
@pytest.mark.parametrize("name", REPORTS)
def test_a_report_compiles_and_nothing_sticks_out(name, tmp_path):
    said, pages = compiled(render_latex(REPORTS[name]()), tmp_path)
    assert re.findall(r"Missing character.*|LaTeX Warning: (?:Reference|Citation|Label).*|Overfull.*|undefined.*", said) == []
    assert pages <= PAGES.get(name, 5)
