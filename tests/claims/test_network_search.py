"""The search of the network itself: made only where the question is open, told in the report, the same for the same seed, and ended by what was asked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cases.landscapes import XOR_X, XOR_Y

import lossproof as lp
from lossproof.certificates.claims import network_search
from lossproof.certificates.claims.network_search import SearchBudget

OPEN = ("2-2-1", XOR_X, XOR_Y)
"""XOR with gelu: no theorem speaks of it, and no bad minimum is known."""
CURVE_X, CURVE_Y = [[-2], [-1], ["1/2"], [1], [2], [3]], [["1/4"], [0], [1], ["3/2"], [3], ["7/2"]]
"""A curve with several strict minima of one unit of gelu."""


def test_bad_minima_of_the_network_are_met_and_proved(check):
    report = check("1-1-1", CURVE_X, CURVE_Y, activation="gelu")
    assert report.conclusion.verdict is lp.Verdict.REFUTED
    assert report["suboptimal"].verdict is lp.Verdict.PROVED
    assert report.search.ended == "a bad local minimum was proved"
    assert report.search.minima >= 1
    assert report.search.starts <= 48


@pytest.mark.parametrize("name", ["fukumizu-amari-inside", "fukumizu-amari-beyond"])
def test_minima_of_a_narrower_network_are_embedded(name, check):
    """The strict minimum of one unit has no better point within reach of that unit; as two equal units it is a local minimum, and two units do better."""
    samples = lp.zoo_entry(name).problem.samples
    report = check("1-2-1", samples.X, samples.Y, activation="tanh")
    assert report.conclusion.verdict is lp.Verdict.REFUTED
    first, second = zip(*report["suboptimal"].point.weights.layers[0].W, strict=True)
    assert first == second
    assert report["suboptimal"].premises[0].id == "local-minimum"


def test_what_is_asked_without_a_point_is_about_the_weights_given(check):
    """Beside them stands the bad minimum that the search met."""
    weights = lp.train("1-1-1", CURVE_X, CURVE_Y, activation="gelu", method="lm", max_iterations=40).weights
    report = check("1-1-1", CURVE_X, CURVE_Y, activation="gelu", weights=weights)
    assert len([claim for claim in report if claim.id == "critical-point"]) >= 2
    assert report["critical-point"] is report["critical-point", 0]


def test_what_was_searched_stands_in_the_report(check):
    report = check(*OPEN, activation="gelu", search="auto")
    assert report.conclusion.verdict is lp.Verdict.UNDECIDED
    assert (report.search.starts, report.search.ended) == (48, "all starts were made")
    assert report.search.candidates >= report.search.minima
    assert report.to_dict()["search"].keys() == {"starts", "seconds", "candidates", "minima", "ended", "boxes"}
    assert str(report.search) in report.notes
    assert "48 seeded starts" in " ".join(str(report).split())


def test_a_search_depends_on_the_seed_alone():
    first, second = (lp.check_architecture(*OPEN, activation="gelu", seed=3) for _ in range(2))
    assert first.certificate.text == second.certificate.text
    assert replace(first.search, seconds=0) == replace(second.search, seconds=0)


@pytest.mark.parametrize(
    ("widths", "options", "ended"),
    [
        ("2-2-1", {"activation": "tanh"}, "the question is decided without one"),
        ("2-2-1", {"activation": "relu"}, "the question is decided without one"),
        ("2-2-1", {"activation": "gelu", "search": "none"}, "none was wanted"),
        ("2-16-1", {"activation": "gelu"}, "65 weights and 4 outputs of samples are too many where no number of seconds is given"),
        ("2-80-1", {"activation": "gelu", "search": 1}, "321 weights and 4 outputs of samples are too many"),
    ],
)
def test_where_there_is_no_search(widths, options, ended, monkeypatch):
    monkeypatch.setattr(network_search, "search_in_rounds", None)
    report = lp.check_architecture(widths, XOR_X, XOR_Y, **options)
    assert report.search.ended == ended
    assert report.search.starts == report.search.candidates == 0
    assert f"No search for bad local minima was made, as {ended}." in report.notes


def test_the_clock_ends_a_search_of_so_many_seconds(monkeypatch):
    ticks = iter(range(10**6))
    monkeypatch.setattr(network_search.time, "perf_counter", lambda: float(next(ticks)))
    report = lp.check_architecture(*OPEN, activation="gelu", search=20)
    assert report.search.ended == "the time was over"
    assert report.search.starts > 48


def test_larger_networks_are_searched_where_seconds_are_given():
    X, Y = [[0], [1], [2], [3], [4]], [[0], [1], [0], [1], [3]]
    report = lp.check_architecture("1-24-1", X, Y, activation="gelu", search="1e-6")
    assert (report.search.starts, report.search.ended) == (12, "the time was over")


def test_an_interrupt_keeps_what_was_proved(check, monkeypatch):
    real = network_search.search_in_rounds

    def interrupted(*args, **kwargs):
        yield next(real(*args, **kwargs))
        raise KeyboardInterrupt

    monkeypatch.setattr(network_search, "search_in_rounds", interrupted)
    report = check(*OPEN, activation="gelu")
    assert report.search.interrupted
    assert report.search.starts == 12
    assert report.conclusion.verdict is lp.Verdict.UNDECIDED


def test_progress_is_told():
    calls = []
    lp.check_architecture(*OPEN, activation="gelu", progress=lambda *call: calls.append(call))
    told = [call[1:] for call in calls if call[0] == "searching bad minima"]
    assert told == [(done, 48) for done in range(0, 49, 12)]


@pytest.mark.parametrize("search", ["fast", 0, -1, True, float("nan"), float("inf"), None, "1e7", [1]])
def test_other_settings_are_refused(search):
    with pytest.raises(lp.InputError, match="search must be 'auto', 'none' or a number of seconds"):
        lp.check_architecture("1-1", [[0]], [[0]], search=search)


def test_seconds_are_read_from_text_and_numbers():
    assert SearchBudget.of("3") == SearchBudget.of(3) == SearchBudget.of(3.0) == SearchBudget(3.0)
