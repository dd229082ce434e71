"""Reading a certificate: text, limits, numbers, and what `verify` takes."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import pytest
from cases.kernel_cases import CASES
from cases.kernel_draft import EVERYWHERE, SOME, Draft, layer, sealed
from flint import ctx, fmpq

import lossproof.certificates.kernel.check as kernel
import lossproof.certificates.kernel.reading.parse as kernel_parse
from lossproof.certificates.kernel.check import check_certificate
from lossproof.certificates.kernel.reading.parse import Rejected, number, parse_document, rational
from lossproof.certificates.proof.verify import verify
from lossproof.theory.exceptions import InputError
from lossproof.theory.limits import MAX_NUMBER_TEXT, step_work


def code(source):
    start = time.perf_counter()
    result = check_certificate(source)
    assert time.perf_counter() - start < 5
    assert not result.ok
    assert not result
    assert result.digest is None
    assert result.failures[0].message
    return result.failures[0].code


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", fmpq(0)), ("-3", fmpq(-3)), ("2/7", fmpq(2, 7)), ("-10/3", fmpq(-10, 3)), ("0x0.0p+0", fmpq(0)), ("-0x1.8000000000000p+1", fmpq(-3)),
        ("0x0.0000000000001p-1022", fmpq(1, 2**1074)), ("9" * MAX_NUMBER_TEXT, fmpq(10**MAX_NUMBER_TEXT - 1)),
    ],
)  # fmt: skip
def test_numbers(text, value):
    assert number(text, "here") == value


@pytest.mark.parametrize(
    "text",
    ["", "-", "-0", "+1", "01", "1.0", "1e3", "1/1", "2/4", "0/5", "1/0", "1/-2", "1/02", " 1", "1 ", "1_0", "١", "nan", "inf", "NaN", "None", "1/2/3", "--1",
     "-1/-2", "0x1p+0", "0x1.8p+1", "0X1.8000000000000p+1", "0x1.8000000000000P+1", "-0x0.0p+0", "0x2.0000000000000p+1", "0x1.0000000000000p+1024",
     "0x1.0000000000000p+9999", "0x0.0000000000001p-1023", "0x1.00000000000000p+0", "0x1.0000000000000p0"],
)  # fmt: skip
def test_bad_numbers(text):
    with pytest.raises(Rejected) as caught:
        number(text, "here")
    assert (caught.value.code, caught.value.place) == ("number", "here")


def test_rational_strings_are_no_doubles_and_no_other_types():
    for value, expected in (
        ("0x1.8000000000000p+1", "number"),
        (1, "schema"),
        (None, "schema"),
        (["1"], "schema"),
        (True, "schema"),
        ("1" * 10001, "limit"),
    ):
        with pytest.raises(Rejected) as caught:
            rational(value, "here")
        assert caught.value.code == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "syntax"), ("   ", "syntax"), ("{", "syntax"), ("nul", "syntax"), ("{'a': 1}", "syntax"), ('{"a": 1,}', "syntax"), ('{"a": 1} x', "syntax"),
        ('{"a": "\n"}', "syntax"), ('{"a": "\\x"}', "syntax"), ('{"a": 1.0}', "number"), ('{"a": -0}', "number"), ('{"a": NaN}', "number"),
        ('{"a": 1' + "0" * 20 + "}", "limit"), ('{"a": 1, "a": 1}', "schema"), ('{"a": {"b": 1, "b": 2}}', "schema"), ("[" * 33 + "]" * 33, "limit"),
        ("[" * 10**6, "limit"), ('{"a":' * 10**5, "limit"), ('"' + "\\" * 10**6, "syntax"),
        ('"' + '\\"' * 10**6, "syntax"), ('{"a": "' + "[" * 100 + '"}', "schema"),
        ("[" * 32 + "]" * 32, "schema"), ("null", "schema"), ("3", "schema"), ('"text"', "schema"), ("[]", "schema"), ("{}", "schema"),
        ('{"\\ud800": 1}', "schema"),
    ],
)  # fmt: skip
def test_bad_texts(text, expected):
    assert code(text) == expected


def test_what_must_not_occur_in_a_text_is_refused_at_its_place():
    deep = "[" * 31 + "]" * 31
    for text, expected, where in (
        ('{"a": [0, {"b": 1.5}]}', "number", "a[1].b"), ('{"a": [0, {"b": 1, "b": 1}]}', "schema", "a[1]"), ('{"a": [' + "1" * 21 + "]}", "limit", "a[0]"),
        ('{"a": {"ü": -0}}', "number", "a.'\\xfc'"), ('{"a": [' + deep + "]}", "limit", "a" + "[0]" * 31), ('{"a": ' + deep + "}", "schema", "document"),
    ):  # fmt: skip
        failure = check_certificate(text).failures[0]
        assert (failure.code, failure.place) == (expected, where)


def test_many_keys_are_read_in_linear_time():
    keys = ",".join(f'"{k}": 0' for k in range(200_000))
    assert code("{" + keys + ', "199999": 0}') == "schema"


def test_objects_take_the_same_way_as_texts():
    circle = {}
    circle["a"] = circle
    deep = []
    for _ in range(100_000):
        deep = [deep]
    for value, expected in (
        (None, "schema"), (object(), "syntax"), (b"{}", "syntax"), (circle, "syntax"), (deep, "limit"), ({1: 2}, "schema"), ({"a": float("nan")}, "number"),
        ({"a": 1.5}, "number"), ({"a": {1, 2}}, "syntax"), ({(1, 2): 3}, "syntax"), ({"a": 10**5000}, "syntax"), ([1], "schema"), (True, "schema"),
    ):  # fmt: skip
        assert code(value) == expected
    assert check_certificate(CASES["clash"]()).ok
    assert check_certificate(json.dumps(CASES["clash"](), indent=3)).ok


def test_the_text_has_a_limit(monkeypatch):
    monkeypatch.setattr(kernel_parse, "MAX_TEXT", 100)
    with pytest.raises(Rejected) as caught:
        parse_document("{" + " " * 100 + "}")
    assert caught.value.code == "limit"


@pytest.mark.parametrize(
    "name",
    ["power:1e999999999", "leaky-relu:1e-999999999", "leaky-relu:1/0", "power:" + "9" * 4000, "TANH", "tanh ", "leaky_relu:1/10", "power:02",
     "power:2/1", ""]
)  # fmt: skip
def test_names_are_canonical_and_never_evaluated(name):
    for key in ("activation", "output_activation", "error"):
        d = Draft((1, 1), [["1"]], [["1"]], **{key: name})
        assert code(d.finish()) == "problem"


@pytest.mark.parametrize(
    ("constant", "expected"),
    [
        (["log", "-3"], "number"), (["log", "1/3"], "number"), (["log", "0"], "number"), (["log", 2], "schema"), (["log", "1"], "number"),
        (["log"], "number"),
        (["root", "0", 2], "number"), (["root", "-2", 3], "number"), (["root", "2", 1], "number"), (["root", "2", "2"], "schema"), (["root", "2"], "number"),
        (["exp", "0"], "number"), (["pi", "1"], "number"), (["e"], "number"), ([], "number"), ("pi", "schema"), ([["pi"]], "schema"),
    ],
)  # fmt: skip
def test_bad_constants(constant, expected):
    d = Draft((1, 1), [["1"]], [["1"]], [layer([[["0", [[constant, "1"]]]]], ["0"])])
    assert code(d.finish()) == expected


def test_bad_combinations():
    for parts in (
        ["0", []],
        ["0", [[["pi"], "0"]]],
        ["0", [[["pi"], "1"], [["pi"], "2"]]],
        ["0x1.8000000000000p+1", [[["pi"], "1"]]],
        ["0", [["pi"]]],
        ["0"],
        ["0", [[["log", "2"], "0x1.8000000000000p+1"]]],
        ["0", [[["log", "2"], "1"], [["log", "2"], "1"]]],
    ):
        assert code(Draft((1, 1), [["1"]], [["1"]], [layer([[parts]], ["0"])]).finish()) in ("number", "schema")
    assert code(Draft((1, 1), [[["0", [[["pi"], "1"]]]]], [["1"]]).finish()) == "schema"


@pytest.mark.parametrize(
    ("options", "Y", "place"),
    [
        ({"error": "logistic"}, [["3/2"]], "problem.Y"), ({"error": "softmax"}, [["1/2"]], "problem.Y"), ({"bias": "maybe"}, [["1"]], "problem.bias"),
        ({"fixed_bias": [["1"]]}, [["1"]], "problem.fixed_bias"), ({"bias": "fixed"}, [["1"]], "problem.fixed_bias"), ({}, [], "problem.Y"),
        ({"widths": [1]}, [["1"]], "problem.widths"), ({"widths": [1, 0]}, [["1"]], "problem.widths[1]"),
        ({"widths": [1, 10**7]}, [["1"]], "problem.widths[1]"),
    ],
)  # fmt: skip
def test_problems_that_make_no_sense(options, Y, place):
    d = Draft((1, 1), [["1"]], Y)
    d.document["problem"].update(options)
    result = check_certificate(d.finish())
    assert result.failures[0].place == place
    assert result.failures[0].code in ("problem", "schema")


def test_huge_networks_without_points():
    d = Draft((1, 10**6, 10**6, 1), [["0"], ["1"]], [["0"], ["1"]], activation="relu")
    d.record("count", {"N_net": 10**12 + 4 * 10**6 + 1, "required": 2})
    d.size("P", 2)
    result = check_certificate(d.finish())
    assert result.ok, result.failures
    zero = d.upper("rank-constant-weights", "P", 1, SOME, (), {"bias": "1", "output_bias": "0"})
    d.define("full-rank", EVERYWHERE, {"rank_upper": 1, "columns": 2}, [zero], "REFUTED")
    assert check_certificate(d.finish()).ok
    d.kernel("Phi-1", [["1", "1"]], EVERYWHERE)
    assert code(d.finish()) == "conclusion"


def test_the_precision_of_arb_is_restored():
    before = ctx.prec
    assert check_certificate(CASES["balls"]()).ok
    document = CASES["balls"]()
    document["steps"][0]["evidence"]["columns"] = [0, 0]
    assert not check_certificate(document).ok
    assert ctx.prec == before


@pytest.mark.usefixtures("rules_with_a_memory")
@pytest.mark.parametrize("name", CASES)
def test_every_changed_digit_breaks_the_seal(name):
    """Also where the altered certificate would prove the same by other evidence."""
    text = json.dumps(CASES[name]())
    digits = [k for k, character in enumerate(text) if character.isdigit()]
    for k in random.Random(len(text)).sample(digits, min(40, len(digits))):
        altered = text[:k] + str((int(text[k]) + 1) % 10) + text[k + 1 :]
        assert not check_certificate(altered).ok, altered[max(0, k - 60) : k + 20]


def test_the_writer_is_a_text_under_the_seal_and_may_be_absent():
    document = CASES["xor_generic"]()
    assert "writer" not in document
    assert check_certificate(document).ok
    assert check_certificate(sealed({**document, "writer": "lossproof 0.2.0"})).ok
    for value in (None, 1, True, ["lossproof"], {"name": "lossproof"}):
        failures = check_certificate(sealed({**document, "writer": value})).failures
        assert [(failure.place, failure.code) for failure in failures] == [("writer", "schema")]
    altered = {**sealed({**document, "writer": "lossproof 0.2.0"}), "writer": "lossproof 0.2.1"}
    assert [failure.code for failure in check_certificate(altered).failures] == ["digest"]
    assert [failure.code for failure in check_certificate(sealed({**document, "author": "lossproof"})).failures] == ["schema"]
    assert [failure.code for failure in check_certificate([["writer"]]).failures] == ["schema"]


def test_other_evidence_for_the_same_conclusion_needs_a_new_seal():
    document = CASES["xor_generic"]()
    step = next(step for step in document["steps"] if step["evidence"].get("substitution"))
    step["evidence"]["substitution"]["u"] += 1
    result = check_certificate(document)
    assert [(failure.place, failure.code) for failure in result.failures] == [("seal", "digest")]
    assert check_certificate(sealed(document)).ok


def test_verify_takes_texts_paths_and_objects(tmp_path):
    document = CASES["xor_generic"]()
    path = tmp_path / "xor.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    for source in (document, json.dumps(document), " \n" + json.dumps(document), str(path), path):
        result = verify(source, document["digest"])
        assert result.ok
        assert result
        assert result.digest == document["digest"]
        assert len(result.steps) == len(document["steps"])
        assert len(result.claims) == sum("statement" in s["conclusion"] for s in document["steps"])
    lines = str(result).splitlines()
    assert lines[0].startswith("The certificate holds")
    assert "1. PROVED count everywhere: N_net = 9, required = 4 [record, EXACT]" in lines
    other = verify(path, "0" * 64)
    assert not other.ok
    assert other.failures[0].code == "problem"
    assert other.claims == ()
    assert "digest" in str(other)


def test_verify_reads_files_only(tmp_path):
    for source in (tmp_path, str(tmp_path), tmp_path / "none.json", "none.json", "", "a\0b", "x" * 5000):
        with pytest.raises(InputError):
            verify(source)
    path = tmp_path / "bytes.json"
    path.write_bytes(b'{"a": "\xff"}')
    assert verify(path).failures[0].code == "syntax"
    path.write_bytes(b"\xef\xbb\xbf{}")
    assert verify(Path(path)).failures[0].code == "syntax"
    path.write_bytes(b"")
    assert verify(path).failures[0].code == "syntax"


def test_unforeseen_errors_are_failures_too(monkeypatch):
    expected_codes = {
        ZeroDivisionError: "evidence",
        OverflowError: "evidence",
        KeyError: "evidence",
        MemoryError: "limit",
        RecursionError: "limit",
    }
    for error, expected in expected_codes.items():

        def fail(step, error=error):
            raise error("on purpose")

        monkeypatch.setattr(kernel, "RULES", {**kernel.RULES, "record": fail})
        result = check_certificate(CASES["xor_generic"]())
        assert (result.failures[0].code, result.failures[0].place) == (expected, "steps[0]")


def test_points_that_no_step_uses_are_read_all_the_same():
    d = Draft((1, 1), [["1"]], [["1"]], [layer([["x"]], ["0"])])
    d.record("count", {"N_net": 2, "required": 1})
    assert code(d.finish()) == "number"


@pytest.mark.parametrize("version", [0, 1, 3, -1])
def test_other_versions_are_refused_in_one_sentence(version):
    """A certificate of version 1 has other keys in its steps, which are not looked at."""
    document = {**CASES["xor_generic"](), "version": version}
    for step in document["steps"]:
        step["conclusion"]["scope"] = "everywhere"
    for source in (document, sealed(document), json.dumps(document), {"version": version}):
        result = check_certificate(source)
        assert [(failure.place, failure.code) for failure in result.failures] == [("version", "version")]
        assert result.failures[0].message == f"this checker reads version 2, got {version}: write the certificate again"


@pytest.mark.parametrize("version", [None, "2", 2.0, True, [2], {}])
def test_a_version_is_the_number_2(version):
    assert code({**CASES["xor_generic"](), "version": version}) in ("version", "number")


def test_places_are_points_witnesses_or_four_words():
    d = Draft((1, 1), [["1"]], [["1"]], [layer([["1"]], ["0"])])
    for at in (1, -1, 10**15, "0", "W*1", "W*2", "", "somewhere", "EVERYWHERE", "everywhere ", "at these weights", "at point 0"):
        for conclude in (lambda at: d.exact_loss("0", at), lambda at: d.lower("rank-size", "P", 0, at)):
            conclude(at)
            assert code(d.finish()) == "conclusion", at
            d.undo()
    for at in (None, True, False, ["everywhere"], {"at": 0}, 1.5):
        d.exact_loss("0", at)
        assert code(d.finish()) in ("schema", "number"), at
        d.undo()


def test_claims_and_bounds_are_told_apart_by_their_rule():
    """A rule of ranks gives bounds only, any other claims only, and a conclusion is one of the two."""
    bound, claim = (
        {"matrix": "P", "at": EVERYWHERE, "rank_lower": 0},
        {"statement": "count", "at": EVERYWHERE, "verdict": "PROVED", "facts": {}},
    )
    for rule, conclusion in (
        ("rank-size", claim), ("record", bound), ("rank-size", {**bound, "rank_upper": 1}), ("rank-size", {**bound, **claim}), ("record", {**claim, **bound}),
        ("rank-size", {}), ("record", {}), ("rank-size", []), ("record", "count"), ("rank-size", {"matrix": "P", "at": EVERYWHERE}),
    ):  # fmt: skip
        d = Draft((1, 1), [["1"]], [["1"]])
        d.step(rule, conclusion)
        assert code(d.finish()) == "schema"


def test_the_outcome_of_a_check_tells_its_work():
    found = check_certificate(CASES["xor_generic"]())
    assert found.work > 33 * step_work(2)
    assert check_certificate("{}").work == 0


def test_the_lines_of_an_outcome_name_places():
    lines = str(verify(CASES["near_learner"]())).splitlines()
    assert any(line.endswith("PROVED exact-learner at W*1 [implication, BALL]") for line in lines)
    steps = [str(step) for step in verify(CASES["xor_generic"]()).steps]
    assert any("rank P >= 4 at point 0 [rank-stack, EXACT]" in line for line in steps)
    assert any("rank P <= 1 at some weights [rank-constant-weights, EXACT]" in line for line in steps)
