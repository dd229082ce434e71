"""Every command and every code line of the README works word for word, in order, in a fresh folder; what it shows as printed is what comes."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import sysconfig
import warnings
from pathlib import Path

import numpy as np
import pytest
import typer.main
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor

from lossproof.certificates.commands.main import app

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = [(kind, text) for kind, text in re.findall(r"^```(\w*)\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)]
INSTALLS = ("pip install .", 'pip install -e ".[test]"')
THE_TESTS = "python -m pytest"
LONG = ("lossproof check 64-512-10 --data digits --activation tanh --find-weights -o digits.html", "lossproof verify digits.json")
"""Commands that take minutes: only their options are read."""


def commands_of(text: str) -> list[str]:
    """Return the commands of a shell block, one after another, without those that install and the test command itself."""
    parts = [part for line in text.splitlines() for part in line.split(" && ")]
    return [part for part in parts if part not in (*INSTALLS, THE_TESTS)]


def what_a_reader_supplies() -> dict[str, object]:
    """The names that the README leaves to its reader: weights of a 2-3-1 network, and a trained model."""
    generator = np.random.default_rng(0)
    X, Y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = MLPRegressor(hidden_layer_sizes=(3,), activation="tanh", random_state=0, max_iter=20).fit(X, Y)
    shapes = {"W_1": (2, 3), "b_1": (3,), "W_2": (3, 1), "b_2": (1,)}
    return {name: generator.normal(size=shape) for name, shape in shapes.items()} | {"torch_sequential_or_sklearn_mlp": model}


def settled(text: str) -> str:
    """Return printed text without what depends on the machine: radii and last digits of bounds, and how many starts led somewhere."""
    text = re.sub(r"\d+(\.\d+)?e-\d+", "#", text)
    text = re.sub(r"(#\s+)\d+$", r"\1#", text, flags=re.MULTILINE)
    return re.sub(r"\s+", " ", re.sub(r"\d+ ended nowhere", "# ended nowhere", text))


def run_in_shell(command: str, folder: Path) -> str:
    environment = {**os.environ, "PATH": f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["/bin/sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, (command, done.stderr)
    assert done.stderr == "", command
    return done.stdout


def read_options(command: str) -> None:
    """Read the arguments of a command as the command line does, and go no further."""
    name, *arguments = shlex.split(command)[1:]
    group = typer.main.get_command(app)
    with group.make_context("lossproof", [name]) as context:
        found = group.get_command(context, name)
        assert found is not None
        found.make_context(name, list(arguments), parent=context)


def test_the_readme_works_in_order(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = what_a_reader_supplies()
    printed, ran = "", []
    for kind, text in BLOCKS:
        if kind == "python":
            exec(compile(text, "README.md", "exec"), namespace)
        elif kind == "sh":
            for command in commands_of(text):
                ran.append(command)
                printed += "" if command in LONG else run_in_shell(command, tmp_path)
        else:
            assert kind == "text"
            assert settled(text).strip() in settled(printed), text
    assert set(LONG) <= set(ran)
    assert len(ran) >= 12
    assert {
        "xor.html",
        "xor.json",
        "statements.svg",
        "wells.html",
        "wells.json",
        "wells.svg",
        "weights.npz",
        "sweep.parquet",
        "phase.png",
    } <= set(os.listdir())
    assert "Is every local minimum global?" in capsys.readouterr().out
    what_the_comments_say(namespace)


def what_the_comments_say(namespace: dict) -> None:
    distances = [round(float(d), 1) for d in namespace["training"].history.log10("distance")]
    assert distances[distances.index(-8.5) :][:5] == [-8.5, -17.6, -36.0, -72.1, -144.9]
    assert namespace["lp"].convergence_order(namespace["training"].history).kind == "quadratic"
    assert [point.kind for point in namespace["found"]] == ["strict-minimum", "strict-minimum", "maximum"]
    assert namespace["lp"].verify("xor.json").ok
    assert namespace["lp"].verify("wells.json").ok


@pytest.mark.parametrize("command", LONG)
def test_the_options_of_long_commands_are_valid(command):
    read_options(command)
    with pytest.raises(Exception, match="bogus"):
        read_options(command + " --bogus")


def test_the_set_up_is_what_is_tested():
    """The two ways to install stand in the README as they are known here, and the second, with the test command, is what is run before a change lands."""
    lines = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]
    assert [line for line in lines if "pip" in line] == [
        "pip install . && lossproof check 2-2-1 --data xor --activation tanh -o xor.html",
        'pip install -e ".[test]" && python -m pytest',
    ]
    assert 'pip install -e ".[test]" && python -m pytest' in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(
    "arguments", [("-c", "import lossproof; lossproof.verify; import lossproof.theory.verdicts"), ("-m", "lossproof", "--version")]
)
def test_the_checkout_does_not_hide_the_installed_package(arguments):
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)]+)\)", README):
        path, _, heading = target.partition("#")
        text = (ROOT / path).read_text(encoding="utf-8")
        assert not heading or heading in [
            re.sub(r"\W+", "-", line.lstrip("# ").lower()) for line in text.splitlines() if line.startswith("#")
        ]


def test_examples_do_not_write_the_files_of_the_readme():
    names = set(re.findall(r"[\w-]+\.(?:html|json|npz|svg|png|parquet|csv)\b", " ".join(text for kind, text in BLOCKS if kind != "text")))
    for path in (ROOT / "examples").glob("*.py"):
        assert not names & set(re.findall(r"[\w-]+\.\w+", path.read_text(encoding="utf-8"))), path
