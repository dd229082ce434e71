"""Numbers beyond the range of doubles, wherever they stand: what is exact is decided, what needs doubles is UNDECIDED and says so, in every format."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from cases.command_cases import fail, run
from cases.fuzz_cases import read_in_every_format

import lossproof as lp
from lossproof.theory.zoo.entry import ZooEntry, ZooPoint

SIZES = ("1e160", "1e309", "1e4900", "1e-330", "1e-4900")
NOTES = ("Not available in double precision: ", "smaller than any double other than 0")


def one_hidden(first="1", second="1"):
    return [([[first, "-2"]], ["1/2", "1"]), ([[second], ["3"]], ["-1"])]


def placed(size, **options):
    return {"widths": "1-2-1", "X": [[0], [1], [2]], "Y": [[0], [1], [0]], **options}


PLACES = {
    "X": lambda size: placed(size, X=[[0], [size], [1]]),
    "all of X": lambda size: placed(size, X=[[size], [f"2{size[1:]}"], [f"3{size[1:]}"]], bias="none"),
    "Y": lambda size: placed(size, Y=[[0], [size], [1]]),
    "weights": lambda size: placed(size, weights=one_hidden(size)),
    "output weights": lambda size: placed(size, weights=one_hidden("1", size)),
    "products": lambda size: placed(size, X=[[0], [size], [1]], weights=one_hidden(size, size), activation="arctan"),
    "fixed biases": lambda size: placed(size, bias="fixed", weights=[([["1", "2"]], [size, "0"]), ([["1"], ["3"]], ["1"])]),
    "β of smooth-l1": lambda size: placed(size, error=f"smooth-l1:{short(size)}"),
    "β of cauchy": lambda size: placed(size, error=f"cauchy:{short(size)}"),
    "β of blake-zisserman": lambda size: placed(size, error=f"blake-zisserman:{short(size)}"),
    "a slope": lambda size: placed(size, activation=f"leaky-relu:1/{10**350}"),
}


def short(size):
    return size.replace("4900", "390")


def has_no_double(text):
    return not 1e-323 < float(Fraction(short(text))) < 1.7e308 if abs(int(text.partition("e")[2])) < 308 else True


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("place", PLACES)
def test_a_check_decides_what_is_exact(place, size, check):
    problem = PLACES[place](size)
    report = check(**problem)
    texts = read_in_every_format(report)
    verdicts = {(claim.id, claim.scope.value): claim.verdict for claim in report}
    for name in ("count", "principle-error", "principle-morse", "principle-activation", "principle-widths"):
        assert verdicts[name, "everywhere"] is not lp.Verdict.UNDECIDED
    assert verdicts["full-rank", "everywhere"] is lp.Verdict.REFUTED
    if "leaky" not in problem.get("activation", ""):
        assert verdicts["full-rank", "almost everywhere"] is lp.Verdict.PROVED
    if place != "a slope" and has_no_double(size):
        assert any(note in text for text in report.notes for note in NOTES)
        assert any(note in " ".join(texts[".txt"].split()) for note in NOTES)


@pytest.mark.parametrize("place", PLACES)
def test_a_map_says_what_is_not_available(place):
    problem = PLACES[place]("1e4900")
    problem.pop("weights", None)
    found = lp.find_critical_points(**problem, starts=6, workers=1)
    read_in_every_format(found.report)
    words = " ".join(str(found).split())
    assert not found.interrupted
    assert lp.verify(found.certificate.text).ok
    if place in ("X", "all of X", "Y") or place.startswith("β"):
        assert NOTES[0] in words
        assert (found.starts, len(found)) == (0, 0)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("size", ["1e4900", "1e-4900"])
def test_training_is_refused_in_a_sentence_or_done(place, size):
    problem = PLACES[place](size)
    if "weights" not in problem and size == "1e4900" and place != "a slope":
        with pytest.raises(
            lp.InputError, match=r"training in double precision must have numbers within its range, got one that is not \(.*\): scale"
        ):
            lp.train(**problem, max_iterations=3)
    precise = lp.train(**problem, method="ggn", precision=30, max_iterations=3)
    assert precise.reason
    report = lp.check_architecture(**{**problem, "weights": precise.weights})
    assert lp.verify(report.certificate.text).ok


def test_find_weights_is_refused_in_a_sentence():
    with pytest.raises(lp.InputError, match=r"X\[1\]\[0\] is larger than any double\): scale the problem, or leave out find_weights"):
        lp.check_architecture("1-2-1", [[0], ["1e309"]], [[0], [1]], find_weights=True)


@pytest.mark.parametrize("place", ["X", "Y", "weights", "products"])
@pytest.mark.parametrize("size", SIZES)
def test_points_are_proved_beyond_doubles(place, size, tmp_path):
    given = PLACES[place](size)
    architecture = lp.Architecture.of(given["widths"])
    problem = lp.Problem(architecture, lp.error_named("squared"), lp.Samples.of(given["X"], given["Y"]))
    weights = lp.Weights.of(architecture, given.get("weights", one_hidden()))
    for nearby in (False, True):
        found = lp.prove_points(problem, [weights], nearby=nearby)
        read_in_every_format(found.report)
        assert lp.verify(found.certificate.text).ok
    found.save(tmp_path / "map.svg")


@pytest.mark.parametrize("size", ["1e309", "1e1000", "1e-2000"])
def test_an_exact_learner_is_a_global_minimum_at_any_size(size, check, tmp_path):
    report = check("1-1", [[0], [size]], [[1], [f"2{size[1:]}"]], weights=[([["2"]], ["1"])], bias="trainable")
    assert report["exact-learner"].verdict is lp.Verdict.REFUTED
    exact = Fraction(size) * 2 + 1
    report = check("1-1", [[0], [size]], [[1], [exact]], weights=[([["2"]], ["1"])])
    assert report["exact-learner"].verdict is lp.Verdict.PROVED
    assert report["critical-point"].facts["kind"] == "global"
    assert report["critical-point"].facts["radius"] == 0
    for suffix in (".html", ".md", ".tex", ".txt", ".json"):
        assert report.save(tmp_path / f"report{suffix}").stat().st_size > 1000


def test_a_clash_and_a_range_are_seen_at_any_size(check):
    report = check("1-2-1", [["1e4000"], ["1e4000"]], [["1e-4000"], ["2e-4000"]])
    assert report["exact-learning"].verdict is lp.Verdict.REFUTED
    report = check("1-2-1", [["1e4000"], [0]], [["1e4000"], [0]], output_activation="tanh")
    assert report["exact-learning"].verdict is lp.Verdict.REFUTED
    report = check("1-1", [[0], ["1e4000"], ["2e4000"]], [[0], ["1e-4000"], [1]])
    assert report["exact-learning"].verdict is lp.Verdict.REFUTED
    assert report.conclusion.verdict is lp.Verdict.PROVED


@pytest.mark.parametrize("size", ["1e309", "1e1100", "1e-1100"])
def test_the_zoo_takes_landscapes_of_any_size(size):
    points = (ZooPoint(((((1,),), (0,)),), "global", "the learner"), ZooPoint(((((0,),), (size,)),), "not-critical", "another point"))
    entry = ZooEntry(
        "large", "A line", "nothing", "that sizes do not matter", "1-1", ((0,), (size,)), ((0,), (size,)), points, activation="identity"
    )
    proof = lp.prove_entry(entry)
    assert [claim.facts["kind"] for claim, _ in proof.points] == ["global", "not-critical"]
    assert str(proof)
    read_in_every_format(proof.report)
    assert any(note in text for text in proof.report.notes for note in NOTES)
    assert lp.verify(proof.report.certificate.text).ok
    assert replace(entry, name="same").problem == entry.problem


@pytest.mark.parametrize("command", ["check", "map", "train"])
def test_the_command_line_takes_them_too(command, tmp_path):
    data = tmp_path / "data.csv"
    data.write_text("x,y\n0,0\n1e309,1\n", encoding="utf-8")
    arguments = [command, "1-2-1", "--data", data, "--activation", "tanh"]
    if command == "train":
        assert "training in double precision must have numbers within its range" in fail(*arguments)
    else:
        out, _ = run(*arguments, *(["--starts", "4", "--workers", "1"] if command == "map" else []))
        assert "Not available in double precision: X[1][0] is larger than any double" in " ".join(out.split())
