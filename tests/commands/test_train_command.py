"""``lossproof train``: the table, the files, bad input, and what an interruption keeps."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from cases.command_cases import fail
from cases.command_cases import run as run_command
from cases.training_cases import XOR

import lossproof as lp
from lossproof.certificates.inputs.weights_file import load_weights, save_weights
from lossproof.certificates.training import train as trainer
from lossproof.certificates.training.picture import draw_history

run = partial(run_command, "train")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_weights_feed_the_check(folder):
    out, err = run("2-3-1", "--data", "xor", "--method", "ggn", "-o", "weights.npz", "--plot", "history.png")
    assert err == ""
    assert sorted(os.listdir(folder)) == ["history.png", "weights.npz"]
    assert out.startswith("Training the 2-3-1 network with tanh on xor by ggn\n")
    assert "Converged after 23 iterations" in out
    assert "Local order, measured and not proved: quadratic" in out
    assert "What is proved about them: lossproof check 2-3-1 --data xor … --weights weights.npz" in out
    assert Path("history.png").read_bytes()[:4] == b"\x89PNG"
    assert set(np.load("weights.npz").files) == {"W1", "b1", "W2", "b2"}
    checked, _ = run_command("check", "2-3-1", "--data", "xor", "--weights", "weights.npz")
    assert "[PROVED]   exact learning" in checked
    again, _ = run("2-3-1", "--data", "xor", "--weights", "weights.npz", "--method", "lm")
    assert "after 0 iterations" in again


def test_many_digits_survive_the_file(folder):
    out, _ = run("2-3-1", "--data", "xor", "--precision", 100, "-o", "weights.npz", "--plot", "history.svg")
    assert "e-145 " in out
    assert "<svg" in Path("history.svg").read_text(encoding="utf-8")
    weights = lp.Weights.of(lp.Architecture.of("2-3-1"), load_weights("weights.npz", 2))
    assert weights == lp.train("2-3-1", *XOR, precision=100).weights


@pytest.mark.parametrize("name", ["weights.npz", "weights.json"])
@pytest.mark.parametrize("entry", [0.1, "1/3"])
def test_weights_are_written_exactly(folder, name, entry):
    a = lp.Architecture.of("1-2-1")
    weights = lp.Weights.of(a, [([[entry, 2]], [0, 1]), ([[1], [entry]], [entry])])
    assert save_weights(Path(name), weights) == Path(name)
    assert lp.Weights.of(a, load_weights(name, 2)) == weights
    if name.endswith("npz"):
        assert np.load(name)["W1"].dtype.kind == ("f" if entry == 0.1 else "U")


def test_symbolic_weights_are_written_where_they_can_be_read_again(folder):
    import sympy

    a = lp.Architecture.of("1-1")
    weights = lp.Weights.of(a, [([[sympy.log(3)]], [0])])
    assert lp.Weights.of(a, load_weights(str(save_weights(Path("log.npz"), weights)), 1)) == weights
    Path("log.npz").unlink()
    weights = lp.Weights.of(a, [([[sympy.root(2, 5000)]], [0])])
    with pytest.raises(lp.InputError, match="rational"):
        save_weights(Path("weights.npz"), weights)
    assert os.listdir(folder) == []


def test_nothing_to_write_and_quiet(folder):
    out, _ = run("2-3-1", "--data", "xor", "--max-iterations", 3)
    assert "Stopped, not converged after 3 iterations" in out
    assert "No weights were written." in out
    assert run("2-3-1", "--data", "xor", "-q", "-o", "weights.json") == ("", "")
    assert os.listdir(folder) == ["weights.json"]


def test_the_options_reach_the_trainer(folder, monkeypatch):
    called: dict[str, object] = {}
    real = trainer.train

    def train(widths, X, Y, **options):
        called.update(options, widths=widths)
        return real("1-1", [[0]], [[0]])

    monkeypatch.setattr(trainer, "train", train)
    run(
        "2-2-1", "--data", "xor", "--activation", "sin", "--error", "cauchy", "--bias", "none", "--method", "bp", "--step", 0.5, "--damping", 0.25,
        "--max-iterations", 7, "--tolerance", 0.01, "--target-loss", 0.125, "--seed", 3, "--hold-output",
    )  # fmt: skip
    expected = {"activation": "sin", "output_activation": "identity", "error": "cauchy", "bias": "none", "method": "bp", "step": 0.5}
    expected |= {
        "damping": "0.25",
        "max_iterations": 7,
        "tolerance": 0.01,
        "target_loss": 0.125,
        "seed": 3,
        "hold_output": True,
        "precision": None,
        "weights": None,
    }
    assert {key: called[key] for key in expected} == expected
    assert tuple(called["widths"]) == (2, 2, 1)


def test_an_interruption_keeps_the_weights(folder, monkeypatch):
    real = trainer.train

    def train(widths, X, Y, **options):
        def interrupt(stage, done, total):
            if done == 2:
                raise KeyboardInterrupt

        return real(widths, X, Y, **{**options, "progress": interrupt})

    monkeypatch.setattr(trainer, "train", train)
    out, err = run("2-3-1", "--data", "xor", "-o", "weights.npz", "--plot", "history.png", code=130)
    assert "Interrupted after 2 iterations" in out
    assert sorted(os.listdir(folder)) == ["history.png", "weights.npz"]
    assert err.count("\n") == 1


def test_pictures_of_short_and_long_runs(folder):
    draw_history(lp.train("1-1", [[0]], [[0]], max_iterations=0), "short.png")
    draw_history(lp.train("2-2-1", *XOR, method="bp", max_iterations=300), "long.svg")
    assert "loss J" in Path("long.svg").read_text(encoding="utf-8")
    with pytest.raises(lp.InputError, match=r"\.png or \.svg"):
        draw_history(lp.train("1-1", [[0]], [[0]]), "run.pdf")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "widths"),
        (["2-2-1"], "--data"),
        (["2-2-x", "--data", "xor"], "widths"),
        (["2-2-1", "--data", "xro"], "did you mean 'xor'"),
        (["3-2-1", "--data", "xor"], "X must have 3 columns"),
        (["2-2-1", "--data", "xor", "--method", "lms"], "did you mean 'lm'"),
        (["2-2-1", "--data", "xor", "--damping", "-1"], "damping"),
        (["2-2-1", "--data", "xor", "--precision", "3"], "precision"),
        (["2-2-1", "--data", "xor", "--precision", "50", "--method", "lm"], "ggn"),
        (["2-2-1", "--data", "xor", "--max-iterations", "-2"], "--max-iterations must"),
        (["2-2-1", "--data", "xor", "-o", "weights.txt"], ".npz or .json"),
        (["2-2-1", "--data", "xor", "-o", "nowhere/weights.npz"], "folder"),
        (["2-2-1", "--data", "xor", "--plot", "run.pdf"], ".png or .svg"),
        (["2-2-1", "--data", "xor", "--weights", "none.npz"], "none.npz"),
        (["2-2-1", "--data", "data.npz", "-o", "data.npz"], "another file"),
    ],
)
def test_bad_input(folder, arguments, message):
    np.savez("data.npz", X=XOR[0], Y=XOR[1])
    assert message.lower() in fail("train", *arguments).lower()
    assert os.listdir(folder) == ["data.npz"]
