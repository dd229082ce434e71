"""What the library must say about the XOR networks 2-2-1 and 2-3-1."""

from __future__ import annotations

import pytest
from cases.landscapes import LOG3_HALF, XOR_X, XOR_Y, deficient_xor_weights

import lossproof as lp
from lossproof import Rigor, Verdict

PROVED, REFUTED, UNDECIDED = Verdict.PROVED, Verdict.REFUTED, Verdict.UNDECIDED
WIDTHS = [(2, 2, 1), (2, 3, 1)]


@pytest.fixture(params=WIDTHS, ids=str)
def report(request, check):
    return check(request.param, XOR_X, XOR_Y, activation="tanh", data_name="xor")


def test_count(report):
    claim = report["count"]
    assert claim.verdict is PROVED
    assert claim.facts == {"N_net": 9 if report.problem.architecture.widths == (2, 2, 1) else 13, "required": 4}


def test_full_rank_scopes(report):
    generic = report["full-rank", "almost everywhere"]
    assert generic.verdict is PROVED
    assert generic.facts == {"rank_lower": 4, "rank_upper": 4, "columns": 4}
    assert generic.rigor is Rigor.EXACT
    everywhere = report["full-rank", "everywhere"]
    assert everywhere.verdict is REFUTED
    assert [bound.rule for bound in everywhere.premises] == ["rank-constant-weights"]
    assert report["never-everywhere"].verdict is PROVED
    assert report["almost-everywhere"].verdict is PROVED
    with pytest.raises(KeyError, match="ambiguous"):
        report["full-rank"]


def test_refuted_within_full_rank_weights(report):
    claim = report["principles-suffice"]
    assert claim.verdict is REFUTED
    assert claim.facts == {"rank_upper": 3, "columns": 4}


def test_conclusion_is_proved_by_the_parallelogram(report):
    claim = report["no-bad-local-minima"]
    assert (claim.verdict, claim.rigor, claim.evidence["row"]) == (PROVED, Rigor.EXACT, "by-parallelogram")
    assert claim.premises == (report["parallelogram"],)
    assert "by the theorem parallelogram" in claim.reason
    assert "whatever the targets are" in report["parallelogram"].reason


@pytest.mark.parametrize("units", [2, 3])
def test_conclusion_stays_open_and_says_why(units, check):
    report = check((2, units, 1), XOR_X, XOR_Y, activation="sin")
    claim = report["no-bad-local-minima"]
    assert claim.verdict is UNDECIDED
    assert claim.rigor is None
    assert "{W : rank P(W) < 4}" in claim.missing
    assert "does not follow" in claim.reason
    text = str(report).lower()
    assert "has local minima" not in text
    assert "has bad local minima" not in text


def test_khatri_rao(report):
    first = report["khatri-rao"].facts["layers"][0]
    assert first["layer"] == 1
    if report.problem.architecture.widths == (2, 2, 1):
        assert first["bound"] == 2
    assert first["rank_lower"] == first["rank_upper"]
    assert first["rank_lower"] in (3, 4)


@pytest.mark.parametrize("c", [LOG3_HALF, 1], ids=["log(3)/2", "1"])
@pytest.mark.parametrize("output", [(0, 0), (1, 0), ("2/3", -5), (0, 0, 0), (1, "1/7", -2)], ids=str)
def test_rank_is_three_at_the_deficient_weights(check, c, output):
    weights = deficient_xor_weights(c, output)
    report = check((2, len(output), 1), XOR_X, XOR_Y, activation="tanh", weights=weights)
    claim = report["full-rank", "at these weights"]
    assert claim.verdict is REFUTED
    assert claim.facts == {"rank_lower": 3, "rank_upper": 3, "columns": 4}
    assert claim.rigor is Rigor.EXACT
    upper = next(p for p in claim.premises if not p.is_lower)
    assert upper.rule == "rank-kernel"
    assert upper.evidence["side"] == "right"
    (vector,) = upper.evidence["vectors"]
    assert [v if vector[0] == "1" else str(-int(v)) for v in vector] == ["1", "-1", "-1", "1"]


def test_principle_weights_hold_at_the_deficient_weights(check):
    report = check((2, 2, 1), XOR_X, XOR_Y, activation="tanh", weights=deficient_xor_weights(LOG3_HALF, (1, 2)))
    claim = report["principle-weights"]
    assert claim.verdict is PROVED
    assert claim.facts == {"ranks": [2, 1]}


def test_saturated_units_have_full_rank(check):
    weights = [([[40, 40, 40], [40, 40, 40]], [-60, -60, -60]), ([[1], [1], [1]], [0])]
    report = check((2, 3, 1), XOR_X, XOR_Y, activation="tanh", weights=weights)
    assert report["full-rank", "at these weights"].verdict is PROVED
    assert sum(s > 1e-12 * report.spectrum[0] for s in report.spectrum) == 2


def test_verdicts_do_not_depend_on_the_seed(check):
    for seed in (1, 2, 3):
        report = check("2-2-1", XOR_X, XOR_Y, activation="tanh", seed=seed)
        assert report["full-rank", "almost everywhere"].verdict is PROVED


def test_report_is_plain_data(report):
    import json

    data = report.to_dict()
    assert json.loads(json.dumps(data)) == data
    assert lp.verify(report.certificate.document).ok


def test_a_certificate_is_verified_as_it_is(report, check):
    assert lp.verify(report.certificate) == lp.verify(report.certificate.text)
    assert lp.verify(report.certificate, report.certificate.digest).ok
    other = check((2, 4, 1), XOR_X, XOR_Y, activation="tanh").certificate
    assert lp.verify(report.certificate, other.digest).failures[0].code == "problem"


def test_an_exact_learner_is_proved(check):
    report = check((2, 2, 1), XOR_X, XOR_Y, activation="tanh")
    learner = report["exact-learning"]
    assert learner.verdict is PROVED
    assert learner.rigor is Rigor.BALL
    assert 0 < learner.facts["distance"] < 1e-6
    assert report["robust-targets"].facts["radius"] > 0
    assert report["hessian-rank"].facts == {"rank_lower": 4, "rank_upper": 4}
    assert report["manifold"].facts == {"dimension": 5}
    assert report["no-bad-local-minima"].verdict is PROVED


def test_an_exact_learner_near_given_weights(check):
    trained = check((2, 2, 1), XOR_X, XOR_Y, activation="tanh")
    point = trained["exact-learning"].evidence["point"].weights
    rough = [([[round(float(w), 3) for w in row] for row in layer.W], [round(float(b), 3) for b in layer.b]) for layer in point.layers]
    report = check((2, 2, 1), XOR_X, XOR_Y, activation="tanh", weights=rough)
    assert report["exact-learner"].verdict is REFUTED
    assert report["exact-learning", "everywhere"].verdict is PROVED
    assert report["exact-learning", "everywhere"].facts["distance"] < 1
    assert report["hessian-rank", "at these weights"].verdict is PROVED
