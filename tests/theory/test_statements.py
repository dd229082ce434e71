"""The registry of statements: complete, well-formed, and honest about corrections."""

import subprocess
import sys

import pytest
from latex2mathml.converter import convert

from lossproof.theory.exceptions import InputError
from lossproof.theory.statements.registry import KINDS, Statement, all_statements, statement_named
from lossproof.theory.statements.text import describe_statement, list_statements

REQUIRED = {
    "exact-learner",
    "exact-learning",
    "gradient-identity",
    "principle-error",
    "critical-theorem",
    "full-rank",
    "count",
    "khatri-rao",
    "principle-weights",
    "principle-activation",
    "principle-widths",
    "hessian-rank",
    "principle-morse",
    "one-hidden-layer",
    "ggn",
    "never-everywhere",
    "principles-suffice",
    "failed-bound",
    "almost-everywhere",
    "ggn-semidefinite",
    "second-order-kinks",
    "range",
    "clash",
    "linear-reach",
    "naive-khatri-rao",
    "projection",
    "k-rank",
    "rank-upper",
    "duplicate",
    "homogeneous",
    "escape",
    "hessian-spectrum",
    "identifiable",
    "sample-symmetry",
    "singular-value",
    "differentiable",
    "wide-layer",
    "krawczyk",
    "newton-kantorovich",
    "manifold",
    "robust-targets",
    "global",
    "stationary",
    "loss-bounds",
    "no-minimum-nearby",
    "distance",
    "inertia",
    "critical-rank",
    "critical-point",
    "local-minimum",
    "no-critical-point",
    "infimum-not-attained",
    "strict-minimum",
    "saddle",
    "maximum",
    "higher-order-descent",
    "suboptimal",
    "no-bad-local-minima",
    "flat-neighbours",
    "spanning",
    "no-idle-unit",
    "dependent-features",
    "independent-samples",
    "shallow-linear",
    "one-relation-simplex",
    "parallelogram",
    "separable-squashing",
    "linear-region",
    "dead-region",
    "constant-region",
    "complete-list",
    "kawaguchi-2016",
    "lu-kawaguchi-2017",
    "laurent-von-brecht-2018",
    "nguyen-hein-2017",
    "yu-chen-1995",
    "poston-1991",
    "gori-tesi-1992",
    "soudry-carmon-2016",
    "li-ding-sun",
    "ding-li-sun-2019",
    "safran-shamir-2018",
    "venturi-bandeira-bruna",
}
IDS = [statement.id for statement in all_statements()]


def test_registry_is_complete() -> None:
    assert set(IDS) == REQUIRED
    assert len(IDS) == len(REQUIRED)


@pytest.mark.parametrize("id", IDS)
def test_record_is_well_formed(id: str) -> None:
    statement = statement_named(id)
    assert statement.kind in KINDS
    assert set(statement.depends_on) <= set(IDS) - {id}
    assert len(set(statement.depends_on)) == len(statement.depends_on)
    for text in (statement.title, statement.conclusion, statement.source, statement.decided_by, *statement.hypotheses):
        assert text == text.strip()
        assert text
        assert "  " not in text
    for sentence in (statement.conclusion, *statement.hypotheses):
        assert sentence.endswith(".") or sentence.endswith("; or")


@pytest.mark.parametrize("id", IDS)
def test_formula_renders(id: str) -> None:
    mathml = convert(statement_named(id).formula)
    assert "\\" not in mathml
    assert "<math" in mathml


@pytest.mark.parametrize("id", ["principles-suffice", "failed-bound", "naive-khatri-rao"])
def test_false_claims_say_so_first(id: str) -> None:
    statement = statement_named(id)
    assert statement.kind == "false claim"
    assert statement.title.startswith("False")
    assert statement.conclusion.startswith("False")


CORRECTED = ["never-everywhere", "principles-suffice", "failed-bound", "ggn-semidefinite", "second-order-kinks", "range"]


@pytest.mark.parametrize("id", CORRECTED)
def test_corrections_name_the_paper(id: str) -> None:
    statement = statement_named(id)
    assert statement.source.startswith("correction of")
    assert "1611.05827" in statement.source


def test_nothing_reads_as_local_minima_exist() -> None:
    conclusion = statement_named("failed-bound").conclusion
    assert "does not follow that bad local minima exist" in conclusion
    assert all("have local minima" not in statement.conclusion for statement in all_statements())


@pytest.mark.parametrize(("given", "found"), [("full_rank", "full-rank"), (" Count ", "count"), ("khatri-rao", "khatri-rao")])
def test_lookup(given: str, found: str) -> None:
    assert statement_named(given).id == found


@pytest.mark.parametrize(("given", "message"), [("fullrank", "did you mean 'full-rank'"), ("xyzzy", "choose one of")])
def test_unknown_ids_name_the_nearest(given: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        statement_named(given)


def test_import_is_light() -> None:
    code = "import sys, lossproof.theory.statements.registry, lossproof.theory.statements.text as g; g.list_statements(); "
    code += "print(sorted({'sympy', 'networkx', 'numpy', 'matplotlib', 'flint'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


@pytest.mark.parametrize("id", IDS)
def test_description_holds_every_part(id: str) -> None:
    statement = statement_named(id)
    text = describe_statement(statement)
    flat = " ".join(text.split())
    assert text.startswith(f"{id}: {statement.title}")
    for part in (statement.conclusion, statement.source, statement.formula, *statement.hypotheses, *statement.depends_on):
        assert " ".join(part.split()) in flat
    assert max(map(len, text.splitlines())) <= 100
    for user in all_statements():
        assert id not in user.depends_on or user.id in flat


def test_list_names_every_statement_once() -> None:
    lines = list_statements().splitlines()
    for statement in all_statements():
        assert sum(line.split()[:1] == [statement.id] for line in lines) == 1


def test_statements_are_frozen() -> None:
    statement = statement_named("count")
    assert isinstance(statement, Statement)
    with pytest.raises(AttributeError):
        statement.id = "other"  # type: ignore[misc]
