"""Where neither a model nor its owner names its error, one that is beyond doubt is assumed and said on the first screen, and any other is asked for."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from cases.command_cases import fail, invoke, run
from cases.model_cases import X, Y, plain_mlp

import lossproof as lp
from lossproof.certificates.checks.check_model import check_network, problem_of_network
from lossproof.certificates.commands import model_options
from lossproof.certificates.inputs import unnamed_error
from lossproof.certificates.inputs.labels import Labels
from lossproof.certificates.inputs.parameters import read_parameters
from lossproof.certificates.inputs.unnamed_error import question_on_error
from lossproof.certificates.notes import assumed_notes
from lossproof.certificates.reports.first_screen import SCREEN, render_first_screen

generator = np.random.default_rng(3)
BOTH, ALL = ("squared", "logistic"), ("squared", "softmax", "logistic")
UNIT = [[0, 1], [1, 0], [1, 0], [0, 1]]
ASSUMED = "error: squared (assumed: the model does not say; name it with error=)"


def network(outputs=1, last=None):
    pairs = [
        (generator.normal(size=(2, 3)), generator.normal(size=3)),
        (generator.normal(size=(3, outputs)), generator.normal(size=outputs)),
    ]
    return read_parameters(pairs, "tanh", last)


QUESTIONS = {
    "bits": (None, 1, [0, 1, 1, 0], BOTH),
    "bits in doubles": (None, 1, np.array([[0.0], [1.0], [1.0], [0.0]]), BOTH),
    "truth values": (None, 1, np.array([False, True, True, False]), BOTH),
    "one class alone": (None, 1, [1, 1, 1, 1], BOTH),
    "texts": (None, 1, ["a", "b", "b", "a"], BOTH),
    "texts that spell numbers": (None, 1, ["0", "1", "1", "0"], BOTH),
    "labels of a file": (None, 1, Labels(("a", "b", "b", "a")), BOTH),
    "two whole numbers": (None, 1, [1, 2, 2, 1], BOTH),
    "huge whole numbers": (None, 1, [10**400, 1, 1, 10**400], BOTH),
    "fractions that are bits": (None, 1, [Fraction(0), Fraction(1), Decimal(1), "0"], BOTH),
    "infinite": (None, 1, [float("inf"), 1, 1, 0], None),
    "three whole numbers": (None, 1, [1, 2, 3, 1], None),
    "numbers": (None, 1, [0.25, 0, 1, 1], None),
    "a number beyond 1": (None, 1, [0, 1, 1, 2.5], None),
    "unit vectors": (None, 2, UNIT, ALL),
    "bits of two outputs": (None, 2, [[1, 1], [1, 0], [0, 0], [1, 1]], BOTH),
    "labels for two outputs": (None, 2, [0, 1, 1, 0], ALL),
    "texts for two outputs": (None, 2, [["a"], ["b"], ["b"], ["a"]], ALL),
    "numbers for two outputs": (None, 2, [[0.5, 0.5], [1, 0], [1, 0], [0, 1]], None),
    "sigmoid, bits": ("sigmoid", 1, [0, 1, 1, 0], BOTH),
    "sigmoid, probabilities": ("sigmoid", 1, [0.25, 1, 0.5, 0], BOTH),
    "sigmoid, labels": ("sigmoid", 1, [1, 2, 2, 1], BOTH),
    "sigmoid, no probabilities": ("sigmoid", 1, [0.25, 1, 1.5, 0], None),
    "softmax": ("softmax", 2, UNIT, ("softmax",)),
    "log-softmax": ("log-softmax", 2, UNIT, None),
    "tanh": ("tanh", 1, [0, 1, 1, 0], None),
    "relu": ("relu", 1, [0, 1, 1, 0], None),
    "nothing to read": (None, 1, [None, 1, 1, 0], None),
    "no rows": (None, 1, [], None),
    "no container": (None, 1, 5, None),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_what_is_asked(name):
    last, outputs, targets, errors = QUESTIONS[name]
    question = question_on_error(network(outputs, last), targets)
    assert (question if question is None else question.errors) == errors


@pytest.mark.parametrize("name", [name for name, case in QUESTIONS.items() if case[3]])
def test_each_choice_can_be_named_and_none_is_refused_in_one_sentence(name):
    last, outputs, targets, errors = QUESTIONS[name]
    with pytest.raises(lp.InputError, match="the error of the training must be named") as caught:
        problem_of_network(network(outputs, last), X, targets)
    assert "\n" not in str(caught.value)
    whole = name == "labels for two outputs"  # numbers are targets under the squared error
    for error in errors:
        assert f"error={error!r}" in str(caught.value)
        if not (whole and error == "squared"):
            problem, _, notes = problem_of_network(network(outputs, last), X, targets, error=error)
            assert problem.error.name == error
            assert assumed_notes(notes) == ("weight decay: 0 (assumed; weight_decay=)",)


@pytest.mark.parametrize("name", [name for name, case in QUESTIONS.items() if case[3] is None and not name.startswith(("no", "infinite"))])
def test_what_is_assumed_is_said(name):
    last, outputs, targets, _ = QUESTIONS[name]
    problem, _, notes = problem_of_network(network(outputs, last), X, targets)
    assert problem.error.name == ("softmax" if last == "log-softmax" else "squared")
    assert assumed_notes(notes)[0] == ASSUMED.replace("squared", problem.error.name)
    _, _, notes = problem_of_network(network(outputs, last), X, targets, error=problem.error, weight_decay="1/8")
    assert assumed_notes(notes) == ()


def test_targets_are_looked_at_only_as_far_as_needed(monkeypatch):
    looked = []
    own = unnamed_error._number_or_text
    monkeypatch.setattr(unnamed_error, "_number_or_text", lambda entry: looked.append(entry) or own(entry))
    assert question_on_error(network(), np.linspace(0, 0.9, 10**5)) is None
    assert len(looked) == 2


def test_models_of_torch_are_asked_about():
    torch = pytest.importorskip("torch")
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Tanh(), torch.nn.Linear(2, 1), torch.nn.Sigmoid())
    with pytest.raises(lp.InputError, match="a last sigmoid may mean several"):
        lp.check_model(model, X, Y)
    with pytest.raises(lp.InputError, match="targets 0 and 1 without a last function may mean several"):
        lp.check_model(plain_mlp(), X, Y)


@pytest.fixture(scope="module")
def report():
    return check_network(network(), X, Y / 2, search="none")


def test_reports_say_what_was_assumed_first(report):
    for width in (80, 100):
        lines = render_first_screen(report, width).splitlines()
        assert len(lines) <= SCREEN
        assert lines[1:3] == [ASSUMED, "weight decay: 0 (assumed; weight_decay=)"]
    assert ASSUMED in str(report)
    assert ASSUMED in report._repr_html_()
    assert ASSUMED in report.notes


@pytest.mark.parametrize("suffix", ["html", "md", "tex", "txt"])
def test_files_say_it(report, suffix, tmp_path):
    path = tmp_path / f"r.{suffix}"
    report.save(path)
    text = path.read_text(encoding="utf-8")
    assert 0 <= text.index("(assumed: the model does not say") < text.index("local minimum")


@pytest.fixture
def weights(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch = pytest.importorskip("torch")
    torch.save(plain_mlp().state_dict(), "m.pt")
    np.savez("numbers.npz", X=X, Y=Y / 2)
    return ("check", "--model", "m.pt", "--activation", "tanh", "--search", "none")


def test_the_command_line_says_it_in_its_own_words(weights):
    said, _ = run(*weights, "--data", "numbers.npz")
    assert "error: squared (assumed: the model does not say; name it with --error)\nweight decay: 0 (assumed; --weight-decay)\n" in said
    notes = json.loads(run(*weights, "--data", "numbers.npz", "--json")[0])["notes"]
    assert "weight decay: 0 (assumed; --weight-decay)" in notes
    assert "give --error squared (mean squared error) or --error logistic (binary cross-entropy)" in fail(*weights, "--data", "xor")


def test_a_terminal_asks(weights, monkeypatch):
    monkeypatch.setattr(model_options, "_is_terminal", lambda: True)
    asked = invoke(*weights, "--data", "xor", input="hinge\nsoftmax\nBCE\nmuch\n1/8\n")
    assert asked.exit_code == 0, asked.output
    assert "4 samples, 13 weights, logistic error, weight decay" in asked.stdout
    assert "(assumed" not in asked.stdout
    assert asked.stderr.count("Which error was the model trained on: squared (mean squared error), logistic (binary cross-entropy)?") == 3
    assert "lossproof has no hinge" in asked.stderr
    assert "expected one of squared, logistic, got 'softmax'" in asked.stderr
    assert asked.stderr.count("Weight decay:") == 2
    for silent in ("--json", "--quiet"):
        assert "the error of the training must be named" in fail(*weights, "--data", "xor", silent)
    assert invoke(*weights, "--data", "numbers.npz").exit_code == 0
