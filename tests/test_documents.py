"""The documents say what is so: links lead somewhere, files and rules that are named exist, tables are complete, and the pictures are those of the tables."""

from __future__ import annotations

import ast
import importlib
import json
import re
import tokenize
import types
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from cases.kernel_cases import CASES
from flint import arb

import lossproof as lp
from lossproof.certificates.inputs.bundled import BUNDLED
from lossproof.certificates.inputs.data_sources import BUILT_IN
from lossproof.certificates.kernel.arithmetic import functions as kernel_functions
from lossproof.certificates.kernel.check import RULES
from lossproof.certificates.kernel.rules.reasons import DEFINITIONS, IMPLICATIONS, RECORDS
from lossproof.certificates.proof.trusted_code import trusted_code
from lossproof.numerics.curves.fields import BallSeries
from lossproof.theory import limits
from lossproof.theory.derivations.smoothness import derive_analytic, derive_nonvanishing_derivative
from lossproof.theory.functions import squashing
from lossproof.theory.functions.activations import ACTIVATION_FAMILIES
from lossproof.theory.functions.errors import ERROR_FAMILIES, error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.statements import sharper

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(path for path in (ROOT / "docs").rglob("*.md") if "generated" not in path.parts)
DOCUMENTS = {path.name: path.read_text(encoding="utf-8") for path in ROOT.glob("*.md")}
DOCUMENTS |= {str(path.relative_to(ROOT / "docs")): path.read_text(encoding="utf-8") for path in PAGES}
GENERATED = ("statements.md", "api.md", "contributing.md", "changelog.md")
FORMAT, CLAIMS = DOCUMENTS["certificate-format.md"], DOCUMENTS["claims.md"]
OWN_FAMILIES = (
    r"(?:rank|learner|unlearnable|stationary|loss|inertia|cited|exact-learning|full-rank|no-bad-minima|critical-rank|hessian-rank|manifold)"
)
FOLDERS = ("theory", "numerics", "certificates", "tests", "docs", "examples", "benchmarks", "src")


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    return lambda name: importlib.import_module(f"benchmarks.{name}")


def headings(text: str) -> set[str]:
    """The anchors of a page."""
    lines = [line.lstrip("# ") for line in text.splitlines() if line.startswith("#")]
    return {re.sub(r"[^\w\- ]", "", line).strip().lower().replace(" ", "-") for line in lines} | set(re.findall(r'id="([^"]+)"', text))


def rows_below(text: str, start: str) -> list[list[str]]:
    """The rows of the first table after some words, cell by cell."""
    lines = text[text.index(start) :].splitlines()
    first = next(k for k, line in enumerate(lines) if line.startswith("|---"))
    rows = []
    for line in lines[first + 1 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return rows


def codes(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def recipes() -> dict[str, str]:
    """The code of the recipes by the files it is for, which the first lines name."""
    blocks = re.findall(r"^ *```python\n *# ([\w/.]+)\n(.*?)^ *```$", DOCUMENTS["CONTRIBUTING.md"], re.MULTILINE | re.DOTALL)
    return dict(blocks)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name):
    here = ROOT / name if (ROOT / name).is_file() else ROOT / "docs" / name
    for target in re.findall(r"\]\(([^)\s]+)\)", DOCUMENTS[name]):
        path, _, heading = target.partition("#")
        if target.startswith("http") or re.fullmatch(rf"(?:\.\./)?generated/(?:{'|'.join(GENERATED)})", path):
            continue
        page = here.parent / path if path else here
        assert page.exists(), target
        assert not heading or heading in headings(page.read_text(encoding="utf-8")), target


@pytest.mark.parametrize("name", DOCUMENTS)
def test_files_that_are_named_exist(name):
    for target in re.findall(rf"`((?:{'|'.join(FOLDERS)})/[\w/.-]*)`", DOCUMENTS[name]):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize("name", DOCUMENTS)
def test_rules_that_are_named_exist(name):
    """What looks like a rule is one, or a line of a table, a statement, a data set or an entry of the zoo."""
    known = {*RULES, *IMPLICATIONS, *(s.id for s in lp.all_statements()), *(entry.name for entry in lp.zoo_entries())}
    known |= set(re.findall(r'\bid="([\w-]+)"', " ".join(recipes().values()))) if name == "CONTRIBUTING.md" else set()
    found = set(re.findall(rf"`({OWN_FAMILIES}-[a-z0-9-]+)`", DOCUMENTS[name]))
    assert found <= known, found - known


@pytest.mark.parametrize("name", DOCUMENTS)
def test_names_in_files_exist(name):
    """Where a document says "`NAME` in `a/file.py`", the file defines that name."""
    names = r"`\w+`(?:,| and| or)? ?"
    for listed, path in re.findall(
        rf"((?:{names})+)(?:in|of) `((?:{'|'.join(FOLDERS)})/[\w/-]+\.py)`", re.sub(r"\s+", " ", DOCUMENTS[name])
    ):
        text = (ROOT / path).read_text(encoding="utf-8")
        for one in codes(listed):
            assert re.search(rf"^\s*(?:(?:def|class) )?{one}\b(?:\(|:| =|,)", text, re.MULTILINE), (one, path)


def test_texts_in_pieces_do_not_run_together():
    """Of two texts that stand one after another, the first ends or the second begins with a space, unless no word would run into another."""
    for folder in ("theory", "numerics", "certificates", "src"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            with path.open("rb") as file:
                tokens = [token for token in tokenize.tokenize(file.readline) if token.type != tokenize.NL]
            for first, second in pairwise(tokens):
                if first.type == second.type == tokenize.STRING:
                    joined = first.string.rstrip("\"'")[-1:] + second.string.lstrip("rRbBfFuU").lstrip("\"'")[:1]
                    assert not joined.isalpha() or len(joined) < 2, f"{path}:{second.start[0]}"


def test_all_data_sets_are_listed():
    listed = set(codes(" ".join(row[0] for row in rows_below(DOCUMENTS["data.md"], "| `--data` |"))))
    first, last = (int(name.rpartition("-")[2]) for name in ("parity-2", "parity-6"))
    assert {*BUILT_IN, *BUNDLED} <= listed | {f"parity-{n}" for n in range(first, last + 1)}
    assert {"parity-2", "parity-6"} <= listed


def test_all_activations_and_errors_are_listed():
    line = re.search(r"\*\*Activations\*\*: (.*?)\..*?\*\*Errors\*\*: (.*?)\.", DOCUMENTS["python.md"], re.DOTALL)
    activations, errors = ([name.partition(":")[0].strip() for name in part.split(",")] for part in line.groups())
    assert sorted(activations) == sorted(ACTIVATION_FAMILIES)
    assert sorted(errors) == sorted(ERROR_FAMILIES)


def test_the_activation_of_the_recipe_is_one():
    """The record, the formulas and the kernel's function, put together as the recipe says, are of one function."""
    code = recipes()
    names = dict(vars(squashing))
    exec(code["theory/functions/squashing.py"], names)
    record = names["_isru"](None)
    assert derive_analytic(record).holds
    assert derive_nonvanishing_derivative(record).holds
    module = types.ModuleType("isru")
    exec(code["numerics/functions/isru.py"], vars(module))
    formulas = vars(module)["ISRU"]["isru"](None)
    function = eval("{" + code["certificates/kernel/arithmetic/functions.py"] + "}", dict(vars(kernel_functions)))["isru"]
    field = BallSeries(128)
    for z in (Fraction(-7, 3), Fraction(0), Fraction(5, 2)):
        ball = arb(z.numerator) / z.denominator
        states = tuple(state.ball(ball, function.parameter) for state in function.states)
        balls = [formulas.balls(ball, order) for order in range(3)]
        jet = formulas.jet(record, 2, field.array([z]), field)
        assert balls[0].overlaps(function.value(ball, states, (), function.parameter))
        assert balls[1].overlaps(function.slope(ball, states, (), function.parameter))
        for order, factor in ((0, 1), (1, 1), (2, 2)):
            assert formulas.doubles(np.array([float(z)]), order)[0] == pytest.approx(float(balls[order]), abs=1e-15)
            assert (jet[order][0] * factor).overlaps(balls[order])


def test_the_theorem_of_the_recipe_is_one():
    """The statement is well formed, and the claim is made where, and only where, it holds."""
    code = recipes()
    (statement,) = eval("(" + code["theory/statements/sharper.py"] + ")", dict(vars(sharper)))
    assert set(statement.depends_on) <= {known.id for known in lp.all_statements()}
    module = types.ModuleType("loss_floor")
    exec(code["certificates/claims/loss_floor.py"], vars(module))

    def claimed(Y, error="squared"):
        problem = Problem(Architecture.of("1-1-1"), error_named(error), Samples.of([[0], [0], [1]], Y))
        return vars(module)["claim_loss_floor"](problem)

    claim = claimed([[0], [2], [1]])
    assert (claim.id, claim.rule, claim.facts, claim.evidence) == (
        statement.id,
        "loss-floor",
        {"loss_lower": Fraction(1, 3)},
        {"samples": [0, 1]},
    )
    assert claimed([[0], [0], [1]]) is None
    assert claimed([[0], [2], [1]], "cauchy:1") is None


def test_every_page_is_in_the_list_of_pages():
    listed = set(re.findall(r"\]\((?:\.\./)?([\w/-]+\.md)\)", DOCUMENTS["index.md"]))
    assert {str(path.relative_to(ROOT / "docs")) for path in PAGES} - {"index.md"} <= listed


def test_the_format_names_every_rule_and_no_other():
    assert sorted(re.findall(r"\*\*`([\w-]+)`\*\*", FORMAT)) == sorted(RULES)


def test_the_format_has_every_line_of_the_tables_and_no_other():
    for start, table in (("**`record`**", RECORDS), ("**`definition`**", DEFINITIONS), ("**`implication`**", IMPLICATIONS)):
        listed = [name for row in rows_below(FORMAT, start) for name in codes(row[0])]
        assert sorted(listed) == sorted(table), start


def test_the_format_says_what_a_line_concludes():
    for row in rows_below(FORMAT, "**`implication`**"):
        (name,), line = codes(row[0]), IMPLICATIONS[codes(row[0])[0]]
        statement = name if row[1].startswith("same") else codes(row[1])[0]
        assert statement == line.statement, name
        assert {"E": "everywhere", "A": "almost everywhere", "H": "here"}[re.search(r", ([EAH])\b", row[1])[1]] == line.at
        assert ("REFUTED" in row[1]) == (line.verdict == "REFUTED")
        assert ("††" in row[0], "†" in row[0]) == (line.order == 2, line.order > 0), name
        assert {premise for premise, _, _ in line.premises} <= set(codes(row[2])), name
        assert line.near == bool(re.search(r"\br$|the same", row[3])), name


def codes_of_failures() -> set[str]:
    """The codes in the sources of the kernel: of `Rejected`, `Failure`, and the last arguments of `require` and of what reads numbers."""
    found = {"evidence"}
    for path in (*(ROOT / "certificates" / "kernel").rglob("*.py"), ROOT / "certificates" / "proof" / "verify.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            place = {"Rejected": 1, "Failure": 1, "_failed": 1, "_Bad": 0, "require": 3, "integer": 4}.get(name)
            argument = node.args[place] if place is not None and len(node.args) > place else None
            words = ast.walk(argument) if argument is not None and not isinstance(argument, ast.Name) else ()
            found |= {word.value for word in words if isinstance(word, ast.Constant) and isinstance(word.value, str)}
    return found


def test_the_format_lists_every_code_of_a_failure_and_no_other():
    listed = [name for row in rows_below(FORMAT, "## 7") for name in codes(row[0])]
    assert sorted(listed) == sorted(codes_of_failures())


def test_the_format_lists_every_limit():
    rows = rows_below(FORMAT, "**Work**")
    found = {}
    for row in rows:
        values = [number.strip() for number in row[1].split(",")]
        found |= dict(zip(codes(row[0]), values, strict=True))
    for name, text in found.items():
        factor, _, power = text.rpartition("·")
        base, _, exponent = power.partition("^")
        assert int(factor or 1) * int(base) ** int(exponent or 1) == getattr(limits, name), name
    of_the_prover = {"MAX_BATCH"}
    assert set(found) | of_the_prover == {name for name in vars(limits) if name.startswith("MAX_")}


def test_facts_of_claims_are_documented():
    """Every fact of every claim in the certificates made by hand has its key in the row of the statement."""
    documented: dict[str, set[str]] = {}
    for row in rows_below(CLAIMS, "| claim | scope |"):
        for name in codes(row[0]):
            documented.setdefault(name, set()).update(word for word in codes(row[-1]))
    for row in rows_below(CLAIMS, "## Theorems of others"):
        documented |= {name: {"applicable"} for name in codes(row[0])}
    for case in CASES.values():
        for step in case()["steps"]:
            conclusion = step["conclusion"]
            if "statement" in conclusion:
                facts = set(conclusion["facts"])
                assert facts <= documented[conclusion["statement"]], (conclusion["statement"], facts)


def test_the_picture_of_the_rooms_is_up_to_date(script):
    rooms = script("rooms")
    assert rooms.picture() == (ROOT / rooms.FIGURE).read_text(encoding="utf-8"), "run: python -m benchmarks.rooms"
    assert set(rooms.WORDS) == set(rooms.tables().rooms)
    assert set(rooms.STATIONS) <= set(rooms.WORDS)


def test_the_tables_of_trusted_files_are_complete(script):
    """All files in order; sizes may have changed by a quarter, or 20 lines, since they were written."""
    trusted = script("trusted")
    page = DOCUMENTS["trust.md"]
    for block, files in zip(trusted.BLOCKS, trusted.trusted_files(), strict=True):
        rows = rows_below(page, f"<!-- {block} -->")
        assert [codes(row[0])[:1] for row in rows[:-1]] == [[str(path.relative_to(trusted.PACKAGE))] for path in files], (
            "run: python -m benchmarks.trusted"
        )
        for row, path in zip(rows, files, strict=False):
            size = trusted.code_lines(path)
            assert abs(int(row[1]) - size) <= max(20, size / 4), f"{path}: run: python -m benchmarks.trusted"


def test_the_table_of_rules_says_what_each_rests_on():
    """All rules, the least first; sizes may have changed by 20 lines."""
    rows = rows_below(DOCUMENTS["trust.md"], "<!-- rule-lines -->")
    core = trusted_code(()).lines
    assert [rows[0][0], abs(int(rows[0][1]) - core) <= 20] == ["every certificate", True]
    assert {codes(row[0])[0] for row in rows[1:]} == set(RULES), "run: python -m benchmarks.trusted"
    for row in rows[1:]:
        assert abs(int(row[1].removeprefix("+ ")) - (trusted_code(codes(row[0])).lines - core)) <= 20, "run: python -m benchmarks.trusted"


def test_the_step_that_is_shown_is_made_and_accepted():
    page = DOCUMENTS["architecture.md"]
    shown = json.loads(re.search(r"```json\n(.*?)```", page, re.DOTALL)[1])
    X, Y = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]
    report = lp.check_architecture((2, 2, 1), X, Y, activation="tanh")
    assert shown in report.certificate.document["steps"]
    p, u = shown["evidence"]["prime"], shown["evidence"]["substitution"]["u"]
    e = pow(u, 16, p)
    assert str((e - 1) * pow(e + 1, -1, p) % p) in page


def test_the_examples_of_deciding_come_out_as_they_say():
    """Every line of code runs, and gives the verdict in its comment."""
    names, seen = {}, []
    for block in re.findall(r"^```python\n(.*?)^```$", DOCUMENTS["deciding.md"], re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            verdict = re.fullmatch(r"(.*)  # ([A-Z]+)", line)
            if verdict is None:
                exec(line, names)
            else:
                assert eval(verdict.group(1), names) == verdict.group(2), line
                seen.append(verdict.group(2))
    assert sorted(set(seen)) == ["PROVED", "REFUTED", "UNDECIDED"]
